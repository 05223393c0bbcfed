"""What was read from arXiv's HTML of a paper: facts and figures for good, its text for a day at most."""

from __future__ import annotations

from django.db import models


class FullTextRecord(models.Model):
    """One row a paper version: whether its HTML was read, what was printed on it, or why it was not.

    ``leased_until`` is both the lease of the worker that reads it and the fence under which it writes.
    """

    paper = models.ForeignKey("Paper", on_delete=models.CASCADE, related_name="full_texts", db_index=False)
    paper_version = models.PositiveSmallIntegerField()
    leased_until = models.DateTimeField(null=True)
    """Real time: until then another worker is reading it."""
    attempts = models.PositiveSmallIntegerField(default=0)
    """Since it was last read; counted when leased, so that a killed worker has used one."""
    reason = models.CharField(max_length=40, blank=True)
    """Why it could not be had, as a code; empty when it was read."""
    is_final = models.BooleanField(default=False)
    """Asking again cannot mend it."""
    retry_at = models.DateTimeField(null=True)
    """Real time: not before."""
    read_at = models.DateTimeField(null=True)
    """Real time."""
    fetched_at = models.DateTimeField(null=True)
    """The clock of the run."""
    licence = models.CharField(max_length=255, blank=True)
    """Its address, as arXiv's OAI record has it; empty where none is known."""
    is_cut = models.BooleanField(default=False)
    """A bound ended the reading early."""
    affiliations = models.JSONField(default=list)
    keywords = models.JSONField(default=list)
    links = models.JSONField(default=list)
    cites = models.JSONField(default=list)
    """The ids of arXiv's papers among its references, without version."""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("paper", "paper_version"), name="full_text_record_once"),
        )

    def __str__(self) -> str:
        return f"{self.paper_id}v{self.paper_version} {self.reason or 'read'}"


class KeptText(models.Model):
    """The text, while summaries that need it are being written; the tick deletes it after a day."""

    record = models.OneToOneField(FullTextRecord, on_delete=models.CASCADE, related_name="kept")
    content = models.JSONField()
    """``core.arxiv.full_text.full_text_to_json``."""
    kept_until = models.DateTimeField(db_index=True)
    """Real time."""

    def __str__(self) -> str:
        return f"text of {self.record_id} until {self.kept_until:%Y-%m-%d %H:%M}"


class Figure(models.Model):
    """A figure whose images are in the media folder, under their content's hash."""

    record = models.ForeignKey(
        FullTextRecord, on_delete=models.CASCADE, related_name="figures", db_index=False
    )
    position = models.PositiveSmallIntegerField()
    number = models.CharField(max_length=12)
    """As printed."""
    caption = models.TextField(blank=True)
    image = models.CharField(max_length=80, db_index=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    mail_image = models.CharField(max_length=80, blank=True, db_index=True)
    """Empty where it could not be made small enough."""
    mail_width = models.PositiveIntegerField(default=0)
    mail_height = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("record", "position"), name="figure_once"),)

    def __str__(self) -> str:
        return f"figure {self.number} of {self.record_id}"
