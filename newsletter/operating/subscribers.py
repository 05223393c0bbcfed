"""One reader in sentences: status and why, what they asked for, the next digest, yesterday's and today's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from newsletter.core.delivery.cadence import RESOLUTION, Cadence
from newsletter.core.delivery.incidents import in_words
from newsletter.core.delivery.spreading import own_delay
from newsletter.languages import module_of
from newsletter.models import ConsentEvent, Delivery, Subscriber, Subscription
from newsletter.models.delivery import Kind
from newsletter.models.subscriber import Status
from newsletter.operating.causes import told
from newsletter.operating.situation import Situation
from newsletter.operating.words import number

_LEFT = {
    Status.UNSUBSCRIBED: ("unsubscribed", "Left"),
    Status.COMPLAINED: ("complained", "Complained about a mail"),
}


def sentences(subscriber: Subscriber, now: Situation) -> list[str]:
    """Return what an operator wants to know of a reader, in at most eight statements."""
    topics = list(subscriber.subscriptions.select_related("topic"))
    lines = [_status(subscriber, now), _asked_for(subscriber, topics)]
    if subscriber.status == Status.ACTIVE:
        lines.append(_next(subscriber, topics, now))
    return [*filter(None, lines), *_days(subscriber, topics, now)]


# --- status ----------------------------------------------------------------------------------------------


def _status(subscriber: Subscriber, now: Situation) -> str:
    status = Status(subscriber.status)
    if status == Status.ACTIVE:
        if not subscriber.accepts_mail(now=now.now) and subscriber.paused_until:
            until = _local(subscriber.paused_until, subscriber)
            return f"Has paused until {until}: no digest before."
        who = "by the operator" if subscriber.confirmed_by_operator else "by the mailed link"
        since = subscriber.confirmed_at or subscriber.joined_at
        return f"Active: confirmed {who} on {_day(since.date())}."
    if status == Status.PENDING:
        return _pending(subscriber, now)
    if status == Status.BOUNCED:
        return (
            "Mail to this address came back, so it gets none. If the address works again, its reader can "
            "sign up anew."
        )
    action, did = _LEFT[status]
    event = ConsentEvent.objects.filter(subscriber=subscriber, action=action).order_by("-at").first()
    when = f" on {_day(event.at.date())} (by {event.source})" if event else ""
    return f"{did}{when}: nothing is sent. Only the reader can come back, by confirming."


def _pending(subscriber: Subscriber, now: Situation) -> str:
    begun = f"Has not confirmed since {_day(subscriber.joined_at.date())}: no digest is sent before."
    mail = subscriber.deliveries.filter(kind=Kind.CONFIRMATION).order_by("-planned_at").first()
    if mail is None:
        return f"{begun} No confirmation was mailed."
    mail.subscriber = subscriber
    return f"{begun} The confirmation: {told(mail, now).sentence}"


# --- what they asked for, and when it comes --------------------------------------------------------------


def _asked_for(subscriber: Subscriber, topics: list[Subscription]) -> str:
    if not topics:
        return "Follows no topic, so there is nothing to send."
    own = (f" ({_in_words(each.cadence)})" if each.cadence else "" for each in topics)
    names = ", ".join(f"{each.topic.name}{how}" for each, how in zip(topics, own, strict=True))
    return (
        f"Follows {number(len(topics), 'topic')}: {names}; {_in_words(subscriber.cadence)} at "
        f"{subscriber.at:%H:%M} ({subscriber.timezone}), in {subscriber.language}, {subscriber.depth}, at "
        f"most {number(subscriber.max_papers, 'paper')}."
    )


def _next(subscriber: Subscriber, topics: list[Subscription], now: Situation) -> str:
    at = subscriber.next_slot_at
    if at is None or not topics:
        return "No digest is due."
    if at <= now.now and subscriber.accepts_mail(now=now.now):
        late = in_words((now.now - at).total_seconds())
        return (
            f"A digest was due at {_local(at, subscriber)}, {late} ago, and is not planned yet: the "
            "scheduler does that each minute. Is beat running, and a worker of the queue compose?"
        )
    if not now.longest_delay:
        return f"The next digest is due on {_local(at, subscriber)}."
    delay = own_delay(subscriber.pk, longest=now.longest_delay)
    return (
        f"The next digest is due on {_local(at, subscriber)}, and goes {_span(delay)} later: this reader's "
        f"own share of the {now.longest_delay // timedelta(minutes=1)} minutes over which a slot is spread. "
        "A digest that somebody waits for goes at once."
    )


# --- yesterday and today ---------------------------------------------------------------------------------


def _days(subscriber: Subscriber, topics: list[Subscription], now: Situation) -> Iterator[str]:
    """Yield why there was, or was not, a digest yesterday and today, in the reader's own days."""
    today = now.now.astimezone(subscriber.zone).date()
    recent = list(
        subscriber.deliveries.filter(kind=Kind.DIGEST, slot_at__gte=now.now - timedelta(days=3))
        .select_related("selection")
        .order_by("slot_at")
    )
    for name, day in (("Yesterday", today - timedelta(days=1)), ("Today", today)):
        rows = [row for row in recent if _is_of(row, day, subscriber)]
        for row in rows:
            row.subscriber = subscriber
            yield f"{name}, {_day(day)}: {told(row, now).sentence}"
        if not rows:
            yield f"{name}, {_day(day)}: {_no_digest(day, subscriber, topics, now)}"


def _is_of(row: Delivery, day: date, subscriber: Subscriber) -> bool:
    return row.slot_key == day.isoformat() or (
        row.slot_at.astimezone(subscriber.zone).date() == day and not row.slot_key[:1].isdigit()
    )


def _no_digest(day: date, subscriber: Subscriber, topics: list[Subscription], now: Situation) -> str:
    joined = subscriber.joined_at.astimezone(subscriber.zone).date()
    if subscriber.status != Status.ACTIVE:
        return f"no digest, since the reader is {subscriber.status}."
    if day < joined:
        return "no digest, since the reader joined later."
    if not topics:
        return "no digest, since no topic is followed."
    morning = datetime.combine(day, datetime.min.time(), tzinfo=subscriber.zone)
    cadences = subscriber.cadences([each.cadence for each in topics])
    slot = subscriber.next_slot(after=morning - RESOLUTION, cadences=cadences)
    if slot.date != day:
        how = ", ".join(sorted(_in_words(str(each)) for each in cadences))
        return f"no digest was due: they come {how}."
    if subscriber.paused_until and slot.at < subscriber.paused_until:
        return f"no digest, since the reader has paused until {_local(subscriber.paused_until, subscriber)}."
    if slot.at > now.now:
        return (
            f"a digest is due at {slot.at.astimezone(subscriber.zone):%H:%M}; it is planned some hours ahead."
        )
    if subscriber.next_slot_at and subscriber.next_slot_at <= now.now:
        return "a digest was due and is not planned yet."
    if slot.at <= subscriber.joined_at:
        return "no digest, since the reader joined after that day's time."
    return (
        "no digest was planned: the cadence, time or topics were changed since, or the service did not run."
    )


# --- words -----------------------------------------------------------------------------------------------


def _in_words(cadence: str) -> str:
    words: str = module_of("en", "cadences").in_words(Cadence.parse(cadence))
    return words


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B %Y}"


def _local(at: datetime, subscriber: Subscriber) -> str:
    local = at.astimezone(subscriber.zone)
    return f"{_day(local.date())} at {local:%H:%M} ({subscriber.timezone})"


def _span(span: timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
