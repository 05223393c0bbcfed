"""Public pages and feeds: rendered and compressed once a change, and answered with 304 where nothing changed.

Each web process keeps pages in its memory. A kept page is shown only while its version is the database's
(``models/page_change.py``), which one statement asks for each time, so that a change by whatever process
shows at once: a page that was taken down must not be shown from here, nor from a browser's or proxy's cache.

Kept are pages that are the same for everybody: no cookie, no token, no CSRF field, and of the address's
parameters only those that ``variant`` knows. What is personal is never compressed either (BREACH).
"""

from __future__ import annotations

import gzip
import hashlib
import math
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar

from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.utils.cache import (
    get_conditional_response,
    has_vary_header,
    patch_cache_control,
    patch_vary_headers,
)
from django.utils.http import http_date

from newsletter.core.arxiv.papers import parse_id
from newsletter.models.page_change import Version, page_version
from newsletter.web.pages import PUBLIC, View, current_language

MOST_BYTES = 64_000
"""Compressed: with ``MAX_ENTRIES`` of the settings it bounds the memory."""
LEVEL = 6
_GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))", re.IGNORECASE)
"""In Accept-Encoding, not refused (RFC 9110 §12.5.3)."""
_VERSION = "newsletter.page_version"
"""In ``request.META``."""
_RENDERING = tuple(threading.Lock() for _ in range(32))
T = TypeVar("T")
Variant = Callable[[HttpRequest], str | None]


@dataclass(frozen=True, slots=True)
class Kept:
    version: Version
    papers: tuple[int, ...]
    """Whose summaries it shows, beside those of the address's topic or paper."""
    compressed: bytes
    etag: str
    modified_at: int
    """Seconds since 1970, rounded up. Not told before that second has passed: within it a page may change
    again, and who asks by date alone would never know."""
    headers: Mapping[str, str]


def for_all(request: HttpRequest) -> str | None:  # noqa: ARG001 - a variant
    """Pass over all parameters of the address."""
    return ""


def no_papers(**_arguments: str) -> Iterable[int]:
    """Show no paper that the address does not name."""
    return ()


def rendered_once(
    variant: Variant = for_all, *, beside: Callable[..., Iterable[int]] = no_papers
) -> Callable[[View], View]:
    """Keep a view's pages. ``variant``: what they depend on besides address and language, None if on more.

    ``beside``: what the view will name to ``shows``, of a page that is not kept yet. Without it such a page
    is rendered twice.

    The view is asked with its arguments from the address: ``slug`` is a topic's, ``arxiv_id`` a paper's.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def answer(request: HttpRequest, **arguments: str) -> HttpResponse:
            request.META[PUBLIC] = True
            chosen = variant(request) if _is_for_all(request) else None
            if chosen is None:
                return view(request, **arguments)
            key = _key(request, chosen)
            found = _current(key, arguments) or _rendered(view, request, key, arguments, beside)
            return _shown(request, found) if isinstance(found, Kept) else found

        return answer

    return decorate


def version_of_all(request: HttpRequest) -> Version:
    """Return the version of everything public, asked for once a request."""
    known: Version | None = request.META.get(_VERSION)
    if known is None:
        known = request.META[_VERSION] = page_version(connection)
    return known


def kept_value(name: str, make: Callable[[], T], *, version: Version | None = None) -> T:
    """Return what ``make`` returned for the present version of everything public.

    ``make`` looks at nothing that is one reader's: all share what it returns.
    """
    version = version or page_version(connection)
    found: tuple[Version, T] | None = caches["pages"].get(name)
    if found is None or found[0] != version:
        found = (version, make())
        caches["pages"].set(name, found)
    return found[1]


def dont_keep(response: HttpResponse) -> HttpResponse:
    """Mark a page that depends on the time of day, or stands under an address of no use."""
    patch_cache_control(response, no_store=True)
    return response


def shows(response: HttpResponse, papers: Iterable[int]) -> HttpResponse:
    """Say whose summaries a page shows that its address does not name: a few papers' primary keys."""
    response.shown_papers = tuple(papers)  # type: ignore[attr-defined]  # read below
    return response


def _is_for_all(request: HttpRequest) -> bool:
    return (
        request.method in ("GET", "HEAD")
        and settings.SESSION_COOKIE_NAME not in request.COOKIES
        and "Authorization" not in request.headers
    )


def _key(request: HttpRequest, variant: str) -> str:
    parts = (settings.CONFIG.base_url, request.path, current_language(), variant)
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _version(arguments: Mapping[str, str], papers: tuple[int, ...]) -> Version:
    asked = parse_id(arguments.get("arxiv_id", ""))  # in any form
    paper = asked.base if asked else ""
    return page_version(connection, topic=arguments.get("slug", ""), paper=paper, papers=papers)


def _current(key: str, arguments: Mapping[str, str]) -> Kept | None:
    kept: Kept | None = caches["pages"].get(key)
    return kept if kept is not None and kept.version == _version(arguments, kept.papers) else None


def _rendered(
    view: View,
    request: HttpRequest,
    key: str,
    arguments: Mapping[str, str],
    beside: Callable[..., Iterable[int]],
) -> Kept | HttpResponse:
    """Render and keep a page, one thread at a time: the others then find it."""
    with _RENDERING[int(key[:8], 16) % len(_RENDERING)]:
        if (found := _current(key, arguments)) is not None:
            return found
        before: Kept | None = caches["pages"].get(key)
        papers = before.papers if before else tuple(beside(**arguments))
        for _ in range(2):  # a second time where the page shows papers whose version was not asked for
            version = _version(arguments, papers)  # before the view reads anything
            response = view(request, **arguments)
            if not _may_be_kept(request, response):
                return response
            shown: tuple[int, ...] = getattr(response, "shown_papers", ())
            if {*shown} <= {*papers}:
                kept = _kept(response, version=version, papers=papers, before=before)
                if len(kept.compressed) <= MOST_BYTES:
                    caches["pages"].set(key, kept)
                return kept
            papers = shown
        return response


def _may_be_kept(request: HttpRequest, response: HttpResponse) -> bool:
    return (
        response.status_code == 200
        and not response.streaming
        and not response.cookies
        and not response.has_header("Cache-Control")
        and not has_vary_header(response, "Cookie")
        and "CSRF_COOKIE_NEEDS_UPDATE" not in request.META  # a form's token was made
        and not getattr(getattr(request, "session", None), "accessed", False)
    )


def _kept(response: HttpResponse, *, version: Version, papers: tuple[int, ...], before: Kept | None) -> Kept:
    headers = {name: value for name, value in response.items() if name not in ("ETag", "Last-Modified")}
    etag = f'W/"{hashlib.sha256(response.content).hexdigest()[:32]}"'  # weak: of plain and compressed bytes
    is_same = before is not None and before.etag == etag
    compressed = before.compressed if before and is_same else gzip.compress(response.content, LEVEL, mtime=0)
    # Now, also of the same bytes: another process may have shown others meanwhile.
    return Kept(version, papers, compressed, etag, math.ceil(time.time()), headers)


def _shown(request: HttpRequest, kept: Kept) -> HttpResponse:
    unchanged = get_conditional_response(request, etag=kept.etag, last_modified=kept.modified_at)
    response = _whole(request, kept) if unchanged is None else unchanged
    patch_vary_headers(response, ["Accept-Encoding"])
    # A browser or proxy may keep it, and asks each time: see above.
    patch_cache_control(response, no_cache=True)
    response.headers["ETag"] = kept.etag
    if kept.modified_at <= time.time():
        response.headers["Last-Modified"] = http_date(kept.modified_at)
    return response


def _whole(request: HttpRequest, kept: Kept) -> HttpResponse:
    if not _GZIP.search(request.headers.get("Accept-Encoding", "")):
        return HttpResponse(gzip.decompress(kept.compressed), headers=dict(kept.headers))
    response = HttpResponse(kept.compressed, headers=dict(kept.headers))
    response.headers["Content-Encoding"] = "gzip"
    return response
