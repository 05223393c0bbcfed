"""Keys: the fingerprint of this database's secret key, and the keys of suppressions."""

from __future__ import annotations

from django.db import models


class KeyFingerprint(models.Model):
    """The secret key that this database is used with, as a hash. There is one row, its id is 1."""

    value = models.CharField(max_length=64)

    def __str__(self) -> str:
        return self.value[:12]


class SuppressionKey(models.Model):
    """A key of ``Suppression.email_hmac``. It is stored beside the hashes, so that every back-up has it."""

    value = models.CharField(max_length=64, unique=True)
    """32 bytes as hex."""
    is_own = models.BooleanField(default=False)
    """The key of new suppressions. The others come from old secret keys and are for look-ups only."""

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("is_own",), condition=models.Q(is_own=True), name="suppression_key_own_once"
            ),
        )

    def __str__(self) -> str:
        return "own" if self.is_own else "older"
