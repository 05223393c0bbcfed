"""The form of the reader's page: values, errors, and changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext

from newsletter.models import Subscriber, Subscription, Topic
from newsletter.models.composed import Composed
from newsletter.subscribers.change import change_preferences, set_topics
from newsletter.subscribers.preferences import COLUMNS
from newsletter.web.preference_fields import preference_errors, preferences_of
from newsletter.web.schedules import is_cadence

OF_PRESENT = {"part", "add", "drop"}
"""Fields of forms that do not name all topics: they are about those that the reader follows."""
OWN_CADENCE = "cadence-"
"""Prefix of a topic's cadence field, before the slug. Empty: the reader's cadence."""
_FOLLOWED = Composed[Subscription](
    lambda pk: Subscription.objects.filter(subscriber=pk).values_list("topic__slug", "cadence"), sample=-1
)


@dataclass(slots=True)
class PreferencesForm:
    """Values of the form: the reader's current preferences, or what was sent with errors."""

    values: dict[str, str]
    topics: list[str]
    """Slugs, in the reader's order."""
    cadences: dict[str, str]
    """Slug → the topic's own cadence, or empty."""
    errors: dict[str, str] = field(default_factory=dict)
    """Field → one sentence that says what to do."""

    @classmethod
    def of(cls, subscriber: Subscriber) -> PreferencesForm:
        cadences = dict(_FOLLOWED.rows(subscriber.pk))
        at = f"{subscriber.at:%H:%M}"
        values = {name: str(getattr(subscriber, name)) for name in COLUMNS} | {"at": at}
        values["max_papers"] = str(subscriber.max_papers)
        return cls(values=values, topics=list(cadences), cadences=cadences)

    @classmethod
    def sent(cls, request: HttpRequest, *, subscriber: Subscriber) -> PreferencesForm:
        """Read the fields; one that is missing keeps its present value."""
        present = cls.of(subscriber)
        values = {name: request.POST.get(name, value).strip()[:80] for name, value in present.values.items()}
        offered = set(offered_topics(subscriber).values_list("slug", flat=True))
        given = present.topics if OF_PRESENT & request.POST.keys() else request.POST.getlist("topics")
        chosen = [slug for slug in dict.fromkeys([*given, request.POST.get("add", "")]) if slug in offered]
        chosen = [slug for slug in chosen if slug != request.POST.get("drop", "")]
        # A topic that the operator has switched off is not in the form: it stays for when it is back.
        kept = [slug for slug in present.topics if slug in chosen or slug not in offered]
        topics = kept + [slug for slug in chosen if slug not in kept]
        cadences = {
            slug: request.POST.get(f"{OWN_CADENCE}{slug}", present.cadences.get(slug, "")).strip()[:80]
            for slug in topics
        }
        form = cls(values=values, topics=_moved(topics, request.POST.get("move", "")), cadences=cadences)
        form.errors = _errors(form)
        return form

    @transaction.atomic
    def save(self, subscriber: Subscriber, *, now: datetime) -> None:
        set_topics(subscriber, topics=self.topics, cadences=self.cadences, now=now)
        change_preferences(subscriber, preferences=preferences_of(self.values), now=now)


def offered_topics(subscriber: Subscriber) -> QuerySet[Topic]:
    """Return everyone's topics and the reader's own."""
    return Topic.objects.filter(Q(owner__isnull=True) | Q(owner=subscriber), is_active=True)


def _moved(topics: list[str], move: str) -> list[str]:
    """Return the topics with one moved: ``up:slug`` or ``down:slug``, one place."""
    direction, _, slug = move.partition(":")
    if slug not in topics or direction not in ("up", "down"):
        return topics
    place = topics.index(slug)
    other = max(0, place - 1) if direction == "up" else min(len(topics) - 1, place + 1)
    moved = list(topics)
    moved[place], moved[other] = moved[other], moved[place]
    return moved


def _errors(form: PreferencesForm) -> dict[str, str]:
    errors = preference_errors(form.values)
    for slug, text in form.cadences.items():
        if text and not is_cadence(text):
            errors[f"{OWN_CADENCE}{slug}"] = preference_errors({"cadence": text})["cadence"]
    if not form.topics:
        errors["topics"] = gettext(
            "Choose at least one topic. To get no more mail, unsubscribe at the end of this page."
        )
    return errors
