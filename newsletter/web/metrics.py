"""``/metrics`` in Prometheus' text format; nothing in it names a reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from django.conf import settings
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from newsletter.core.delivery.events import EventKind
from newsletter.models import Delivery, DeliveryEvent, Incident, Paper, Subscriber
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from newsletter.pipeline.monitor.health import RECENT, Health, measure
from newsletter.web.access import ask_for_token, has_token, is_this_machine

PUBLIC_LABELS = {"transactional": "awaited"}
"""Label values that dashboards know by another name than the code's."""
NOT_HERE = "Only this machine itself reads this; others need NEWSLETTER_METRICS_TOKEN to be set.\n"


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return gauges read from the database, so that every web process reports the same."""
    token = settings.CONFIG.metrics_token
    if not is_this_machine(request) and not has_token(request, token):
        return (
            ask_for_token("Bearer") if token else HttpResponseForbidden(NOT_HERE, content_type="text/plain")
        )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Gauges(measure(now=timezone.now())))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


class Gauges(Collector):
    """One scrape."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterable[Metric]:
        yield from _counts()
        yield from _progress(self._health)
        yield from _sending(self._health)
        yield from _reports(self._health)


def _counts() -> Iterator[Metric]:
    # COUNT(*): an index answers it, and the table is large.
    deliveries = dict(Delivery.objects.order_by().values_list("state").annotate(number=Count("*")))
    ahead = Delivery.objects.planned_ahead(now=timezone.now()).count()
    deliveries[State.PLANNED] = deliveries.get(State.PLANNED, 0) - ahead  # it waits for nothing yet
    yield _family(
        "deliveries", "Deliveries by state.", "state", {each: deliveries.get(each, 0) for each in State}
    )
    subscribers = dict(Subscriber.objects.values_list("status").annotate(Count("pk")))
    yield _family(
        "subscribers", "Readers by status.", "status", {each: subscribers.get(each, 0) for each in Status}
    )
    yield _single("papers", "Papers known.", Paper.objects.count())


def _progress(health: Health) -> Iterator[Metric]:
    ages = {name: health.age(since) for name, since in health.waiting.items()}
    labels = {PUBLIC_LABELS.get(name, name): age for name, age in ages.items()}
    yield _family(
        "oldest_waiting_seconds", "Age of the oldest that waits, by where it waits.", "where", labels
    )
    oldest = max((ages[where] for where in ages if where != "transactional"), default=0.0)
    yield _single("oldest_due_seconds", "Age of the oldest work that is due and not done.", oldest)
    for name, description in (
        ("gather", "Since arXiv last answered."),
        ("accepted", "Since a mail was last accepted."),
        ("event", "Since the newest report of the provider's."),
        ("canary", "Since leaving was last proved to work."),
    ):
        if (moment := health.last[name]) is not None:
            yield _single(f"last_{name}_seconds", description, health.age(moment))
    yield _single("ambiguous_unsettled", "Lost answers that may still turn up.", health.unsettled)
    yield _single("quarantined_recently", "Mails set aside in the last day.", health.quarantined)
    open_incidents = Incident.objects.filter(closed_at=None).values_list("name", flat=True)
    yield _family("incident", "1 while it goes on.", "name", dict.fromkeys(open_incidents, 1))


def _sending(health: Health) -> Iterator[Metric]:
    queue = GaugeMetricFamily(
        "newsletter_queue", "Mails that could go now, by transport.", labels=("transport", "what")
    )
    for what, number in health.queue.items():
        queue.add_metric((settings.CONFIG.mailer, PUBLIC_LABELS.get(what, what)), number)
    yield queue
    yield _single("send_pauses", "Pauses of sending that stand.", len(health.pauses))
    paused = GaugeMetricFamily(
        "newsletter_paused",
        "1 while nothing is sent on a transport (*: on any), or nobody can sign up.",
        labels=("transport", "cause"),
    )
    for pause in filter(None, (*health.pauses, health.sign_up_pause)):
        paused.add_metric((pause.transport, pause.cause), 1)
    yield paused
    if health.day_limit is not None:
        yield _single("day_limit_mails", "Mails that may begin today (UTC).", health.day_limit)
        yield _single("day_left_mails", "Digests that may still begin today.", health.day_left or 0)
    yield _single("model_tokens_used", "Tokens of the model used today (UTC).", health.tokens_used)
    yield _single("model_tokens_limit", "Tokens of a day.", settings.CONFIG.gemini_daily_tokens)


def _reports(health: Health) -> Iterator[Metric]:
    recent = DeliveryEvent.objects.filter(at__gte=health.now - RECENT)
    kinds = dict(recent.order_by().values_list("kind").annotate(Count("pk")))
    numbers = {each.value: float(kinds.get(each, 0)) for each in EventKind}
    yield _family("reports_recent", "Reports of providers in the last day, by kind.", "kind", numbers)
    strange = recent.filter(delivery=None).count()
    yield _single("reports_recent_about_nothing_known", "Of those, about no mail known here.", strange)
    waiting = DeliveryEvent.objects.filter(applied_at=None).count()
    yield _single("reports_unapplied", "Stored, and not applied yet.", waiting)


def _single(name: str, description: str, value: float) -> Metric:
    return GaugeMetricFamily(f"newsletter_{name}", description, value=value)


def _family(name: str, description: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"newsletter_{name}", description, labels=(label,))
    for value, number in values.items():
        family.add_metric((str(value),), number)
    return family
