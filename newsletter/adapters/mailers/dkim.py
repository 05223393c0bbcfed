"""DKIM (RFC 6376, RFC 8463): sign a message when it is sent.

The signature is not stored: a retry rebuilds the same bytes and signs them again.
"""

from __future__ import annotations

import dkim

from newsletter.config.dkim_key import read_dkim_key
from newsletter.errors import PermanentError

SIGNED = (
    *(b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id"),
    *(b"in-reply-to", b"references", b"mime-version", b"content-type", b"content-transfer-encoding"),
    *(b"list-id", b"list-unsubscribe", b"list-unsubscribe-post", b"feedback-id", b"auto-submitted"),
    b"x-newsletter-delivery",
)
"""RFC 6376 §5.4.1, RFC 8058 §4: what a mail program shows or acts on."""
_TWICE = [name for name in SIGNED for _ in range(2)]
"""RFC 6376 §8.15: named once more than it occurs, a header cannot be added on the way; which of two is shown
differs from program to program."""


class DkimSigner:
    """Signs messages for one domain. Safe to share between threads."""

    def __init__(self, key: str, *, selector: str, domain: str) -> None:
        """Raises ConfigurationError, as ``read_dkim_key`` does."""
        self._algorithm, self._key = read_dkim_key(key, selector=selector, domain=domain)
        self._selector, self._domain = selector.encode(), domain.encode()

    def __call__(self, message: bytes) -> bytes:
        """Return the message with its signature as the first header. Raises PermanentError."""
        try:
            header: bytes = dkim.sign(
                message,
                self._selector,
                self._domain,
                self._key,
                canonicalize=(b"relaxed", b"relaxed"),
                signature_algorithm=self._algorithm,
                include_headers=_TWICE,
            )
        except dkim.DKIMException as error:
            raise PermanentError(f"DKIM: cannot be signed: {error}", reason="dkim") from error
        return header + message
