"""arXiv's API: as few queries as it takes, each answered whole or not at all.

Of the ``arxiv`` package the parser is used (arxiv_feed.py), not its ``Client``, which has no time-out,
retries at a fixed pace whatever Retry-After says, and takes a broken answer for a short one.
Which papers are new, and when to ask, is the pipeline's.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

from newsletter.adapters.arxiv.feed import Page, ShortError, UnusableError, check, newest, parse
from newsletter.adapters.infra.http import TIMEOUT, USER_AGENT, Refused, Retry, get
from newsletter.adapters.ports import Answer, RequestGate, Window
from newsletter.config import ARXIV_API
from newsletter.errors import BadInput, IncompleteAnswer, PermanentError, TemporaryError

PAGE_SIZE = 2_000
"""The most results of one request (arXiv API manual §3.1.1.2)."""
NEWEST = 100
"""Entries of a look at the newest ones."""
SHORT_TRIES = 3
"""So often a page comes with too few entries before it is kept, where the caller would keep it."""
MAX_RESULTS = 30_000
"""The most results of one query (same section): a longer window is halved."""
MAX_URL = 4_000
"""Longest address asked for, in characters: half of what RFC 9110 §4.1 expects everyone to accept."""
MOST_IDS = 200
"""Ids of one request: they fit MAX_URL."""
FOUND = 100
"""Entries of a search by title: the first of each title's are what it is about."""
MOST_WORDS = 16
"""Of a title that is searched for: so many find it, and ten titles fit MAX_URL."""
MAX_BYTES = 64 * 1024 * 1024

_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)?(?:\.(?:[A-Za-z]+(?:-[a-z]+)?|\*))?")
_MINUTE = timedelta(minutes=1)
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArxivApi:
    """A PaperSource and a PaperFinder.

    Every request is made inside ``gate`` and its connection closed before the gate is.
    """

    gate: RequestGate
    url: str = ARXIV_API
    timeout: tuple[float, float] = TIMEOUT
    """Seconds to connect, and between two bytes; an answer as a whole may take ``give_up_after``."""
    page_size: int = PAGE_SIZE
    give_up_after: float = 60.0
    """Seconds that failed requests and the pauses after them may take, for one ``fetch`` altogether."""
    user_agent: str = USER_AGENT
    """Name the service and a way to reach its operator."""
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def fetch(
        self, categories: Collection[str], *, window: Window, most_missing: int = 0
    ) -> Iterator[Answer]:
        """Yield one answer per query; in a window that had to be halved a paper may come twice.

        ``categories`` are arXiv's, ``cs.*`` for a whole archive. The window is rounded outwards to whole
        minutes, which is all that submittedDate knows. Raises BadInput for what cannot be a category.
        """
        patience = Retry(left=self.give_up_after)
        for group in self._groups(categories, window=window):
            yield from self._query(group, window=window, patience=patience, most_missing=most_missing)

    def newest(self, categories: Collection[str], *, window: Window) -> Answer:
        """Return the newest entries of the window, one request per query, however many it promises."""
        patience = Retry(left=self.give_up_after)
        queries = [_query(group, window=window) for group in self._groups(categories, window=window)]
        pages = [
            self._page(query, start=0, size=NEWEST, patience=patience, most_missing=NEWEST)
            for query in queries
        ]
        return _answer(f"newest of {'; '.join(queries)}", pages)

    def by_ids(self, ids: Sequence[str]) -> Answer:
        """Return those of at most MOST_IDS papers that arXiv has, each in its present version."""
        return self._find({"id_list": ",".join(ids), "max_results": str(MOST_IDS)})

    def by_titles(self, titles: Sequence[str]) -> Answer:
        """Return papers whose titles hold the words of one of these in a row, the best matches first."""
        phrases = (" ".join(_NO_WORD.sub(" ", title).split()[:MOST_WORDS]) for title in titles)
        query = " OR ".join(f'ti:"{phrase}"' for phrase in phrases if phrase)
        return self._find({"search_query": query, "max_results": str(FOUND), "sortBy": "relevance"})

    def _find(self, parameters: Mapping[str, str]) -> Answer:
        """Ask for one page, of which nothing is promised: what is not in it was not found."""
        address = f"{self.url}?{urlencode(parameters, safe=',')}"
        page = self._ask(address, read=_some, patience=Retry(left=self.give_up_after))
        return _answer(next(iter(parameters.values())), [page])

    def read_file(self, path: str) -> Answer:
        """Read a saved page of the API, which need not be all of its query. Raises BadInput."""
        try:
            body = Path(path).read_bytes()
        except OSError as error:
            raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from error
        try:
            page = parse(body)
            check(page)
        except UnusableError as error:
            raise BadInput(
                f"{path}: {error}; give an answer of arXiv's API saved whole (Atom XML)"
            ) from error
        papers = newest(page.papers)
        return Answer(query=path, total_results=page.total, papers=papers, refused=page.refused)

    # --- queries -------------------------------------------------------------------------------------------

    def _groups(self, wanted: Collection[str], *, window: Window) -> Iterator[Sequence[str]]:
        """Divide the categories so that no address is too long: as few groups as that takes."""
        for category in wanted:
            if not _CATEGORY.fullmatch(category):
                raise BadInput(f"not an arXiv category: {category!r}")
        categories = sorted(set(wanted))
        whole = {category[:-1] for category in categories if category.endswith(".*")}
        left = [
            name for name in categories if name.endswith("*") or name.partition(".")[0] + "." not in whole
        ]
        while left:
            for size in range(len(left), 0, -1):
                query = _query(left[:size], window=window)
                longest = self._address(query, start=99_999, size=self.page_size)
                if len(longest) <= MAX_URL:
                    break
            yield left[:size]
            left = left[size:]

    def _query(
        self, categories: Sequence[str], *, window: Window, patience: Retry, most_missing: int
    ) -> Iterator[Answer]:
        query = _query(categories, window=window)
        pages: list[Page] = []
        while not pages or len(pages) * self.page_size < pages[0].total:
            missing = sum(page.missing for page in pages)
            page = self._page(
                query,
                start=len(pages) * self.page_size,
                size=self.page_size,
                patience=patience,
                most_missing=most_missing,
                missing=missing,
            )
            if page.total > MAX_RESULTS:
                for half in _halves(window):
                    yield from self._query(
                        categories, window=half, patience=patience, most_missing=most_missing
                    )
                return
            pages.append(page)
            if page.total != pages[0].total:
                raise TemporaryError(
                    f"arXiv's number of results changed from {pages[0].total} to {page.total} between pages"
                )
        yield _answer(query, pages)

    def _address(self, query: str, *, start: int, size: int) -> str:
        parameters = {
            "search_query": query,
            "start": str(start),
            "max_results": str(size),
            "sortBy": "submittedDate",
            "sortOrder": "descending",
        }
        return f"{self.url}?{urlencode(parameters)}"

    # --- requests ------------------------------------------------------------------------------------------

    def _page(
        self,
        query: str,
        *,
        start: int,
        size: int,
        patience: Retry,
        most_missing: int,
        missing: int = 0,
    ) -> Page:
        """Ask until a whole page comes or the patience ends; then raise what went wrong last.

        ``missing`` entries were missing from the pages before; with at most ``most_missing`` in all a page
        that stays short is kept.
        """

        def read(body: bytes, attempt: int) -> Page:
            kept = most_missing - missing if attempt >= SHORT_TRIES else 0
            return _checked(body, start=start, size=size, most_missing=kept, missing=missing)

        return self._ask(self._address(query, start=start, size=size), read=read, patience=patience)

    def _ask(self, address: str, *, read: Callable[[bytes, int], Page], patience: Retry) -> Page:
        """``read`` gets the body and which attempt it is; it raises TemporaryError to have it asked again."""
        for attempt in count(1):
            with self.gate():
                began = time.monotonic()
                try:
                    return read(self._get(address, seconds=patience.left), attempt)
                except TemporaryError as error:
                    failed, elapsed = error, time.monotonic() - began
            patience.wait(failed, elapsed=elapsed, sleep=self.sleep)
        raise AssertionError("the patience ends before the numbers do")

    def _get(self, address: str, *, seconds: float) -> bytes:
        try:
            return get(
                address,
                whom="arXiv",
                seconds=seconds,
                max_bytes=MAX_BYTES,
                timeout=self.timeout,
                user_agent=self.user_agent,
            ).body
        except Refused as refused:
            said = f"{refused}{_error_entry(refused.body)}"
            raise PermanentError(said, reason=refused.reason, status=refused.status) from refused


def _checked(body: bytes, *, start: int, size: int, most_missing: int, missing: int) -> Page:
    try:
        page = parse(body)
        check(page, start=start, asked=size)
    except ShortError as short:
        if short.missing <= most_missing:
            return replace(page, missing=short.missing)
        error = IncompleteAnswer(f"arXiv's answer cannot be used: {short}", status=200)
        error.missing = missing + short.missing
        raise error from short
    except UnusableError as unusable:
        raise TemporaryError(f"arXiv's answer cannot be used: {unusable}", status=200) from unusable
    return page


def _some(body: bytes, _attempt: int) -> Page:
    """Read a page of a search, which need not be all of it; an empty one that promises more is no answer."""
    try:
        page = parse(body)
    except UnusableError as unusable:
        raise TemporaryError(f"arXiv's answer cannot be used: {unusable}", status=200) from unusable
    if page.total and not page.entries:
        raise TemporaryError(f"arXiv's answer is empty and promises {page.total} entries", status=200)
    return page


def _answer(query: str, pages: Sequence[Page]) -> Answer:
    return Answer(
        query=query,
        total_results=sum(page.total for page in pages if not page.start),
        papers=newest([paper for page in pages for paper in page.papers]),
        requests=len(pages),
        refused=tuple(line for page in pages for line in page.refused),
        missing=sum(page.missing for page in pages),
    )


def _query(categories: Sequence[str], *, window: Window) -> str:
    asked = " OR ".join(f"cat:{category}" for category in categories)
    start, end = (f"{moment.astimezone(UTC):%Y%m%d%H%M}" for moment in _whole_minutes(window))
    return f"({asked}) AND submittedDate:[{start} TO {end}]"


def _whole_minutes(window: Window) -> tuple[datetime, datetime]:
    end = window.end.replace(second=0, microsecond=0)
    return window.start.replace(second=0, microsecond=0), end if end == window.end else end + _MINUTE


def _halves(window: Window) -> tuple[Window, Window]:
    """The later half first, as the results are; both hold the minute in between."""
    start, end = _whole_minutes(window)
    if end - start <= _MINUTE:
        raise PermanentError(f"arXiv has more than {MAX_RESULTS} results for one minute", reason="too_many")
    middle = start + (end - start) // 2 // _MINUTE * _MINUTE
    return Window(start=middle, end=end), Window(start=start, end=middle)


def _error_entry(body: bytes) -> str:
    """What a refusal's error entry says, as ``: incorrect id format``, or nothing."""
    try:
        parse(body)
    except UnusableError as error:
        return f": {error}"
    return ""
