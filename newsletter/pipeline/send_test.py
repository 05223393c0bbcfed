"""A digest sent as a test: the real one, to an address of the operator's choice, through the real mailer.

Nothing is stored: no delivery, nothing seen, no number of the day's. No link in it is a reader's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from newsletter.adapters.ports import Outcome, Outgoing, Verdict
from newsletter.audience.suppression import address_key, is_suppressed
from newsletter.audience.topics import public_topics
from newsletter.core.digests.headers import ascii_address
from newsletter.errors import BadInput, NewsletterError
from newsletter.models import Subscriber, Subscription
from newsletter.models.subscriber import Status
from newsletter.pipeline.compose.message import outgoing_of
from newsletter.pipeline.context import Context
from newsletter.pipeline.preview import Preview, preview_digest
from newsletter.pipeline.send.pause import ALL_TRANSPORTS, pauses_on
from newsletter.transactional.mails import TransactionalMail, unstored

MARK = "TEST: "
SAMPLE_KEY = 0
"""The id of a reader who is not stored: no row has it."""


@dataclass(frozen=True, slots=True)
class TestSent:
    subject: str
    outcome: Outcome
    why_not: str
    """Why the reader would not get it at present; empty if they would."""

    __test__ = False  # for pytest

    @property
    def is_accepted(self) -> bool:
        return self.outcome.verdict is Verdict.ACCEPTED


def send_test(
    email: str, *, subscriber: Subscriber | None, context: Context, despite_pause: bool = False, now: datetime
) -> TestSent:
    """Send ``email`` the digest that ``subscriber`` would get, or a sample reader, and wait for the answer.

    Raises NewsletterError for an address that has opted out or bounced, and while sending is paused.
    """
    if is_suppressed(address_key(email)):
        raise NewsletterError(f"{email} has opted out or bounced, and gets no mail of this service")
    ascii_address(email)
    mailer = context.mailer
    if not despite_pause and (pauses := pauses_on(ALL_TRANSPORTS, mailer.name)):
        raise NewsletterError(
            f"sending is paused: {pauses[0].reason}. To send this one mail all the same: --despite-pause"
        )
    shown = preview_digest(
        subscriber or sample_subscriber(email, now=now), context=context, now=now, is_inert=True
    )
    return TestSent(
        subject=f"{MARK}{shown.subject}",
        outcome=_sent(shown, email=email, context=context),
        why_not=shown.why_not if subscriber else "",
    )


def send_notice(email: str, *, context: Context, now: datetime) -> Outcome:
    """Send ``email`` a few lines that say that sending works, and wait for the answer."""
    mail = TransactionalMail(
        subject=f"{MARK}{context.config.name} can send",
        paragraphs=("This mail was sent to try the settings. Nothing else will come of it.",),
        reason="You get this because you set up this service.",
        language="en",
    )
    delivery, fragment = unstored(mail, recipient=ascii_address(email), now=now)
    return _handed_over(
        outgoing_of(delivery, [fragment], with_bytes=context.mailer.sends_bytes), context=context
    )


def sample_subscriber(email: str, *, now: datetime) -> Subscriber:
    """Return a reader of every public topic, who has seen nothing and is not stored.

    Raises BadInput where there is no topic.
    """
    topics = list(public_topics().order_by("pk"))
    if not topics:
        raise BadInput("there is no topic to send a digest of: newsletter topic starter adds about 40")
    sample = Subscriber(
        pk=SAMPLE_KEY,
        email=email,
        status=Status.ACTIVE,
        joined_at=now,
        confirmed_at=now,
        confirmed_by_operator=True,
    )
    rows = Subscription.objects.none()
    rows._result_cache = [
        Subscription(subscriber=sample, topic=topic, position=place, created_at=now)
        for place, topic in enumerate(topics)
    ]
    sample._prefetched_objects_cache = {"subscriptions": rows}  # type: ignore[attr-defined]  # Django's own
    return sample


def _sent(shown: Preview, *, email: str, context: Context) -> Outcome:
    delivery, mailer = shown.delivery, context.mailer
    delivery.subject, delivery.recipient = f"{MARK}{shown.subject}", email
    message = outgoing_of(delivery, shown.fragments, with_bytes=mailer.sends_bytes)
    return _handed_over(message, context=context)


def _handed_over(message: Outgoing, *, context: Context) -> Outcome:
    mailer = context.mailer
    try:
        [outcome] = mailer.send([message], bodies=_AtOnce())
    finally:
        mailer.close()
    return outcome


class _AtOnce:
    """Every body may begin: nothing is recorded of it."""

    def prepare(self, delivery_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(delivery_ids)

    begin = prepare

    def end(self, delivery_ids: Sequence[str]) -> None:
        pass
