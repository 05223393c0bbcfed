"""Licences from a real server on loopback: what is asked, and what becomes of each answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from newsletter.adapters.arxiv.oai import ArxivOai
from newsletter.errors import TemporaryError
from tests.fakes.arxiv_server import CLOSED, CUT, HANG, HTML, ArxivServer, Fault, throttled
from tests.fakes.papers import paper_record

BY = "http://creativecommons.org/licenses/by/4.0/"
PAPER = paper_record(7, version=3)


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    with ArxivServer(licences={"2606.00007": BY, "2606.00008": ""}) as running:
        yield running


def oai_client(server: ArxivServer, *, timeout: float = 30.0) -> ArxivOai:
    return ArxivOai(gate=nullcontext, url=server.oai_url, timeout=(30.0, timeout), seconds=60.0)


def test_it_reads_the_licence_from_the_oai_record(server: ArxivServer) -> None:
    assert oai_client(server).licence(PAPER) == BY
    [request] = server.requests
    assert request.parameters == {
        "verb": "GetRecord",
        "identifier": "oai:arXiv.org:2606.00007",
        "metadataPrefix": "arXiv",
    }


def test_no_licence_and_no_record_are_an_empty_licence(server: ArxivServer) -> None:
    assert oai_client(server).licence(paper_record(8)) == ""
    assert oai_client(server).licence(paper_record(9)) == ""


@pytest.mark.parametrize(
    "fault",
    [
        HTML,
        Fault(body="<OAI-PMH"),
        Fault(body="<?xml version='1.0'?><other/>"),
        HANG,
        CUT,
        CLOSED,
        throttled("3"),
        throttled(status=503),
    ],
    ids=["HTML", "truncated", "other XML", "stall", "cut", "closed", "429", "503"],
)
def test_an_answer_that_cannot_be_read_is_no_licence_and_no_refusal(
    server: ArxivServer, fault: Fault
) -> None:
    server.fail(fault)
    with pytest.raises(TemporaryError):
        oai_client(server, timeout=0.5 if fault is HANG else 30.0).licence(PAPER)


def test_the_record_of_another_paper_does_not_count(server: ArxivServer) -> None:
    body = (
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><GetRecord><record><metadata>'
        '<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2606.00008</id><license>'
        f"{BY}</license></arXiv></metadata></record></GetRecord></OAI-PMH>"
    )
    server.fail(Fault(body=body))
    with pytest.raises(TemporaryError, match=r"not the record of 2606\.00007"):
        oai_client(server).licence(PAPER)
