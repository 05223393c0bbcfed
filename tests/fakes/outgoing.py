"""Messages to send, made as the pipeline makes them, a ``begin`` that remembers, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from uuid import UUID

from newsletter.adapters.ports import Mailer, Outcome, Outgoing
from newsletter.core.digests.headers import MessageHeaders
from newsletter.core.digests.message import (
    Fragment,
    compose,
)

BASE = "https://news.example.org"
PIECES = [
    Fragment("<h1>Nine papers</h1>\n", "Nine papers\n.a line that begins with a dot\n..and two\n"),
    Fragment(
        '<p>Sent to [[email]]. <a href="[[unsubscribe_url]]">Unsubscribe</a></p>\n',
        "Sent to [[email]].\n[[unsubscribe_url]]\n",
    ),
]


def outgoing(
    number: int = 1,
    *,
    recipient: str = "",
    shared_key: str = "",
    sender: str = "bounces@news.example.org",
    fragments: Sequence[Fragment] = PIECES,
    email: str = "",
) -> Outgoing:
    """Make message ``number``; those with the same ``shared_key`` differ in what is personal only."""
    recipient = recipient or f"reader{number}@example.com"
    placeholders = {"email": email or recipient, "unsubscribe_url": f"{BASE}/unsubscribe/{number:037d}"}
    headers = MessageHeaders(
        from_name="arXiv digest",
        from_email="digest@news.example.org",
        to=recipient if not recipient.isascii() else f"reader{number}@example.com",
        subject="9 new papers",
        date=datetime(2026, 6, 19, 6, 0, tzinfo=UTC),
        message_id=f"<{number:032x}@news.example.org>",
        delivery_id=str(UUID(int=number)),
        reply_to="team@example.org",
        list_id="digests.news.example.org",
        list_unsubscribe_url=placeholders["unsubscribe_url"],
        feedback_id="digest:arxiv-newsletter",
    )
    return Outgoing(
        delivery_id=headers.delivery_id,
        sender=sender,
        recipient=recipient,
        headers=headers,
        message=compose(headers, fragments, placeholders=placeholders),
        fragments=fragments,
        values=placeholders,
        shared_key=shared_key,
    )


class Begun:
    """The ``Bodies`` of a test: lets all begin but ``refused``, and keeps what it was told."""

    def __init__(self, *, refused: Collection[str] = ()) -> None:
        self.refused = set(refused)
        self.asked: list[tuple[str, ...]] = []
        self.ended: list[tuple[str, ...]] = []

    def prepare(self, delivery_ids: Sequence[str]) -> frozenset[str]:
        return frozenset(delivery_ids) - self.refused

    def begin(self, delivery_ids: Sequence[str]) -> frozenset[str]:
        self.asked.append(tuple(delivery_ids))
        return frozenset(delivery_ids) - self.refused

    def end(self, delivery_ids: Sequence[str]) -> None:
        self.ended.append(tuple(delivery_ids))

    @property
    def ids(self) -> list[str]:
        return [delivery_id for batch in self.asked for delivery_id in batch]


def send(mailer: Mailer, messages: Sequence[Outgoing], bodies: Begun | None = None) -> list[Outcome]:
    return list(mailer.send(messages, bodies=bodies or Begun()))


def verdicts(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.verdict.value for outcome in outcomes]
