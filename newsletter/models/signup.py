"""Requests from addresses that are not confirmed yet, and counts for quotas."""

from __future__ import annotations

import secrets

from django.db import models


def _new_key() -> str:
    return secrets.token_urlsafe(9)


class SignUp(models.Model):
    """One submitted form. Its preferences become the reader's when the mailed link is confirmed."""

    key = models.CharField(max_length=16, unique=True, default=_new_key)
    """Names the request in the mailed link."""
    subscriber = models.ForeignKey("Subscriber", on_delete=models.CASCADE, related_name="sign_ups")
    preferences = models.JSONField(default=dict)
    """The form's values, checked: columns of ``Subscriber``, and ``topics`` as slugs."""
    form = models.CharField(max_length=40)
    text_shown = models.TextField(blank=True)
    """The words the reader agreed to."""
    ip_hmac = models.CharField(max_length=64, blank=True)
    requested_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.requested_at:%Y-%m-%d}"


class AddressChange(models.Model):
    """A new address; it counts once the link mailed to it is confirmed."""

    key = models.CharField(max_length=16, unique=True, default=_new_key)
    subscriber = models.ForeignKey("Subscriber", on_delete=models.CASCADE, related_name="address_changes")
    email = models.CharField(max_length=254)
    email_key = models.CharField(max_length=254)
    requested_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.requested_at:%Y-%m-%d}"


class FreshLink(models.Model):
    """A link mailed for what a forwarded digest must not allow; it may change one thing, once."""

    key = models.CharField(max_length=16, unique=True, default=_new_key)
    subscriber = models.ForeignKey("Subscriber", on_delete=models.CASCADE, related_name="fresh_links")
    requested_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    """When it changed something, or was revoked."""

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.requested_at:%Y-%m-%d}"


class Quota(models.Model):
    """How often something was done on a day: a row, not a Redis key, since losing it would allow abuse.

    ``key`` holds addresses, domains and IP addresses only as keyed hashes.
    """

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=64, blank=True)
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("kind", "key", "day"), name="quota_once_a_day"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.day}: {self.count}"
