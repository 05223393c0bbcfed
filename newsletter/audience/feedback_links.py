"""The links by which a digest's reader saves a paper, or asks for more or less like it (ADR 35).

One token serves a whole digest: when the delivery's id was made, which finds the row, and a MAC of the whole
id and the reader's link key, which proves it. Links of mails from before ids had a time have the beginning of
the id instead. What they do is ``subscribers/taste/mailed.py``'s.
"""

from __future__ import annotations

import string
import time
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Max, Q

from newsletter.audience.tokens import MAC_LENGTH, Purpose, delivery_subject, make_token, read_token
from newsletter.core.delivery.ids import TICK_BITS, TICK_NS, ids_of, tick_of
from newsletter.models import Delivery, PaperFeedback
from newsletter.models.delivery import SENT, Kind

VALID_FOR = timedelta(days=90)
"""After the digest's slot."""
NAME_LENGTH = -(-TICK_BITS // 6)
"""Characters for the time in the delivery's id."""
OLD_NAME_LENGTH = 3
"""Characters of a random id: its first 18 bits, which are zero in those with a time."""
TIMES_SINCE = datetime(2026, 11, 1, tzinfo=UTC)
_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_REST = 128 - 6 * OLD_NAME_LENGTH
"""Bits of a random id that a token leaves out."""


def feedback_token(delivery_id: UUID, *, link_key: str) -> str:
    """Return 19 characters; 15 for a delivery from before ids had a time. A new link key revokes them."""
    subject, tick = delivery_subject(delivery_id), tick_of(delivery_id)
    token = make_token(Purpose.FEEDBACK, subject=subject, holder=link_key)
    return (subject[:OLD_NAME_LENGTH] if tick is None else _written(tick)) + token[-MAC_LENGTH:]


def digest_of_link(token: str) -> Delivery | None:
    """Return the digest that a token was made for, its reader and selection loaded; None for any other."""
    name, mac = token[:-MAC_LENGTH], token[-MAC_LENGTH:]
    if len(name) not in (NAME_LENGTH, OLD_NAME_LENGTH) or not set(name) <= set(_ALPHABET):
        return None
    number = 0
    for character in name:
        number = number << 6 | _ALPHABET.index(character)
    ids = Q(pk__range=ids_of(number)) if len(name) == NAME_LENGTH else _beginning_with(number)
    alike = Delivery.objects.filter(ids, kind=Kind.DIGEST, subscriber__isnull=False)
    for delivery in alike.select_related("subscriber", "selection"):
        holder = delivery.subscriber.link_key if delivery.subscriber else ""
        if read_token(delivery_subject(delivery.pk) + mac, purpose=Purpose.FEEDBACK, holder=holder):
            return delivery
    return None


def _written(tick: int) -> str:
    return "".join(_ALPHABET[tick >> shift & 63] for shift in range(6 * NAME_LENGTH - 6, -1, -6))


def _beginning_with(first: int) -> Q:
    """Return the random ids that begin with these bits, without a look at any that has a time."""
    lowest, highest = UUID(int=first << _REST), UUID(int=(first + 1 << _REST) - 1)
    if first:
        return Q(pk__range=(lowest, highest))
    since = int(TIMES_SINCE.timestamp() * 1e9) // TICK_NS
    until = time.time_ns() // TICK_NS
    return Q(pk__range=(lowest, ids_of(since)[0])) | Q(pk__range=(ids_of(until + 1)[1], highest))


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
