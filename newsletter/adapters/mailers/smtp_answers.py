"""What an SMTP server's answers mean for the message, its reader and the transport."""

from __future__ import annotations

import re

from newsletter.adapters.ports import Verdict
from newsletter.core.delivery.refusals import is_no_such_mailbox

CLOSING = 421
"""RFC 5321 §3.8: the server ends the connection."""
_ACCOUNT_IS_REFUSED = frozenset({530, 534, 535, 538})
"""RFC 4954 §6: login required, too weak, failed, or in need of encryption."""
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")


class Refused(Exception):
    """The server refused. ``on_recipient``: after RCPT TO."""

    def __init__(self, code: int, reply: bytes | str, *, on_recipient: bool = True) -> None:
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
        text = " ".join(text.split())
        found = _ENHANCED.match(text)
        self.code = code
        self.enhanced = found[0] if found else ""
        self.text = text.removeprefix(self.enhanced).lstrip()
        self.on_recipient = on_recipient
        super().__init__(self.full_code)

    @property
    def full_code(self) -> str:
        return f"{self.code} {self.enhanced}".rstrip()

    @property
    def verdict(self) -> Verdict:
        if self.code in _ACCOUNT_IS_REFUSED:
            return Verdict.TRANSPORT_DOWN
        if self.code < 500:
            return Verdict.RETRY
        if not self.on_recipient:  # our sender or the size, not the recipient
            return Verdict.BAD_MESSAGE
        is_wrong = is_no_such_mailbox(self.enhanced, f"{self.enhanced} {self.text}")
        return Verdict.BAD_ADDRESS if is_wrong else Verdict.REFUSED

    @property
    def ends_all(self) -> bool:
        """Whether the next message would get the same answer."""
        return self.code == CLOSING or self.verdict is Verdict.TRANSPORT_DOWN


class Lost(Exception):
    """The session broke off: the server hung up, sent nonsense, or (``hangs``) did not answer."""

    def __init__(self, detail: str, *, hangs: bool = False) -> None:
        super().__init__(detail)
        self.hangs = hangs


class Gone(Exception):
    """Nothing more can be sent for now: ``verdict`` is this message's, and unless UNKNOWN, the rest's too."""

    def __init__(self, verdict: Verdict, detail: str, *, code: str = "") -> None:
        super().__init__(detail)
        self.verdict, self.detail, self.code = verdict, detail, code
