"""What is late today, and why: mails grouped by what holds them, or by what ended them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Max, Min, Q, QuerySet, Value, When

from newsletter.models import Delivery
from newsletter.models.delivery import LEASABLE, PATIENCE, PLANNED_LATE, TRANSACTIONAL, Kind, State
from newsletter.operating.causes import SOON
from newsletter.operating.situation import Situation, limit_in_words
from newsletter.operating.words import clock, refusal, shortened

FAILED = (State.FAILED, State.QUARANTINED, State.AMBIGUOUS)
MOST_CAUSES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """Mails that wait or failed for one cause."""

    count: int
    code: str
    waiting_for: str
    since: datetime | None
    then: str
    states: str
    """Under which name the list of deliveries shows them."""
    needs_person: bool = False


def late(begin: datetime, *, now: Situation) -> list[Late]:
    """Return what waits, and what failed since ``begin``; first what needs a person, then the most."""
    found = [*_planned(now), *_waiting(now), *_ended(begin, now=now)]
    return sorted(found, key=lambda each: (not each.needs_person, -each.count))


def _planned(now: Situation) -> Iterator[Late]:
    """Yield the digests that are due and not composed."""
    waits_from = Case(When(PLANNED_LATE, then="planned_at"), default="slot_at")
    is_young = Q(waits_from__gt=now.now - PATIENCE)
    planned = Delivery.objects.filter(state=State.PLANNED, slot_at__lte=now.now)
    due = planned.annotate(waits_from=waits_from).aggregate(
        young=Count("pk", filter=is_young),
        old=Count("pk", filter=~is_young),
        young_since=Min("slot_at", filter=is_young),
        old_since=Min("slot_at", filter=~is_young),
        young_from=Min("waits_from", filter=is_young),
        late_since=Max("slot_at", filter=is_young & PLANNED_LATE),
    )
    if due["young"]:
        causes = [
            ("gathering", "arXiv, which is being asked right now", now.gathers_until is not None),
            ("gathering", "new papers to be matched", now.is_matching),
            (
                "gathering",
                "arXiv, which is asked first: the service was off at their time",
                _is_untried(due, now),
            ),
            ("summaries", "summaries that are not written yet", now.has_model and not now.is_capped),
            ("uncomposed", "a worker to compose them", True),
        ]
        code, words, _ = next(each for each in causes if each[2])
        until = clock(due["young_from"] + PATIENCE, now=now.now)
        yield Late(
            count=due["young"],
            code=code,
            waiting_for=words,
            since=due["young_since"],
            states="planned",
            then=f"{until} at the latest, by itself",
        )
    if due["old"]:
        yield Late(
            count=due["old"],
            code="uncomposed",
            waiting_for="a worker to compose them",
            since=due["old_since"],
            states="planned",
            then="is a worker of the queue compose running?",
            needs_person=True,
        )


def _is_untried(due: dict[str, Any], now: Situation) -> bool:
    """Whether the latest of the digests that were planned late waits until papers are asked for."""
    late = due["late_since"]
    return late is not None and now.untried_since is not None and now.untried_since < late


def _waiting(now: Situation) -> Iterator[Late]:
    """Yield what is composed or tried again, grouped by what holds it."""
    rows = Delivery.objects.filter(state__in=LEASABLE).exclude(kind=Kind.ALERT)
    if (pause := now.sending_pause) is not None:
        yield from _together(
            rows,
            code="paused",
            words=f"sending, paused: {shortened(pause.reason)}",
            then="newsletter resume; nothing ends it by itself",
            needs_person=True,
        )
        return
    if now.sign_up_pause is not None:
        yield from _together(
            rows.filter(kind=Kind.CONFIRMATION),
            code="paused",
            words=f"sign-up, paused: {shortened(now.sign_up_pause.reason)}",
            then="ends by itself within a day",
        )
        rows = rows.exclude(kind=Kind.CONFIRMATION)
    if now.digests_left == 0:
        code = "warm-up" if now.is_warming_up else "daily-cap"
        yield from _together(
            rows.exclude(TRANSACTIONAL),
            code=code,
            words=limit_in_words(now),
            then=f"{clock(now.tomorrow, now=now.now)}, by itself",
        )
        rows = rows.filter(TRANSACTIONAL)
    yield from _by_answer(rows, now)


def _together(
    rows: QuerySet[Delivery], *, code: str, words: str, then: str, needs_person: bool = False
) -> Iterator[Late]:
    found = rows.aggregate(count=Count("pk"), since=Min("composed_at"))
    if found["count"]:
        yield Late(
            count=found["count"],
            code=code,
            waiting_for=words,
            since=found["since"],
            then=then,
            states="waiting",
            needs_person=needs_person,
        )


def _by_answer(rows: QuerySet[Delivery], now: Situation) -> Iterator[Late]:
    """Yield them by the last answer, by a domain with a rate, and by whether their time has come."""
    domains = [
        When(subscriber__email_key__endswith=f"@{domain}", then=Value(domain)) for domain in now.domain_rates
    ]
    groups = (
        rows.annotate(
            domain=Case(*domains, default=Value("")) if domains else Value(""),
            is_due=Q(next_attempt_at__lte=now.real_now),
            was_refused=Q(retries__gt=0, state=State.RETRY_WAIT),
        )
        .order_by()
        .values("domain", "is_due", "was_refused", "last_code")
        .annotate(
            count=Count("pk"),
            since=Min("composed_at"),
            next=Min("next_attempt_at"),
            detail=Max("last_detail"),
            due_since=Min("next_attempt_at"),
            most=Max("retries"),
        )
        .order_by("-count")[:MOST_CAUSES]
    )
    for group in groups:
        yield _late(dict(group), now)


def _late(group: dict[str, Any], now: Situation) -> Late:
    count, since = group["count"], group["since"]
    own = {"count": count, "since": since, "states": "waiting"}
    next_at = f"{clock(group['next'], now=now.real_now)}, by itself" if group["next"] else "by itself"
    is_long = bool(group["is_due"]) and now.real_now - group["due_since"] > SOON
    worker = "is a worker of the queue send running?" if is_long else "in a moment, by itself"
    if group["was_refused"]:
        words, tries = refusal(group["last_code"], group["detail"]), f"try {group['most'] + 1}"
        then = f"{tries} is due: {worker}" if group["is_due"] else f"{next_at}; {tries}"
        return Late(code="refused", waiting_for=words, then=then, needs_person=is_long, **own)
    if group["domain"]:
        words = f"the limit of {group['domain']}, {now.domain_rates[group['domain']]:g} a second"
        return Late(code="domain-rate", waiting_for=words, then=next_at, **own)
    if not group["is_due"]:
        words = "their readers' own delays, within the minutes over which a slot is spread"
        return Late(code="spread", waiting_for=words, then=next_at, **own)
    if now.send_rate is not None:
        words = f"their turn at {now.send_rate:g} mails a second"
        return Late(code="rate", waiting_for=words, then="by itself", **own)
    return Late(code="unsent", waiting_for="a worker to take them", then=worker, needs_person=is_long, **own)


def _ended(begin: datetime, *, now: Situation) -> Iterator[Late]:
    """Yield what failed today, is unknown or was set aside."""
    rows = Delivery.objects.filter(state__in=FAILED, outcome_at__gte=begin, outcome_at__lte=now.now)
    groups = (
        rows.order_by()
        .values("state", "last_code")
        .annotate(count=Count("pk"), since=Min("outcome_at"), detail=Max("last_detail"))
        .order_by("-count")[:MOST_CAUSES]
    )
    for group in groups:
        state = State(group["state"])
        common = {"count": group["count"], "since": group["since"]}
        if state == State.AMBIGUOUS:
            yield Late(
                code="ambiguous",
                waiting_for="nothing: handed over, and the answer was lost",
                then="not sent again; release sends a second copy",
                states="unknown",
                needs_person=True,
                **common,
            )
        elif state == State.QUARANTINED:
            yield Late(
                code="quarantined",
                waiting_for=f"a decision: {shortened(group['detail'])}",
                then="release or cancel",
                states="held",
                needs_person=True,
                **common,
            )
        else:
            words = refusal(group["last_code"], group["detail"])
            is_address = words.startswith("address rejected")
            then = "readers marked as bounced" if is_address else "papers are in the next digests"
            yield Late(
                code="bad-address" if is_address else "failed",
                waiting_for=f"nothing: {words}",
                then=then,
                states="failed",
                needs_person=not is_address,
                **common,
            )
