"""Tolerate trailing characters after a link: a full stop, bracket or invisible space from the text.

Mail programs and people copy too much. No URL of this service ends in such a character.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

_MARKS = frozenset(".,:;!?)]}>\"'*|…。，、：；！？）】》」』”’")


class TrimLinks:
    """Strip such characters from the path, without a redirect (RFC 8058 §3.1)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if excess := _excess(request.path_info):
            request.path = request.path[:-excess] or "/"
            request.path_info = request.path_info[:-excess] or "/"
        return self._get_response(request)


def _excess(path: str) -> int:
    """Return how many trailing characters are not part of a link."""
    end = len(path)
    while end and (path[end - 1] in _MARKS or unicodedata.category(path[end - 1]) in ("Zs", "Cf")):
        end -= 1
    return len(path) - end
