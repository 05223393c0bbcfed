"""DNS that is silent, refuses or talks nonsense is an error in time; a name that is not there is none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from newsletter.adapters.infra.dns import Dns, DnsError
from tests.fakes.dns_server import DnsServer, Trouble


@pytest.fixture
def server() -> Iterator[DnsServer]:
    zone = {
        "example.org": {
            "TXT": ["v=spf1 mx -all", "x" * 600],
            "A": ["192.0.2.7"],
            "MX": ["10 mx.example.org."],
        },
        "mx.example.org": {"A": ["192.0.2.8"], "AAAA": ["2001:db8::8"]},
        "8.2.0.192.in-addr.arpa": {"PTR": ["mx.example.org."]},
        "plain.example.org": {"A": ["192.0.2.9"]},
    }
    with DnsServer(zone) as running:
        yield running


def asking(server: DnsServer, *, seconds: float = 20) -> Dns:
    return Dns([server.host], port=server.port, seconds=seconds)


def test_it_reads_every_kind_of_record(server: DnsServer) -> None:
    dns = asking(server)
    assert sorted(dns.texts("example.org")) == ["v=spf1 mx -all", "x" * 600]
    assert dns.addresses("mx.example.org") == ["192.0.2.8", "2001:db8::8"]
    assert dns.names("192.0.2.8") == ["mx.example.org"]
    assert dns.mail_servers("example.org") == ["mx.example.org"]
    assert dns.mail_servers("plain.example.org") == ["plain.example.org"]


def test_a_name_or_a_record_that_is_not_there_is_an_empty_answer(server: DnsServer) -> None:
    dns = asking(server)
    assert (dns.texts("nothing.example.org"), dns.texts("mx.example.org")) == ([], [])
    assert dns.mail_servers("nothing.example.org") == []
    assert not dns.invents_names()


@pytest.mark.parametrize("trouble", [Trouble.HANG, Trouble.REFUSE, Trouble.NONSENSE, Trouble.LOOP])
def test_what_goes_wrong_is_one_kind_of_error_and_no_hang(server: DnsServer, trouble: Trouble) -> None:
    server.trouble = trouble
    began = time.monotonic()
    with pytest.raises(DnsError):
        asking(server, seconds=0.3).texts("example.org")
    assert time.monotonic() - began < 100, "bounded; a hang would take the test's five minutes"


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64 + ".org", "ü" * 70, "b\0c.org"])
def test_a_name_that_cannot_be_asked_for_is_an_error_too(server: DnsServer, name: str) -> None:
    dns = asking(server)
    with suppress(DnsError):
        assert dns.texts(name) == []
    with pytest.raises(DnsError):
        dns.names("no address")


def test_a_server_that_lies_is_found_out(server: DnsServer) -> None:
    server.trouble = Trouble.INVENT
    assert asking(server).invents_names()
