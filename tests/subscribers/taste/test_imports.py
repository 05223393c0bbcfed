"""A library is looked up among our papers and at arXiv, shown, and kept only by a second step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from django.utils import timezone

from newsletter.adapters.arxiv.api import ArxivApi
from newsletter.adapters.library.files import read_library
from newsletter.core.taste.library import ReadLibrary
from newsletter.models import LibraryImport, Paper, PaperFeedback, Subscriber
from newsletter.models.taste import Source
from newsletter.subscribers.taste import acts
from newsletter.subscribers.taste.acts import TooManyPapersError
from newsletter.subscribers.taste.imports import (
    LEASE,
    MOST_TRIES,
    begin_import,
    drop_import,
    keep_import,
    look_up_libraries,
    search_of,
)
from newsletter.subscribers.taste.lookup import MOST_TITLES, Reason
from tests.fakes.arxiv_server import ERROR_ENTRY, ArxivServer, Entry, Fault, entry, feed, throttled
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import new_subscriber
from tests.pipeline.send.test_deliver_races import run_together

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
BIB = """
@article{one, title={{Avatar} 1: Talking heads from Speech}, author={Lovelace, Ada and Turing, Alan}}
@misc{two, eprint={2606.00002v3}, title={Something else}}
@article{three, doi={10.1000/ABC}, title={Printed otherwise}}
@article{four, title={Avatar 4: Talking Heads from Speech}, author={Quuxley, Zebedee}}
@article{five, title={The {Casimir} effect, revisited}, author={H. Casimir}}
@article{six, title={Nobody wrote this paper at all}, author={H. Casimir}}
@misc{seven, eprint={2401.00001}, title={Old, and not gathered}}
@misc{eight, eprint={2401.99999}, title={No such paper}}
@misc{nine, eprint={2401.00009}, title={Withdrawn}}
"""


def entries() -> list[Entry]:
    return [
        entry("2401.00001v2", title="Old, and not gathered", categories=["cs.LG"]),
        entry("hep-th/9901001v1", title="The Casimir Effect, Revisited", authors=["Hendrik Casimir"]),
        entry("2401.00009v2", title="Withdrawn", comment="This paper has been withdrawn by the authors."),
    ]


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    with ArxivServer(entries=entries()) as running:
        yield running


@pytest.fixture
def subscriber() -> Subscriber:
    for number in range(1, 6):
        doi = "10.1000/abc" if number == 3 else ""
        Paper.from_record(paper_record(number, doi=doi), first_seen_at=NOW).save()
    return new_subscriber("ada@example.org")


def finder(server: ArxivServer) -> ArxivApi:
    return ArxivApi(
        gate=nullcontext, url=server.url, sleep=lambda _: None, give_up_after=60, timeout=(30, 30)
    )


def bring(subscriber: Subscriber, text: str = BIB) -> LibraryImport:
    assert begin_import(subscriber, read_library(text.encode()), name="refs.bib", now=NOW)
    return LibraryImport.objects.get()


def look(server: ArxivServer, *, seconds: float = 300) -> LibraryImport:
    look_up_libraries(finder(server), deadline=timezone.now() + timedelta(seconds=seconds))
    return LibraryImport.objects.get()


def found(row: LibraryImport) -> set[str]:
    return {paper.arxiv_id for paper in search_of(row).papers()}


def test_what_we_have_by_id_is_found_at_once_and_nothing_is_kept(
    subscriber: Subscriber, server: ArxivServer
) -> None:
    row = bring(subscriber)
    assert found(row) == {"2606.00002"}
    assert len(row.sought) == 8
    assert server.requests == []
    assert not PaperFeedback.objects.exists()


def test_a_library_of_known_ids_needs_no_worker(subscriber: Subscriber) -> None:
    row = bring(subscriber, "arXiv:2606.00001 https://arxiv.org/abs/2606.00002v1\nnot an id")
    assert (found(row), row.sought) == ({"2606.00001", "2606.00002"}, [])
    assert row.problems == [[2, "not an id", "NOT_UNDERSTOOD"]]


def test_the_rest_is_found_by_doi_title_and_author_and_what_is_not_is_listed(
    subscriber: Subscriber, server: ArxivServer
) -> None:
    bring(subscriber)
    row = look(server)
    by_us = {"2606.00001", "2606.00002", "2606.00003"}
    assert found(row) == by_us | {"2401.00001", "2401.00009", "hep-th/9901001"}
    assert (row.sought, row.leased_until) == ([], None)
    assert dict(row.missing) == {
        "No such paper": Reason.NOT_FOUND,
        "Avatar 4: Talking Heads from Speech": Reason.NOT_FOUND,  # by other authors
        "Nobody wrote this paper at all": Reason.NOT_FOUND,
    }
    assert len(server.requests) == 2


def test_it_is_kept_by_one_more_step_and_once(subscriber: Subscriber, server: ArxivServer) -> None:
    bring(subscriber)
    look(server)
    assert keep_import(subscriber, now=NOW) == 5  # the withdrawn one is not
    assert keep_import(subscriber, now=NOW) is None
    kept = PaperFeedback.objects.get(arxiv_id="hep-th/9901001")
    assert (kept.title, kept.authors, kept.source) == (
        "The Casimir Effect, Revisited",
        ["Hendrik Casimir"],
        Source.IMPORT,
    )
    assert PaperFeedback.objects.filter(verdict="like").count() == 5
    assert not LibraryImport.objects.exists()


def test_a_fetched_paper_is_not_gathered(subscriber: Subscriber, server: ArxivServer) -> None:
    """It is old: as a paper of ours it would be new to every digest."""
    papers = Paper.objects.count()
    bring(subscriber)
    look(server)
    keep_import(subscriber, now=NOW)
    assert Paper.objects.count() == papers


def test_what_is_found_so_far_can_be_kept_while_the_rest_is_sought(
    subscriber: Subscriber, server: ArxivServer
) -> None:
    bring(subscriber)
    assert keep_import(subscriber, now=NOW) == 1
    assert look_up_libraries(finder(server), deadline=timezone.now()) == 0


def test_a_new_import_replaces_one_before_it_and_a_dropped_one_is_gone(subscriber: Subscriber) -> None:
    bring(subscriber)
    row = bring(subscriber, "2606.00001")
    assert found(row) == {"2606.00001"}
    drop_import(subscriber)
    assert not LibraryImport.objects.exists()
    assert not PaperFeedback.objects.exists()


def test_too_many_for_one_reader_keep_nothing(
    subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts, "MOST_PAPERS", 1)
    bring(subscriber, "2606.00001 2606.00002")
    with pytest.raises(TooManyPapersError):
        keep_import(subscriber, now=NOW)
    assert not PaperFeedback.objects.exists()
    assert LibraryImport.objects.exists()


def test_twenty_imports_a_day_are_the_most(subscriber: Subscriber) -> None:
    empty = ReadLibrary((), ())
    answers = [begin_import(subscriber, empty, name="x", now=NOW) for _ in range(21)]
    assert answers == [True] * 20 + [False]
    assert begin_import(subscriber, empty, name="x", now=NOW + timedelta(days=1))


# --- arXiv -------------------------------------------------------------------------------------------------


def test_a_hundred_titles_are_asked_for_ten_at_a_time(subscriber: Subscriber, server: ArxivServer) -> None:
    text = "".join(f"@misc{{k{n}, title={{Unheard of title number {n}}}}}\n" for n in range(MOST_TITLES + 7))
    bring(subscriber, text)
    row = look(server)
    assert len(server.requests) == MOST_TITLES / 10
    reasons = [reason for _, reason in row.missing]
    assert (reasons.count(Reason.NOT_FOUND), reasons.count(Reason.NOT_ASKED)) == (MOST_TITLES, 7)


def test_when_arxiv_fails_it_is_asked_again_and_in_the_end_given_up(
    subscriber: Subscriber, server: ArxivServer
) -> None:
    bring(subscriber)
    server.fail(*[throttled("99999")] * (MOST_TRIES - 1))
    for tries in range(1, MOST_TRIES):
        row = look(server)
        assert (row.tries, row.leased_until) == (tries, None)
        assert len(row.sought) == 6  # ours were found all the same
    server.fail(throttled("99999"))
    row = look(server)
    assert row.sought == []
    assert {reason for _, reason in row.missing} == {Reason.UNANSWERED}


def test_one_id_that_arxiv_refuses_does_not_cost_the_others(
    subscriber: Subscriber, server: ArxivServer
) -> None:
    ids = [f"2401.{number:05}" for number in range(10, 17)] + ["2401.00001"]
    bring(subscriber, "\n".join(ids))
    refusal = Fault(status=400, body=feed([ERROR_ENTRY]))
    server.fail(refusal, refusal, refusal, refusal)  # of 8, 4, 2 and 1: the first is at fault
    row = look(server)
    assert found(row) == {"2401.00001"}
    assert dict(row.missing)["2401.00010"] == Reason.UNANSWERED
    assert {reason for text, reason in row.missing if text != "2401.00010"} == {Reason.NOT_FOUND}


def test_one_that_refuses_everything_is_asked_a_bounded_number_of_times(
    subscriber: Subscriber, server: ArxivServer
) -> None:
    bring(subscriber, "\n".join(f"2401.{number:05}" for number in range(500)))
    server.fail(*[Fault(status=400, body=feed([ERROR_ENTRY]))] * 100)
    row = look(server)
    assert len(server.requests) <= 21
    assert row.sought == []


def test_after_the_deadline_another_task_goes_on(subscriber: Subscriber, server: ArxivServer) -> None:
    bring(subscriber)
    row = look(server, seconds=-1)
    assert len(row.sought) == 8
    assert look(server).sought == []


def test_an_import_that_is_kept_or_replaced_meanwhile_is_left_alone(
    subscriber: Subscriber, server: ArxivServer
) -> None:
    bring(subscriber)

    class Interrupted(ArxivApi):
        def by_ids(self, ids):  # type: ignore[no-untyped-def]  # as its parent's
            keep_import(subscriber, now=NOW)
            bring(subscriber, "2606.00001")
            return super().by_ids(ids)

    api = finder(server)
    interrupted = Interrupted(gate=api.gate, url=api.url, sleep=api.sleep)
    look_up_libraries(interrupted, deadline=timezone.now() + timedelta(seconds=60))
    assert found(LibraryImport.objects.get()) == {"2606.00001"}
    assert PaperFeedback.objects.count() == 3


def test_the_lease_of_a_worker_that_died_ends(subscriber: Subscriber, server: ArxivServer) -> None:
    row = bring(subscriber)
    LibraryImport.objects.update(leased_until=timezone.now() + LEASE)
    assert len(look(server).sought) == len(row.sought)
    LibraryImport.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert look(server).sought == []


def test_two_workers_ask_once(subscriber: Subscriber, server: ArxivServer) -> None:
    bring(subscriber)
    run_together(lambda: look(server), lambda: look(server))
    assert len(server.requests) == 2


def test_two_clicks_keep_once(subscriber: Subscriber, server: ArxivServer) -> None:
    bring(subscriber)
    look(server)
    kept: list[int | None] = []
    rows = [Subscriber.objects.get(pk=subscriber.pk) for _ in range(2)]

    def keep(each: Subscriber) -> None:
        kept.append(keep_import(each, now=NOW))

    run_together(*(partial(keep, each) for each in rows))
    assert sorted(kept, key=str) == [5, None]


def test_an_entry_of_odd_characters_is_stored_on_every_database(
    subscriber: Subscriber, server: ArxivServer
) -> None:
    bring(subscriber, '@misc{k, title={A \x07 title of \u202emany\u202c "words" \ufffd and \ud7ff}}')
    look(server)
    assert len(LibraryImport.objects.get().missing) == 1


def test_a_paper_that_no_database_stores_counts_as_not_found(
    subscriber: Subscriber, server: ArxivServer
) -> None:
    server.entries.append(replace(entry("2401.00077v1", published="9999-12-31T23:00:00Z")))
    bring(subscriber, "2401.00077")
    assert dict(look(server).missing) == {"2401.00077": Reason.NOT_FOUND}
