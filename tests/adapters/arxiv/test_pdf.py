"""PDFs and licences from a real server on loopback: what is asked, and what becomes of each answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import pytest

from newsletter.adapters.arxiv.oai import ArxivOai
from newsletter.adapters.arxiv.pdf import ArxivPdf
from newsletter.errors import PermanentError, TemporaryError
from tests.fakes.arxiv_server import (
    CLOSED,
    CUT,
    HANG,
    HTML,
    NOT_THERE,
    TRUNCATED,
    ArxivServer,
    Fault,
    throttled,
)
from tests.fakes.papers import paper_record

PDF = b"%PDF-1.7\n" + b"content " * 1_000
BY = "http://creativecommons.org/licenses/by/4.0/"
PAPER = paper_record(7, version=3)
OLD = paper_record(arxiv_id="quant-ph/0201082")


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    with ArxivServer(pdfs={"2606.00007v3": PDF, "quant-ph/0201082v1": PDF}) as running:
        running.licences = {"2606.00007": BY, "2606.00008": ""}
        yield running


def pdf_client(server: ArxivServer, *, max_bytes: int = 1_000_000, seconds: float = 2.0) -> ArxivPdf:
    return ArxivPdf(
        gate=nullcontext,
        url=server.pdf_url,
        timeout=(2.0, 0.3),
        max_bytes=max_bytes,
        seconds=seconds,
        user_agent="test (mailto:operator@example.org)",
    )


def refusal(client: ArxivPdf) -> str:
    with pytest.raises(PermanentError) as caught:
        client.fetch(PAPER)
    return caught.value.reason


# --- PDFs --------------------------------------------------------------------------------------------------


def test_it_asks_for_exactly_this_version(server: ArxivServer) -> None:
    assert pdf_client(server).fetch(PAPER) == PDF
    assert pdf_client(server).fetch(OLD) == PDF

    first, second = server.requests
    assert (first.path, second.path) == ("/pdf/2606.00007v3", "/pdf/quant-ph/0201082v1")
    assert first.headers["User-Agent"] == "test (mailto:operator@example.org)"
    assert first.headers["Connection"] == "close"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (NOT_THERE, "missing"),
        (Fault(status=404, body="not found"), "missing"),
        (Fault(status=410, body="withdrawn"), "missing"),
        (Fault(status=403, body="forbidden"), "refused"),
        (Fault(body="<html>something else</html>"), "not_pdf"),
        (Fault(body="%PDF-1.7 in an image", content_type="image/png"), "not_pdf"),
        (Fault(body="x" * 2_000 + "%PDF-1.7"), "not_pdf"),
    ],
    ids=["HTML instead", "404", "410", "403", "no header", "another type", "header too late"],
)
def test_what_is_no_pdf_is_refused_with_a_reason(server: ArxivServer, fault: Fault, reason: str) -> None:
    server.fail(fault)
    assert refusal(pdf_client(server)) == reason


@pytest.mark.parametrize("announced", [True, False])
def test_a_pdf_that_is_too_big_is_not_read_to_its_end(server: ArxivServer, announced: bool) -> None:
    if not announced:
        server.fail(Fault(drip=0.0001))
    assert refusal(pdf_client(server, max_bytes=500)) == "too_big"


@pytest.mark.parametrize(
    "fault",
    [HANG, CUT, CLOSED, throttled(), throttled(status=503), Fault(drip=0.2)],
    ids=["a stall", "a cut", "closed", "429", "503", "dripping"],
)
def test_what_may_work_later_is_temporary(server: ArxivServer, fault: Fault) -> None:
    server.fail(fault)
    with pytest.raises(TemporaryError):
        pdf_client(server, seconds=0.8).fetch(PAPER)
    assert pdf_client(server).fetch(PAPER) == PDF


def test_retry_after_is_passed_on(server: ArxivServer) -> None:
    server.fail(throttled("120"))
    with pytest.raises(TemporaryError) as caught:
        pdf_client(server).fetch(PAPER)
    assert (caught.value.retry_after, caught.value.status) == (120.0, 429)


def test_a_redirect_waits_for_its_own_turn_at_the_gate(server: ArxivServer) -> None:
    server.pdfs["elsewhere.pdf"] = PDF
    server.fail(Fault(status=301, headers=(("Location", "/pdf/elsewhere.pdf"),), body=""))
    turns: list[str] = []

    @contextmanager
    def gate() -> Iterator[None]:
        turns.append("in")
        try:
            yield
        finally:
            turns.append("out")

    def opened() -> AbstractContextManager[None]:
        return gate()

    client = ArxivPdf(gate=opened, url=server.pdf_url)
    assert client.fetch(PAPER) == PDF
    assert turns == ["in", "out", "in", "out"]
    assert server.most_open == 1


@pytest.mark.parametrize(
    "place",
    ["http://127.0.0.1:1/pdf/x", "https://example.org/x", "file:///etc/passwd", "//169.254.169.254/latest"],
)
def test_a_redirect_away_from_arxiv_is_not_followed(server: ArxivServer, place: str) -> None:
    server.fail(Fault(status=302, headers=(("Location", place),), body=""))
    assert refusal(pdf_client(server)) == "moved"
    assert len(server.requests) == 1


def test_redirects_end(server: ArxivServer) -> None:
    server.fail(*[Fault(status=302, headers=(("Location", "/pdf/2606.00007v3"),), body="")] * 9)
    assert refusal(pdf_client(server)) == "moved"
    assert len(server.requests) == 4


# --- licences ----------------------------------------------------------------------------------------------


def oai_client(server: ArxivServer) -> ArxivOai:
    return ArxivOai(gate=nullcontext, url=server.oai_url, timeout=(2.0, 0.3), seconds=1.0)


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
        oai_client(server).licence(PAPER)


def test_the_record_of_another_paper_does_not_count(server: ArxivServer) -> None:
    body = (
        '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><GetRecord><record><metadata>'
        '<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>2606.00008</id><license>'
        f"{BY}</license></arXiv></metadata></record></GetRecord></OAI-PMH>"
    )
    server.fail(Fault(body=body))
    with pytest.raises(TemporaryError, match=r"not the record of 2606\.00007"):
        oai_client(server).licence(PAPER)


def test_a_truncated_pdf_with_a_matching_length_is_left_to_the_reader(server: ArxivServer) -> None:
    server.pdfs["2606.00007v3"] = PDF[: int(len(PDF) * TRUNCATED.truncate)]
    assert pdf_client(server).fetch(PAPER).startswith(b"%PDF")
