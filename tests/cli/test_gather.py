"""``newsletter gather``: from files and from arXiv, and what is left of an answer that cannot be used."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from newsletter.adapters import registry
from newsletter.adapters.arxiv.api import ArxivApi
from newsletter.models import GatherRun, Paper
from tests.cli.runner import add_topic, done, newsletter, rows
from tests.fakes import arxiv_server as arxiv_faults
from tests.fakes.arxiv_server import ERROR_ENTRY, ArxivServer, Fault, entry, feed, throttled

pytestmark = pytest.mark.django_db
NOW = "2026-06-16T01:00Z"
ONE, TWO, THREE = (entry(f"2606.0000{number}v1", title=f"Paper {number}") for number in (1, 2, 3))


@pytest.fixture(autouse=True)
def _topic() -> None:
    add_topic()


def saved(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("repeated", [False, True])
def test_several_files_are_taken_in_and_matched(tmp_path: Path, repeated: bool) -> None:
    first = saved(tmp_path, "first.xml", feed([ONE, TWO]))
    second = saved(tmp_path, "second.xml", feed([TWO, THREE]))
    words = ["--file", first, "--file", second] if repeated else ["--file", first, second]
    report = done("gather", *words, "--now", NOW, "--json").json
    assert report["now"] == "2026-06-16T01:00:00+00:00"
    assert report["matched"] == 3
    expected = {"seen": 4, "new": 3, "updated": 0, "failed": 0, "errors": [], "refused": []}
    assert report["gathered"] == expected
    assert done("gather", *words, "--json").json["gathered"]["new"] == 0


def test_a_path_without_the_option_is_bad_use(tmp_path: Path) -> None:
    path = saved(tmp_path, "first.xml", feed([ONE]))
    result = newsletter("gather", path)
    assert result.code == 2
    assert f"--file {path}" in result.line


WHOLE = feed([ONE, TWO])
BAD_FILES = {
    "no Atom feed": ("<rss><channel/></rss>", "not an Atom feed"),
    "no XML": ("Dear editor,", "truncated or no XML"),
    "empty": ("", "empty"),
    "truncated": (WHOLE[: len(WHOLE) // 2], "truncated"),
    "HTML": ("<!DOCTYPE html><html><body>Down</body></html>", "HTML"),
    "an error entry": (feed([ERROR_ENTRY]), "incorrect id format"),
    "an empty page with results promised": (feed([], total=57), "0 of 57"),
    "another feed": ('<feed xmlns="http://www.w3.org/2005/Atom"/>', "totalResults"),
}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_one_line_and_nothing_of_it_or_its_neighbours_is_kept(
    kind: str, tmp_path: Path
) -> None:
    text, reason = BAD_FILES[kind]
    good, bad = saved(tmp_path, "good.xml", WHOLE), saved(tmp_path, "bad.xml", text)
    before = rows()
    result = newsletter("gather", "--file", good, bad)
    assert (result.code, result.out) == (1, "")
    assert bad in result.line
    assert reason in result.line
    assert rows() == before
    assert done("gather", "--file", good, "--json").json["gathered"]["new"] == 2


def test_a_file_of_which_every_entry_is_refused_has_failed(tmp_path: Path) -> None:
    """One that is sound besides has not."""
    odd = [entry(f"2606.0001{number}v1", title="") for number in range(2)]
    path, mixed = saved(tmp_path, "odd.xml", feed(odd)), saved(tmp_path, "mixed.xml", feed([*odd, ONE]))
    result = newsletter("gather", "--file", path)
    assert result.code == 1
    assert "nothing was taken in: all 2 entries were refused" in result.err
    assert newsletter("gather", "--file", path, "--json").code == 1
    assert newsletter("gather", "--file", mixed).code == 0


@pytest.mark.parametrize("name", ["missing.xml", "."])
def test_a_file_that_cannot_be_read_is_one_line(name: str, tmp_path: Path) -> None:
    result = newsletter("gather", "--file", str(tmp_path / name), "--json")
    assert result.code == 1
    assert list(result.json) == ["error"]
    assert str(tmp_path / name) in result.line


def test_it_asks_arxiv_for_what_the_topics_need(asks: ArxivServer) -> None:
    asks.entries += [ONE, TWO, entry("2606.00009v1", categories=["math.AG"])]
    report = done("gather", "--now", NOW, "--json").json
    assert (report["gathered"]["new"], report["matched"]) == (2, 2)
    assert {f"{paper.first_seen_at:%Y-%m-%dT%H:%MZ}" for paper in Paper.objects.all()} == {NOW}
    [query] = {request.parameters["search_query"] for request in asks.requests}
    assert "cat:cs.CV" in query


def test_without_topics_arxiv_is_not_asked(asks: ArxivServer) -> None:
    done("topic", "remove", "heads")
    assert "newsletter topic starter" in done("gather").out
    assert asks.requests == []


def test_an_answer_that_says_to_wait_long_fails_at_once(asks: ArxivServer) -> None:
    asks.fail(throttled("3600"))
    result = newsletter("gather", "--now", NOW, "--json")
    assert len(asks.requests) == 1
    assert result.code == 1
    assert result.json["gathered"]["failed"] == 1
    assert "429" in result.line
    run = GatherRun.objects.get()
    assert f"{run.started_at:%Y-%m-%dT%H:%MZ} {run.retry_at:%H:%M}" == f"{NOW} 02:00"


def test_a_passing_failure_is_mended_within_the_command(asks: ArxivServer) -> None:
    asks.entries.append(ONE)
    asks.fail(Fault(status=503, body="Try later."))
    report = done("gather", "--now", NOW, "--json").json
    assert report["gathered"]["new"] == 1
    assert report["gathered"]["failed"] == 0


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gather ends with its first failure: there is no time left for a second try."""
    monkeypatch.setattr(registry, "ArxivApi", functools.partial(ArxivApi, give_up_after=1.0))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", ["HTML", "TRUNCATED", "ERROR", "EMPTY", "CUT", "CLOSED"])
def test_a_bad_answer_fails_that_gather_and_the_next_one_is_unharmed(kind: str, asks: ArxivServer) -> None:
    asks.entries += [ONE, TWO]
    asks.fail(getattr(arxiv_faults, kind))
    result = newsletter("gather", "--now", NOW)
    assert result.code == 1
    assert "arXiv" in result.line
    assert not Paper.objects.exists()
    assert done("gather", "--now", NOW, "--json").json["gathered"]["new"] == 2
