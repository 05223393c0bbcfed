"""After "forget my taste", and after an erasure, nothing of it stands in any table, nor in waiting mails."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from newsletter.core.digests.selection import Why, WhyCode
from newsletter.core.taste.library import LibraryEntry, ReadLibrary, Source
from newsletter.core.taste.snapshot import make_snapshot
from newsletter.core.taste.vectors import pack
from newsletter.models import (
    Delivery,
    FollowedAuthor,
    LibraryImport,
    PaperFeedback,
    Selection,
    Subscriber,
    TasteProfile,
    TasteSnapshot,
)
from newsletter.models.delivery import Kind, State
from newsletter.models.selection import store_selections
from newsletter.models.taste import Act
from newsletter.models.taste import Source as From
from newsletter.pipeline.run import run_once
from newsletter.subscribers.taste.acts import act_on
from newsletter.subscribers.taste.authors import follow_authors
from newsletter.subscribers.taste.forget import forget_taste
from newsletter.subscribers.taste.imports import begin_import
from newsletter.subscribers.taste.mailed import act_by_link
from newsletter.subscribers.taste.reasons import gives_reasons
from newsletter.subscribers.taste.switches import mute_term, set_switches
from newsletter.subscribers.unsubscribe import erase
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import digest
from tests.pipeline.newsroom import MONDAY, NEXT_MONDAY
from tests.pipeline.send.test_deliver_races import run_together
from tests.subscribers.taste.conftest import HOUR, Reader
from tests.traces import database_files, every_table

pytestmark = pytest.mark.django_db(transaction=True)
NOW = MONDAY + HOUR
WORDS = ("zebedee", "quuxley", "sprocketology", "2401.04242", "frobnication")
"""Of an author, a paper's title, its abstract, its id, a muted term."""
OTHER = replace(
    paper_record(1),
    arxiv_id="2401.04242",
    title="Quuxley: a Paper",
    abstract="On sprocketology, by frobnication of sprocketology.",
)


def use_everything(reader: Reader) -> None:
    """Leave a row wherever taste can: in papers, authors, profiles, acts, imports, terms and reasons."""
    subscriber = reader.subscriber
    act_on(subscriber, Act.SAVE, [OTHER], source=From.OPERATOR, now=NOW)
    act_by_link(reader.link(1), Act.MORE, now=NOW)
    act_by_link(reader.link(1), Act.SAVE, now=NOW + timedelta(minutes=1))
    follow_authors(subscriber, ["Zebedee Frobnication"], now=NOW)
    mute_term(subscriber, "sprocketolog", surface="sprocketology")
    set_switches(subscriber, {"names_imports": True})
    entry = LibraryEntry(arxiv_id=None, doi=None, title="Quuxley", authors=(), source=Source.TEXT, line=1)
    begin_import(subscriber, ReadLibrary((entry,), ()), name="zebedee.bib", now=NOW)
    profile(subscriber)
    give_reasons(reader.delivery)


def profile(subscriber: Subscriber) -> None:
    snapshot = make_snapshot([("a heads", "b heads")] * 5, name="2026-06-05")
    row = TasteSnapshot.objects.create(made_at=NOW, papers=5, content=snapshot.pack())
    TasteProfile.objects.create(
        subscriber=subscriber, snapshot=row, taste_version=1, likes=1.0, terms=pack({0: 1.0})
    )


def give_reasons(delivery: Delivery) -> None:
    """Store reasons and placeholders as a digest that was chosen by taste has them."""
    why = Why(WhyCode.KEPT, terms=("Quuxley", "sprocketology"))
    named = [replace(paper, why=why) for paper in delivery.selected.papers]
    [delivery.selection] = store_selections([replace(delivery.selected, papers=tuple(named))])
    delivery.placeholders |= {"why:1": "Because you kept Quuxley: sprocketology."}
    delivery.save(update_fields=["selection", "placeholders"])


def words_left() -> set[str]:
    """Search every text and binary column, and SQLite's own files."""
    tables = str(every_table()).lower()
    content = b"".join(path.read_bytes() for path in database_files()).lower()
    return {word for word in WORDS if word in tables or word.encode() in content}


def test_nothing_is_left_of_a_taste_that_is_forgotten(reader: Reader) -> None:
    use_everything(reader)
    assert words_left() == set(WORDS)
    version = reader.version()
    forget_taste(reader.subscriber)
    assert words_left() == set()
    for model in (PaperFeedback, FollowedAuthor, LibraryImport, TasteProfile):
        assert not model._default_manager.exists()
    assert reader.version() > version
    row = Subscriber.objects.get()
    assert (row.muted_terms, row.names_imports, row.learns) == ({}, True, True)
    forget_taste(reader.subscriber)  # twice is no error


def test_the_papers_of_the_sent_digest_stay_as_they_were(reader: Reader) -> None:
    before = reader.delivery.selected
    use_everything(reader)
    forget_taste(reader.subscriber)
    reader.delivery.refresh_from_db()
    assert reader.delivery.selected.paper_ids == before.paper_ids
    assert not gives_reasons(reader.delivery.selected)
    assert reader.delivery.placeholders["why:1"] == ""


def test_a_selection_that_others_share_stays(reader: Reader) -> None:
    other = digest(selection=reader.delivery.selection, state=State.ACCEPTED)
    use_everything(reader)
    forget_taste(reader.subscriber)
    other.refresh_from_db()
    assert Selection.objects.filter(pk=other.selection_id).exists()


@pytest.mark.parametrize("state", [State.PLANNED, State.COMPOSED, State.RETRY_WAIT])
def test_a_waiting_digest_is_selected_and_composed_anew(reader: Reader, state: State) -> None:
    waiting = next_digest(reader, state)
    give_reasons(waiting)
    forget_taste(reader.subscriber)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.selection, waiting.fragments) == (State.PLANNED, None, [])
    assert words_left() == set()
    run_once(reader.room.context, now=NEXT_MONDAY, gather=False)
    waiting.refresh_from_db()
    assert waiting.state == State.ACCEPTED
    assert waiting.paper_ids


def next_digest(reader: Reader, state: State) -> Delivery:
    """Return the second digest, as it waits."""
    reader.room.take_in(*(paper_record(number) for number in range(20, 24)), now=NOW)
    row = Delivery.planned(
        subscriber_id=reader.subscriber.pk,
        kind=Kind.DIGEST,
        slot_key=NEXT_MONDAY.date().isoformat(),
        slot_at=NEXT_MONDAY,
        now=NOW,
    )
    Subscriber.objects.update(next_slot_at=NEXT_MONDAY + timedelta(days=7))
    row.selection, row.state, row.fragments = reader.delivery.selection, state, reader.delivery.fragments
    row.save(force_insert=True)
    return row


def test_a_mail_that_is_being_sent_keeps_its_places_and_loses_its_reasons(reader: Reader) -> None:
    sending = next_digest(reader, State.SENDING)
    give_reasons(sending)
    forget_taste(reader.subscriber)
    sending.refresh_from_db()
    assert (sending.state, sending.placeholders["why:1"]) == (State.SENDING, "")
    assert words_left() == set()


def test_nothing_is_left_of_the_taste_of_a_reader_who_is_erased(reader: Reader) -> None:
    use_everything(reader)
    erase(reader.subscriber, now=NOW)
    assert words_left() == set()
    [left] = Selection.objects.all()  # the first one, which others may share
    assert not gives_reasons(left.value)


def test_forgetting_and_liking_at_once_leave_one_or_the_other(reader: Reader) -> None:
    rows = [Subscriber.objects.get(pk=reader.subscriber.pk) for _ in range(2)]
    use_everything(reader)
    like = partial(act_on, rows[0], Act.MORE, [OTHER], source=From.PAGE, now=NOW)
    run_together(like, partial(forget_taste, rows[1]))
    assert PaperFeedback.objects.count() in (0, 1)
    assert not FollowedAuthor.objects.exists()
