"""Times, states and refusals in words. English, as all of the operator's pages and commands are."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from newsletter.core.delivery.redaction import redacted
from newsletter.core.delivery.refusals import is_no_such_mailbox
from newsletter.models.delivery import State

STATES = {
    State.PLANNED: "planned",
    State.COMPOSED: "composed",
    State.SENDING: "sending",
    State.RETRY_WAIT: "waiting",
    State.ACCEPTED: "accepted",
    State.DELIVERED: "delivered",
    State.BOUNCED: "bounced",
    State.COMPLAINED: "complained about",
    State.AMBIGUOUS: "unknown",
    State.SKIPPED: "skipped",
    State.CANCELLED: "cancelled",
    State.EXPIRED: "overtaken",
    State.FAILED: "failed",
    State.QUARANTINED: "set aside",
}
LONGEST_DETAIL = 160
_SPACES = re.compile(r"\s+")


def number(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun: ``1 digest``, ``1,200 digests``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def clock(at: datetime, *, now: datetime) -> str:
    """Return a moment in UTC as short as it is clear: ``08:21`` today, else ``22 June 08:21``."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    if at.date() == now.date():
        return f"{at:%H:%M}"
    year = "" if at.year == now.year else f" {at.year}"
    return f"{at.day} {at:%B}{year} {at:%H:%M}"


def wait(span: timedelta) -> str:
    """Return a wait as a person says it: ``in 7 minutes``, ``at once``."""
    seconds = round(span.total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= size:
            return f"in {number(seconds // size, unit)}"
    return f"in {number(seconds, 'second')}" if seconds > 0 else "at once"


def one_line(text: str) -> str:
    """Return a text on one line, without any address or link key."""
    return _SPACES.sub(" ", redacted(text, names=(), by="…")).strip()


def shortened(detail: str) -> str:
    """Return a mail server's words on one line, cut where they are long."""
    line = one_line(detail)
    return line if len(line) <= LONGEST_DETAIL else f"{line[:LONGEST_DETAIL].rstrip()}…"


def refusal(code: str, detail: str) -> str:
    """Return what an answer says in words: of a mail server, of a provider, or of nobody."""
    words = detail.lower()
    said = f" ({shortened(f'{code} {_without_code(code, detail)}')})" if code or detail else ""
    if words.startswith("no connection"):
        refused = "refused" in words
        return "the mail server refused the connection" if refused else "the mail server cannot be reached"
    if is_no_such_mailbox(code, detail):
        return f"address rejected{said}"
    if code == "429":
        return f"the provider wants fewer mails a second{said}"
    if code.startswith("4"):
        return f"the mail server asked to wait{said}"
    if code.startswith("5"):
        return f"the mail server refused it{said}"
    return shortened(f"{code} {detail}") or "no reason was recorded"


def _without_code(code: str, detail: str) -> str:
    return detail.removeprefix(code).strip() if code else detail
