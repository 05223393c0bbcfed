"""The version of public pages: every change of what they show moves it, whoever makes it and how."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection, models, transaction
from django.utils import timezone

from newsletter.audience.topics import add_topic
from newsletter.models import Figure, FullTextRecord, Match, PageChange, Paper, PaperRevision, Summary, Topic
from newsletter.models.page_change import forget_page_changes, install_triggers, page_version
from newsletter.pipeline.monitor.retention import forget_old
from newsletter.pipeline.send.pause import pause_sending, resume_sending
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.preferences import Preferences
from tests.fakes import readings

NOW, JOINED = timezone.now(), timezone.now() - timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def paper() -> Paper:
    """A paper that matches one of two topics."""
    boats = add_topic("boats", name="Boats", query="cat:cs.RO", now=JOINED)
    add_topic("quiet", name="Quiet", query="cat:math.CO", now=JOINED)
    paper = readings.store("harbornet", "en")
    Match.objects.create(topic=boats, paper=paper, score=1.0, created_at=JOINED)
    return paper


def versions() -> dict[str, object]:
    """Return the version of each kind of page."""
    return {
        "all": page_version(connection),
        "boats": page_version(connection, topic="boats"),
        "quiet": page_version(connection, topic="quiet"),
        "paper": page_version(connection, paper="2606.90001"),
        "another": page_version(connection, paper="2606.90002"),
    }


def moved(change: Callable[[], object]) -> set[str]:
    before = versions()
    change()
    return {name for name, version in versions().items() if version != before[name]}


EVERY_PAGE = {"all", "boats", "quiet", "paper", "another"}
ITS_PAGES = {"boats", "paper"}


@pytest.mark.parametrize(
    "change",
    [
        lambda _: add_topic("newest", name="New", query="cat:cs.CL", now=JOINED),
        lambda _: Topic.objects.filter(slug="quiet").update(name="Other"),
        lambda _: Topic.objects.filter(slug="quiet").update(is_active=False),
        lambda _: Topic.objects.get(slug="quiet").delete(),
        lambda paper: Paper.objects.filter(pk=paper.pk).update(is_withdrawn=True),
        lambda _: readings.store("ledgers"),
        lambda paper: Match.objects.filter(paper=paper).delete(),
        lambda paper: Match.objects.create(
            topic=Topic.objects.get(slug="quiet"), paper=paper, score=1.0, created_at=NOW
        ),
        lambda _: pause_sending("a reason", now=NOW),
        lambda _: (pause_sending("a reason", now=NOW), resume_sending()),
    ],
)
def test_a_change_of_what_all_see_moves_every_page(paper: Paper, change: Callable[[Paper], object]) -> None:
    assert moved(lambda: change(paper)) == EVERY_PAGE


@pytest.mark.parametrize(
    "change",
    [
        lambda paper: Summary.objects.filter(paper=paper).update(content=None),
        lambda paper: Summary.objects.filter(paper=paper).update(withheld_at=NOW),
        lambda paper: Summary.objects.filter(paper=paper).delete(),
        lambda paper: Summary.objects.create(
            paper=paper, paper_version=1, language="de", prompt_version="1", model="m", detail="headline"
        ),
        lambda paper: FullTextRecord.objects.filter(paper=paper).update(keywords=["boats"]),
        lambda paper: PaperRevision.objects.create(
            paper=paper, from_version=1, to_version=2, changes=["title"], found_at=NOW
        ),
    ],
)
def test_a_change_of_one_paper_moves_the_pages_that_show_it(
    paper: Paper, change: Callable[[Paper], object]
) -> None:
    FullTextRecord.objects.get_or_create(paper=paper, paper_version=1)
    assert moved(lambda: change(paper)) == ITS_PAGES


def test_a_figure_that_goes_moves_every_page(paper: Paper) -> None:
    record, _ = FullTextRecord.objects.get_or_create(paper=paper, paper_version=1)
    Figure.objects.filter(record=record).delete()
    Figure.objects.create(record=record, position=1, number="1", image="a.png", width=1, height=1)
    assert moved(lambda: Figure.objects.filter(record=record).delete()) == EVERY_PAGE


@pytest.mark.parametrize(
    "change",
    [
        lambda paper: Paper.objects.filter(pk=paper.pk).update(matched_at=NOW, state_asked_at=NOW),
        lambda _: Topic.objects.update(looks_back=False),
        lambda paper: Summary.objects.filter(paper=paper).update(leased_until=NOW, attempts=1),
    ],
)
def test_what_no_page_shows_moves_none(paper: Paper, change: Callable[[Paper], object]) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("its triggers look at no column, since they would hinder migrations")
    assert moved(lambda: change(paper)) == set()


def test_a_private_topic_moves_no_page(paper: Paper) -> None:  # noqa: ARG001
    ada = add_by_operator(
        "ada@example.org", topics=["boats"], preferences=Preferences.checked(), source="test", now=JOINED
    )
    before = page_version(connection)
    add_topic("own", name="Own", query="cat:cs.CL", now=JOINED, owner=ada)
    Topic.objects.filter(slug="own").update(name="Mine")
    assert page_version(connection) == before


def test_what_is_taken_back_moves_nothing(paper: Paper) -> None:
    before = versions()
    with transaction.atomic():
        Paper.objects.filter(pk=paper.pk).update(is_withdrawn=True)
        transaction.set_rollback(True)
    assert versions() == before


def test_many_rows_at_once_cost_few(paper: Paper) -> None:
    PageChange.objects.all().delete()
    quiet = Topic.objects.get(slug="quiet")
    Match.objects.bulk_create(
        Match(topic=quiet, paper=each, score=1.0, created_at=NOW)
        for each in (paper, readings.store("ledgers"))
    )
    assert PageChange.objects.filter(paper=None).count() <= 2  # of the paper, of the matches


def test_old_changes_are_forgotten(paper: Paper) -> None:
    Summary.objects.filter(paper=paper).update(content=None)
    assert forget_page_changes(before=NOW - timedelta(hours=1)) == 0
    PageChange.objects.update(at=NOW - timedelta(hours=3))
    assert forget_old(now=NOW)["page changes"] > 0
    assert not PageChange.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_triggers_hinder_no_migration(paper: Paper) -> None:  # noqa: ARG001
    """Of the kinds that SQLite and PostgreSQL refuse where a trigger names what changes."""
    alter_and_back()
    install_triggers()
    assert moved(lambda: Topic.objects.filter(slug="quiet").update(name="Other")) == EVERY_PAGE


def alter_and_back() -> None:
    longer, usual = models.CharField(max_length=200), Topic._meta.get_field("name")
    longer.set_attributes_from_name("name")
    dropped = Summary._meta.get_field("fallback")
    with connection.schema_editor() as editor:
        editor.alter_field(Topic, usual, longer, strict=True)
        editor.alter_field(Topic, longer, usual, strict=True)
        editor.remove_field(Summary, dropped)
        editor.add_field(Summary, dropped)


def test_the_triggers_can_be_made_anew(paper: Paper) -> None:
    """As after each migration. No page is older than they are."""
    assert moved(install_triggers) == EVERY_PAGE
    assert moved(lambda: Summary.objects.filter(paper=paper).delete()) == ITS_PAGES


@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_late_is_seen(paper: Paper) -> None:
    """Its row has a smaller id than those of changes that committed meanwhile."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    changed, go = threading.Event(), threading.Event()

    def change_slowly() -> None:
        with transaction.atomic():
            Paper.objects.filter(pk=paper.pk).update(title="Changed")
            changed.set()
            go.wait(60)
        connection.close()

    slow = threading.Thread(target=change_slowly)
    slow.start()
    changed.wait(60)
    Topic.objects.filter(slug="quiet").update(name="Other")
    before = page_version(connection)
    go.set()
    slow.join()
    assert page_version(connection) != before
