"""Zotero on loopback: what is asked, with which key, how fast, and what each refusal becomes."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.adapters.library.zotero import ZoteroLibraries
from newsletter.adapters.registry import zotero
from newsletter.config import ZOTERO_API, load_config
from newsletter.core.taste.library import MAX_ENTRIES, LibraryEntry, Source, Unread
from newsletter.errors import BadInput, ConfigurationError, NewsletterError, PermanentError, TemporaryError
from tests.fakes.json_server import CLOSED, HANG, HTML, Reply, reply
from tests.fakes.zotero import KEY, ZoteroServer, item

PRIVATE, PUBLIC = "users/475425", "groups/123"


@pytest.fixture
def server() -> Iterator[ZoteroServer]:
    with ZoteroServer() as running:
        running.libraries = {PRIVATE: [item(2), item(1, archiveID="arXiv:2406.01234")], PUBLIC: [item(3)]}
        running.keys = {KEY: {PRIVATE}}
        running.public = {PUBLIC}
        yield running


class Pauses(list[float]):
    """Takes the place of sleep, and remembers for how long."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


def client(server: ZoteroServer, pauses: Pauses, **options: object) -> ZoteroLibraries:
    quick = {"timeout": (30.0, 30.0), "sleep": pauses}
    return ZoteroLibraries(url=server.host, **(quick | options))  # type: ignore[arg-type] # as given


def test_it_reads_a_library_with_its_key_in_a_header(server: ZoteroServer, pauses: Pauses) -> None:
    read = client(server, pauses).read("475425", key=KEY)
    assert read.problems == ()
    assert read.entries == (
        LibraryEntry(arxiv_id=None, doi=None, title="Paper 2", authors=(), source=Source.ZOTERO, line=1),
        LibraryEntry(
            arxiv_id="2406.01234", doi=None, title="Paper 1", authors=(), source=Source.ZOTERO, line=2
        ),
    )
    [request] = server.requests
    assert request.path == "/users/475425/items/top"
    assert request.parameters == {
        "format": "json",
        "itemType": "-attachment",
        "sort": "dateAdded",
        "direction": "desc",
        "limit": "100",
        "start": "0",
    }
    assert request.headers["Zotero-API-Version"] == "3"
    assert request.headers["Zotero-API-Key"] == KEY
    assert KEY not in request.path + str(request.parameters)
    assert pauses == []


@pytest.mark.parametrize(
    "library", ["groups/123", "https://www.zotero.org/groups/123/talking_heads/library", " groups/0123 "]
)
def test_a_public_group_needs_no_key(server: ZoteroServer, pauses: Pauses, library: str) -> None:
    assert [entry.title for entry in client(server, pauses).read(library).entries] == ["Paper 3"]
    [request] = server.requests
    assert (request.path, "Zotero-API-Key" in request.headers) == ("/groups/123/items/top", False)


def test_it_reads_page_after_page(server: ZoteroServer, pauses: Pauses) -> None:
    server.libraries[PUBLIC] = [item(number) for number in range(250)]
    read = client(server, pauses).read(PUBLIC)
    assert [entry.title for entry in read.entries] == [f"Paper {number}" for number in range(250)]
    assert [entry.line for entry in read.entries] == list(range(1, 251))
    assert [request.parameters["start"] for request in server.requests] == ["0", "100", "200"]


def test_it_reads_no_more_than_the_limit(server: ZoteroServer, pauses: Pauses) -> None:
    server.libraries[PUBLIC] = [item(number) for number in range(MAX_ENTRIES + 150)]
    read = client(server, pauses).read(PUBLIC)
    assert len(read.entries) == MAX_ENTRIES
    assert [(each.line, each.reason) for each in read.problems] == [(MAX_ENTRIES + 1, Unread.TOO_MANY)]
    assert len(server.requests) == MAX_ENTRIES // 100


def test_an_empty_library_is_read(server: ZoteroServer, pauses: Pauses) -> None:
    server.libraries[PUBLIC] = [item(1, itemType="attachment"), item(2, itemType="note")]
    assert client(server, pauses).read(PUBLIC).entries == ()


# --- its rate rules ----------------------------------------------------------------------------------------


def test_it_leaves_zotero_alone_for_as_long_as_it_asks(server: ZoteroServer, pauses: Pauses) -> None:
    server.libraries[PUBLIC] = [item(number) for number in range(150)]
    server.plan(Reply(headers={"Backoff": "7"}))
    assert len(client(server, pauses).read(PUBLIC).entries) == 150
    assert pauses == [7.0]


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({}, 3.0),
        ({"Retry-After": "9"}, 9.0),
        ({"Backoff": "8"}, 8.0),
        ({"Retry-After": "4", "Backoff": "6"}, 6.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_it_asks_again_when_zotero_allows_it(
    server: ZoteroServer, pauses: Pauses, headers: dict[str, str], pause: float, status: int
) -> None:
    server.plan(Reply(status=status, headers=headers, body="Too many requests"))
    assert len(client(server, pauses).read(PUBLIC).entries) == 1
    assert pauses == [pause]


@pytest.mark.parametrize(
    "planned",
    [
        Reply(status=429, headers={"Retry-After": "600"}, body="Too many requests"),
        Reply(headers={"Backoff": "600"}),
    ],
    ids=["429", "Backoff"],
)
def test_a_longer_wait_than_there_is_time_for_fails_and_names_it(
    server: ZoteroServer, pauses: Pauses, planned: Reply
) -> None:
    server.libraries[PUBLIC] = [item(number) for number in range(150)]
    server.plan(planned)
    with pytest.raises(TemporaryError) as failed:
        client(server, pauses).read(PUBLIC)
    assert failed.value.retry_after == 600
    assert (pauses, len(server.requests)) == ([], 1)


# --- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("library", "key", "said"),
    [
        (PRIVATE, "WrongKeyWrongKeyWrongKey", "does not let this key read users/475425"),
        ("groups/999", KEY, "knows no library groups/999"),
        ("999", "", "knows no library users/999"),
        (PRIVATE, "", "users/475425 is private"),
    ],
)
def test_a_wrong_key_or_library_is_said_in_one_line(
    server: ZoteroServer, pauses: Pauses, library: str, key: str, said: str
) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        client(server, pauses).read(library, key=key)
    assert "\n" not in str(refused.value)
    assert (pauses, len(server.requests)) == ([], 1)


@pytest.mark.parametrize(
    "library", ["", "username", "groups/", "users/../1", "１２", "groups/1?x=1", "1" * 20]
)
def test_what_is_no_library_is_not_asked_for(server: ZoteroServer, pauses: Pauses, library: str) -> None:
    with pytest.raises(BadInput, match="userID"):
        client(server, pauses).read(library)
    assert server.requests == []


@pytest.mark.parametrize(
    "key", ["short", "with space with space with", "Header\r\nInjected: yes1", "ключключключключ"]
)
def test_what_is_no_key_is_not_sent_and_not_quoted(server: ZoteroServer, pauses: Pauses, key: str) -> None:
    with pytest.raises(BadInput, match="not a Zotero key") as refused:
        client(server, pauses).read(PUBLIC, key=key)
    assert key not in str(refused.value)
    assert server.requests == []


@pytest.mark.parametrize(
    "fault",
    [
        HTML,
        CLOSED,
        HANG,
        Reply(part=0.5),
        Reply(cut=True),
        Reply(status=500, body="error"),
        Reply(body="[]"),
        reply({"items": []}, headers={"Total-Results": "1"}),
        reply([], headers={"Total-Results": "1"}),
        reply([], headers={"Total-Results": "many"}),
        Reply(body="[" * 100_000, headers={"Total-Results": "1"}),
    ],
    ids=[
        *("HTML", "closed", "slow", "truncated", "cut", "500", "no total", "no list", "too few", "no number"),
        "deep",
    ],
)
def test_a_passing_fault_is_asked_about_again_and_then_told(
    server: ZoteroServer, pauses: Pauses, fault: Reply
) -> None:
    timeout = (30.0, 0.5 if fault is HANG else 30.0)
    server.plan(fault)
    assert len(client(server, pauses, timeout=timeout).read(PUBLIC).entries) == 1
    server.plan(*[fault] * 9)
    with pytest.raises(TemporaryError):
        client(server, pauses, timeout=timeout, give_up_after=20.0).read(PUBLIC)
    assert pauses == [3.0, 3.0, 6.0]


def test_a_fault_on_the_second_page_keeps_nothing(server: ZoteroServer, pauses: Pauses) -> None:
    server.libraries[PUBLIC] = [item(number) for number in range(150)]
    server.plan(Reply(), *[HTML] * 9)
    with pytest.raises(TemporaryError, match="no JSON"):
        client(server, pauses).read(PUBLIC)


def test_its_time_ends(server: ZoteroServer, pauses: Pauses) -> None:
    server.plan(*[HANG] * 9)
    with pytest.raises(TemporaryError):  # and not the time-out, which is longer than a test may take
        client(server, pauses, timeout=(30.0, 600.0), give_up_after=0.5).read(PUBLIC)


def test_a_redirect_is_not_followed_with_the_key(server: ZoteroServer, pauses: Pauses) -> None:
    server.plan(Reply(status=302, headers={"Location": f"{server.host}/elsewhere"}))
    with pytest.raises(PermanentError, match="it moved"):
        client(server, pauses).read(PRIVATE, key=KEY)
    assert len(server.requests) == 1


def test_a_link_to_another_host_is_not_followed(server: ZoteroServer, pauses: Pauses) -> None:
    server.libraries[PRIVATE] = [item(number) for number in range(150)]
    server.plan(Reply(headers={"Link": '<http://192.0.2.1/steal>; rel="next"'}))
    assert len(client(server, pauses).read(PRIVATE, key=KEY).entries) == 150


@pytest.mark.parametrize(
    "fault", [None, HTML, CLOSED, Reply(status=403, body="Invalid key"), Reply(status=429)]
)
def test_the_key_is_nowhere_but_in_the_request(
    server: ZoteroServer, pauses: Pauses, caplog: pytest.LogCaptureFixture, fault: Reply | None
) -> None:
    reader = client(server, pauses, give_up_after=2.0)
    server.plan(*[fault] * 3 if fault else [])
    said = ""
    with caplog.at_level(logging.DEBUG):
        try:
            reader.read(PRIVATE, key=KEY)
        except NewsletterError as error:
            said = f"{error!r} {error} {pickle.dumps(error)!r}"
    assert KEY not in caplog.text + said + repr(reader)
    assert server.requests[0].headers["Zotero-API-Key"] == KEY


# --- settings ----------------------------------------------------------------------------------------------


def test_its_address_is_a_setting(tmp_path: Path) -> None:
    env = {"NEWSLETTER_DATA_DIR": str(tmp_path)}
    assert zotero(load_config(env, env_file=tmp_path / "none")).url == ZOTERO_API == "https://api.zotero.org"
    env["NEWSLETTER_ZOTERO_URL"] = "http://127.0.0.1:9/"
    assert zotero(load_config(env, env_file=tmp_path / "none")).url == "http://127.0.0.1:9"


def test_keys_do_not_go_over_the_network_unencrypted(tmp_path: Path) -> None:
    env = {"NEWSLETTER_DATA_DIR": str(tmp_path), "NEWSLETTER_ZOTERO_URL": "http://zotero.example.org"}
    with pytest.raises(ConfigurationError, match=r"NEWSLETTER_ZOTERO_URL .* https"):
        load_config(env, env_file=tmp_path / "none")
