"""A mail program's or a browser's request to this service's own pages, at the address readers use."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from newsletter.errors import TemporaryError

TIMEOUT = (5.0, 20.0)
"""Seconds to connect, and to wait for an answer."""
NOT_OURS = frozenset({502, 503, 504})
"""A proxy's answers while the service behind it is down."""


def post(url: str, fields: Mapping[str, str]) -> tuple[int, bytes]:
    """Post a form without cookies and without following a redirect (RFC 8058 §3.1); return status and body.

    Raises TemporaryError when nobody answers, or only a proxy.
    """
    try:
        answer = requests.post(url, data=dict(fields), timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        raise TemporaryError(f"{url.partition('?')[0]} does not answer: {type(error).__name__}") from error
    if answer.status_code in NOT_OURS:
        raise TemporaryError(f"the service does not answer: HTTP {answer.status_code}")
    return answer.status_code, answer.content
