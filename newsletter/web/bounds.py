"""Limits of request bodies, by path. The server checks them before storing a byte."""

from __future__ import annotations

import re

MOST_HEADER_BYTES = 32_768
MOST_BODY_BYTES = 65_536
"""Larger than a form with every topic ticked."""
_MORE = {
    "/hooks/": 2_000_000,  # a provider sends a batch once it has 768 kB, or every few seconds
    "/admin/": 1_000_000,
    "/preferences/": 262_144,  # the workshop's pasted texts, percent-encoded
}
MOST_FILE_BYTES = 10 * 1024 * 1024
"""A library of 5,000 papers with abstracts."""
_FILE = re.compile(r"/preferences/[^/]+/taste/import/?")
"""The one form that uploads a file."""
_MULTIPART = "/unsubscribe/"
"""RFC 8058 §3.1 allows mail programs to send their one field as multipart."""


def takes_file(path: str) -> bool:
    return _FILE.fullmatch(path) is not None


def most_body_bytes(path: str) -> int:
    """Return how long the body of a request to ``path`` may be."""
    if takes_file(path):
        return MOST_FILE_BYTES + MOST_BODY_BYTES
    return next((most for prefix, most in _MORE.items() if path.startswith(prefix)), MOST_BODY_BYTES)


def takes_type(path: str, content_type: str) -> bool:
    """Whether a body of this type may be sent to ``path``."""
    is_multipart = content_type.strip().lower().startswith("multipart/")
    return not is_multipart or path.startswith(_MULTIPART) or takes_file(path)
