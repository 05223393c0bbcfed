"""The reader's own page: what they get and when, and the form that changes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from newsletter.core.cadence import Cadence
from newsletter.core.reading import Depth
from newsletter.models import Delivery, Subscriber, Topic
from newsletter.models.delivery import SENT, Kind
from newsletter.models.subscriber import Status
from newsletter.subscriptions.changing import change_wishes, set_topics
from newsletter.tokens import Purpose, delivery_subject, make_token, read_token
from newsletter.web import schedules
from newsletter.web.pages import broken_link, known_language, page, private
from newsletter.web.topics import newest_papers_at, topic_groups
from newsletter.web.wishes_form import wish_errors, wishes_of, zone_names

RECENT_DIGESTS = 8
WISHES = ("cadence", "at", "timezone", "language", "depth")
"""Fields of the form that are taken as they are written; their names are the CSV's (contract)."""


@require_http_methods(["GET", "HEAD", "POST"])
@private
def preferences_of(request: HttpRequest, token: str) -> HttpResponse:
    """Show the reader's page; POST changes what was asked for, all of it or nothing."""
    link_key = read_token(token, purpose=Purpose.PREFERENCES)
    reader = Subscriber.objects.filter(link_key=link_key).first() if link_key else None
    if reader is None:
        return broken_link(request)
    form = PreferencesForm.of(reader)
    if request.method == "POST" and reader.status == Status.ACTIVE:
        with translation.override(known_language(reader.language)):
            form = PreferencesForm.sent(request, reader=reader)
        if not form.errors:
            form.save(reader, now=timezone.now())
            # After a POST the browser asks anew, so that a reload sends nothing twice.
            return HttpResponseRedirect(f"{request.path}?saved=1", status=303)
    return _show(request, reader, form=form)


@dataclass(slots=True)
class PreferencesForm:
    """What stands in the form: the reader's present wishes, or what was sent, with what is wrong about it."""

    values: dict[str, str]
    topics: list[str]
    """Slugs, in the reader's order."""
    errors: dict[str, str] = field(default_factory=dict)
    """Field → one sentence that says what to do."""

    @classmethod
    def of(cls, reader: Subscriber) -> PreferencesForm:
        slugs = reader.subscriptions.values_list("topic__slug", flat=True)
        at = f"{reader.at:%H:%M}"
        values = {name: str(getattr(reader, name)) for name in WISHES} | {"at": at}
        return cls(values=values | {"max_papers": str(reader.max_papers)}, topics=list(slugs))

    @classmethod
    def sent(cls, request: HttpRequest, *, reader: Subscriber) -> PreferencesForm:
        """Read the fields; one that is missing keeps its present value."""
        present = cls.of(reader)
        values = {name: request.POST.get(name, value).strip()[:80] for name, value in present.values.items()}
        offered = set(_offered_topics(reader).values_list("slug", flat=True))
        chosen = [slug for slug in dict.fromkeys(request.POST.getlist("topics")) if slug in offered]
        # A topic that the operator has switched off is not in the form: it stays for when it is back.
        kept = [slug for slug in present.topics if slug in chosen or slug not in offered]
        topics = kept + [slug for slug in chosen if slug not in kept]
        return cls(values=values, topics=topics, errors=_errors(values, topics=topics))

    @transaction.atomic
    def save(self, reader: Subscriber, *, now: datetime) -> None:
        set_topics(reader, topics=self.topics, now=now)
        change_wishes(reader, wishes=wishes_of(self.values), now=now)


def _errors(values: Mapping[str, str], *, topics: list[str]) -> dict[str, str]:
    errors = wish_errors(values)
    if not topics:
        errors["topics"] = gettext(
            "Choose at least one topic. To get no more mail, unsubscribe at the end of this page."
        )
    return errors


def _offered_topics(reader: Subscriber) -> QuerySet[Topic]:
    """Return everyone's topics and the reader's own."""
    return Topic.objects.filter(Q(owner__isnull=True) | Q(owner=reader), is_active=True)


def _show(request: HttpRequest, reader: Subscriber, *, form: PreferencesForm) -> HttpResponse:
    language, now = known_language(reader.language), timezone.now()
    zone = ZoneInfo(reader.timezone)
    with translation.override(language):
        values = {
            "cadence_words": schedules.in_words(Cadence.parse(reader.cadence)),
            "cadences": schedules.choices(form.values["cadence"]),
            "groups": topic_groups(_offered_topics(reader), language=language, until=newest_papers_at()),
        }
    return page(
        request,
        template="preferences.html",
        status=400 if form.errors else 200,
        language=language,
        reader=reader,
        status_now=reader.shown_status(now=now),
        next_at=reader.next_slot_at.astimezone(zone) if reader.next_slot_at else None,
        paused_until=reader.paused_until.astimezone(zone) if reader.paused_until else None,
        form=form,
        has_saved="saved" in request.GET and request.method != "POST",
        depths=[depth.value for depth in Depth],
        zones=zone_names(),
        digests=_recent_digests(reader, zone=zone),
        unsubscribe_token=make_token(Purpose.UNSUBSCRIBE, subject=reader.link_key),
        **values,
    )


def _recent_digests(reader: Subscriber, *, zone: ZoneInfo) -> list[tuple[str, datetime, str]]:
    """Return (subject, when it was due, token), newest first."""
    sent = Delivery.objects.filter(subscriber=reader, kind=Kind.DIGEST, state__in=SENT).exclude(parts=[])
    return [
        (
            each.subject,
            each.slot_at.astimezone(zone),
            make_token(Purpose.DIGEST, subject=delivery_subject(each.pk)),
        )
        for each in sent.order_by("-slot_at")[:RECENT_DIGESTS]
    ]
