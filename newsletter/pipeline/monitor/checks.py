"""The health checks: each value, its limit, what is wrong above it, and where to look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from newsletter.adapters.registry import event_reader
from newsletter.core.arxiv.announcements import expected_announcement, latest_announcement
from newsletter.core.delivery.incidents import Reading, in_words
from newsletter.models import Delivery, Topic
from newsletter.models.delivery import Cause, State
from newsletter.pipeline.monitor.health import Health

MINUTE, HOUR = 60.0, 3600.0
PAUSED = "sending-paused"
SIGN_UP_PAUSED = "sign-up-paused"


def readings(health: Health) -> Iterator[Reading]:
    """Yield the current reading of every health check."""
    yield from _work(health)
    yield from _outside(health)
    yield from _sending(health)


def _work(health: Health) -> Iterator[Reading]:
    """Work that the scheduler and the workers must do, also during a pause."""
    waits = {name: health.age(since) for name, since in health.waiting.items()}
    yield Reading(
        name="slots-unplanned",
        value=waits["slot"],
        limit=15 * MINUTE,
        says=f"A reader's time came {in_words(waits['slot'])} ago, and no digest was planned.",
        look_at="Is beat running, and a worker of the queue compose?",
    )
    yield Reading(
        name="digests-uncomposed",
        value=waits["PLANNED"],
        limit=2 * HOUR,
        says=f"A digest planned for {in_words(waits['PLANNED'])} ago is not composed.",
        look_at="The log of the workers of the queues summarize and compose.",
    )
    yield Reading(
        name="deliveries-quarantined",
        value=health.quarantined,
        limit=0,
        says=f"{health.quarantined} mails were set aside in the last day: five workers were lost over each.",
        look_at="Deliveries in state QUARANTINED in the admin; their last detail says more.",
    )


def _sending(health: Health) -> Iterator[Reading]:
    """Mails that must leave, unless a pause or the daily limit holds them."""
    is_paused, is_held = bool(health.pauses), health.is_day_used_up()
    sign_up = health.sign_up_pause
    waits = {name: health.age(since) for name, since in health.waiting.items()}
    composed = 0.0 if is_paused or is_held else waits["COMPOSED"]
    yield Reading(
        name="mails-waiting",
        value=composed,
        limit=HOUR,
        says=f"A finished mail has waited for {in_words(composed)}.",
        look_at="Is a worker of the queue send running? Is the rate too low for the number of readers?",
    )
    refused = 0.0 if is_paused or is_held else waits["RETRY_WAIT"]
    yield Reading(
        name="mails-refused",
        value=refused,
        limit=6 * HOUR,
        says=f"A mail has been refused for now, again and again, for {in_words(refused)}.",
        look_at="Deliveries in state RETRY_WAIT in the admin: their last code and detail.",
    )
    transactional = 0.0 if is_paused else waits["transactional"]
    yield Reading(
        name="notices-waiting",
        value=transactional,
        limit=10 * MINUTE,
        says=f"A mail that a person awaits has waited for {in_words(transactional)}.",
        look_at="Is the worker of the queue transactional running?",
    )
    own = [pause for pause in health.pauses if pause.cause != Cause.OPERATOR]
    yield Reading(
        name=PAUSED,
        value=len(own),
        limit=0,
        says=" ".join(f"Nothing is sent ({pause.get_cause_display()}): {pause.reason}." for pause in own),
        look_at="Once the cause is mended: newsletter resume. Nothing else ends this pause.",
    )
    yield Reading(
        name=SIGN_UP_PAUSED,
        value=int(sign_up is not None),
        limit=0,
        says=f"Nobody can sign up: {sign_up.reason}." if sign_up else "",
        look_at="Confirmations in the admin: who asks for so many? It ends by itself within a day, or with: "
        "newsletter resume. Digests go on.",
    )


def _outside(health: Health) -> Iterator[Reading]:
    """What arXiv, the provider and the canary must have reported."""
    late = health.age(_unanswered_since(health))
    yield Reading(
        name="gather-late",
        value=late,
        limit=6 * HOUR,
        says=f"arXiv announced papers {in_words(late)} ago, and no query has been answered since.",
        look_at="Gather runs in the admin: what was asked, and the error.",
    )
    yield Reading(
        name="gather-doubtful",
        value=float(_is_in_doubt(health)),
        limit=0,
        says=f"{health.doubt} Mails say that arXiv had not answered fully, and it is asked hourly.",
        look_at="Gather runs in the admin. It may be a holiday at arXiv, or its API is behind.",
    )
    yield Reading(
        name="papers-missing",
        value=health.missing,
        limit=0,
        says=f"arXiv promised {_entries(health.missing)} more than it sent, each time for hours. "
        "What it sent was kept.",
        look_at="Gather runs in the admin: how many results were promised and how many came.",
    )
    mailer = settings.CONFIG.mailer
    events = event_reader(mailer, settings.CONFIG)
    silent = _silence(health, mailer=mailer) if events and events.has_key else 0.0
    yield Reading(
        name="events-late",
        value=silent,
        limit=6 * HOUR,
        says=f"Mails were accepted {in_words(silent)} ago, and the provider has reported nothing since.",
        look_at=f"The provider's webhook: its address, and the key in {events.setting}." if events else "",
    )
    flown = health.age(health.last["canary"] or _first_day()) if settings.CONFIG.canary_address else 0.0
    yield Reading(
        name="canary-late",
        value=flown,
        limit=26 * HOUR,
        says=f"For {in_words(flown)} nobody has proved that leaving works.",
        look_at="Canary flights in the admin, and whether workers can reach NEWSLETTER_BASE_URL.",
    )


def _unanswered_since(health: Health) -> datetime | None:
    """Return since when papers are announced that were not gathered; None if arXiv has answered since."""
    announced, answered = latest_announcement(health.now), health.last["gather"]
    topics = Topic.objects.filter(is_active=True).order_by("created_at")
    first_topic = topics.values_list("created_at", flat=True).first()
    if first_topic is None or (answered is not None and answered >= announced):
        return None
    return max(announced, first_topic)


def _is_in_doubt(health: Health) -> bool:
    """Whether to alert: papers that are late by some hours are normal."""
    if health.doubt_since is None:
        return False
    announced = expected_announcement(health.doubt_since)
    return health.is_empty or health.age(announced) > 6 * HOUR


def _entries(number: int) -> str:
    return "one entry" if number == 1 else f"{number} entries"


def _silence(health: Health, *, mailer: str) -> float:
    """Return how long ago the oldest mail was accepted of which, or after which, nothing was reported."""
    unheard = Delivery.objects.filter(state=State.ACCEPTED, transport=mailer)
    if (heard := health.last["event"]) is not None:
        unheard = unheard.filter(outcome_at__gt=heard)
    first = unheard.order_by("outcome_at").values_list("outcome_at", flat=True).first()
    return health.age(first)


def _first_day() -> datetime | None:
    """Return when this service first sent anything, as far as retention keeps it."""
    ended = Delivery.objects.filter(outcome_at__isnull=False).order_by("outcome_at")
    # One query a state: the first row of each is at the start of the index.
    firsts = (
        ended.filter(state=state).values_list("outcome_at", flat=True).first()
        for state in (State.ACCEPTED, State.DELIVERED)
    )
    return min((moment for moment in firsts if moment), default=None)
