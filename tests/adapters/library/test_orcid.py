"""ORCID on loopback: works with their identifiers, and what each refusal becomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.adapters.library.orcid import OrcidRecords
from newsletter.adapters.registry import orcid
from newsletter.config import ORCID_API, load_config
from newsletter.core.taste.library import MAX_ENTRIES, LibraryEntry, ReadLibrary, Source, Unread
from newsletter.errors import BadInput, TemporaryError
from tests.fakes.json_server import CLOSED, HANG, HTML, Reply, reply
from tests.fakes.orcid import OrcidServer, external_id, refusal, summary, work

CARBERRY, NOBODY = "0000-0002-1825-0097", "0000-0002-1694-233X"


@pytest.fixture
def server() -> Iterator[OrcidServer]:
    with OrcidServer() as running:
        running.records[CARBERRY] = [work(summary("A Paper", external_id("arxiv", "2406.01234v1")))]
        yield running


def read(
    server: OrcidServer, text: str = CARBERRY, *, give_up_after: float = 60.0, timeout: float = 30.0
) -> ReadLibrary:
    client = OrcidRecords(
        url=server.url, timeout=(30.0, timeout), give_up_after=give_up_after, sleep=lambda _seconds: None
    )
    return client.read(text)


@pytest.mark.parametrize("text", [CARBERRY, f"https://orcid.org/{CARBERRY}", " 0000000218250097 "])
def test_it_reads_the_works_of_a_record(server: OrcidServer, text: str) -> None:
    assert read(server, text) == ReadLibrary(
        (
            LibraryEntry(
                arxiv_id="2406.01234", doi=None, title="A Paper", authors=(), source=Source.ORCID, line=1
            ),
        ),
        (),
    )
    [request] = server.requests
    assert (request.path, request.parameters) == (f"/v3.0/{CARBERRY}/works", {})
    assert request.headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("ids", "arxiv_id", "doi"),
    [
        ([external_id("arxiv", "arXiv:2406.01234")], "2406.01234", None),
        ([external_id("arxiv", "https://arxiv.org/abs/hep-th/9901001")], "hep-th/9901001", None),
        ([external_id("doi", "10.48550/arXiv.2406.01234")], "2406.01234", None),
        ([external_id("doi", "https://doi.org/10.48550/ARXIV.2406.01234")], "2406.01234", None),
        ([external_id("doi", "10.1000/A"), external_id("arxiv", "2406.01234")], "2406.01234", "10.1000/a"),
        (
            [external_id("arxiv", "2406.01234", "version-of"), external_id("doi", "10.1000/A")],
            "2406.01234",
            "10.1000/a",
        ),
        (
            [external_id("doi", "10.1000/BOOK", "part-of"), external_id("isbn", "978-3-16-148410-0")],
            None,
            None,
        ),
    ],
)
def test_identifiers_are_of_the_work_itself(
    server: OrcidServer, ids: list[dict[str, object]], arxiv_id: str | None, doi: str | None
) -> None:
    server.records[CARBERRY] = [work(summary("A Paper", *ids))]
    [entry] = read(server).entries
    assert (entry.arxiv_id, entry.doi) == (arxiv_id, doi)


def test_what_several_sources_say_is_one_work(server: OrcidServer) -> None:
    first = summary("A <i>Paper</i> &amp; more", external_id("doi", "10.1000/A"))
    second = summary("A paper and more", external_id("arxiv", "2406.01234"))
    server.records[CARBERRY] = [
        work(first, second),
        work(summary("Another", url="https://arxiv.org/abs/2406.01235")),
    ]
    assert [(each.line, each.arxiv_id, each.doi, each.title) for each in read(server).entries] == [
        (1, "2406.01234", "10.1000/a", "A Paper & more"),
        (2, "2406.01235", None, "Another"),
    ]


def test_works_without_anything_are_listed(server: OrcidServer) -> None:
    server.records[CARBERRY] = [
        work(),
        work(summary(None)),
        {"work-summary": None, "external-ids": {"external-id": [None, 7]}},
        work(summary("A Paper")),
    ]
    found = read(server)
    assert [entry.title for entry in found.entries] == ["A Paper"]
    assert [(each.line, each.reason) for each in found.problems] == [
        (line, Unread.EMPTY) for line in (1, 2, 3)
    ]


def test_it_reads_no_more_than_the_limit(server: OrcidServer) -> None:
    server.records[CARBERRY] = [work(summary(f"Paper {number}")) for number in range(MAX_ENTRIES + 5)]
    found = read(server)
    assert len(found.entries) == MAX_ENTRIES
    assert [(each.line, each.reason) for each in found.problems] == [(MAX_ENTRIES + 1, Unread.TOO_MANY)]


def test_an_empty_record_is_read(server: OrcidServer) -> None:
    server.records[CARBERRY] = []
    assert read(server) == ReadLibrary((), ())


@pytest.mark.parametrize("text", ["", "Ada Lovelace", "0000-0002-1825-0098", f"{CARBERRY}/../x", "9" * 500])
def test_what_is_no_orcid_is_not_asked_for(server: OrcidServer, text: str) -> None:
    with pytest.raises(BadInput, match="is no ORCID iD") as refused:
        read(server, text)
    assert len(str(refused.value)) < 130
    assert server.requests == []


@pytest.mark.parametrize(
    ("planned", "said"),
    [
        (refusal(404, "The resource was not found.", code=9016), "knows nobody by 0000-0002-1825-0097"),
        (refusal(409, "The ORCID record is locked.", code=9018), "locked or was deactivated"),
        (refusal(301, "This account is deprecated.", code=9007, Location="/v3.0/x"), "merged into another"),
    ],
    ids=["404", "409", "301"],
)
def test_a_refusal_is_said_in_one_line(server: OrcidServer, planned: Reply, said: str) -> None:
    server.plan(planned)
    with pytest.raises(BadInput, match=said) as refused:
        read(server)
    assert "\n" not in str(refused.value)
    assert len(server.requests) == 1


def test_nobodys_id_is_said_to_be_nobodys(server: OrcidServer) -> None:
    with pytest.raises(BadInput, match=f"ORCID knows nobody by {NOBODY}"):
        read(server, NOBODY)


@pytest.mark.parametrize(
    "fault",
    [
        HTML,
        CLOSED,
        HANG,
        Reply(part=0.5),
        Reply(cut=True),
        Reply(status=429, headers={"Retry-After": "2"}),
        Reply(status=503, body="error"),
        reply([]),
        reply({"group": None}),
    ],
    ids=["HTML", "closed", "slow", "truncated", "cut", "429", "503", "a list", "no groups"],
)
def test_a_passing_fault_is_asked_about_again_and_then_told(server: OrcidServer, fault: Reply) -> None:
    timeout = 0.5 if fault is HANG else 30.0
    server.plan(fault)
    assert len(read(server, timeout=timeout).entries) == 1
    server.plan(*[fault] * 9)
    with pytest.raises(TemporaryError):
        read(server, give_up_after=10.0, timeout=timeout)


def test_a_longer_wait_than_there_is_time_for_fails_and_names_it(server: OrcidServer) -> None:
    server.plan(Reply(status=429, headers={"Retry-After": "600"}))
    with pytest.raises(TemporaryError) as failed:
        read(server)
    assert (failed.value.retry_after, len(server.requests)) == (600, 1)


def test_its_address_is_a_setting(tmp_path: Path) -> None:
    env = {"NEWSLETTER_DATA_DIR": str(tmp_path)}
    assert (
        orcid(load_config(env, env_file=tmp_path / "none")).url == ORCID_API == "https://pub.orcid.org/v3.0"
    )
    env["NEWSLETTER_ORCID_URL"] = "http://127.0.0.1:9/v3.0/"
    assert orcid(load_config(env, env_file=tmp_path / "none")).url == "http://127.0.0.1:9/v3.0"
