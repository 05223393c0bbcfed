"""Limits of request bodies, by path. The server checks them before storing a byte."""

from __future__ import annotations

MOST_HEADER_BYTES = 32_768
MOST_BODY_BYTES = 65_536
"""Larger than a form with every topic ticked."""
_MORE = {
    "/hooks/": 2_000_000,  # a provider sends a batch once it has 768 kB, or every few seconds
    "/admin/": 1_000_000,
    "/preferences/": 262_144,  # the workshop's pasted texts, percent-encoded
}
_MULTIPART = "/unsubscribe/"
"""RFC 8058 §3.1 allows mail programs to send their one field as multipart. No form of ours uploads a file."""


def most_body_bytes(path: str) -> int:
    """Return how long the body of a request to ``path`` may be."""
    return next((most for prefix, most in _MORE.items() if path.startswith(prefix)), MOST_BODY_BYTES)


def takes_type(path: str, content_type: str) -> bool:
    """Whether a body of this type may be sent to ``path``."""
    is_multipart = content_type.strip().lower().startswith("multipart/")
    return not is_multipart or path.startswith(_MULTIPART)
