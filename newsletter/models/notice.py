"""What the operator has to say at the head of digests: corrections and announcements."""

from __future__ import annotations

from django.db import models

from newsletter.core.digests.digest import Notice, NoticeKind
from newsletter.models.paper import Paper

FALLBACK = "en"


class DigestNotice(models.Model):
    """Told once to each reader: in the digest whose period it falls into."""

    kind = models.CharField(
        max_length=12,
        choices=[(kind.value, kind.value) for kind in (NoticeKind.CORRECTION, NoticeKind.ANNOUNCEMENT)],
    )
    texts = models.JSONField()
    """By language; one in English is there."""
    url = models.URLField(max_length=500, blank=True)
    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, null=True, blank=True, related_name="notices")
    """Only readers who have seen it are told."""
    published_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} of {self.published_at:%Y-%m-%d}"

    def in_language(self, language: str) -> Notice:
        text = self.texts.get(language) or self.texts[FALLBACK]
        return Notice(NoticeKind(self.kind), " ".join(text.split()), self.url)
