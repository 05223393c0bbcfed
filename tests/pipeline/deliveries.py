"""Readers and deliveries for the tests of this stage."""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import get_ident
from typing import Any

from django.conf import settings
from django.utils import timezone
from pyroaring import BitMap

from newsletter.adapters.infra.send_journal import SendJournal
from newsletter.adapters.ports import Mailer, Outcome
from newsletter.audience.suppression import address_key
from newsletter.core.digests.message import Fragment
from newsletter.core.digests.selection import Place, Selected
from newsletter.core.digests.selection import Selection as SelectionValue
from newsletter.models import Delivery, FragmentRow, Selection, Subscriber, Topic
from newsletter.models.delivery import Kind, State
from newsletter.models.selection import store_selections
from newsletter.models.subscriber import Status
from newsletter.pipeline.compose.message import message_of, stored_fragments
from newsletter.pipeline.feedback.reconcile import ReconcileReport, reconcile
from newsletter.pipeline.send.lost import end_leases
from newsletter.pipeline.send.outcomes import Answered, Moment, record
from newsletter.pipeline.send.send import DeliveryReport, send_due

NOW = datetime(2026, 6, 19, 8, 0, tzinfo=UTC)
"""The recorded clock; leases and waits are in real time."""
CARD = Fragment(
    html="<p>Zwölf papers, by Müller &amp; 李</p>\n",
    text="Zwölf papers, by Müller & 李\n",
)
FOOTER = Fragment(
    html='<p>[[email]] <a href="[[preferences_url]]">Edit</a> <a href="[[unsubscribe_url]]">Leave</a></p>\n',
    text="For [[email]]\n[[preferences_url]]\n[[unsubscribe_url]]\n[[digest_url]]\n",
)
_numbers = itertools.count(1)


def new_subscriber(email: str = "", **fields: Any) -> Subscriber:
    email = email or f"reader{next(_numbers)}@example.org"
    fields = {"status": Status.ACTIVE, "joined_at": NOW - timedelta(days=30)} | fields
    return Subscriber.objects.create(email=email, email_key=address_key(email), **fields)


def topic(slug: str = "heads") -> Topic:
    return Topic.objects.create(slug=slug, name=slug, query="cat:cs.CV", created_at=NOW)


def store(*fragments: Fragment) -> list[str]:
    """Store fragments; return their checksums."""
    for fragment in fragments:
        FragmentRow.objects.get_or_create(
            key=fragment.checksum,
            defaults={"checksum": fragment.checksum, "html": fragment.html, "text": fragment.text},
        )
    return [fragment.checksum for fragment in fragments]


def digest(subscriber: Subscriber | None = None, **fields: Any) -> Delivery:
    """Make a delivery that is composed and due."""
    key = uuid.uuid4()
    defaults = {
        "id": key,
        "subscriber": subscriber or new_subscriber(),
        "kind": Kind.DIGEST,
        "slot_key": "2026-06-19",
        "slot_at": NOW,
        "state": State.COMPOSED,
        "subject": "9 new papers: SiGnature and 8 more",
        "message_id": f"<{key.hex}@localhost>",
        "planned_at": NOW,
        "composed_at": NOW,
        "covers_until": NOW,
        "next_attempt_at": timezone.now() - timedelta(seconds=1),
    }
    if "papers" in fields:
        fields["selection"] = offering(fields.pop("papers"))
    if "fragments" not in fields:
        fields["fragments"] = store(CARD, FOOTER)
    return Delivery.objects.create(**(defaults | fields))


def transactional_mail(subscriber: Subscriber | None, kind: Kind, **fields: Any) -> Delivery:
    row = digest(
        subscriber or new_subscriber(),
        kind=kind,
        slot_key=f"{kind}-{next(_numbers)}",
        covers_until=None,
        **fields,
    )
    if subscriber is None:
        Delivery.objects.filter(pk=row.pk).update(subscriber=None)
        row.refresh_from_db()
    return row


def deliver(mailer: Mailer, **options: Any) -> DeliveryReport:
    """Deliver what is due, with waits that do not vary; each call is a worker of its own, which then ends."""
    usual: dict[str, Any] = {"now": NOW, "owner": f"host/{get_ident()}/1.0", "chance": lambda: 0.5}
    if clock := options.get("clock"):
        usual["seconds"] = lambda: clock().timestamp()
    with closing(send_journal()) as journal:
        return send_due(mailer=mailer, **usual | {"journal": journal} | options)


def send_journal() -> SendJournal:
    """Return a journal as a process opens it, in the data folder of the tests."""
    return SendJournal(settings.CONFIG.journal_folder)


def reconcile_now(mailer: Mailer, **options: Any) -> ReconcileReport:
    """Reconcile as a process that sends nothing itself."""
    usual: dict[str, Any] = {"real_now": timezone.now(), "now": NOW, "journal": send_journal()}
    return reconcile(mailer=mailer, **usual | options)


def end_leases_now(*owners: str) -> Counter[str]:
    """End the leases of these dead processes."""
    return end_leases(owners, journal=send_journal(), at=Moment(now=NOW, real_now=timezone.now()))


def record_now(row: Delivery, outcome: Outcome, *, now: datetime = NOW) -> str:
    """Record one answer; return the state of its delivery, or "" where that is gone."""
    at = Moment(now=now, real_now=timezone.now())
    return record([Answered(row, outcome, at)]).get(row.pk, "")


def later(**wait: float) -> Callable[[], datetime]:
    """Return a clock that is ahead of the real one."""
    return lambda: timezone.now() + timedelta(**wait)


def message_bytes(delivery: Delivery) -> bytes:
    """Return the message as it was, or would be, sent."""
    return message_of(delivery, stored_fragments(delivery))


def offering(papers: dict[str, list[int]]) -> Selection:
    """Store a selection of these papers by the place they stand in: summarised, listed, counted."""
    named = (("summarised", Place.SUMMARIZED), ("listed", Place.LISTED))
    selected = [
        Selected(paper_id=pk, topic=1, position=position, place=place)
        for name, place in named
        for position, pk in enumerate(papers.get(name, []))
    ]
    counted = {1: BitMap(papers["counted"])} if "counted" in papers else {}
    [row] = store_selections([SelectionValue(topics=(1,), papers=tuple(selected), counted=counted)])
    return row
