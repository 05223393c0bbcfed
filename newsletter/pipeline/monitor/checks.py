"""The health checks: each value, its limit, what is wrong above it, and where to look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from newsletter.adapters.ports import EventReader
from newsletter.adapters.registry import event_reader
from newsletter.core.arxiv.announcements import expected_announcement, latest_announcement
from newsletter.core.delivery.incidents import Reading, in_words
from newsletter.models import Delivery, SendPause, Topic
from newsletter.models.delivery import Cause, State
from newsletter.pipeline.compose.empty import Empty
from newsletter.pipeline.monitor.health import Health

MINUTE, HOUR = 60.0, 3600.0
PAUSED = "sending-paused"
SIGN_UP_PAUSED = "sign-up-paused"


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    value: Callable[[Health], float]
    """An age in seconds, or a count."""
    limit: float
    says: str | Callable[[Health], str]
    """What is wrong above the limit; ``{age}`` and ``{count}`` are the value in words."""
    look_at: str | Callable[[], str]


def readings(health: Health) -> Iterator[Reading]:
    """Yield the current reading of every health check."""
    for check in CHECKS:
        value = check.value(health)
        if callable(check.says):
            says = check.says(health)
        else:
            says = check.says.replace("{age}", in_words(value)).replace("{count}", f"{value:.0f}")
        look_at = check.look_at() if callable(check.look_at) else check.look_at
        yield Reading(name=check.name, value=value, limit=check.limit, says=says, look_at=look_at)


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


def _empty(health: Health) -> int:
    return health.empty.get(Empty.UNASKED, 0) + health.empty.get(Empty.HALF_ANSWERED, 0)


def _digests(number: int) -> str:
    return "One digest" if number == 1 else f"{number:,} digests"


def _silence(health: Health) -> float:
    """Return how long ago the oldest mail was accepted of which, or after which, nothing was reported."""
    events = _events()
    if events is None or not events.has_key:
        return 0.0
    unheard = Delivery.objects.filter(state=State.ACCEPTED, transport=settings.CONFIG.mailer)
    if (heard := health.last["event"]) is not None:
        unheard = unheard.filter(outcome_at__gt=heard)
    first = unheard.order_by("outcome_at").values_list("outcome_at", flat=True).first()
    return health.age(first)


def _canary_age(health: Health) -> float:
    return health.age(health.last["canary"] or _first_day()) if settings.CONFIG.canary_address else 0.0


def _first_day() -> datetime | None:
    """Return when this service first sent anything, as far as retention keeps it."""
    ended = Delivery.objects.filter(outcome_at__isnull=False).order_by("outcome_at")
    # One query a state: the first row of each is at the start of the index.
    firsts = (
        ended.filter(state=state).values_list("outcome_at", flat=True).first()
        for state in (State.ACCEPTED, State.DELIVERED)
    )
    return min((moment for moment in firsts if moment), default=None)


def _events() -> EventReader | None:
    return event_reader(settings.CONFIG.mailer, settings.CONFIG)


def _webhook() -> str:
    events = _events()
    return f"The provider's webhook: its address, and the key in {events.setting}." if events else ""


def _own_pauses(health: Health) -> list[SendPause]:
    return [pause for pause in health.pauses if pause.cause != Cause.OPERATOR]


def _unless_held(health: Health, state: State) -> float:
    """Return how long mails in this state wait to be sent; 0 while a pause or the day's limit holds them."""
    return 0.0 if health.pauses or health.day_left == 0 else health.waits(state)


CHECKS = (
    # Work that the scheduler and the workers must do, also during a pause.
    Check(
        "slots-unplanned",
        lambda health: health.waits("slot"),
        15 * MINUTE,
        "A reader's time came {age} ago, and no digest was planned.",
        "Is beat running, and a worker of the queue compose?",
    ),
    Check(
        "digests-uncomposed",
        lambda health: health.waits(State.PLANNED),
        2 * HOUR,
        "A digest planned for {age} ago is not composed.",
        "The log of the workers of the queues summarize and compose.",
    ),
    Check(
        "deliveries-quarantined",
        lambda health: health.quarantined,
        0,
        "{count} mails were set aside in the last day: five workers were lost over each.",
        "Deliveries in state QUARANTINED in the admin; their last detail says more.",
    ),
    # What arXiv, the provider and the canary must have reported.
    Check(
        "gather-late",
        lambda health: health.age(_unanswered_since(health)),
        6 * HOUR,
        "arXiv announced papers {age} ago, and no query has been answered since.",
        "Gather runs at /admin/records/: what was asked, and the error.",
    ),
    Check(
        "gather-doubtful",
        _is_in_doubt,
        0,
        lambda health: f"{health.doubt} Mails say that arXiv had not answered fully, and it is asked hourly.",
        "Gather runs at /admin/records/. It may be a holiday at arXiv, or its API is behind.",
    ),
    Check(
        "digests-empty",
        _empty,
        0,
        lambda health: (
            f"{_digests(_empty(health))} composed today without a paper, for lack of an answer from arXiv: "
            "the mail says so. What was missed comes with the next digest."
        ),
        "Gather runs at /admin/records/: what was asked, and the error.",
    ),
    Check(
        "papers-missing",
        lambda health: health.missing,
        0,
        lambda health: (
            f"arXiv promised {_entries(health.missing)} more than it sent, each time for hours. "
            "What it sent was kept."
        ),
        "Gather runs at /admin/records/: how many results were promised and how many came.",
    ),
    Check(
        "events-late",
        _silence,
        6 * HOUR,
        "Mails were accepted {age} ago, and the provider has reported nothing since.",
        _webhook,
    ),
    Check(
        "canary-late",
        _canary_age,
        26 * HOUR,
        "No canary has proved for {age} that unsubscribing works. Nothing says that it does not.",
        lambda: (
            f"Do workers reach the site? From their machine: curl -I {settings.CONFIG.base_url}/healthz. "
            "Whether a flight failed: Canary flights at /admin/records/."
        ),
    ),
    # Mails that must leave.
    Check(
        "mails-waiting",
        lambda health: _unless_held(health, State.COMPOSED),
        HOUR,
        "A finished mail has waited for {age}.",
        "Is a worker of the queue send running? Is the rate too low for the number of readers?",
    ),
    Check(
        "mails-refused",
        lambda health: _unless_held(health, State.RETRY_WAIT),
        6 * HOUR,
        "A mail has been refused for now, again and again, for {age}.",
        "Deliveries in state RETRY_WAIT in the admin: their last code and detail.",
    ),
    Check(
        "notices-waiting",
        lambda health: 0.0 if health.pauses else health.waits("transactional"),
        10 * MINUTE,
        "A mail that a person awaits has waited for {age}.",
        "Is the worker of the queue transactional running?",
    ),
    Check(
        PAUSED,
        lambda health: len(_own_pauses(health)),
        0,
        lambda health: " ".join(
            f"Nothing is sent ({each.get_cause_display()}): {each.reason}." for each in _own_pauses(health)
        ),
        "Once the cause is mended: newsletter resume. Nothing else ends this pause.",
    ),
    Check(
        SIGN_UP_PAUSED,
        lambda health: int(health.sign_up_pause is not None),
        0,
        lambda health: f"Nobody can sign up: {health.sign_up_pause.reason}." if health.sign_up_pause else "",
        "Confirmations at /admin/records/: who asks for so many? It ends by itself within a day, or with: "
        "newsletter resume. Digests go on.",
    ),
)
