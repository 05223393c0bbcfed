"""What the operator has to say at the head of digests: corrections and announcements."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from newsletter.core.digests.digest import Notice, NoticeKind
from newsletter.models.paper import Paper
from newsletter.models.topic import Topic

FALLBACK = "en"
TOLD_FOR = timedelta(days=40)
"""So long after its publication it is told at most: longer than from one monthly digest to the next."""


class DigestNotice(models.Model):
    """Told once to each reader whom it concerns: in their next digest that is sent, while it is current.

    It counts as told by a digest that was accepted and composed after its publication.
    """

    kind = models.CharField(
        max_length=12,
        choices=[(kind.value, kind.value) for kind in (NoticeKind.CORRECTION, NoticeKind.ANNOUNCEMENT)],
    )
    texts = models.JSONField()
    """By language; one in English is there."""
    url = models.URLField(max_length=500, blank=True)
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, null=True, blank=True, related_name="notices")
    """Only readers who have seen it are told."""
    topic = models.ForeignKey(Topic, on_delete=models.CASCADE, null=True, blank=True, related_name="notices")
    """Only readers of this topic are told."""
    language = models.CharField(max_length=20, blank=True, default="")
    """Only readers whose digests, or of a correction their summaries, are in it; empty: all."""
    shown_since = models.DateTimeField(null=True, blank=True)
    """Of a correction: only readers to whom a digest composed from then on gave the paper's summary."""
    before = models.TextField(blank=True, default="")
    after = models.TextField(blank=True, default="")
    """Of a correction: the words as they were and as they are; after is empty where they were taken down."""
    published_at = models.DateTimeField(db_index=True)
    until = models.DateTimeField(null=True, blank=True)
    """Not told from then on. An announcement with such an end is told to readers who join before it, too."""

    def __str__(self) -> str:
        return f"{self.kind} of {self.published_at:%Y-%m-%d}"

    def in_language(self, language: str) -> Notice:
        text = self.texts.get(language) or self.texts[FALLBACK]
        return Notice(NoticeKind(self.kind), " ".join(text.split()), self.url)
