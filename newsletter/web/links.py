"""Links with something after their end: the full stop, bracket or invisible space that stood behind them.

Mail programs and people take too much. No address of this service ends in such a character, so whatever does
is meant without it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

_MARKS = frozenset(".,:;!?)]}>\"'*|…。，、：；！？）】》」』”’")


class TrimLinks:
    """Answer a path as if it ended where a link of ours does; nothing is redirected (RFC 8058 §3.1)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if excess := _excess(request.path_info):
            request.path = request.path[:-excess] or "/"
            request.path_info = request.path_info[:-excess] or "/"
        return self._get_response(request)


def _excess(path: str) -> int:
    """Return how many characters at the end belong to no link."""
    end = len(path)
    while end and (path[end - 1] in _MARKS or unicodedata.category(path[end - 1]) in ("Zs", "Cf")):
        end -= 1
    return len(path) - end
