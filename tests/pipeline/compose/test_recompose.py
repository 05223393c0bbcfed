"""A composed digest is rendered anew with what was corrected, until it is claimed."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from newsletter.audience.topics import edit_topic
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.models import Delivery, Match, Paper, Subscriber
from newsletter.models.delivery import Kind, State
from newsletter.pipeline.compose.recompose import RecomposeReport, recompose
from newsletter.pipeline.send.pause import pause_sending, resume_sending
from tests.cli.runner import done
from tests.fakes.mailer import ScriptedMailer
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import deliver
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom

LATER = MONDAY.replace(hour=9)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def newsroom(tmp_path: Path) -> Newsroom:
    """Two readers' digests, composed while sending is paused."""
    newsroom = Newsroom(tmp_path)
    newsroom.topic("heads", "cat:cs.CV")
    for name in ("ada", "ben"):
        newsroom.subscriber(f"{name}@example.org", "heads", max_papers=2)
    newsroom.take_in(*(paper_record(number) for number in range(1, 16)), now=SUNDAY)
    pause_sending("the footer is wrong", now=MONDAY)
    newsroom.run(MONDAY)
    return newsroom


@pytest.fixture
def corrected(newsroom: Newsroom, settings: Settings) -> None:  # noqa: ARG001 - it is composed before
    settings.CONFIG = settings.CONFIG.model_copy(update={"postal_address": "7 Mended Lane"})


def again(newsroom: Newsroom, ids: list[uuid.UUID] | None = None) -> RecomposeReport:
    context = newsroom.context
    return recompose(ids, summariser=context.summariser, renderer_for=context.renderer)


def rows() -> list[dict[str, object]]:
    fields = ("pk", "state", "message_id", "selection", "composed_at", "covers_until", "attempt")
    return list(Delivery.objects.order_by("pk").values(*fields))


@pytest.mark.usefixtures("corrected")
def test_what_was_corrected_is_in_the_mail_and_all_else_stays(newsroom: Newsroom) -> None:
    before = rows()
    assert again(newsroom) == RecomposeReport(recomposed=2)
    assert rows() == before
    resume_sending()
    mailer = ScriptedMailer()
    deliver(mailer)
    assert len(mailer.sent) == 2
    unbroken = [mail.message.replace(b"=\r\n", b"") for mail in mailer.sent]
    assert [message.count(b"7 Mended Lane") for message in unbroken] == [2, 2]


def test_what_looks_the_same_is_not_written(newsroom: Newsroom) -> None:
    assert again(newsroom) == RecomposeReport(unchanged=2)


def test_a_corrected_topic_changes_no_papers_and_is_named(newsroom: Newsroom) -> None:
    before = rows()
    edit_topic("heads", query="cat:cs.CL")
    assert again(newsroom) == RecomposeReport(unchanged=2, changed_topics={"heads"})
    newsroom.run(MONDAY)  # matches it anew
    assert again(newsroom) == RecomposeReport(unchanged=2)
    assert rows() == before


def test_the_command_says_what_was_kept_and_why(newsroom: Newsroom) -> None:
    edit_topic("heads", query="cat:cs.CL")
    said = done("recompose", "--all").out.splitlines()
    assert said[:2] == ["     0 recomposed", "     2 look the same as before"]
    assert "keeps the papers it was composed with" in said[2]
    assert "from the next digest on" in said[2]
    assert said[3] == "Changed, and not matched since then (newsletter run does): heads."
    told = done("recompose", "--all", "--json").json
    assert (told["unchanged"], told["papers"], told["changed_topics"]) == (2, "kept", ["heads"])
    newsroom.run(MONDAY)
    said = done("recompose", "--all").out.splitlines()
    assert said[1] == "     2 look the same as before"
    assert "keeps the papers it was composed with" in said[2]


@pytest.mark.usefixtures("corrected")
def test_only_those_named_are_rendered_anew(newsroom: Newsroom) -> None:
    first, second = Delivery.objects.order_by("pk")
    assert again(newsroom, [first.pk, uuid.uuid4()]) == RecomposeReport(recomposed=1, unknown=1)
    second.refresh_from_db()
    assert second.fragments != Delivery.objects.get(pk=first.pk).fragments


@pytest.mark.usefixtures("corrected")
def test_a_lease_that_comes_first_wins(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker claims one between reading it and writing it: it goes as it was claimed."""
    from newsletter.pipeline.compose.composer import Composer

    taken, render = Delivery.objects.order_by("pk")[0], Composer.render

    def claimed_meanwhile(composer: Composer, choice: object) -> object:
        Delivery.objects.filter(pk=taken.pk).update(state=State.SENDING, fence=1)
        return render(composer, choice)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(Composer, "render", claimed_meanwhile)
    assert again(newsroom) == RecomposeReport(recomposed=1, claimed=1)
    assert Delivery.objects.get(pk=taken.pk).fragments == taken.fragments


@pytest.mark.usefixtures("corrected")
def test_one_that_was_leased_and_released_meanwhile_is_left_too(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    from newsletter.pipeline.compose.composer import Composer

    render = Composer.render

    def given_back(composer: Composer, choice: object) -> object:
        Delivery.objects.update(state=State.RETRY_WAIT, fence=1)
        return render(composer, choice)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(Composer, "render", given_back)
    assert again(newsroom) == RecomposeReport(claimed=2)


@pytest.mark.usefixtures("corrected")
def test_papers_that_came_since_are_not_taken_in_and_one_that_is_gone_stays(newsroom: Newsroom) -> None:
    before = rows()
    newsroom.take_in(*(paper_record(number) for number in range(20, 25)), now=LATER)
    Match.objects.filter(paper__arxiv_id=paper_record(3).arxiv_id).delete()
    assert again(newsroom) == RecomposeReport(recomposed=2)
    assert rows() == before


def reselect(newsroom: Newsroom, **which: Any) -> RecomposeReport:
    context = newsroom.context
    given: dict[str, Any] = {
        "summariser": context.summariser,
        "renderer_for": context.renderer,
        "reselect_at": LATER,
    }
    return recompose(None, **given | which)


def test_papers_can_be_chosen_again(newsroom: Newsroom) -> None:
    assert reselect(newsroom) == RecomposeReport(unchanged=2)
    newsroom.take_in(paper_record(20), now=LATER)
    ada = Subscriber.objects.get(email="ada@example.org")
    assert reselect(newsroom, subscriber=ada) == RecomposeReport(recomposed=1, reselected=1)
    new = Paper.objects.get(arxiv_id=paper_record(20).arxiv_id).pk
    held = {row.subscriber_id == ada.pk: new in row.paper_ids for row in Delivery.objects.all()}
    assert held == {True: True, False: False}
    resume_sending()
    newsroom.run(LATER)
    assert {row.state for row in Delivery.objects.all()} == {State.ACCEPTED}
    ada.refresh_from_db()
    assert new in unpack_seen(bytes(ada.seen_papers))


def test_what_is_left_of_a_withdrawn_digest_ends_without_a_mail(newsroom: Newsroom) -> None:
    Subscriber.objects.update(cadence="daily")
    Paper.objects.update(is_withdrawn=True)
    assert reselect(newsroom) == RecomposeReport(recomposed=2, reselected=2)
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.PLANNED}
    newsroom.run(LATER)
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SKIPPED}


def test_one_of_a_subscriber_whose_last_one_is_being_sent_is_left_alone(newsroom: Newsroom) -> None:
    sending = Delivery.objects.order_by("pk")[0]
    Delivery.planned(
        subscriber_id=sending.subscriber_id, kind=Kind.DIGEST, slot_key="x", slot_at=SUNDAY, now=SUNDAY
    ).save()
    Delivery.objects.filter(slot_key="x").update(state=State.SENDING)
    newsroom.take_in(paper_record(20), now=LATER)
    assert reselect(newsroom) == RecomposeReport(recomposed=1, reselected=1, claimed=1)
