"""One delivery in words: its state, why it is in it, what happens next by itself, whether a copy could come.

The order of the checks is the order in which senders ask: a pause before the day's number, that before a
domain's rate, that before the delivery's own wait.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.adapters.llm.extractive import ExtractiveSummariser
from newsletter.audience.suppression import address_key
from newsletter.backup.since import HELD
from newsletter.core.delivery.retry_policy import MAX_ATTEMPTS
from newsletter.core.delivery.spreading import own_delay
from newsletter.errors import BadInput
from newsletter.models import Delivery, Summary
from newsletter.models.delivery import HALF_ANSWERED, UNASKED, Kind, State
from newsletter.operating.situation import Situation, limit_in_words
from newsletter.operating.words import STATES, clock, number, refusal, shortened, wait
from newsletter.pipeline.gather_history import waits_for_papers
from newsletter.pipeline.send.decisions import CANCELLED_BY_OPERATOR
from newsletter.pipeline.send.pause import SIGN_UP, lets_pass

CHUNK = 10_000
"""Papers a statement: SQLite takes 32,766 parameters."""
SOON = timedelta(minutes=2)
"""So long a delivery that is due may wait for its turn before somebody should look at the workers."""
NOT_TWICE = "Nothing was handed over yet, so nothing can arrive twice."


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an operator needs to know of one delivery."""

    code: str
    """The cause, for programs and tests: ``paused``, ``daily-cap``, ``refused`` and so on."""
    state: str
    """In a word: waiting, unknown, failed."""
    cause: str = ""
    then: str = ""
    """What happens next by itself, in a sentence; empty when nothing does and nothing must."""
    twice: str = ""
    """Whether a second copy could arrive, where somebody could wonder."""
    at: datetime | None = None
    """When it goes on by itself; None where that is not known."""
    needs_person: bool = False

    @property
    def title(self) -> str:
        state = self.state[:1].upper() + self.state[1:]
        return f"{state}: {self.cause}" if self.cause else state

    @property
    def sentence(self) -> str:
        return " ".join(filter(None, (f"{self.title.rstrip('.')}.", self.then, self.twice)))


def told(delivery: Delivery, now: Situation) -> Told:
    """Say of one delivery, its reader and selection loaded, what state it is in and why."""
    return told_of([delivery], now)[0]


def told_of(deliveries: Sequence[Delivery], now: Situation) -> list[Told]:
    """Say it of each of these; the statements do not grow with their number."""
    unwritten = _unwritten(deliveries, now)
    return [_told(each, now, unwritten) for each in deliveries]


def _told(delivery: Delivery, now: Situation, unwritten: Collection[int]) -> Told:
    state = State(delivery.state)
    if state == State.PLANNED:
        return _planned(delivery, now, unwritten)
    if state in (State.COMPOSED, State.RETRY_WAIT):
        return _waiting(delivery, now)
    return _SAYS[state](delivery, now)


# --- it is going to be sent ------------------------------------------------------------------------------


def _planned(row: Delivery, now: Situation, unwritten: Collection[int]) -> Told:
    word = STATES[State.PLANNED]
    if row.slot_at > now.now:
        at = clock(row.slot_at, now=now.now)
        return Told(
            code="ahead",
            state=word,
            cause=f"for {at} UTC",
            at=row.slot_at,
            then="Its papers are chosen already; it is composed and sent when its time comes.",
        )
    until = row.waits_until
    patience = f"It waits until {clock(until, now=now.now)} UTC at most, then goes with what is there."
    if now.now < until:
        if now.gathers_until is not None or now.is_matching:
            cause = "arXiv is being asked right now" if now.gathers_until else "new papers are being matched"
            return Told(code="gathering", state="waiting", cause=cause, then=patience, at=until)
        if row.was_planned_late and waits_for_papers(row, untried=now.untried_since):
            cause = "the service was off at its time, and arXiv is asked first"
            return Told(code="gathering", state="waiting", cause=cause, then=patience, at=until)
        if missing := len({each.paper_id for each in row.selected.chosen}.intersection(unwritten)):
            cause = f"{number(missing, 'summary', 'summaries')} of its papers still to be written"
            return Told(code="summaries", state="waiting", cause=cause, then=patience, at=until)
    since = max(row.slot_at, row.planned_at)
    lost = f", after {number(row.attempt, 'attempt')} that broke off" if row.attempt else ""
    return Told(
        code="uncomposed",
        state="waiting",
        cause=f"no worker has composed it yet{lost}",
        then=_look_at_workers("compose", since=since, now=now),
        needs_person=now.now - since > SOON,
    )


def _unwritten(deliveries: Sequence[Delivery], now: Situation) -> set[int]:
    """Return the papers that a model is yet to write about, of the digests that may wait for it."""
    if not now.has_model or now.is_capped:
        return set()
    waiting = [
        row for row in deliveries if row.state == State.PLANNED and row.slot_at <= now.now < row.waits_until
    ]
    chosen = {each.paper_id for row in waiting for each in row.selected.chosen}
    written = Summary.objects.exclude(model=ExtractiveSummariser.model)
    settled = written.filter(content__isnull=False) | written.filter(is_final=True)
    papers = sorted(chosen)
    for start in range(0, len(papers), CHUNK):
        some = settled.filter(paper_id__in=papers[start : start + CHUNK])
        chosen.difference_update(some.values_list("paper_id", flat=True))
    return chosen


def _waiting(row: Delivery, now: Situation) -> Told:
    """Say what holds a composed delivery, or one that is tried again."""
    for hold in (_pause, _day, _own_wait, _turn):
        if (found := hold(row, now)) is not None:
            return found
    raise AssertionError("the last one always says something")


def _pause(row: Delivery, now: Situation) -> Told | None:
    held = [each for each in now.pauses if not lets_pass(row.kind, [each])]
    if not held:
        return None
    pause = min(held, key=lambda each: (each.transport != "*", each.since))
    what = "sign-up is paused" if pause.transport == SIGN_UP else "sending is paused"
    since = clock(pause.since, now=now.now)
    then = (
        "It ends by itself within a day, or with: newsletter resume."
        if pause.transport == SIGN_UP
        else "Nothing ends this by itself: newsletter resume does."
    )
    return Told(
        code="paused",
        state="waiting",
        cause=f"{what} since {since} UTC: {shortened(pause.reason)}",
        then=then,
        twice=NOT_TWICE,
        needs_person=pause.transport != SIGN_UP,
    )


def _day(row: Delivery, now: Situation) -> Told | None:
    if row.is_transactional or now.digests_left != 0:
        return None
    return Told(
        code="warm-up" if now.is_warming_up else "daily-cap",
        state="waiting",
        cause=f"{limit_in_words(now)} is used up",
        then=f"It goes on by itself at {clock(now.tomorrow, now=now.now)} UTC.",
        twice=NOT_TWICE,
        at=now.tomorrow,
    )


def _own_wait(row: Delivery, now: Situation) -> Told | None:
    """Say what a delivery waits for whose next attempt has a time of its own."""
    at = row.next_attempt_at
    if at is None or at <= now.real_now:
        return None
    when = f"at {clock(at, now=now.real_now)} UTC, {wait(at - now.real_now)}"
    if row.retries and row.state == State.RETRY_WAIT:
        then = (
            f"Next try by itself {when}: try {row.retries + 1}. It goes on until the next slot comes first."
        )
        cause = refusal(row.last_code, row.last_detail)
        return Told(code="refused", state="waiting", cause=cause, then=then, twice=NOT_TWICE, at=at)
    if (
        row.state == State.COMPOSED
        and row.subscriber_id
        and at <= row.slot_at + own_delay(row.subscriber_id, longest=now.longest_delay)
    ):
        cause = "this reader's own delay within the minutes over which a slot is spread"
        return Told(code="spread", state="waiting", cause=cause, then=f"It goes {when}.", at=at)
    if domain := limited_domain(row, now):
        cause = f"the limit of {domain}, {now.domain_rates[domain]:g} a second (NEWSLETTER_DOMAIN_RATES)"
        then = f"It goes by itself {when}, or soon after."
        return Told(code="domain-rate", state="waiting", cause=cause, then=then, twice=NOT_TWICE, at=at)
    if row.state == State.RETRY_WAIT and (row.last_code or row.last_detail):
        cause = refusal(row.last_code, row.last_detail)
        return Told(code="refused", state="waiting", cause=cause, then=f"Next try by itself {when}.", at=at)
    return Told(
        code="its-time", state="waiting", cause="its time has not come", then=f"It goes {when}.", at=at
    )


def _turn(row: Delivery, now: Situation) -> Told:
    """Say of one that could go now why it has not."""
    since = row.next_attempt_at or row.composed_at or row.slot_at
    if now.send_rate is not None:
        cause = f"its turn at {now.send_rate:g} mails a second (NEWSLETTER_SEND_RATE)"
        return Told(code="rate", state="waiting", cause=cause, then="It goes by itself.", twice=NOT_TWICE)
    if row.state == State.RETRY_WAIT and row.retries:
        return Told(
            code="refused",
            state="waiting",
            cause=refusal(row.last_code, row.last_detail),
            then=f"Try {row.retries + 1} is due. {_look_at_workers('send', since=since, now=now)}",
            twice=NOT_TWICE,
            needs_person=now.real_now - since > SOON,
        )
    lost = ""
    if row.state == State.RETRY_WAIT and row.attempt:
        lost = f" {number(row.attempt, 'attempt')} of {MAX_ATTEMPTS} ended without an outcome."
    queue = "transactional" if row.is_transactional else "send"
    return Told(
        code="unsent",
        state="waiting",
        cause="a worker to take it",
        then=_look_at_workers(queue, since=since, now=now) + lost,
        twice=NOT_TWICE,
        needs_person=now.real_now - since > SOON,
    )


def _look_at_workers(queue: str, *, since: datetime, now: Situation) -> str:
    if max(now.now, now.real_now) - since <= SOON:
        return "It goes by itself in a moment."
    return f"Is a worker of the queue {queue} running? Without workers: newsletter run."


def limited_domain(row: Delivery, now: Situation) -> str:
    """Return the domain of this mail's address if it has a rate of its own, else ""."""
    if not now.domain_rates:
        return ""
    address = row.recipient if row.kind != Kind.DIGEST and row.recipient else ""
    key = row.subscriber.email_key if row.subscriber and not address else address
    domain = key.rpartition("@")[2].lower()
    return next((name for name in now.domain_rates if domain in (name, _normal(name))), "")


def _normal(domain: str) -> str:
    try:
        return address_key(f"x@{domain}").rpartition("@")[2]
    except BadInput:
        return domain


# --- it is being sent, or may have been ------------------------------------------------------------------


def _sending(row: Delivery, now: Situation) -> Told:
    until = row.lease_until or now.real_now
    if until >= now.real_now:
        then = (
            f"Its answer is recorded by {clock(until, now=now.real_now)} UTC, or its worker counts as lost."
        )
        return Told(code="sending", state="sending", cause="a worker has it", then=then, at=until)
    then = "What became of it is read from the send journal at the next tick; nothing is sent meanwhile."
    return Told(code="lost", state="sending", cause="its worker has not come back", then=then)


def _unknown(row: Delivery, now: Situation) -> Told:
    twice = "A copy sent now could be a second one."
    cause = "it was handed over, and the answer was lost: it may have arrived"
    if row.last_code == HELD:
        cause = "it was waiting in a restored back-up, and may have gone before: nothing tells"
    if row.next_attempt_at is not None:
        until = clock(row.next_attempt_at, now=now.real_now)
        then = f"The provider's report decides until {until} UTC; without one it stays unknown."
        return Told(
            code="ambiguous", state="unknown", cause=cause, then=then, twice=twice, at=row.next_attempt_at
        )
    then = "It is not sent again by itself; its papers are offered in the next digest."
    return Told(code="ambiguous", state="unknown", cause=cause, then=then, twice=twice, needs_person=True)


# --- it is over ------------------------------------------------------------------------------------------


def _over(state: State, code: str) -> Callable[[Delivery, Situation], Told]:
    def says(row: Delivery, now: Situation) -> Told:
        when = f" at {clock(row.outcome_at, now=now.now)} UTC" if row.outcome_at else ""
        by = f" by {row.transport}" if row.transport else ""
        return Told(code=code, state=f"{STATES[state]}{when}{by}", then=_AFTER.get(state, ""))

    return says


_AFTER = {
    State.BOUNCED: "It was accepted first and came back later; the reader's status says what followed.",
    State.COMPLAINED: "Nothing more is sent to this reader.",
}


def _skipped(row: Delivery, now: Situation) -> Told:  # noqa: ARG001 - as all of them
    if row.last_detail in (UNASKED, HALF_ANSWERED):
        then = "What it missed is offered in the next digest, which says so."
        return Told(code="arxiv", state="skipped", cause=row.last_detail, then=then)
    then = "Daily and weekday readers get no mail then; the next digest says which days were empty."
    return Told(code="nothing", state="skipped", cause="nothing new matched this reader's topics", then=then)


def _cancelled(row: Delivery, now: Situation) -> Told:  # noqa: ARG001
    cause = row.last_detail or "the reader left before it was sent"
    then = "Its papers are offered in the next digest." if cause == CANCELLED_BY_OPERATOR else ""
    return Told(code="cancelled", state="cancelled", cause=shortened(cause), then=then)


def _overtaken(row: Delivery, now: Situation) -> Told:  # noqa: ARG001
    before = f" ({refusal(row.last_code, row.last_detail)})" if row.last_code else ""
    cause = f"the next slot came before it could be sent{before}"
    return Told(code="expired", state="overtaken", cause=cause, then="Its papers went into the next digest.")


def _failed(row: Delivery, now: Situation) -> Told:  # noqa: ARG001
    cause = refusal(row.last_code, row.last_detail)
    is_bad_address = cause.startswith("address rejected")
    then = (
        "The reader is marked as bounced and gets no more mail."
        if is_bad_address
        else "It is not sent again by itself; its papers are offered in the next digest."
    )
    code = "bad-address" if is_bad_address else "failed"
    return Told(code=code, state="failed", cause=cause, then=then, needs_person=not is_bad_address)


def _set_aside(row: Delivery, now: Situation) -> Told:  # noqa: ARG001
    cause = shortened(row.last_detail) or f"{MAX_ATTEMPTS} workers were lost over it"
    then = "It stays until somebody releases or cancels it; its papers are offered in the next digest."
    return Told(code="quarantined", state="set aside", cause=cause, then=then, needs_person=True)


_SAYS: dict[State, Callable[[Delivery, Situation], Told]] = {
    State.SENDING: _sending,
    State.AMBIGUOUS: _unknown,
    State.ACCEPTED: _over(State.ACCEPTED, "accepted"),
    State.DELIVERED: _over(State.DELIVERED, "delivered"),
    State.BOUNCED: _over(State.BOUNCED, "bounced"),
    State.COMPLAINED: _over(State.COMPLAINED, "complained"),
    State.SKIPPED: _skipped,
    State.CANCELLED: _cancelled,
    State.EXPIRED: _overtaken,
    State.FAILED: _failed,
    State.QUARANTINED: _set_aside,
}
