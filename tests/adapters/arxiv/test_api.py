"""arXiv's API against a real server on loopback: what is asked, and what becomes of each kind of answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from newsletter.adapters.arxiv import api as arxiv_api
from newsletter.adapters.arxiv.api import ArxivApi
from newsletter.adapters.ports import Answer, PaperSource, Window
from newsletter.errors import BadInput, IncompleteAnswer, PermanentError, TemporaryError
from tests.fakes.arxiv_server import (
    CLOSED,
    CUT,
    EMPTY,
    ERROR,
    ERROR_ENTRY,
    HANG,
    HTML,
    TRUNCATED,
    ArxivServer,
    Entry,
    Fault,
    entry,
    feed,
    throttled,
)

START = datetime(2026, 6, 15, tzinfo=UTC)
WINDOW = Window(start=START, end=START + timedelta(days=7))
EVERY_BROKEN_ANSWER = {
    "an HTML page": (HTML, "HTML page"),
    "an error entry": (ERROR, "incorrect id format for abc"),
    "truncated XML": (TRUNCATED, "truncated"),
    "an empty page with results promised": (EMPTY, "0 of 3 promised entries"),
    "a missing entry": (Fault(drop=1), "2 of 3 promised entries"),
    "an empty body": (Fault(body=" "), "empty"),
    "a body shorter than announced": (CUT, "connection"),
    "a closed connection": (CLOSED, "connection"),
    "429": (throttled(), "429"),
    "503": (throttled(status=503), "503"),
}


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    with ArxivServer(entries=papers(3)) as running:
        yield running


def papers(number: int, *, minutes: int = 1) -> list[Entry]:
    return [
        entry(f"2606.{index + 1:05}v1", submitted=START + timedelta(minutes=index * minutes))
        for index in range(number)
    ]


def client(
    server: ArxivServer,
    *,
    pauses: list[float] | None = None,
    page_size: int = 2_000,
    give_up_after: float = 60,
    timeout: float = 30,
) -> ArxivApi:
    """A client that notes its pauses instead of waiting."""
    sleep = (pauses if pauses is not None else []).append
    return ArxivApi(
        gate=nullcontext,
        url=server.url,
        sleep=sleep,
        page_size=page_size,
        give_up_after=give_up_after,
        timeout=(30, timeout),
        user_agent="test (mailto:operator@example.org)",
    )


def fetch(api: PaperSource, *categories: str, window: Window = WINDOW) -> list[Answer]:
    return list(api.fetch(categories or ("cs.CV",), window=window))


# --- what is asked -----------------------------------------------------------------------------------------


def test_it_asks_for_all_categories_and_the_window_in_one_request(server: ArxivServer) -> None:
    [answer] = fetch(client(server), "cs.CV", "cs.CL", "hep-th", "cs.CV")

    [request] = server.requests
    assert request.parameters == {
        "search_query": "(cat:cs.CL OR cat:cs.CV OR cat:hep-th)"
        " AND submittedDate:[202606150000 TO 202606220000]",
        "start": "0",
        "max_results": "2000",
        "sortBy": "submittedDate",
        "sortOrder": "descending",
    }
    assert request.headers["User-Agent"] == "test (mailto:operator@example.org)"
    assert answer.query == request.parameters["search_query"]
    assert (answer.total_results, answer.requests, answer.refused) == (3, 1, ())
    assert [paper.arxiv_id for paper in answer.papers] == ["2606.00003", "2606.00002", "2606.00001"]


def test_it_rounds_the_window_outwards_to_minutes_of_utc(server: ArxivServer) -> None:
    tokyo = datetime.fromisoformat("2026-06-15T09:00:59+09:00")
    fetch(client(server), window=Window(start=tokyo, end=tokyo + timedelta(seconds=2)))

    assert "[202606150000 TO 202606150002]" in server.requests[0].parameters["search_query"]


def test_it_leaves_out_categories_that_a_whole_archive_covers(server: ArxivServer) -> None:
    fetch(client(server), "cs.*", "cs.CV", "math.CO")

    assert server.requests[0].parameters["search_query"].startswith("(cat:cs.* OR cat:math.CO) AND")


def test_it_asks_nothing_without_categories(server: ArxivServer) -> None:
    assert list(client(server).fetch((), window=WINDOW)) == []
    assert server.requests == []


def test_it_divides_categories_only_when_the_address_would_be_too_long(
    server: ArxivServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_api, "MAX_URL", 230)
    asked = [f"cs.{first}{second}" for first in "ABC" for second in "ABC"]
    answers = fetch(client(server), *asked)

    seen = [name for answer in answers for name in asked if f"cat:{name}" in answer.query]
    assert sorted(seen) == sorted(asked)
    assert len(answers) == 3
    assert all(len(server.url + request.path) < 320 for request in server.requests)


@pytest.mark.parametrize("category", ["", "cs.CV) OR (cat:math.CO", "cs CV", "CS.CV", "cs.", "all:x"])
def test_it_refuses_what_cannot_be_a_category(server: ArxivServer, category: str) -> None:
    with pytest.raises(BadInput, match="not an arXiv category"):
        fetch(client(server), category)
    assert server.requests == []


# --- pages -------------------------------------------------------------------------------------------------


def test_it_reads_all_pages(server: ArxivServer) -> None:
    server.entries = papers(5)
    [answer] = fetch(client(server, page_size=2))

    assert [request.parameters["start"] for request in server.requests] == ["0", "2", "4"]
    assert answer.requests == 3
    assert len(answer.papers) == answer.total_results == 5


def test_it_keeps_one_of_a_paper_that_comes_twice_and_that_the_newest(server: ArxivServer) -> None:
    twice = [entry("2606.00001v1", title="Old"), entry("2606.00001v2", title="New"), entry("2606.00002v1")]
    server.entries = twice
    [answer] = fetch(client(server, page_size=1))

    assert {paper.versioned_id: paper.title for paper in answer.papers}["2606.00001v2"] == "New"
    assert len(answer.papers) == 2


def test_it_fails_when_the_number_of_results_changes_between_pages(server: ArxivServer) -> None:
    server.entries = papers(4)
    server.fail(Fault(), Fault(add_total=1))
    with pytest.raises(TemporaryError, match="changed from 4 to 5"):
        fetch(client(server, page_size=2))


def test_it_halves_a_window_with_more_results_than_one_query_may_page_through(
    server: ArxivServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_api, "MAX_RESULTS", 4)
    server.entries = papers(10, minutes=600)
    answers = fetch(client(server, page_size=4))

    found = {paper.arxiv_id for answer in answers for paper in answer.papers}
    assert found == {f"2606.{index + 1:05}" for index in range(10)}
    assert all(answer.total_results <= 4 for answer in answers)


def test_it_gives_up_on_a_minute_with_too_many_results(
    server: ArxivServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_api, "MAX_RESULTS", 2)
    server.entries = papers(3, minutes=0)
    with pytest.raises(PermanentError, match="for one minute"):
        fetch(client(server))


def test_it_yields_what_was_whole_before_a_query_failed(
    server: ArxivServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arxiv_api, "MAX_URL", 220)
    server.fail(Fault(), Fault(status=400, body="no"))
    answers = client(server).fetch([f"cs.{letter}V" for letter in "ABCDEFGHIJ"], window=WINDOW)

    assert next(iter(answers)).requests == 1
    with pytest.raises(PermanentError):
        next(iter(answers))


def test_a_look_at_the_newest_is_one_small_request(server: ArxivServer) -> None:
    server.entries = papers(300)
    answer = client(server).newest(["cs.CV"], window=WINDOW)

    [request] = server.requests
    assert (request.parameters["start"], request.parameters["max_results"]) == ("0", "100")
    assert (answer.total_results, len(answer.papers), answer.missing) == (300, 100, 0)
    assert answer.papers[0].arxiv_id == "2606.00300"


def test_a_look_at_the_newest_takes_what_it_gets(server: ArxivServer) -> None:
    server.fail(*[Fault(drop=1)] * 9)
    assert len(client(server).newest(["cs.CV"], window=WINDOW).papers) == 2


# --- failures ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fault", "_said"), EVERY_BROKEN_ANSWER.values(), ids=EVERY_BROKEN_ANSWER.keys())
def test_it_asks_again_after(server: ArxivServer, fault: Fault, _said: str) -> None:
    server.fail(fault, fault)
    pauses: list[float] = []
    [answer] = fetch(client(server, pauses=pauses))

    assert len(answer.papers) == 3
    assert len(server.requests) == 3
    assert pauses == [3.0, 6.0]


@pytest.mark.parametrize(("fault", "said"), EVERY_BROKEN_ANSWER.values(), ids=EVERY_BROKEN_ANSWER.keys())
def test_it_fails_for_now_when_it_stays(server: ArxivServer, fault: Fault, said: str) -> None:
    server.fail(*[fault] * 9)
    pauses: list[float] = []
    with pytest.raises(TemporaryError, match=said):
        fetch(client(server, pauses=pauses))

    assert sum(pauses) < 60
    assert len(server.requests) == 5


def test_where_it_may_a_page_that_stays_short_is_kept_and_what_is_missing_is_counted(
    server: ArxivServer,
) -> None:
    server.entries = papers(5)
    server.fail(*[Fault(drop=1)] * 3)
    [answer] = client(server, page_size=2).fetch(["cs.CV"], window=WINDOW, most_missing=1)

    assert [request.parameters["start"] for request in server.requests] == ["0", "0", "0", "2", "4"]
    assert (answer.total_results, len(answer.papers), answer.missing) == (5, 4, 1)


def test_more_is_never_missing_than_may_be(server: ArxivServer) -> None:
    server.entries = papers(5)
    server.fail(*[Fault(drop=1)] * 99)
    with pytest.raises(IncompleteAnswer) as caught:
        list(client(server, page_size=2).fetch(["cs.CV"], window=WINDOW, most_missing=1))

    assert caught.value.missing == 2


def test_an_answer_with_more_than_it_promises_is_never_kept(server: ArxivServer) -> None:
    server.fail(*[Fault(add_total=-1)] * 99)
    with pytest.raises(TemporaryError, match="3 of 2 promised"):
        list(client(server).fetch(["cs.CV"], window=WINDOW, most_missing=5))


def test_it_asks_again_after_silence(server: ArxivServer) -> None:
    server.fail(HANG)
    [answer] = fetch(client(server, timeout=1))

    assert len(answer.papers) == 3
    assert len(server.requests) == 2


def test_it_does_not_wait_for_ever_for_an_answer_that_drips(server: ArxivServer) -> None:
    server.fail(Fault(drip=0.05), Fault(drip=0.05))
    with pytest.raises(TemporaryError, match="too long to come in"):
        fetch(client(server, give_up_after=0.5))


def test_it_names_a_server_that_is_not_there() -> None:
    with ArxivServer() as gone:
        api = client(gone)
    with pytest.raises(TemporaryError, match=r"the connection to arXiv failed: .*refused"):
        fetch(api)


def test_it_waits_as_long_as_retry_after_says(server: ArxivServer) -> None:
    server.fail(throttled("7"), throttled("1", status=503))
    pauses: list[float] = []
    fetch(client(server, pauses=pauses))

    assert pauses == [7.0, 6.0]  # the second is the back-off's own: it is longer than what was asked for


def test_it_reads_retry_after_as_a_date(server: ArxivServer) -> None:
    server.fail(throttled(format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)))
    pauses: list[float] = []
    fetch(client(server, pauses=pauses))

    assert pauses == [pytest.approx(20, abs=2)]


@pytest.mark.parametrize("value", ["soon", "-5", "Mon, 15 Jun 2020 00:00:00 GMT"])
def test_it_backs_off_by_itself_when_retry_after_says_nothing(server: ArxivServer, value: str) -> None:
    server.fail(throttled(value))
    pauses: list[float] = []
    fetch(client(server, pauses=pauses))

    assert pauses == [3.0]


def test_it_fails_at_once_when_retry_after_is_longer_than_its_patience(server: ArxivServer) -> None:
    server.fail(throttled("3600"))
    pauses: list[float] = []
    with pytest.raises(TemporaryError) as caught:
        fetch(client(server, pauses=pauses))

    assert (caught.value.retry_after, caught.value.status) == (3600.0, 429)
    assert pauses == []
    assert len(server.requests) == 1


def test_it_shares_its_patience_between_pages(server: ArxivServer) -> None:
    server.fail(throttled("40"), Fault(), throttled("40"))
    pauses: list[float] = []
    with pytest.raises(TemporaryError):
        fetch(client(server, pauses=pauses, page_size=2))

    assert pauses == [40.0]


def test_it_does_not_repeat_a_request_that_arxiv_refuses(server: ArxivServer) -> None:
    server.fail(Fault(status=400, body=feed([ERROR_ENTRY])))
    with pytest.raises(PermanentError, match=r"400: .*incorrect id format for abc") as caught:
        fetch(client(server))

    assert caught.value.status == 400
    assert len(server.requests) == 1


def test_it_follows_no_redirect_since_that_would_be_a_second_request(server: ArxivServer) -> None:
    server.fail(Fault(status=301, headers=(("Location", "https://elsewhere.example/"),), body=""))
    with pytest.raises(PermanentError, match="301: it moved to https"):
        fetch(client(server))
    assert len(server.requests) == 1


def test_it_names_an_address_that_cannot_be_asked() -> None:
    with pytest.raises(PermanentError, match="gopher://x"):
        fetch(ArxivApi(gate=nullcontext, url="gopher://x"))


# --- the gate ----------------------------------------------------------------------------------------------


def test_it_opens_the_gate_around_every_request_and_waits_outside(server: ArxivServer) -> None:
    server.entries = papers(4)
    server.fail(throttled())
    events: list[str] = []

    @contextmanager
    def gate() -> Iterator[None]:
        events.append("open")
        yield
        events.append(f"shut after {len(server.requests)}")

    api = ArxivApi(
        gate=gate, url=server.url, page_size=2, sleep=lambda seconds: events.append(f"slept {seconds:g}")
    )
    fetch(api)

    expected = ["open", "shut after 1", "slept 3", "open", "shut after 2", "open", "shut after 3"]
    assert events == expected


def test_it_shuts_the_gate_when_a_request_fails_for_good(server: ArxivServer) -> None:
    server.fail(Fault(status=400, body="no"))
    lock = threading.Lock()

    with pytest.raises(PermanentError):
        fetch(ArxivApi(gate=lambda: holding(lock), url=server.url))
    assert not lock.locked()


def test_clients_that_share_a_gate_never_have_two_requests_open(server: ArxivServer) -> None:
    server.fail(*[Fault(delay=0.03)] * 8)
    lock = threading.Lock()
    api = ArxivApi(gate=lambda: holding(lock), url=server.url, page_size=1)
    threads = [threading.Thread(target=fetch, args=(api,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(server.requests) == 9
    assert server.most_open == 1


@contextmanager
def holding(lock: threading.Lock) -> Iterator[None]:
    with lock:
        yield


# --- records -----------------------------------------------------------------------------------------------


def test_it_copies_every_field_and_makes_it_readable(server: ArxivServer) -> None:
    server.entries = [
        entry(
            "math.GT/0309136v2",
            title="On $\\alpha$-stable\n  processes",
            abstract="  We show ``this''.\n  And $10^{-3}$ of\nthat.",
            authors=["Aurora RamÃ\xadrez", ":", "A. One; B. Two"],
            categories=["stat.ML", "cs.LG", "math.GT"],
            primary="cs.LG",
            submitted=START,
            updated=START + timedelta(days=2),
            comment="12 pages, \\textbf{accepted}",
            journal_ref="J. Erd\\H{o}s 3\n (2026)",
            doi="10.1000/x_y",
        )
    ]
    [paper] = fetch(client(server), "math.GT")[0].papers

    assert paper.versioned_id == "math/0309136v2"
    assert paper.title == "On α-stable processes"
    assert paper.abstract == "We show “this”.\nAnd 10⁻³ of that."
    assert paper.authors == ("Aurora Ramírez", "A. One", "B. Two")
    assert (paper.primary_category, paper.categories) == ("cs.LG", ("cs.LG", "stat.ML", "math.GT"))
    assert (paper.published_at, paper.updated_at) == (START, START + timedelta(days=2))
    assert paper.published_at.utcoffset() == timedelta(0)
    assert (paper.comment, paper.journal_ref) == ("12 pages, accepted", "J. Erdős 3 (2026)")
    assert paper.doi == "10.1000/x_y"
    assert not paper.is_withdrawn


def test_it_marks_a_withdrawn_paper(server: ArxivServer) -> None:
    server.entries = [entry("2606.00001v2", comment="This paper has been withdrawn by the author")]
    assert fetch(client(server))[0].papers[0].is_withdrawn


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (entry("2606.00009v1", published=""), "2606.00009v1"),
        (entry("2606.00009v1", published="yesterday"), "yesterday"),
        (entry("nonsense"), "id that can be read"),
        (entry("2606.00009v1", title=" "), "title that can be read"),
        (entry("2606.00009v1", categories=()), "category that can be read"),
    ],
)
def test_it_names_an_entry_that_cannot_be_read_and_keeps_the_others(
    tmp_path: Path, bad: Entry, said: str
) -> None:
    path = tmp_path / "answer.xml"
    path.write_text(feed([entry("2606.00001v1"), bad, entry("2606.00002v1")]))
    answer = ArxivApi(gate=nullcontext).read_file(str(path))

    assert [paper.arxiv_id for paper in answer.papers] == ["2606.00001", "2606.00002"]
    assert answer.total_results == 3
    [line] = answer.refused
    assert said in line


# --- files -------------------------------------------------------------------------------------------------


def test_it_reads_a_saved_answer_through_the_same_parser(tmp_path: Path) -> None:
    path = tmp_path / "week.xml"
    path.write_text(feed(papers(2)))
    answer = ArxivApi(gate=nullcontext).read_file(str(path))

    assert answer.query == str(path)
    assert len(answer.papers) == answer.total_results == 2


def test_it_reads_a_saved_page_of_a_larger_answer(tmp_path: Path) -> None:
    path = tmp_path / "page.xml"
    path.write_text(feed(papers(2), total=214_881, start=100, size=2))

    assert len(ArxivApi(gate=nullcontext).read_file(str(path)).papers) == 2


def test_it_reads_an_answer_without_results(tmp_path: Path) -> None:
    path = tmp_path / "none.xml"
    path.write_text(feed([]))

    assert ArxivApi(gate=nullcontext).read_file(str(path)).papers == ()


WHOLE = feed(papers(3))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "it is empty"),
        ("<!DOCTYPE html>\n<html></html>", "an HTML page"),
        ("id,title\n1,x\n", "truncated or no XML"),
        (WHOLE[: len(WHOLE) // 2], "truncated"),
        ("<rss version='2.0'><channel/></rss>", "not an Atom feed"),
        (
            "<feed xmlns='http://www.w3.org/2005/Atom'><title>A blog</title></feed>",
            "no answer of arXiv's API",
        ),
        (feed([ERROR_ENTRY]), "arXiv reports an error: incorrect id format for abc"),
        (feed(papers(2), total=3), "2 of 3 promised entries"),
        (feed(papers(3), total=2), "3 of 2 promised entries"),
    ],
)
def test_it_refuses_a_file_in_one_line_that_names_it(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "broken.xml"
    path.write_text(content)
    with pytest.raises(BadInput) as caught:
        ArxivApi(gate=nullcontext).read_file(str(path))

    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert said in message
    assert "\n" not in message


def test_it_says_that_a_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.xml: cannot be read: No such file"):
        ArxivApi(gate=nullcontext).read_file(str(tmp_path / "nowhere.xml"))


def test_it_expands_no_entities_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret words")
    doctype = f'<!DOCTYPE feed [<!ENTITY x SYSTEM "file://{secret}">]>'
    hostile = feed([entry(title="TITLE")]).replace("?>\n", f"?>\n{doctype}", 1).replace("TITLE", "a &x; b")
    path = tmp_path / "hostile.xml"
    path.write_text(hostile)

    [paper] = ArxivApi(gate=nullcontext).read_file(str(path)).papers
    assert "secret" not in paper.title
