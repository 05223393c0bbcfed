"""What was written about a paper, once for everyone, and the rendered fragments digests are made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from newsletter.core.digests.message import Fragment
from newsletter.core.summaries.summary import Depth

CHUNK = 500
"""Rows a statement."""
TO_OUTCOME = timedelta(days=60)
"""From composing a mail to the end of its way at the very latest, with a good margin."""


def kept_until() -> datetime:
    """Return how long a fragment that is used now is kept: for as long as the mail can be written again."""
    days: int = settings.CONFIG.retention_digests_days
    return timezone.now() + timedelta(days=days) + TO_OUTCOME


class SummaryQuerySet(models.QuerySet["Summary"]):
    def shown(self) -> SummaryQuerySet:
        """Leave out what is not written, and what the operator took down."""
        return self.filter(content__isnull=False, withheld_at__isnull=True)


class Summary(models.Model):
    """One row a (paper version, language, prompt version, model): the deepest so far.

    Shallower ones are cut from it.

    A row without content is a claim on the work (``leased_until``) or the record of a failure.
    """

    paper = models.ForeignKey("Paper", on_delete=models.CASCADE, related_name="summaries")
    paper_version = models.PositiveSmallIntegerField()
    language = models.CharField(max_length=20)
    prompt_version = models.CharField(max_length=40)
    model = models.CharField(max_length=80)
    depth = models.CharField(max_length=12, choices=[(depth.value, depth.value) for depth in Depth])
    content = models.JSONField(null=True)
    """``core.reading.summary_to_json``; null until written."""
    failure = models.CharField(max_length=80, blank=True)
    """The reason code of the last failure; empty when there was none."""
    fallback = models.CharField(max_length=40, blank=True)
    """Why ``content`` is shallower than was asked for: ``no_full_text``, ``full_text_late``; mostly empty."""
    is_final = models.BooleanField(default=False)
    """A failure that asking again cannot mend (safety block, recitation)."""
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    """Real time: until then another worker is writing it."""
    retry_at = models.DateTimeField(null=True)
    """Real time: not to be asked for before then."""
    input_tokens = models.PositiveIntegerField(default=0)
    """All that was spent on this row, on failed calls too."""
    output_tokens = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)
    """Real time: when a model was last asked for it."""
    written_at = models.DateTimeField(null=True)
    withheld_at = models.DateTimeField(null=True, blank=True)
    """Since when nobody is shown it, for a mistake in it; ``is_final`` then keeps it as it is."""

    objects = SummaryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "summaries"
        constraints = (
            models.UniqueConstraint(
                fields=("paper", "paper_version", "language", "prompt_version", "model"), name="summary_once"
            ),
            models.CheckConstraint(
                condition=models.Q(depth__in=[depth.value for depth in Depth]), name="summary_depth"
            ),
        )

    def __str__(self) -> str:
        return f"{self.paper_id}v{self.paper_version} {self.language} {self.model}"


class FragmentRow(models.Model):
    """A rendered piece of a digest; deliveries name it by the hash of its content."""

    key = models.CharField(max_length=64, primary_key=True)
    """SHA-256 of what it was rendered from: inputs, language, template."""
    checksum = models.CharField(max_length=64, db_index=True)
    """SHA-256 of what it says (``core.digests.message.Fragment.checksum``)."""
    html = models.TextField()
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    needed_until = models.DateTimeField(db_index=True, default=kept_until)
    """Real time: until then some delivery may be written from it again. Every use moves it on."""

    def __str__(self) -> str:
        return self.checksum[:12]


def keep_fragments(fragments: Mapping[str, Fragment]) -> None:
    """Write pieces under their keys; one that is there is kept from now on as if it were new.

    In the order of the keys, so that two who write the same ones wait for each other and never in a circle.
    """
    until = kept_until()
    rows = [
        FragmentRow(
            key=key, checksum=fragment.checksum, html=fragment.html, text=fragment.text, needed_until=until
        )
        for key, fragment in sorted(fragments.items())
    ]
    FragmentRow.objects.bulk_create(
        rows,
        update_conflicts=True,
        update_fields=["needed_until"],
        unique_fields=["key"],
        batch_size=CHUNK,
    )
