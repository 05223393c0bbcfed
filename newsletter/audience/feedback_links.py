"""The links by which a digest's reader saves a paper, or asks for more or less like it (ADR 35).

One token serves a whole digest: the beginning of the delivery's id, which finds the row, and a MAC of the
whole id and the reader's link key, which proves it. What they do is ``subscribers/taste/mailed.py``'s.
"""

from __future__ import annotations

import string
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote
from uuid import UUID

from django.db.models import Max

from newsletter.audience.tokens import MAC_LENGTH, Purpose, delivery_subject, make_token, read_token
from newsletter.models import Delivery, PaperFeedback
from newsletter.models.delivery import SENT, Kind
from newsletter.models.taste import Act

VALID_FOR = timedelta(days=90)
"""After the digest's slot."""
NAME_LENGTH = 3
"""Characters of the delivery's id: 18 bits. Among ten million digests a few dozen share them."""
_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_REST = 128 - 6 * NAME_LENGTH
"""Bits of an id that a token leaves out."""


def feedback_token(delivery_id: UUID, *, link_key: str) -> str:
    """Return 15 characters. A new link key revokes them."""
    subject = delivery_subject(delivery_id)
    token = make_token(Purpose.FEEDBACK, subject=subject, holder=link_key)
    return subject[:NAME_LENGTH] + token[-MAC_LENGTH:]


def feedback_url(token: str, arxiv_id: str, act: Act | None = None, *, base_url: str) -> str:
    """Return the address of the paper's page as this reader's link shows it, or of an act."""
    url = f"{base_url}/r/{token}/{quote(arxiv_id, safe='/.-')}"
    return f"{url}/{act}" if act else url


def digest_of_link(token: str) -> Delivery | None:
    """Return the digest that a token was made for, its reader and selection loaded; None for any other."""
    name, mac = token[:-MAC_LENGTH], token[-MAC_LENGTH:]
    if len(name) != NAME_LENGTH or not set(name) <= set(_ALPHABET):
        return None
    first = 0
    for character in name:
        first = first << 6 | _ALPHABET.index(character)
    ids = UUID(int=first << _REST), UUID(int=(first + 1 << _REST) - 1)
    alike = Delivery.objects.filter(pk__range=ids, kind=Kind.DIGEST, subscriber__isnull=False)
    for delivery in alike.select_related("subscriber", "selection"):
        holder = delivery.subscriber.link_key if delivery.subscriber else ""
        if read_token(delivery_subject(delivery.pk) + mac, purpose=Purpose.FEEDBACK, holder=holder):
            return delivery
    return None


def is_expired(delivery: Delivery, *, now: datetime) -> bool:
    return now > delivery.slot_at + VALID_FOR


@dataclass(frozen=True, slots=True, kw_only=True)
class ActDone:
    """What a paper's standing is since a link was used."""

    arxiv_id: str
    title: str
    verdict: str
    is_saved: bool
    at: datetime
    delivery_id: UUID
    """The digest whose token opens the paper's page, which undoes it."""


def acts_since_last_digest(subscriber_ids: Collection[int]) -> dict[int, list[ActDone]]:
    """Return what the links changed since each subscriber's last accepted digest was composed, oldest first.

    What was taken back is not among it. Two queries, however many subscribers.
    """
    digests = Delivery.objects.filter(subscriber__in=subscriber_ids, kind=Kind.DIGEST, state__in=SENT)
    told = dict(digests.values_list("subscriber").annotate(Max("composed_at")))
    rows = PaperFeedback.objects.filter(subscriber__in=subscriber_ids, delivery__isnull=False)
    found = defaultdict[int, list[ActDone]](list)
    for row in rows.defer("abstract", "authors").order_by("at", "pk"):
        last = told.get(row.subscriber_id)
        if row.delivery_id and (last is None or row.at > last):
            found[row.subscriber_id].append(
                ActDone(
                    arxiv_id=row.arxiv_id,
                    title=row.title,
                    verdict=row.verdict,
                    is_saved=row.saved_at is not None,
                    at=row.at,
                    delivery_id=row.delivery_id,
                )
            )
    return dict(found)
