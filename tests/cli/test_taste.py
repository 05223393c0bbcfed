"""``newsletter taste``: what each subcommand says and does, and what it refuses, in one line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django import Settings

from newsletter.adapters.library.files import read_library
from newsletter.models import LibraryImport, Paper, PaperFeedback, Subscriber
from newsletter.subscribers.taste import acts
from newsletter.subscribers.taste.imports import begin_import
from tests.cli.runner import Result, add_subscriber, add_topic, done, newsletter
from tests.fakes.arxiv_server import ArxivServer, entry, throttled
from tests.fakes.orcid import OrcidServer, external_id, summary, work
from tests.fakes.papers import PUBLISHED, paper_record
from tests.fakes.zotero import KEY, ZoteroServer, item

pytestmark = pytest.mark.django_db
ADDRESS = "a@example.org"
NOW = "2026-06-16T09:00Z"
ONE, TWO, OLD = "2606.00001", "2606.00002", "hep-th/9901001"


@pytest.fixture(autouse=True)
def _reader() -> None:
    add_topic("heads")
    add_topic("graphs", "cat:cs.LG")
    add_subscriber(ADDRESS)
    for number in (1, 2):
        Paper.from_record(paper_record(number), first_seen_at=PUBLISHED).save()


@pytest.fixture
def at_arxiv(asks: ArxivServer) -> ArxivServer:
    """An arXiv that has what this service has not gathered."""
    asks.entries += [
        entry(f"{OLD}v2", title="The Casimir effect", authors=["H. Casimir"]),
        entry("2401.00009v2", title="Gone", comment="This paper has been withdrawn by the authors."),
    ]
    return asks


@pytest.fixture
def zotero(settings: Settings) -> Iterator[ZoteroServer]:
    with ZoteroServer() as server:
        settings.CONFIG = settings.CONFIG.model_copy(update={"zotero_url": server.host})
        yield server


@pytest.fixture
def orcid(settings: Settings) -> Iterator[OrcidServer]:
    with OrcidServer() as server:
        settings.CONFIG = settings.CONFIG.model_copy(update={"orcid_url": server.url})
        yield server


def taste(*words: str) -> Result:
    return newsletter("taste", *words, "--now", NOW)


def standings() -> dict[str, tuple[str, bool]]:
    return {row.arxiv_id: (row.verdict, row.saved_at is not None) for row in PaperFeedback.objects.all()}


def test_papers_are_liked_disliked_and_saved_and_the_last_word_counts() -> None:
    liked = done("taste", "like", ADDRESS, ONE, f"https://arxiv.org/abs/{TWO}v1", "--now", NOW)
    assert liked.out.splitlines()[0] == f"more: {ONE} Avatar 1: Talking Heads from Speech"
    assert liked.out.splitlines()[-1] == "2 papers changed."
    done("taste", "dislike", ADDRESS, ONE)
    assert done("taste", "save", ADDRESS, ONE, "--json").json == {"papers": [ONE], "changed": 1}
    assert done("taste", "save", ADDRESS, ONE, "--json").json == {"papers": [ONE], "changed": 0}
    assert standings() == {ONE: ("dislike", True), TWO: ("like", False)}
    assert PaperFeedback.objects.get(arxiv_id=TWO).at.isoformat() == "2026-06-16T09:00:00+00:00"


def test_what_is_known_is_shown() -> None:
    assert (
        done("taste", "show", ADDRESS).out == "Nothing yet: newsletter taste like a@example.org 2406.01234\n"
    )
    done("taste", "like", ADDRESS, ONE, "--now", NOW)
    done("taste", "follow", ADDRESS, "Ada Lovelace", "Alan Turing")
    shown = done("taste", "show", ADDRESS).out.splitlines()
    assert shown[0].split(maxsplit=2) == [ONE, "like", "Avatar 1: Talking Heads from Speech"]
    assert shown[1] == "Follows Ada Lovelace, Alan Turing."
    [paper] = done("taste", "show", ADDRESS, "--json").json["papers"]
    assert {name: paper[name] for name in ("arxiv_id", "verdict", "source", "topics")} == {
        "arxiv_id": ONE,
        "verdict": "like",
        "source": "operator",
        "topics": ["heads"],
    }


def test_authors_are_unfollowed_in_any_spelling() -> None:
    done("taste", "follow", ADDRESS, "Jorge Iranzo-Sánchez")
    assert (
        done("taste", "unfollow", ADDRESS, "JORGE IRANZO-SANCHEZ", "Nobody").out == "1 author unfollowed.\n"
    )


def test_papers_are_forgotten_one_by_one_or_all() -> None:
    done("taste", "like", ADDRESS, ONE, TWO)
    assert done("taste", "forget", ADDRESS, ONE).out == "1 paper forgotten.\n"
    assert standings().keys() == {TWO}
    assert done("taste", "forget", ADDRESS, "--all", "--json").json == {"forgotten": "all"}
    assert standings() == {}


def test_a_paper_that_was_not_gathered_comes_from_arxiv(at_arxiv: ArxivServer) -> None:
    done("taste", "like", ADDRESS, ONE, OLD)
    row = PaperFeedback.objects.get(arxiv_id=OLD)
    assert (row.title, row.version, row.authors) == ("The Casimir effect", 2, ["H. Casimir"])
    assert not Paper.objects.filter(arxiv_id=OLD).exists()
    assert [request.parameters["id_list"] for request in at_arxiv.requests] == [OLD]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["like", ADDRESS, ONE, "nonsense"], 2, "'nonsense' is not an arXiv id"),
        (["like", ADDRESS, ONE, "2401.77777"], 1, "arXiv has no paper 2401.77777"),
        (["save", ADDRESS, ONE, "2401.00009"], 2, "2401.00009 was withdrawn by its authors"),
        (["like", "b@example.org", ONE], 1, "no reader b@example.org"),
        (["follow", ADDRESS, "Ada Lovelace", "42"], 2, "'42' is not a name"),
        (["forget", ADDRESS], 2, "give the papers' ids, or --all"),
        (["forget", ADDRESS, ONE, "--all"], 2, "give the papers' ids, or --all"),
        (["forget", ADDRESS, "nonsense"], 2, "'nonsense' is not an arXiv id"),
        (["import", ADDRESS], 2, "give one of FILE, --zotero-user, --zotero-group, --orcid"),
        (["import", ADDRESS, "x.bib", "--orcid", "1"], 2, "give one of FILE"),
        (["import", ADDRESS, "/nowhere/x.bib"], 1, "/nowhere/x.bib: No such file"),
        (["import", ADDRESS, "--orcid", "0000-0002-1825-0098"], 2, "ORCID"),
        (["like", ADDRESS], 2, "ARXIV_ID"),
    ],
)
@pytest.mark.usefixtures("at_arxiv", "orcid")
def test_a_mistake_gets_one_line_and_changes_nothing(words: list[str], code: int, says: str) -> None:
    found = taste(*words)
    assert (found.code, found.out) == (code, "")
    assert says in found.line
    assert not PaperFeedback.objects.exists()
    assert Subscriber.objects.get().taste_version == 0
    assert taste(*words, "--json").json["error"]


def test_when_arxiv_cannot_be_asked_nothing_is_kept(at_arxiv: ArxivServer) -> None:
    at_arxiv.fail(throttled("3600"))
    found = taste("like", ADDRESS, ONE, OLD)
    assert (found.code, found.line) == (1, "arXiv answered 429")
    assert standings() == {}


def test_the_limit_has_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acts, "MOST_PAPERS", 1)
    found = taste("like", ADDRESS, ONE, TWO)
    assert (found.code, found.line) == (
        2,
        "a reader has at most 1 papers, and this would be 2 more: remove some first",
    )


# --- libraries ---------------------------------------------------------------------------------------------


def test_a_file_is_looked_up_reported_and_kept(at_arxiv: ArxivServer, tmp_path: Path) -> None:
    path = tmp_path / "refs.bib"
    path.write_text(
        "@misc{a, eprint={2606.00001}}\n@article{b, title={The {Casimir} effect}, author={Hendrik Casimir}}\n"
        "@misc{c, title={Nobody knows this one at all}}\n@misc{d, eprint={2401.00009}}\n@misc{e, year=2001}\n"
    )
    tried = done("taste", "import", ADDRESS, str(path), "--dry-run")
    assert "Nothing is kept: a dry run." in tried.out
    assert standings() == {}
    kept = done("taste", "import", ADDRESS, str(path), "--now", NOW)
    assert kept.out.splitlines() == [
        "Found 3 papers of 4 entries.",
        "Kept, and new: 2 papers.",
        "Withdrawn, and not kept: 1",
        "  2401.00009",
        "Not found: 1",
        "  Nobody knows this one at all (not found)",
        "Not read: 1",
        "  line 5: an entry: it has no arXiv id, no DOI and no title",
    ]
    assert standings() == {ONE: ("like", False), OLD: ("like", False)}
    again = done("taste", "import", ADDRESS, str(path), "--json").json
    assert (again["kept"], sorted(again["found"])) == (0, sorted([ONE, OLD, "2401.00009"]))
    assert len(at_arxiv.requests) > 0


@pytest.mark.usefixtures("at_arxiv")
def test_zotero_is_read_with_a_key_of_the_environment_that_is_never_printed(
    zotero: ZoteroServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    zotero.libraries["groups/123"] = [item(1, title="Avatar 1: Talking Heads from Speech")]
    zotero.keys[KEY] = ["groups/123"]
    assert taste("import", ADDRESS, "--zotero-group", "123").code == 2
    monkeypatch.setenv("ZOTERO_API_KEY", KEY)
    found = done("taste", "import", ADDRESS, "--zotero-group", "123")
    assert "Kept, and new: 1 paper." in found.out
    assert KEY not in found.out + found.err + caplog.text
    zotero.libraries["users/475425"] = [item(2, title="Avatar 2: Talking Heads from Speech")]
    zotero.public.add("users/475425")
    monkeypatch.delenv("ZOTERO_API_KEY")
    done("taste", "import", ADDRESS, "--zotero-user", "475425")
    assert standings().keys() == {ONE, TWO}


@pytest.mark.usefixtures("at_arxiv")
def test_a_pass_looks_up_the_libraries_that_readers_brought() -> None:
    begin_import(
        Subscriber.objects.get(), read_library(OLD.encode()), name="x", now=datetime(2026, 6, 16, tzinfo=UTC)
    )
    done("run", "--no-gather", "--now", NOW)
    assert LibraryImport.objects.get().sought
    assert "libraries   1 looked up, for their readers to keep" in newsletter("run", "--now", NOW).out
    assert LibraryImport.objects.get().sought == []


@pytest.mark.usefixtures("at_arxiv")
def test_an_orcid_record_is_read(orcid: OrcidServer) -> None:
    orcid.records["0000-0002-1825-0097"] = [work(summary("Avatar 2", external_id("arxiv", TWO)))]
    found = done("taste", "import", ADDRESS, "--orcid", "https://orcid.org/0000-0002-1825-0097")
    assert "Kept, and new: 1 paper." in found.out
    assert standings().keys() == {TWO}


def test_a_file_that_cannot_be_read_as_a_library_is_a_failure_that_names_it(tmp_path: Path) -> None:
    junk = tmp_path / "junk.bib"
    junk.write_bytes(bytes(range(256)) * 20)
    refused = taste("import", ADDRESS, str(junk))
    assert refused.code == 1
    assert str(junk) in refused.err
    assert "save it as UTF-8" in refused.err
    assert len(refused.err.splitlines()) == 1
