"""Summaries, written once for everyone, and the rendered fragments of mails."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from newsletter.core.digests.message import Fragment
from newsletter.core.summaries.summary import DetailLevel

CHUNK = 500
"""Rows a statement."""
TO_OUTCOME = timedelta(days=60)
"""The longest time from composing a mail to its last event, with a margin."""


def kept_until() -> datetime:
    """Return until when a fragment that is used now is kept: as long as its mail may be rebuilt."""
    days: int = settings.CONFIG.retention_digests_days
    return timezone.now() + timedelta(days=days) + TO_OUTCOME


class SummaryQuerySet(models.QuerySet["Summary"]):
    def shown(self) -> SummaryQuerySet:
        """Leave out unwritten summaries and those that the operator took down."""
        return self.filter(content__isnull=False, withheld_at__isnull=True)


class Summary(models.Model):
    """One row a (paper version, language, prompt version, model): the deepest so far.

    Shallower ones are cut from it.

    A row without content is a lease on the work (``leased_until``) or records a failure.
    """

    paper = models.ForeignKey("Paper", on_delete=models.CASCADE, related_name="summaries", db_index=False)
    paper_version = models.PositiveSmallIntegerField()
    language = models.CharField(max_length=20)
    prompt_version = models.CharField(max_length=40)
    model = models.CharField(max_length=80)
    detail = models.CharField(max_length=12, choices=[(detail.value, detail.value) for detail in DetailLevel])
    content = models.JSONField(null=True)
    """``core.summaries.summary.summary_to_json``; null until written."""
    failure = models.CharField(max_length=80, blank=True)
    """The reason code of the last failure; empty when there was none."""
    fallback = models.CharField(max_length=40, blank=True)
    """Why ``content`` is shallower than was asked for: ``no_full_text``, ``full_text_late``; usually
    empty."""
    is_final = models.BooleanField(default=False)
    """A failure that a retry cannot change (safety block, recitation)."""
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True)
    """Real time: until then another worker is writing it."""
    retry_at = models.DateTimeField(null=True)
    """Real time: no retry before then."""
    input_tokens = models.PositiveIntegerField(default=0)
    """Tokens used for this row, including failed calls."""
    output_tokens = models.PositiveIntegerField(default=0)
    asked_at = models.DateTimeField(null=True)
    """Real time: when a model was last asked for it."""
    written_at = models.DateTimeField(null=True)
    first_written_at = models.DateTimeField(null=True)
    """Of one that was deepened or amended since; null where ``written_at`` is the first time."""
    withheld_at = models.DateTimeField(null=True, blank=True)
    """Since when it is taken down for a mistake; ``is_final`` keeps it from being rewritten."""

    objects = SummaryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "summaries"
        indexes = (models.Index(fields=("written_at",), name="summary_written"),)
        constraints = (
            models.UniqueConstraint(
                fields=("paper", "paper_version", "language", "prompt_version", "model"), name="summary_once"
            ),
            models.CheckConstraint(
                condition=models.Q(detail__in=[detail.value for detail in DetailLevel]), name="summary_detail"
            ),
        )

    def __str__(self) -> str:
        return f"{self.paper_id}v{self.paper_version} {self.language} {self.model}"

    @property
    def is_shown(self) -> bool:
        """As ``objects.shown()``."""
        return self.content is not None and self.withheld_at is None


class SummaryRequest(models.Model):
    """A summary that some planned digest is going to show. One row, however many digests show it."""

    paper = models.ForeignKey(
        "Paper", on_delete=models.CASCADE, related_name="summary_requests", db_index=False
    )
    paper_version = models.PositiveSmallIntegerField()
    language = models.CharField(max_length=20)
    """The subscriber's; the summariser says in which it writes."""
    detail = models.CharField(max_length=12, choices=[(detail.value, detail.value) for detail in DetailLevel])
    needed_at = models.DateTimeField()
    """The slot of the first digest that shows it."""
    is_transactional = models.BooleanField(default=False)
    """A person is waiting for one of these digests: it comes before all others."""

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("paper", "paper_version", "language", "detail"), name="summary_request_once"
            ),
            models.CheckConstraint(
                condition=models.Q(detail__in=[detail.value for detail in DetailLevel]),
                name="summary_request_detail",
            ),
        )
        ordering = ("-is_transactional", "needed_at", "pk")

    def __str__(self) -> str:
        return f"{self.paper_id}v{self.paper_version} {self.language} {self.detail}"


class FragmentRow(models.Model):
    """A rendered fragment of a mail; deliveries name it by its checksum."""

    key = models.CharField(max_length=64, primary_key=True)
    """Its checksum; of older ones SHA-256 of what they were rendered from."""
    checksum = models.CharField(max_length=64, db_index=True)
    """SHA-256 of its content (``core.digests.message.Fragment.checksum``)."""
    html = models.TextField()
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    needed_until = models.DateTimeField(db_index=True, default=kept_until)
    """Real time: until then some delivery may be rebuilt from it. Every use extends it."""

    def __str__(self) -> str:
        return self.checksum[:12]


def keep_fragments(fragments: Iterable[Fragment]) -> None:
    """Write fragments, each once; for existing ones extend ``needed_until``.

    Sorted, so that concurrent writers of the same fragments cannot deadlock.
    """
    until = kept_until()
    found = {fragment.checksum: fragment for fragment in fragments}
    rows = [
        FragmentRow(key=key, checksum=key, html=fragment.html, text=fragment.text, needed_until=until)
        for key, fragment in sorted(found.items())
    ]
    FragmentRow.objects.bulk_create(
        rows,
        update_conflicts=True,
        update_fields=["needed_until"],
        unique_fields=["key"],
        batch_size=CHUNK,
    )
