"""Any history of acts leaves the rows that a plain account of it says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.digests.selection import Selected
from newsletter.core.digests.selection import Selection as SelectionValue
from newsletter.core.taste.library import LibraryEntry, ReadLibrary, Source
from newsletter.models import (
    FollowedAuthor,
    LibraryImport,
    MailedAct,
    Paper,
    PaperFeedback,
    Subscriber,
    TasteProfile,
)
from newsletter.models.selection import store_selections
from newsletter.models.taste import Act
from newsletter.models.taste import Source as From
from newsletter.subscribers.taste.acts import act_on, take_back
from newsletter.subscribers.taste.forget import forget_taste
from newsletter.subscribers.taste.imports import begin_import, keep_import
from newsletter.subscribers.taste.mailed import LinkedPaper, act_by_link, undo_by_link
from newsletter.subscribers.unsubscribe import erase
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import digest, new_subscriber

pytestmark = pytest.mark.django_db(transaction=True)
PAPERS = 4
NUMBERS = st.integers(1, PAPERS)
ACTS = st.sampled_from(list(Act))
STEPS = st.one_of(
    st.tuples(st.just("page"), NUMBERS, ACTS),
    st.tuples(st.just("link"), NUMBERS, ACTS),
    st.tuples(st.just("undo"), NUMBERS, ACTS),
    st.tuples(st.just("take back"), NUMBERS, st.one_of(st.none(), ACTS)),
    st.tuples(st.just("import"), NUMBERS, st.none()),
    st.tuples(st.just("forget"), st.just(0), st.none()),
)
Standing = tuple[str, bool, object]
"""Verdict, whether it is saved, and what was done last."""


@dataclass
class Account:
    """What is said of each paper, and what each link did."""

    papers: dict[int, Standing] = field(default_factory=dict)
    links: dict[tuple[int, Act], tuple[Standing | None, object]] = field(default_factory=dict)
    moves: int = 0

    def act(self, number: int, act: Act, *, by: object) -> None:
        verdict, saved, _ = before = self.papers.get(number, ("", False, None))
        after = (verdict, True) if act is Act.SAVE else ("like" if act is Act.MORE else "dislike", saved)
        if after != before[:2]:
            if isinstance(by, tuple):
                self.links[number, act] = self.papers.get(number), by
            self.papers[number] = (*after, by)
            self.moves += 1

    def undo(self, number: int, act: Act) -> None:
        before, by = self.links.pop((number, act), (None, None))
        if by is None or number not in self.papers or self.papers[number][2] != by:
            self.take_back(number, act)
            return
        self.moves += 1
        del self.papers[number]
        if before is not None:
            self.papers[number] = before

    def take_back(self, number: int, act: Act | None) -> None:
        if number not in self.papers:
            return
        verdict, saved, by = self.papers[number]
        saved = saved and act not in (None, Act.SAVE)
        verdict = (
            "" if act is None or verdict == {Act.MORE: "like", Act.LESS: "dislike"}.get(act) else verdict
        )
        if (verdict, saved) != self.papers[number][:2]:
            self.moves += 1
            self.papers[number] = verdict, saved, by
            if not verdict and not saved:
                del self.papers[number]

    def import_(self, number: int, *, by: object) -> None:
        if number not in self.papers:
            self.act(number, Act.MORE, by=by)

    def forget(self) -> None:
        self.papers.clear()
        self.links.clear()
        self.moves += 1


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(STEPS, max_size=15), is_erased=st.booleans())
def test_rows_say_what_was_done(steps: list[tuple[str, int, Act | None]], is_erased: bool) -> None:
    subscriber, links = reader()
    account, now = Account(), datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
    for place, (what, number, act) in enumerate(steps):
        now += timedelta(minutes=5)
        if what == "forget":
            forget_taste(subscriber)
            account.forget()
        elif what == "take back":
            take_back(subscriber, [record(number).arxiv_id], act=act)
            account.take_back(number, act)
        elif what == "import":
            begin_import(subscriber, library(number), name="x", now=now)
            keep_import(subscriber, now=now)
            account.import_(number, by=place)
        elif act and what == "page":
            act_on(subscriber, act, [record(number)], source=From.PAGE, now=now)
            account.act(number, act, by=place)
        elif act and what == "undo":
            undo_by_link(links[number], act)
            account.undo(number, act)
        elif act:
            assert act_by_link(links[number], act, now=now)
            account.act(number, act, by=(place,))
        assert stored(subscriber) == {
            record(each).arxiv_id: said[:2] for each, said in account.papers.items()
        }
        assert Subscriber.objects.get(pk=subscriber.pk).taste_version == account.moves
    if is_erased:
        pk = subscriber.pk
        erase(subscriber, now=now)
        for model in (PaperFeedback, FollowedAuthor, TasteProfile, MailedAct, LibraryImport):
            assert not model._default_manager.filter(subscriber_id=pk).exists()


def reader() -> tuple[Subscriber, dict[int, LinkedPaper]]:
    """Return a new reader with a digest of all papers. None of its links is taken for a program's."""
    papers = {number: paper(number) for number in range(1, PAPERS + 1)}
    # A fifth paper, which nobody asks for more of.
    chosen = [each.pk for each in (*papers.values(), paper(PAPERS + 1))]
    selection = SelectionValue(
        topics=(1,),
        papers=tuple(Selected(paper_id=pk, topic=1, position=place) for place, pk in enumerate(chosen)),
    )
    [row] = store_selections([selection])
    subscriber = new_subscriber()
    delivery = digest(subscriber, selection=row, state="ACCEPTED")
    return subscriber, {
        number: LinkedPaper(delivery=delivery, subscriber=subscriber, paper=each)
        for number, each in papers.items()
    }


def paper(number: int) -> Paper:
    found, _ = Paper.objects.get_or_create(arxiv_id=record(number).arxiv_id, defaults=fields(record(number)))
    return found


def fields(record: PaperRecord) -> dict[str, object]:
    row = Paper.from_record(record, first_seen_at=record.published_at)
    return {
        each.attname: getattr(row, each.attname)
        for each in Paper._meta.concrete_fields
        if each.attname != "id"
    }


def record(number: int) -> PaperRecord:
    return replace(paper_record(number), title=f"Paper {number}")


def library(number: int) -> ReadLibrary:
    entry = LibraryEntry(
        arxiv_id=record(number).arxiv_id, doi=None, title="", authors=(), source=Source.TEXT, line=1
    )
    return ReadLibrary((entry,), ())


def stored(subscriber: Subscriber) -> dict[str, tuple[str, bool]]:
    rows = PaperFeedback.objects.filter(subscriber=subscriber)
    return {row.arxiv_id: (row.verdict, row.saved_at is not None) for row in rows}
