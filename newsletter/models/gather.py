"""Requests to arXiv and their results, and the one gate that all requests pass."""

from __future__ import annotations

from django.db import models


class GatherRun(models.Model):
    """One query or file and its result."""

    started_at = models.DateTimeField(db_index=True)
    """The clock of the run (``--now`` where given)."""
    query = models.TextField()
    """The query as sent, or the name of the file."""
    from_file = models.BooleanField(default=False)
    is_probe = models.BooleanField(default=False)
    """Only the newest entries were asked for, to see whether there are new ones; nothing was saved."""
    total_results = models.PositiveIntegerField(default=0)
    """arXiv's totalResults."""
    received = models.PositiveIntegerField(default=0)
    new = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    refused = models.JSONField(default=list, blank=True)
    """One line for each entry that could not be read or saved."""
    missing = models.PositiveIntegerField(default=0)
    """Entries that arXiv promised and did not send."""
    doubt = models.TextField(blank=True, default="")
    """Why the answer may be incomplete; empty if plausible (``core/arxiv/plausibility.py``)."""
    is_enough = models.BooleanField(default=False)
    """It brought about as many papers as usual for its weekday."""
    requests = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    """Empty when it succeeded."""
    retry_at = models.DateTimeField(null=True, blank=True)
    """Not before: arXiv asked to wait longer than the run could."""

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.query[:60]}"


class ArxivGate(models.Model):
    """A single row: who holds arXiv's one connection, and when the next request may begin (real time)."""

    holder = models.CharField(max_length=80, blank=True)
    held_until = models.DateTimeField(null=True)
    """Until then the holder has the gate; a killed holder loses it then."""
    next_request_at = models.DateTimeField()
    next_crawl_at = models.DateTimeField(null=True)
    """The same for pages of arxiv.org itself, which asks for longer pauses."""

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="arxiv_gate_is_one_row"),)

    def __str__(self) -> str:
        return self.holder or "free"
