"""Whether the work goes on: broker, workers, scheduler, the health checks, topics, readers, what is next."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from newsletter.adapters.infra import broker
from newsletter.adapters.infra.heartbeat import scheduler_heard_at
from newsletter.adapters.infra.redis_server import server_binary, socket_path
from newsletter.core.delivery.incidents import in_words
from newsletter.doctor.finding import Finding, fine, look, mend, sentence
from newsletter.errors import ConfigurationError, TemporaryError
from newsletter.models import Paper, Subscriber, Topic
from newsletter.models.delivery import Cause
from newsletter.models.subscriber import Status
from newsletter.pipeline.monitor.checks import PAUSED, SIGN_UP_PAUSED, readings
from newsletter.pipeline.monitor.health import measure

SILENT_SECONDS = 300.0
"""Without a word of the scheduler, which speaks every minute."""
WHY = {
    "gather-late": "Digests lack what was announced since.",
    "gather-doubtful": "Digests may lack papers, and say so.",
    "papers-missing": "Digests may lack papers.",
    "events-late": "Bounces and complaints are not heard of, and addresses that are dead are mailed again.",
    "canary-late": "If unsubscribing broke, nobody would know.",
    "digests-empty": "Readers were told that nothing is known, and got no paper.",
    SIGN_UP_PAUSED: "Nobody new can join.",
    PAUSED: "No mail goes out.",
}
LATE = "Digests come late, or not at all."
MUST_BE_MENDED = frozenset(
    {"slots-unplanned", "digests-uncomposed", "mails-waiting", "notices-waiting", "mails-refused", PAUSED}
)
BY_HAND = "newsletter run --no-gather"
TYPED = {
    PAUSED: "newsletter resume",
    SIGN_UP_PAUSED: "newsletter resume",
    "gather-late": "newsletter gather",
    "digests-empty": "newsletter gather",
    **dict.fromkeys(("slots-unplanned", "digests-uncomposed", "mails-waiting", "notices-waiting"), BY_HAND),
}


def workers() -> Iterator[Finding]:
    """Look at the broker, who works at which queue, and when the scheduler was last heard of."""
    url = settings.CONFIG.redis_url
    if not url:
        yield from _embedded()
        socket = socket_path(settings.DATA_DIR)
        if not socket.is_socket():
            yield _at_rest()
            return
        url = f"unix://{socket}"
    try:
        served, heard_at = broker.served_queues(url), scheduler_heard_at(url)
    except TemporaryError as error:
        if not settings.CONFIG.redis_url:  # ``up`` was killed, and left its socket behind
            yield _at_rest()
            return
        yield mend(
            "broker",
            sentence(error),
            why="Workers are woken through it: without it nothing is gathered, composed or sent.",
            type=("docker compose up --detach redis", "REDIS_URL=redis://host:6379/0"),
        )
        return
    if settings.CONFIG.redis_url:
        yield fine("broker", "Redis answers.")
    yield _served(served)
    yield _scheduler(None if heard_at is None else time.time() - heard_at)


def _at_rest() -> Finding:
    return look(
        "workers",
        "The service does not run here.",
        why="Digests go out only while it does, or when newsletter run is called.",
        type="newsletter up",
    )


def _embedded() -> Iterator[Finding]:
    try:
        server_binary()
    except ConfigurationError as error:
        yield mend(
            "broker",
            sentence(error),
            why="newsletter up needs one; newsletter run does without.",
            type="sudo apt-get install redis-server",
        )
    else:
        yield fine("broker", "newsletter up starts a Redis of its own.")


def _served(served: dict[str, int]) -> Finding:
    if idle := [name for name, workers in served.items() if not workers]:
        return mend(
            "workers",
            f"Nobody works at the queue{'' if len(idle) == 1 else 's'} {', '.join(idle)}.",
            why="What belongs there waits until somebody does.",
            type="newsletter up" if not settings.CONFIG.redis_url else "docker compose up --detach --wait",
        )
    return fine("workers", "Every queue has a worker.")


def _scheduler(silent: float | None) -> Finding:
    if silent is not None and silent <= SILENT_SECONDS:
        return fine("scheduler", f"The scheduler was heard {in_words(max(0.0, silent))} ago.")
    since = "since this Redis was started" if silent is None else f"for {in_words(silent)}"
    return mend(
        "scheduler",
        f"The scheduler was not heard {since}.",
        why="It wakes the workers each minute: no slot is planned without it.",
        type="newsletter up" if not settings.CONFIG.redis_url else "docker compose up --detach beat",
    )


def health(*, now: datetime) -> Iterator[Finding]:
    """Turn the service's own health checks into findings; they alert by the same limits."""
    measured = measure(now=now)
    found = False
    for reading in readings(measured):
        if reading.value > reading.limit:
            found = True
            say = mend if reading.name in MUST_BE_MENDED else look
            yield say(
                reading.name,
                f"{reading.says} {reading.look_at}".strip(),
                why=WHY.get(reading.name, LATE),
                type=TYPED.get(reading.name, ()),
            )
    for pause in measured.pauses:
        if pause.cause == Cause.OPERATOR:
            found = True
            yield look(
                PAUSED,
                f"Sending is paused since {pause.since:%Y-%m-%d %H:%M} UTC: {pause.reason}.",
                why="No mail goes out until you end it.",
                type="newsletter resume",
            )
    if not found:
        yield fine("health", "Nothing is late.")
    last = measured.last["gather"]
    if last:
        yield fine("gather", f"arXiv was last asked {in_words((now - last).total_seconds())} ago.")


def contents(*, now: datetime) -> Iterator[Finding]:
    """Look at whether there is something to send, to whom, and when next."""
    if not Topic.objects.filter(is_active=True).exists():
        yield mend(
            "topics",
            "There is no topic.",
            why="Digests are made of what topics match.",
            type="newsletter topic starter",
        )
    if not Paper.objects.exists():
        yield look(
            "papers",
            "Nothing was gathered yet.",
            why="The first digest has nothing to say before that.",
            type="newsletter gather",
        )
    readers = Subscriber.objects.filter(status=Status.ACTIVE)
    if not readers.exists():
        yield look(
            "readers",
            "There is no reader.",
            why="Nothing goes out.",
            type="newsletter subscriber add you@example.org --topics talking-head-generation",
        )
        return
    if helpless := readers.filter(subscriptions=None).count():
        yield look(
            "readers",
            f"{helpless} reader{'' if helpless == 1 else 's'} without any topic.",
            why="They get no digest.",
            type="newsletter subscriber edit EMAIL --topics a,b",
        )
    slots = (
        readers.filter(next_slot_at__gte=now).order_by("next_slot_at").values_list("next_slot_at", flat=True)
    )
    first = list(dict.fromkeys(slot for slot in slots[:500] if slot))[:3]
    said = ", ".join(f"{slot:%a %d %b %H:%M}" for slot in first)
    yield fine("slots", f"{readers.count()} readers; next slots (UTC): {said or 'none'}.")
