"""How many messages began on which day."""

from __future__ import annotations

from django.db import models


class SendDay(models.Model):
    """The messages of one transport that began on one day (UTC): a row, not to be lost.

    Counted while a daily limit or a warm-up is set. The first row is the first day of the warm-up.
    """

    transport = models.CharField(max_length=16)
    day = models.DateField()
    digests = models.PositiveIntegerField(default=0)
    transactional = models.PositiveIntegerField(default=0)
    """Transactional mails."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("transport", "day"), name="send_day_once"),)

    def __str__(self) -> str:
        return f"{self.transport} {self.day}: {self.digests} + {self.transactional}"
