"""Announce: a note at the head of the next digests, to whom and until when, seen before it is published."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from newsletter.core.digests.digest import NoticeKind
from newsletter.core.storable import storable
from newsletter.languages import INTERFACE_LANGUAGES
from newsletter.mail.words import words_for
from newsletter.models import DigestNotice, Subscriber, Subscription, Topic
from newsletter.models.subscriber import Status
from newsletter.subscribers.preferences import offered_languages
from newsletter.web.operator.pages import back_to, demand, done, may, now_there, operator_page, operators

LONGEST, SHOWN = 600, 50
USUAL = timedelta(days=14)
LONGEST_URL = 500
FARTHEST = timedelta(days=40)
"""Later than this no notice is told (``models.notice.TOLD_FOR``)."""


@dataclass
class Draft:
    """What the form holds, and what is wrong with it."""

    texts: dict[str, str]
    url: str
    until: str
    topic: str
    language: str
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Any) -> Draft:
        texts = {
            code: " ".join(storable(given.get(f"text-{code}", "")).split()) for code in INTERFACE_LANGUAGES
        }
        rest = {name: given.get(name, "").strip() for name in ("url", "until", "topic", "language")}
        return cls(texts=texts, **rest)

    def notice(self, *, now: datetime) -> DigestNotice:
        """Return the notice, unsaved; ``problems`` says what must be mended before."""
        topic = Topic.objects.filter(slug=self.topic, owner__isnull=True).first() if self.topic else None
        if not self.texts["en"]:
            self.problems["text-en"] = "Write the note in English: readers without words of their own get it."
        for code, text in self.texts.items():
            if len(text) > LONGEST:
                self.problems[f"text-{code}"] = f"At most {LONGEST} characters; these are {len(text)}."
        if self.topic and topic is None:
            self.problems["topic"] = "There is no such topic."
        if self.language and self.language not in offered_languages():
            self.problems["language"] = "No reader can have this language."
        if len(self.url) > LONGEST_URL:
            self.problems["url"] = f"At most {LONGEST_URL} characters; these are {len(self.url)}."
        elif self.url:
            try:
                URLValidator(schemes=["https", "http"])(self.url)
            except ValidationError:
                self.problems["url"] = "Give a whole address, such as https://digest.example.org/news."
        return DigestNotice(
            kind=NoticeKind.ANNOUNCEMENT,
            texts={code: text for code, text in self.texts.items() if text} or {"en": ""},
            url=self.url[:LONGEST_URL],
            topic=topic,
            language=self.language,
            published_at=now,
            until=self._until(now),
        )

    def _until(self, now: datetime) -> datetime | None:
        """Return the end of that day (UTC)."""
        try:
            day = date.fromisoformat(self.until)
        except ValueError:
            self.problems["until"] = "Give the last day on which it is told."
            return None
        farthest = (now + FARTHEST).astimezone(UTC).date()
        if not now.astimezone(UTC).date() <= day <= farthest:
            self.problems["until"] = (
                f"The last day is today at the earliest, in {FARTHEST.days} days at the latest."
            )
            return None
        return datetime.combine(day, time.min, tzinfo=UTC) + timedelta(days=1)


@operators("view_digestnotice", methods=("GET", "HEAD", "POST"))
def announce(request: HttpRequest) -> HttpResponse:
    """Show what was said; a POST previews a note, and publishes it on the second button."""
    now = now_there(request)
    if request.method == "POST":
        demand(request, "add_digestnotice")
        draft = Draft.of(request.POST)
    else:
        until = (now.now.astimezone(UTC) + USUAL).date().isoformat()
        draft = Draft.of({"until": until})
    notice = draft.notice(now=now.now) if request.method == "POST" else None
    if notice and not draft.problems and request.POST.get("do") == "publish":
        notice.save()
        done(
            request,
            notice,
            "Published: it stands at the head of the next digest of each of these readers, once.",
        )
        return back_to("operator_announce")
    return operator_page(
        request,
        "announce.html",
        now=now,
        status=400 if draft.problems else 200,
        draft=draft,
        preview=_preview(notice) if notice and not draft.problems else [],
        readers=_subscribers(notice) if notice and not draft.problems else 0,
        languages=INTERFACE_LANGUAGES,
        offered=offered_languages(),
        topics=Topic.objects.filter(owner__isnull=True, is_active=True),
        told=DigestNotice.objects.select_related("topic", "paper").order_by("-published_at")[:SHOWN],
        may_add=may(request, "add_digestnotice"),
        may_change=may(request, "change_digestnotice"),
        longest=LONGEST,
    )


def _preview(notice: DigestNotice) -> list[tuple[str, str, str, str]]:
    """Return what the mail says in each language: code, label, text, words of the link."""
    found = []
    for code in INTERFACE_LANGUAGES:
        labels, said = words_for(code).labels, notice.in_language(code)
        link = labels[f"{said.kind}_link"] if said.url else ""
        found.append((code, labels[said.kind], said.text, link))
    return found


def _subscribers(notice: DigestNotice) -> int:
    """Return how many active readers it concerns now."""
    subscribers = Subscriber.objects.filter(status=Status.ACTIVE)
    if notice.language:
        subscribers = subscribers.filter(language=notice.language)
    if notice.topic_id:
        subscribers = subscribers.filter(
            pk__in=Subscription.objects.filter(topic=notice.topic_id).values("subscriber")
        )
    return subscribers.count()


@operators("change_digestnotice", methods=("POST",))
def end(request: HttpRequest, key: int) -> HttpResponse:
    """Tell it to nobody any more."""
    notice, now = get_object_or_404(DigestNotice, pk=key), timezone.now()
    DigestNotice.objects.filter(pk=notice.pk).update(until=now)
    done(request, notice, "Ended: digests composed from now on do not say it.")
    return back_to("operator_announce")
