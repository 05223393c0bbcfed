"""Requests from unconfirmed addresses: to sign up, or for a lost link.

The answer is the same for every address: only its owner is told more, by mail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from newsletter.adapters.infra.broker import Queue, wake
from newsletter.audience.mailed_links import MailedLink, Place
from newsletter.audience.suppression import address_key
from newsletter.core.digests.headers import ascii_address
from newsletter.errors import BadInput
from newsletter.models import SignUp, Subscriber
from newsletter.models.delivery import Kind
from newsletter.models.subscriber import Status
from newsletter.subscribers.preferences import MAX_ADDRESS, Preferences, checked_address
from newsletter.subscribers.quotas import hashed, may_be_mailed, note_request
from newsletter.transactional import texts
from newsletter.transactional.mails import TransactionalMail, send_transactional


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """A checked sign-up form."""

    email: str
    preferences: Preferences
    topics: Sequence[str]
    """Slugs of everyone's topics."""
    query: str = ""
    """A topic of the reader's own, in arXiv's query language."""
    form: str
    text_shown: str
    """The words next to the button."""
    ip: str
    """Stored as a keyed hash only."""

    def as_json(self) -> dict[str, Any]:
        """Return the value of ``SignUp.preferences``."""
        columns = self.preferences.fields() | {"at": f"{self.preferences.at:%H:%M}"}
        return columns | {"topics": list(self.topics), "query": self.query}


def checked_mailbox(email: str) -> str:
    """Return an address from a public form. Raises BadInput.

    It must be deliverable: no local machine (``a@localhost``, ``a@[127.0.0.1]``), no incomplete domain,
    within the lengths of RFC 5321. A look-alike in another script is a different address, by its ASCII form.
    """
    email = email.strip()
    if len(email) > MAX_ADDRESS or len(address_key(email)) > MAX_ADDRESS:
        raise BadInput(f"an address has at most {MAX_ADDRESS} characters")
    domain = ascii_address(checked_address(email)).rpartition("@")[2]
    if "." not in domain or domain.startswith("["):
        raise BadInput(f"{domain!r} is not a domain of the Internet")
    return email


@transaction.atomic
def request_to_join(request: JoinRequest, *, now: datetime) -> None:
    """Mail a confirmation to the address, or, to a reader, that they are one already.

    Nothing is sent beyond the quotas, nor to addresses that bounced or complained. Every request writes and
    wakes the transactional worker, so that all take equally long.
    """
    key = address_key(request.email)
    note_request(now=now)
    subscriber = Subscriber.objects.filter(email_key=key).first()
    if not (may_be_mailed(key, ip=request.ip, now=now) and _answer(request, subscriber, now=now)):
        wake(Queue.TRANSACTIONAL)


def request_link(email: str, *, ip: str, now: datetime) -> None:
    """Mail a reader, also one who has left, the link to their page; others take as long, without a mail."""
    key = address_key(email)
    with transaction.atomic():
        note_request(now=now)
        subscriber = Subscriber.objects.filter(email_key=key).first()
        # Count only what is sent, so that a stranger to the service can still sign up today.
        if subscriber and subscriber.may_ask_for_links() and may_be_mailed(key, ip=ip, now=now):
            send_own_page(subscriber, now=now)
        else:
            wake(Queue.TRANSACTIONAL)


def _answer(request: JoinRequest, subscriber: Subscriber | None, *, now: datetime) -> bool:
    """Send the mail for the address's owner; False when none is due."""
    if subscriber is not None and subscriber.status == Status.ACTIVE:
        return _send_link(subscriber, text=texts.already_reading, now=now)
    if subscriber is None:
        subscriber = _pending(request, key=address_key(request.email), now=now)
    return _send_confirmation(request, subscriber, now=now)


def _pending(request: JoinRequest, *, key: str, now: datetime) -> Subscriber:
    subscriber, _ = Subscriber.objects.get_or_create(
        email_key=key,
        defaults={"email": request.email, "joined_at": now, "language": request.preferences.language},
    )
    return subscriber


def _send_confirmation(request: JoinRequest, subscriber: Subscriber, *, now: datetime) -> bool:
    sign_up = SignUp.objects.create(
        subscriber=subscriber,
        preferences=request.as_json(),
        form=request.form,
        text_shown=request.text_shown,
        ip_hmac=hashed("consent", request.ip),
        requested_at=now,
    )
    mail = texts.confirmation(
        language=request.preferences.language, link=MailedLink(Place.CONFIRM, sign_up.key)
    )
    return send_transactional(
        mail, subscriber=subscriber, kind=Kind.CONFIRMATION, key=f"confirm-{sign_up.key}", now=now
    )


def send_own_page(subscriber: Subscriber, *, now: datetime) -> bool:
    """Mail the link to their page to a reader, also one who has left."""
    is_reading = subscriber.status == Status.ACTIVE
    text = texts.own_page if is_reading else texts.page_of_who_left
    return _send_link(subscriber, text=text, now=now)


def _send_link(subscriber: Subscriber, *, text: Callable[..., TransactionalMail], now: datetime) -> bool:
    mail = text(language=subscriber.language, link=MailedLink(Place.PREFERENCES))
    return send_transactional(
        mail, subscriber=subscriber, kind=Kind.LINK, key=f"link-{now.isoformat()}", now=now
    )
