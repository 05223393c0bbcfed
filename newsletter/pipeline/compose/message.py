"""A delivery's row → the message, as often as it is asked for and the same bytes each time.

The row names its fragments and holds the reader's strings; links are made from the reader's key. The date is
when it was first sent, so that a retry sends what the first try sent.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parseaddr

from django.conf import settings

from newsletter.adapters.ports import Outcome, Outgoing, Verdict
from newsletter.audience.feedback_links import feedback_token
from newsletter.audience.mailed_links import MailedLink
from newsletter.audience.tagged_addresses import envelope_sender, unsubscribe_mailto
from newsletter.audience.tokens import Purpose, digest_token, make_token
from newsletter.core.digests.headers import MessageHeaders
from newsletter.core.digests.message import Fragment, compose, plain_value
from newsletter.errors import NewsletterError, PermanentError
from newsletter.mail.text import wrap
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import Kind
from newsletter.pipeline.compose.fragments import FragmentCache

IN_LINES = frozenset({"learned", "quiet", "quiet_account", "statistic", "who_wrote", "why"})
"""Strings that the text form has in lines of their own."""
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who the mails are from, and where their links lead."""

    name: str
    email: str
    reply_to: str
    base_url: str
    host: str

    @classmethod
    def from_settings(cls) -> Sender:
        name, email = parseaddr(settings.CONFIG.sender)
        return cls(
            name=name,
            email=email,
            reply_to=parseaddr(settings.CONFIG.reply_to)[1],
            base_url=settings.CONFIG.base_url,
            host=settings.BASE_HOST,
        )


_FRAGMENTS = FragmentCache()
_OWN_PAGES = {"preferences_url": "", "taste_url": "/taste", "saved_url": "/saved"}


def outgoing(
    deliveries: Sequence[Delivery], *, with_bytes: bool = True
) -> tuple[list[Outgoing], list[Outcome]]:
    """Write the messages of these deliveries (readers loaded), with one query for fragments not seen lately.

    ``with_bytes``: as exact bytes; else as fragments with their values. A message that cannot be written has
    an outcome instead, BAD_MESSAGE, and stops none of the others. One on which the writing itself breaks has
    none: that is a bug, and it is tried again until its tries are up.
    """
    known = _FRAGMENTS.take(checksum for delivery in deliveries for checksum in delivery.fragments)
    sender, write = Sender.from_settings(), _with_bytes if with_bytes else _with_fragments
    messages, refused = [], []
    for delivery in deliveries:
        try:
            fragments = _fragments_of(delivery, known)
            messages.append(write(_addressed(delivery, sender=sender), delivery, fragments))
        except NewsletterError as error:
            refused.append(
                Outcome(delivery_id=str(delivery.pk), verdict=Verdict.BAD_MESSAGE, detail=str(error))
            )
        except Exception:
            logger.exception("the message of delivery %s broke off", delivery.pk)
    return messages, refused


def outgoing_of(delivery: Delivery, fragments: Sequence[Fragment], *, with_bytes: bool = True) -> Outgoing:
    """Write the message of one delivery, stored or not, that consists of ``fragments``.

    Raises PermanentError when a placeholder has no value; BadInput for an address that is none.
    """
    write = _with_bytes if with_bytes else _with_fragments
    return write(_addressed(delivery, sender=Sender.from_settings()), delivery, fragments)


def _addressed(delivery: Delivery, *, sender: Sender) -> Outgoing:
    return Outgoing(
        delivery_id=str(delivery.pk),
        sender=envelope_sender(delivery.pk, sender=sender.email),
        recipient=recipient(delivery),
        headers=_headers(delivery, sender=sender),
    )


def _with_bytes(message: Outgoing, delivery: Delivery, fragments: Sequence[Fragment]) -> Outgoing:
    values = placeholders_of(delivery, fragments)
    return replace(message, message=compose(message.headers, fragments, placeholders=values))


def _with_fragments(message: Outgoing, delivery: Delivery, fragments: Sequence[Fragment]) -> Outgoing:
    shared = message.headers.shared().values()
    return replace(
        message,
        fragments=fragments,
        values=placeholders_of(delivery, fragments),
        shared_key=_sha256(*delivery.fragments, delivery.subject, *shared),
    )


def stored_fragments(delivery: Delivery) -> list[Fragment]:
    """Return a delivery's fragments, in order. Raises PermanentError when one is gone, or for none."""
    return _fragments_of(delivery, _FRAGMENTS.take(delivery.fragments))


def message_of(delivery: Delivery, fragments: Sequence[Fragment]) -> bytes:
    """Return the bytes of ``outgoing_of``."""
    return outgoing_of(delivery, fragments).message


def placeholders_of(delivery: Delivery, fragments: Sequence[Fragment]) -> dict[str, str]:
    """Return the value of each placeholder that occurs in ``fragments``; one that has none is left out."""
    names = {name for fragment in fragments for name in fragment.placeholders}
    links = _Links(delivery, base_url=settings.CONFIG.base_url)
    stored = with_text_forms(delivery.placeholders)
    values = {name: links.value(name) or stored.get(name) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def with_text_forms(stored: Mapping[str, str]) -> dict[str, str]:
    """Add what follows from the stored strings: sentences in lines, for the text form."""
    found = {"near": "", "revised": ""}  # marks in fragments from before ADR 47
    for name, value in stored.items():
        kind, colon, rest = name.partition(":")
        if kind in IN_LINES:
            found[f"{kind}_text{colon}{rest}"] = wrap(plain_value(value))
    return found | dict(stored)


class _Links:
    """Values that are made, not stored: a reader who gets a new key has new links from then on."""

    def __init__(self, delivery: Delivery, *, base_url: str) -> None:
        self._delivery = delivery
        self._subscriber: Subscriber | None = delivery.subscriber
        self._base_url = base_url

    def value(self, name: str) -> str | None:
        name, _, topic = name.partition(":")
        if name == "email":
            return recipient(self._delivery)
        if name == "url":
            return self._mailed()
        if self._subscriber is None:
            return None
        if name == "digest_url":
            token = digest_token(self._delivery.pk, link_key=self._subscriber.link_key)
            return f"{self._base_url}/digests/{token}"
        if name == "feedback_url":
            token = feedback_token(self._delivery.pk, link_key=self._subscriber.link_key)
            return f"{self._base_url}/r/{token}"
        if name in _OWN_PAGES:
            token = make_token(Purpose.PREFERENCES, subject=self._subscriber.link_key)
            return f"{self._base_url}/preferences/{token}{_OWN_PAGES[name]}"
        if name == "unsubscribe_url":
            return unsubscribe_url(self._subscriber, base_url=self._base_url)
        if name == "unsubscribe_topic_url":
            return f"{unsubscribe_url(self._subscriber, base_url=self._base_url)}/{topic}"
        return None

    def _mailed(self) -> str | None:
        link = MailedLink.of(self._delivery.placeholders)
        if link is None:
            return None
        link_key = self._subscriber.link_key if self._subscriber else ""
        return link.url(base_url=self._base_url, made_at=self._delivery.slot_at, link_key=link_key)


def unsubscribe_url(subscriber: Subscriber, *, base_url: str) -> str:
    return f"{base_url}/unsubscribe/{_unsubscribe_token(subscriber)}"


def _unsubscribe_token(subscriber: Subscriber) -> str:
    return make_token(Purpose.UNSUBSCRIBE, subject=subscriber.link_key)


def recipient(delivery: Delivery) -> str:
    """Return the address it was last leased for, or would be."""
    return delivery.recipient or (delivery.subscriber.email if delivery.subscriber else "")


def body_key(*, subject: str, slot_key: str, fragments: Sequence[str]) -> str:
    """Return the same for digests that differ in nothing but what is personal."""
    return _sha256(subject, slot_key, *fragments)[:32]


def _fragments_of(delivery: Delivery, fragments: Mapping[str, Fragment]) -> list[Fragment]:
    missing = [checksum for checksum in delivery.fragments if checksum not in fragments]
    if missing or not delivery.fragments:
        lacking = (
            f"{len(missing)} of {len(delivery.fragments)} pieces are gone" if missing else "it has no pieces"
        )
        raise PermanentError(f"delivery {delivery.pk} cannot be written: {lacking}", reason="pieces")
    return [fragments[checksum] for checksum in delivery.fragments]


def _headers(delivery: Delivery, *, sender: Sender) -> MessageHeaders:
    """Return the headers; a transactional mail has none of the List-* ones."""
    is_digest = delivery.kind == Kind.DIGEST
    campaign = delivery.slot_key if is_digest else "notice"
    token = _unsubscribe_token(delivery.subscriber) if is_digest and delivery.subscriber else ""
    return MessageHeaders(
        from_name=sender.name,
        from_email=sender.email,
        reply_to=sender.reply_to,
        to=recipient(delivery),
        subject=delivery.subject,
        date=delivery.dated_at or delivery.composed_at or delivery.planned_at,
        message_id=delivery.message_id,
        delivery_id=str(delivery.pk),
        list_id=f"digests.{sender.host}" if is_digest else "",
        list_unsubscribe_url=f"{sender.base_url}/unsubscribe/{token}" if token else "",
        list_unsubscribe_mailto=unsubscribe_mailto(token, sender=sender.email) if token else "",
        # Gmail's: campaign, kind, a sender id of 5 to 15 characters; nothing personal.
        feedback_id=f"{campaign}:{delivery.kind}:{_sha256(sender.host)[:12]}",
    )


def _sha256(*contents: str) -> str:
    return hashlib.sha256("\0".join(contents).encode()).hexdigest()
