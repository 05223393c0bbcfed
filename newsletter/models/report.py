"""A mistake reported on a paper's page, and how the operator settled it."""

from __future__ import annotations

from django.db import models

LONGEST_NOTE = 1000


class Mistake(models.TextChoices):
    """What is wrong; the labels are the operator's."""

    QUOTE = "quote", "the quote does not say this"
    NUMBER = "number", "a number is wrong, or is of something else"
    NOT_THEIRS = "not_theirs", "it is other people's work"
    MISLEADING = "misleading", "it misleads"
    WORDING = "wording", "wording or translation"
    FACT = "fact", "a fact, a link or a figure"
    OTHER = "other", "something else"


class Settled(models.TextChoices):
    """State of a report."""

    OPEN = "open", "open"
    RESOLVED = "resolved", "resolved"
    DISMISSED = "dismissed", "dismissed"


class MistakeReport(models.Model):
    """A report. Nothing about its sender is stored."""

    paper = models.ForeignKey("Paper", on_delete=models.CASCADE, related_name="mistake_reports")
    summary = models.ForeignKey(
        "Summary", on_delete=models.SET_NULL, null=True, blank=True, related_name="mistake_reports"
    )
    """Null when the report is of the page as a whole."""
    claim = models.TextField(blank=True)
    """As it was shown, since a summary may be written anew; empty when the report is of the page."""
    quotes = models.JSONField(default=list)
    """The claim's: a list of ``{"quote", "where"}``; of earlier versions a ``"page"`` too."""
    what = models.CharField(max_length=20, choices=Mistake.choices)
    note = models.TextField(blank=True, max_length=LONGEST_NOTE)
    """A stranger's words: never shown but to the operator, and only as text."""
    reported_at = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=12, choices=Settled.choices, default=Settled.OPEN, db_index=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(what__in=Mistake.values), name="mistake_report_what"),
            models.CheckConstraint(condition=models.Q(state__in=Settled.values), name="mistake_report_state"),
        )

    def __str__(self) -> str:
        return f"{self.paper}: {self.what}, {self.reported_at:%Y-%m-%d}"
