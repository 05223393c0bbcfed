"""Unsubscribe from a topic or from all, and erase a reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import connection, transaction

from newsletter.adapters.mailers.outbox import OutboxMailer
from newsletter.audience.departures import Other
from newsletter.audience.end_mailing import end_mailing
from newsletter.audience.suppression import Reason, note_other, suppress
from newsletter.models import ConsentEvent, Delivery, Subscriber, Subscription, Topic
from newsletter.models.subscriber import Status
from newsletter.subscribers.change import compose_again, follow, lock
from newsletter.subscribers.taste.reasons import delete_reasons


@transaction.atomic
def unsubscribe(subscriber: Subscriber, *, source: str, now: datetime, topic: Topic | None = None) -> None:
    """End everything, or one topic (the last one ends everything). Idempotent."""
    lock(subscriber)
    if topic is not None:
        if Subscription.objects.filter(subscriber=subscriber, topic=topic).delete()[0]:
            note_other(subscriber.email_key, Other.TOPIC, at=now, topics=[topic.pk])
        if subscriber.subscriptions.exists():
            compose_again(subscriber)
            follow(subscriber, now=now)
            return
    if end_mailing(subscriber, status=Status.UNSUBSCRIBED, now=now):
        ConsentEvent.objects.create(subscriber=subscriber, at=now, action="unsubscribed", source=source)


@transaction.atomic
def erase(subscriber: Subscriber, *, now: datetime) -> None:
    """Erase a reader; only a keyed hash of the address stays, so that nobody mails it again.

    After the commit the outbox files are deleted too. A file written at that moment is removed by its worker
    (``pipeline/send/send.py``).
    """
    suppress(subscriber.email_key, reason=Reason.ERASED, at=now)
    deliveries = [
        str(key) for key in Delivery.objects.filter(subscriber=subscriber).values_list("pk", flat=True)
    ]
    selections = set(
        Delivery.objects.filter(subscriber=subscriber, selection__isnull=False).values_list(
            "selection_id", flat=True
        )
    )
    subscriber.delete()
    delete_reasons(selections)
    transaction.on_commit(partial(_forget_traces, deliveries))


def _forget_traces(delivery_ids: Sequence[str]) -> None:
    # The outbox may have mails from before the mailer was changed.
    OutboxMailer(settings.CONFIG.outbox_folder).forget(delivery_ids)
    if connection.vendor == "sqlite":
        empty_write_ahead_log()


def empty_write_ahead_log() -> None:
    """Checkpoint SQLite's WAL: deleted rows are overwritten in the file (secure_delete) but stay in the log.

    Writers wait meanwhile, so it gives up early; the log is then overwritten by later use.
    """
    with connection.cursor() as cursor:
        [usual] = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute("PRAGMA busy_timeout = 2000")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        cursor.execute(f"PRAGMA busy_timeout = {int(usual)}")
