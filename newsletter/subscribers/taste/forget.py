"""Forget what a subscriber likes: all of it, in every table, and in digests."""

from __future__ import annotations

from django.db import connection, transaction

from newsletter.models import (
    FollowedAuthor,
    LibraryImport,
    MailedAct,
    PaperFeedback,
    Subscriber,
    TasteProfile,
)
from newsletter.subscribers.change import lock
from newsletter.subscribers.taste.acts import move_on
from newsletter.subscribers.taste.reasons import clear_reasons
from newsletter.subscribers.unsubscribe import empty_write_ahead_log

_TABLES = (PaperFeedback, FollowedAuthor, TasteProfile, MailedAct, LibraryImport)


@transaction.atomic
def forget_taste(subscriber: Subscriber) -> None:
    """Delete papers, authors, profiles and muted terms, and clear reasons; switches stay. Idempotent."""
    lock(subscriber)
    for table in _TABLES:
        table._default_manager.filter(subscriber=subscriber).delete()
    subscriber.muted_terms = {}
    subscriber.save(update_fields=["muted_terms"])
    move_on(subscriber)
    clear_reasons(subscriber)
    if connection.vendor == "sqlite":
        transaction.on_commit(empty_write_ahead_log)
