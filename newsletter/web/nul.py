"""Refuse requests with a NUL: PostgreSQL fails on one."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError

FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


class RefuseNul:
    """Answer 404 where the path holds one, and 400 where the query, a cookie or a field of a form does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            raise Http404
        if _holds_nul(request):
            return HttpResponseBadRequest("A NUL character.\n", content_type="text/plain; charset=utf-8")
        return self._get_response(request)


def _holds_nul(request: HttpRequest) -> bool:
    sent = (unquote(request.META.get("QUERY_STRING", "")), *request.COOKIES.values())
    if any("\0" in each for each in sent):
        return True
    # One-click requests store nothing, and even an unreadable form must unsubscribe.
    is_kept = request.content_type in FORMS and not request.path_info.startswith("/unsubscribe/")
    return is_kept and _form_holds_nul(request)


def _form_holds_nul(request: HttpRequest) -> bool:
    """An unreadable form is left to its view."""
    try:
        return any("\0" in each for key, values in request.POST.lists() for each in (key, *map(str, values)))
    except (MultiPartParserError, SuspiciousOperation, BadRequest, UnreadablePostError):
        return False
