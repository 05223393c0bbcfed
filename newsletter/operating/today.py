"""One day of the service: five steps, what is late and why, next slots, incidents, spend.

The day is that of UTC. Everything is counted by the database over the rows of today, and over those that are
open; the number of statements is the same whatever there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db.models import Count, F, Max, Q, Sum

from newsletter.adapters.llm.extractive import ExtractiveSummariser
from newsletter.audience.wanted_categories import wanted_categories
from newsletter.core.arxiv.announcements import Ask, what_to_ask
from newsletter.models import Delivery, GatherRun, Incident, Match, Paper, Subscriber, Summary
from newsletter.models.delivery import HALF_ANSWERED, LEASABLE, SENT, UNASKED, Kind, State
from newsletter.models.subscriber import Status as ReaderStatus
from newsletter.operating.late import FAILED, Late, late
from newsletter.operating.situation import Situation, limit_in_words, pauses_in_words
from newsletter.operating.words import clock, number, shortened
from newsletter.pipeline.compose.empty import Empty, empty_digests
from newsletter.pipeline.gather_history import recent_tries
from newsletter.pipeline.schedule import due_subscribers

OVERDUE = timedelta(minutes=3)
"""So long after a slot its readers are planned, if anything runs."""
MOST_SLOTS = 4
STEP, FARTHEST = timedelta(minutes=10), timedelta(days=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One of the five: a number and what it counts."""

    name: str
    count: int
    says: str
    trouble: str = ""
    """What went wrong, in words."""
    at: datetime | None = None
    """The last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    now: datetime
    steps: list[Step]
    by_state: dict[str, int]
    """Of today's digests, and of those that are open."""
    late: list[Late]
    pauses: list[str]
    slots: list[tuple[datetime, int]]
    """The next ones, each with its number of readers."""
    overdue: int
    """Readers whose slot has passed minutes ago, and for whom nothing is planned."""
    next_gather: datetime | None
    incidents: list[Incident] = field(default_factory=list)
    tokens_used: int = 0
    tokens_cap: int | None = None
    """None: no model is used."""
    mails_today: str = ""
    """The day's number in words, where there is one."""
    empty: dict[str, int] = field(default_factory=dict)
    """Digests composed today without a paper, by why."""

    @property
    def out(self) -> int:
        return sum(self.by_state.get(state, 0) for state in SENT)

    @property
    def waiting(self) -> int:
        return sum(self.by_state.get(state, 0) for state in ("due", *LEASABLE, State.SENDING))

    @property
    def failed(self) -> int:
        return sum(self.by_state.get(state, 0) for state in FAILED)

    @property
    def title(self) -> str:
        """The answer to: is everything out?"""
        total = self.out + self.waiting + self.failed + self.overdue
        if not total:
            return "No digest was due today"
        if self.out == total:
            few = {1: "The one digest of today is out", 2: "Both digests of today are out"}
            return few.get(total, f"All {number(total, 'digest')} are out")
        rest = [
            f"{self.waiting:,} wait" if self.waiting else "",
            f"{self.failed:,} failed" if self.failed else "",
            f"{self.overdue:,} not planned yet" if self.overdue else "",
        ]
        rest = [each.replace(" wait", " waits") if each == "1 wait" else each for each in rest]
        return (
            f"{self.out:,} of {number(total, 'digest')} {_are(self.out)} out; {', '.join(filter(None, rest))}"
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "now": self.now.isoformat(),
            "title": self.title,
            "steps": [_plain(asdict(each)) for each in self.steps],
            "deliveries": self.by_state,
            "late": [_plain(asdict(each)) for each in self.late],
            "pauses": self.pauses,
            "next_slots": [{"at": at.isoformat(), "readers": count} for at, count in self.slots],
            "overdue_readers": self.overdue,
            "next_gather_at": self.next_gather.isoformat() if self.next_gather else None,
            "incidents": [
                {"name": each.name, "since": each.opened_at.isoformat(), "detail": each.detail}
                for each in self.incidents
            ],
            "without_a_paper": self.empty,
            "tokens": {"used": self.tokens_used, "cap": self.tokens_cap},
        }


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: each.isoformat() if isinstance(each, datetime) else each for name, each in values.items()}


def today(now: Situation) -> Today:
    """Read the day so far."""
    begin = day_of(now.now)
    by_state, empty = _by_state(begin, now=now), empty_digests(begin.date())
    steps = [
        _gathered(begin, now=now),
        _matched(begin, now=now),
        _summarised(begin, now=now),
        *_composed_and_delivered(begin, by_state, empty, now=now),
    ]
    return Today(
        now=now.now,
        steps=steps,
        by_state=dict(by_state),
        late=late(begin, now=now),
        pauses=pauses_in_words(now),
        slots=_slots(now),
        overdue=overdue_subscribers(now.now),
        next_gather=next_gather(now.now),
        incidents=list(Incident.objects.filter(closed_at=None, opened_at__lte=now.now).order_by("opened_at")),
        tokens_used=now.tokens_used,
        tokens_cap=now.tokens_cap if now.has_model else None,
        mails_today=limit_in_words(now),
        empty={str(why): count for why, count in empty.items()},
    )


def day_of(now: datetime) -> datetime:
    """Return when its day (UTC) began."""
    return datetime.combine(now.astimezone(UTC).date(), time.min, tzinfo=UTC)


# --- the steps -------------------------------------------------------------------------------------------


def _gathered(begin: datetime, *, now: Situation) -> Step:
    runs = GatherRun.objects.filter(started_at__gte=begin, started_at__lte=now.now)
    whole, asked, read = Q(is_probe=False), Q(from_file=False), Q(from_file=True)
    found = runs.aggregate(
        new=Sum("new", filter=whole),
        received=Sum("received", filter=whole),
        missing=Sum("missing"),
        last=Max("started_at", filter=Q(error="")),
        times=Count("started_at", filter=asked, distinct=True),
        files=Count("pk", filter=read),
        failed=Count("pk", filter=~Q(error="")),
        failed_at=Max("started_at", filter=~Q(error="")),
        doubtful=Count("pk", filter=~Q(doubt="")),
    )
    trouble = [
        _failed(found["failed"], found["failed_at"], now=now) if found["failed"] else "",
        f"{number(found['doubtful'], 'answer')} in doubt" if found["doubtful"] else "",
        f"{number(found['missing'], 'entry', 'entries')} missing" if found["missing"] else "",
    ]
    how = [
        f"arXiv asked {number(found['times'], 'time')}" if found["times"] else "arXiv was not asked today",
        f"{number(found['files'], 'file')} read" if found["files"] else "",
    ]
    seen = f"new of {found['received'] or 0:,} seen: " if found["times"] or found["files"] else ""
    says = f"{seen}{', '.join(filter(None, how))}"
    return Step(
        name="Gathered",
        count=found["new"] or 0,
        says=says,
        at=found["last"],
        trouble="; ".join(filter(None, trouble)),
    )


def _failed(count: int, last: datetime, *, now: Situation) -> str:
    """Say how many requests failed, and what the last one was told."""
    error = (
        GatherRun.objects.filter(started_at=last).exclude(error="").values_list("error", flat=True).first()
    )
    return f"{number(count, 'request')} failed, last at {clock(last, now=now.now)}: {shortened(error or '')}"


def _matched(begin: datetime, *, now: Situation) -> Step:
    papers = Paper.objects.filter(matched_at__gte=begin, matched_at__lte=now.now)
    counts = Match.objects.filter(paper__in=papers).aggregate(
        papers=Count("paper", distinct=True), topics=Count("topic", distinct=True)
    )
    last = papers.aggregate(at=Max("matched_at"))["at"]
    says = f"papers, {number(counts['topics'], 'topic')}"
    unread = "" if not now.is_matching else "some papers are not compared yet"
    return Step(name="Matched", count=counts["papers"], says=says, at=last, trouble=unread)


def _summarised(begin: datetime, *, now: Situation) -> Step:
    written = Summary.objects.filter(written_at__gte=begin, written_at__lte=now.now, content__isnull=False)
    is_extract = Q(model=ExtractiveSummariser.model)
    counts = written.aggregate(
        by_model=Count("pk", filter=~is_extract),
        extracts=Count("pk", filter=is_extract),
        last=Max("written_at"),
    )
    trouble = "the model's tokens of today are used up" if now.is_capped else ""
    says = f"by the model, {counts['extracts']:,} in authors' words"
    count = counts["by_model"]
    if not now.has_model:
        count, says = counts["extracts"], "in authors' words; no model is used"
    return Step(name="Summarised", count=count, says=says, at=counts["last"], trouble=trouble)


def _by_state(begin: datetime, *, now: Situation) -> Counter[str]:
    """Count today's digests by state; planned ones are ``ahead`` of their slot, or ``due``."""
    digests = Delivery.objects.filter(kind=Kind.DIGEST).order_by()
    ended = [state for state in State if state not in (State.PLANNED, State.SENDING, *LEASABLE)]
    over = digests.filter(state__in=ended, outcome_at__gte=begin, outcome_at__lte=now.now)
    found = Counter(dict(over.values_list("state").annotate(number=Count("*"))))
    is_open = digests.filter(state__in=(State.SENDING, *LEASABLE))
    found.update(dict(is_open.values_list("state").annotate(number=Count("*"))))
    pending = digests.filter(state=State.AMBIGUOUS, next_attempt_at__isnull=False, outcome_at__isnull=True)
    planned = digests.filter(state=State.PLANNED).aggregate(
        due=Count("pk", filter=Q(slot_at__lte=now.now)), ahead=Count("pk", filter=Q(slot_at__gt=now.now))
    )
    found[State.AMBIGUOUS.value] += pending.count()
    found.update(planned)
    return +found


def _composed_and_delivered(
    begin: datetime, by_state: Counter[str], empty: Mapping[Empty, int], *, now: Situation
) -> Iterator[Step]:
    sent = sum(by_state[state] for state in SENT)
    waiting = sum(by_state[state] for state in (*LEASABLE, State.SENDING))
    failed = sum(by_state[state] for state in FAILED)
    today = Delivery.objects.filter(kind=Kind.DIGEST)
    composed = today.filter(state__in=(*SENT, *FAILED), outcome_at__gte=begin).aggregate(
        at=Max("composed_at")
    )
    still_open = today.filter(state__in=(*LEASABLE, State.SENDING)).aggregate(at=Max("composed_at"))
    delivered = today.filter(state__in=SENT, outcome_at__gte=begin, outcome_at__lte=now.now)
    unmatched, unknown = empty.get(Empty.UNMATCHED, 0), _skipped_unasked(begin, now=now)
    silent = by_state[State.SKIPPED] - unknown
    says = [
        "digests",
        f"{unmatched:,} of them without a paper, since nothing matched" if unmatched else "",
        f"{silent:,} skipped with nothing to say" if silent else "",
        f"{by_state['ahead']:,} planned ahead" if by_state["ahead"] else "",
    ]
    trouble = [
        f"{by_state['due']:,} not composed yet" if by_state["due"] else "",
        *_empty(empty),
        f"{unknown:,} skipped, and arXiv had not answered, or not fully" if unknown else "",
    ]
    yield Step(
        name="Composed",
        count=sent + waiting + failed,
        says=", ".join(filter(None, says)),
        at=max((at for at in (composed["at"], still_open["at"]) if at), default=None),
        trouble="; ".join(filter(None, trouble)),
    )
    trouble = [f"{waiting:,} waiting" if waiting else "", f"{failed:,} failed" if failed else ""]
    yield Step(
        name="Delivered",
        count=sent,
        says="digests",
        trouble=", ".join(filter(None, trouble)),
        at=delivered.aggregate(at=Max("outcome_at"))["at"],
    )


def _skipped_unasked(begin: datetime, *, now: Situation) -> int:
    """Return how many digests brought no mail because nobody knows whether anything matched."""
    skipped = Delivery.objects.filter(state=State.SKIPPED, outcome_at__gte=begin, outcome_at__lte=now.now)
    return skipped.filter(kind=Kind.DIGEST, last_detail__in=(UNASKED, HALF_ANSWERED)).count()


def _empty(empty: Mapping[Empty, int]) -> Iterator[str]:
    """Yield which readers got a mail without a paper that says why nobody knows of one."""
    for why, words in (
        (Empty.UNASKED, "without a paper: arXiv could not be asked"),
        (Empty.HALF_ANSWERED, "without a paper: arXiv had not answered fully"),
    ):
        if empty.get(why):
            yield f"{empty[why]:,} {words}"


# --- what comes ------------------------------------------------------------------------------------------


def overdue_subscribers(now: datetime) -> int:
    """Return how many readers' slots have passed and are not planned: a tick plans within a minute."""
    return due_subscribers(now=now - OVERDUE).count()


def _slots(now: Situation) -> list[tuple[datetime, int]]:
    unpaused = Q(paused_until__isnull=True) | Q(paused_until__lte=F("next_slot_at"))
    coming = Subscriber.objects.filter(unpaused, status=ReaderStatus.ACTIVE, next_slot_at__gt=now.now)
    by_time = coming.order_by("next_slot_at").values_list("next_slot_at").annotate(readers=Count("pk"))
    return [(at, subscribers) for at, subscribers in by_time[:MOST_SLOTS] if at]


def next_gather(now: datetime) -> datetime | None:
    """Return about when arXiv is asked next by itself; None where no topic asks for anything."""
    if not wanted_categories():
        return None
    held_off = GatherRun.objects.filter(retry_at__gt=now, from_file=False).aggregate(until=Max("retry_at"))
    tries, at = recent_tries(now), held_off["until"] or now
    while at < now + FARTHEST:
        if what_to_ask(at, tries=tries) is not Ask.NOTHING:
            return at
        at += STEP
    return None
