"""Incidents, canary flights, and how far retention has come."""

from __future__ import annotations

from django.db import models


class Incident(models.Model):
    """Something was late or wrong from ``opened_at`` until ``closed_at``."""

    name = models.CharField(max_length=40)
    detail = models.TextField()
    """Text of the last check; nothing personal."""
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("name",), condition=models.Q(closed_at__isnull=True), name="incident_open_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.opened_at:%Y-%m-%d %H:%M}"


class CanaryFlight(models.Model):
    """One day's proof that every way of unsubscribing works."""

    day = models.DateField(unique=True)
    started_at = models.DateTimeField()
    baits = models.JSONField(default=list)
    """Ids of the bait deliveries, which must never be sent."""
    judged_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True)
    """Empty when every way worked."""

    def __str__(self) -> str:
        return f"{self.day} {self.failure or ('held' if self.judged_at else 'under way')}"


class Forgotten(models.Model):
    """How far retention has come, so that deleted ranges are not scanned again."""

    what = models.CharField(max_length=20, unique=True)
    until = models.DateTimeField()
    """Everything from before this is done."""

    def __str__(self) -> str:
        return f"{self.what} until {self.until:%Y-%m-%d}"
