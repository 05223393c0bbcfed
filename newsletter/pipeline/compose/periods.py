"""What is known of a digest's period: whether arXiv answered in it, and which slots brought no mail.

A digest must not say that nothing came out where nobody knows that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Self
from uuid import UUID

from django.db.models import Q, QuerySet

from newsletter.core.arxiv.announcements import expected_announcement
from newsletter.core.digests.digest import Notice
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.models import Delivery, GatherRun, Paper, Subscriber
from newsletter.models.delivery import FIRST, HALF_ANSWERED, SENT, UNASKED, Kind, State
from newsletter.pipeline.compose.notices import notices_for

if TYPE_CHECKING:  # it loads scipy, which few web processes need
    from newsletter.pipeline.select.select import Choice

ANSWERED = Q(error="", is_probe=False)
BELIEVED = ANSWERED & Q(doubt="")


@dataclass(frozen=True, slots=True)
class Gathers:
    believed_at: datetime | None
    """When an answer came last, of arXiv's or in a file, that is believed to be all."""
    answered_at: datetime | None
    """When any answer came last."""
    failed: tuple[datetime, ...] = ()
    """When asking arXiv failed, as far as no later answer made it good."""
    doubtful: tuple[datetime, ...] = ()
    """When its answer was not all, or is not believed to be, as far as no later one made it good."""
    due_at: datetime | None = None
    """When arXiv last announced what should be in its answers by now."""

    @classmethod
    def until(cls, now: datetime) -> Self:
        runs = GatherRun.objects.filter(started_at__lte=now)
        asked = runs.filter(from_file=False, is_probe=False).order_by("started_at")
        # An answer may lack entries for as long as they are in its window: that must not hide later failures.
        whole = _last(asked.filter(BELIEVED, missing=0))
        since = asked.filter(started_at__gte=whole) if whole else asked
        answered = _last(asked.filter(BELIEVED))
        failed = asked.exclude(error="").filter(Q(started_at__gte=answered) if answered else Q())
        in_doubt = since.filter(ANSWERED).exclude(doubt="", missing=0)
        return cls(
            due_at=expected_announcement(now),
            believed_at=_last(runs.filter(BELIEVED)),
            answered_at=_last(runs.filter(ANSWERED)),
            failed=tuple(failed.values_list("started_at", flat=True)),
            doubtful=tuple(in_doubt.values_list("started_at", flat=True)),
        )

    def ignorance_since(self, begins_at: datetime) -> str:
        """Return why nobody can say that nothing came out since then; empty where one can."""
        # Over a weekend nothing is announced: the last answer holds all there is.
        enough_at = min(filter(None, (begins_at, self.due_at)))
        if self.believed_at is not None and self.believed_at > enough_at:
            return ""
        return HALF_ANSWERED if self.answered_at is not None and self.answered_at > begins_at else UNASKED


@dataclass(frozen=True, slots=True)
class EmptyDates:
    """Slots without a mail: on which nothing matched, and on which arXiv had not answered, or not fully."""

    asked: tuple[date, ...] = ()
    unasked: tuple[date, ...] = ()
    half_answered: tuple[date, ...] = ()


_NONE_EMPTY = EmptyDates()


@dataclass(frozen=True, slots=True)
class Period:
    """What a digest says of its time."""

    ends_on: date
    """On which it ends, the reader's local one."""
    days: int
    ignorance: str
    """Why nobody can say that nothing came out in it."""
    empty: EmptyDates
    notices: tuple[Notice, ...]
    """What the operator said in it."""
    last_match: date | None
    """Where there is no paper: when one last came."""


def periods_of(
    choices: Sequence[Choice], *, gathers: Gathers, now: datetime, language_for: Callable[[str], str]
) -> dict[UUID, Period]:
    """Return the period of each digest, by delivery; ``language_for`` as for ``notices_for``."""
    subscribers = {choice.subscriber.pk: choice.subscriber for choice in choices}
    empty = empty_dates(subscribers)
    notices = notices_for(subscribers.values(), now=now, language_for=language_for)
    last_matches = _last_matches(choices)
    periods = {}
    for choice in choices:
        subscriber, slot_at = choice.subscriber, choice.delivery.slot_at
        # A late digest holds what has come in until it is composed, so that is where its period ends.
        ends_at = max(slot_at, now)
        begins_at = min((offer.eligibility.begins_at for offer in choice.offers), default=slot_at)
        periods[choice.delivery.pk] = Period(
            ends_on=ends_at.astimezone(subscriber.zone).date(),
            days=max(1, round((ends_at - begins_at) / timedelta(days=1))),
            ignorance=gathers.ignorance_since(begins_at),
            empty=empty.get(subscriber.pk, _NONE_EMPTY),
            notices=notices.get(subscriber.pk, ()),
            last_match=last_matches.get(subscriber.pk),
        )
    return periods


def _last_matches(choices: Iterable[Choice]) -> dict[int, date]:
    """Return when the newest paper that each of the readers without a match has seen came."""
    newest = {
        choice.subscriber.pk: max(seen)
        for choice in choices
        if not choice.selection.chosen and (seen := unpack_seen(bytes(choice.subscriber.seen_papers)))
    }
    papers = Paper.objects.in_bulk(set(newest.values())) if newest else {}
    return {key: papers[paper].first_seen_at.date() for key, paper in newest.items() if paper in papers}


def empty_dates(subscribers: Mapping[int, Subscriber]) -> dict[int, EmptyDates]:
    """Return the slots without a mail since their last one, of the readers who have any."""
    digests = Delivery.objects.filter(kind=Kind.DIGEST).exclude(slot_key__startswith=FIRST)
    skipped = digests.filter(subscriber__in=subscribers, state=State.SKIPPED).order_by("slot_at")
    empty = defaultdict[int, list[tuple[datetime, date, str]]](list)
    for pk, slot_at, key, detail in skipped.values_list(
        "subscriber_id", "slot_at", "slot_key", "last_detail"
    ):
        if pk is not None and slot_at > subscribers[pk].joined_at:
            empty[pk].append((slot_at, date.fromisoformat(key), detail))
    last_sent = dict[int | None, datetime]()
    rows = digests.filter(subscriber__in=empty).order_by("slot_at") if empty else digests.none()
    # Asked for the states too, SQLite would look through all that was ever sent.
    for subscriber_id, slot_at, state in rows.values_list("subscriber_id", "slot_at", "state"):
        if state in SENT:
            last_sent[subscriber_id] = slot_at
    found = {}
    for pk, placeholders in empty.items():
        recent = [
            (day, detail) for at, day, detail in placeholders if pk not in last_sent or at > last_sent[pk]
        ]
        found[pk] = EmptyDates(
            asked=tuple(day for day, detail in recent if detail not in (UNASKED, HALF_ANSWERED)),
            unasked=tuple(day for day, detail in recent if detail == UNASKED),
            half_answered=tuple(day for day, detail in recent if detail == HALF_ANSWERED),
        )
    return found


def _last(runs: QuerySet[GatherRun]) -> datetime | None:
    return runs.order_by("-started_at").values_list("started_at", flat=True).first()
