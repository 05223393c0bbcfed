"""The interfaces between pipeline and adapters: Protocols, and the values that cross."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from newsletter.core.arxiv.full_text import FullText
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import Query
from newsletter.core.arxiv.search import Search
from newsletter.core.delivery.events import EventKind
from newsletter.core.digests.headers import MessageHeaders
from newsletter.core.digests.message import Fragment
from newsletter.core.summaries.prompt import Prompt
from newsletter.core.summaries.summary import DetailLevel, Draft, Voice

# --- arXiv -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Papers whose first version was submitted from ``start`` up to and including ``end`` (aware UTC)."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One checked answer: as many entries as arXiv promised, except those ``missing``."""

    query: str
    """What was asked, or the name of the file that was read."""
    total_results: int
    papers: tuple[PaperRecord, ...]
    requests: int = 1
    """How many pages were fetched."""
    refused: tuple[str, ...] = ()
    """One line for each entry that could not be read: which and why."""
    missing: int = 0
    """Entries that arXiv promised and did not send, even after retries."""


class PaperSource(Protocol):
    def fetch(
        self, categories: Collection[str], *, window: Window, most_missing: int = 0
    ) -> Iterable[Answer]:
        """Yield one answer per query needed for ``categories``, each with at most so many entries missing.

        Raises IncompleteAnswer where more are missing, TemporaryError (time-out, 429, 5xx, an inconsistent
        answer) or PermanentError.
        """
        ...

    def newest(self, categories: Collection[str], *, window: Window) -> Answer:
        """Return the few newest papers of the window, with one small request per query.

        It need not be complete. Raises TemporaryError or PermanentError.
        """
        ...

    def read_file(self, path: str) -> Answer:
        """Read a saved API answer through the same parser. Raises BadInput for anything else."""
        ...


class PaperFinder(Protocol):
    """Single papers, however old. Both raise TemporaryError or PermanentError."""

    def by_ids(self, ids: Sequence[str]) -> Answer:
        """Return those of at most 200 papers that arXiv has."""
        ...

    def by_titles(self, titles: Sequence[str]) -> Answer:
        """Return what one search for a few titles finds, perhaps with other papers among it."""
        ...


RequestGate = Callable[[], AbstractContextManager[None]]
"""Context manager that waits for this service's turn at arXiv. While open, no other process has a
connection."""

# --- search ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """A page of what a search found."""

    total: int
    paper_ids: tuple[int, ...]
    """Database ids, in order."""
    papers: int
    """How many are searched."""
    is_whole: bool
    """No paper is missing from the index."""


class PaperIndex(Protocol):
    """The search index. A reader finds None and 0 where it is missing or cannot be read."""

    def search(
        self, search: Search, *, limit: int, offset: int = 0, newest_first: bool = False
    ) -> Hits | None:
        """Return a page of papers. Raises BadInput for a query that cannot be run."""
        ...

    def count(self, query: Query) -> int: ...

    @property
    def papers(self) -> int | None:
        """Return how many it holds."""
        ...

    @property
    def exists(self) -> bool: ...

    def writing(
        self, *, anew: bool = False, is_made: bool = True
    ) -> AbstractContextManager[PaperIndexWriter | None]:
        """Yield its only writer; None where another process is at it, or where there is none to keep up.

        ``is_made``: make it where it is missing. ``anew``: without what it holds. One that cannot be read is
        always made anew.
        """
        ...


class PaperIndexWriter(Protocol):
    """What was not committed when the process ends is not there."""

    @property
    def papers(self) -> int: ...

    @property
    def newest_change(self) -> datetime | None:
        """Return the latest ``changed_at`` of its papers: how far the database was read."""
        ...

    def changes_of(self, paper_ids: Sequence[int]) -> dict[int, datetime]:
        """Return ``changed_at`` of those of these papers that it holds."""
        ...

    def changes_between(self, first: int, last: int | None) -> dict[int, datetime]:
        """Return those of the papers with these ids, both included; ``last``: None for no end."""
        ...

    def put(self, papers: Iterable[tuple[int, PaperRecord, datetime]]) -> None:
        """Add papers with their ids and ``changed_at``, in place of what it holds of them."""
        ...

    def remove(self, paper_ids: Iterable[int]) -> None: ...

    def commit(self, *, is_whole: bool) -> None:
        """Show readers what was written. ``is_whole``: no paper of the database is missing."""
        ...


# --- full texts ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An encoded picture without metadata."""

    data: bytes
    extension: str
    """``png`` or ``jpg``."""
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFigure:
    """A figure whose image may be shown."""

    number: str
    """As printed."""
    caption: str
    """Without its number."""
    image: Image
    mail_image: Image | None
    """Under 60 KB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperText:
    text: FullText
    figures: tuple[PaperFigure, ...] = ()


class FullTextSource(Protocol):
    def licence(self, paper: PaperRecord) -> str:
        """Return the address of the paper's licence, empty where none is known.

        Raises TemporaryError or PermanentError.
        """
        ...

    def read(self, paper: PaperRecord, *, figures: int) -> PaperText:
        """Fetch and read this version of a paper, with at most that many of its figures.

        Raises TemporaryError (ask again soon; reason ``turn`` when nothing was asked) or PermanentError with
        a reason: ``missing``, ``not_paper``, ``other_paper``, ``truncated``, ``empty``,
        ``conversion_errors``, ``too_big``, ``too_deep``, ``timed_out``, ``moved``, ``refused``.
        """
        ...


# --- summaries -------------------------------------------------------------------------------------------


class Summariser(Protocol):
    @property
    def model(self) -> str:
        """The name stored with a summary: ``extractive``, ``gemini-flash-latest``…"""
        ...

    @property
    def prompt_version(self) -> str: ...

    @property
    def voice(self) -> Voice: ...

    def language_for(self, language: str) -> str:
        """The language it will write in for a reader of ``language``."""
        ...

    def summarize(
        self, paper: PaperRecord, *, language: str, detail: DetailLevel, full_text: FullText | None = None
    ) -> Draft:
        """Write unchecked claims, from ``full_text`` too where it is given.

        Raises TemporaryError or PermanentError (with ``reason``).
        """
        ...


class QueryWriter(Protocol):
    """A model that writes a topic's query."""

    @property
    def model(self) -> str: ...

    def write_query(self, prompt: Prompt) -> str:
        """Return a query, unchecked. Raises TemporaryError or PermanentError."""
        ...


class RequestRate(Protocol):
    """Requests and tokens a minute to a model, for the whole service."""

    def enter(self, *, tokens: int, max_wait: float) -> None:
        """Return when a request of about ``tokens`` may begin.

        Raises TemporaryError (reason ``rate``) when that would take more than ``max_wait`` seconds.
        """
        ...

    def hold(self, seconds: float) -> None:
        """Hold all requests for that long: the service asked for it."""
        ...


class Bill(Protocol):
    def paid(self, tokens: int) -> None:
        """Record what the request really used."""
        ...


class TokenBudget(Protocol):
    """The daily token cap."""

    def spending(self, most: int) -> AbstractContextManager[Bill]:
        """Reserve ``most`` tokens for one request; what it did not use is returned at the end.

        Raises TemporaryError (reason ``daily_cap``) before the request when not enough are left.
        """
        ...


# --- mail ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message, in both the forms a transport may want.

    A mailer that takes bytes has ``message``. A provider that builds its own MIME fills ``values`` into
    ``fragments``: messages whose ``shared_key`` is equal differ only in recipient, values and
    ``headers.personal()``.
    """

    delivery_id: str
    sender: str
    """The envelope's sender: a bare address."""
    recipient: str
    """A bare address."""
    headers: MessageHeaders
    message: bytes = b""
    """The exact bytes, CRLF; no line begins with a dot, so that SMTP has none to double."""
    fragments: Sequence[Fragment] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    """What to fill in, by the names of placeholders."""
    shared_key: str = ""


class Verdict(StrEnum):
    """What a transport knows about one message afterwards."""

    ACCEPTED = "accepted"
    RETRY = "retry"
    """Refused for now, or not tried: certainly not accepted."""
    NOT_TRIED = "not_tried"
    """An earlier message of the batch got a Retry-After: this one was not tried and has no refusal of its
    own."""
    BAD_ADDRESS = "bad_address"
    """Refused for good because of the address: suppress it."""
    REFUSED = "refused"
    """Refused for good for another reason, counted as a soft bounce."""
    BAD_MESSAGE = "bad_message"
    """Refused for good because of the message; the address is untouched."""
    UNKNOWN = "unknown"
    """The body began and the answer was lost."""
    NOT_BEGUN = "not_begun"
    """It may not begin: the reader left, or another worker holds it."""
    TRANSPORT_DOWN = "transport_down"
    """Our credentials or account are refused: the whole transport pauses, the attempt does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    delivery_id: str
    verdict: Verdict
    detail: str = ""
    """The server's words, for the operator."""
    code: str = ""
    """``250``, ``550 5.1.1``, ``202``…"""
    provider_id: str = ""
    retry_after: float | None = None
    """Seconds, if the server named them."""


class Bodies(Protocol):
    """What a mailer says about bodies at the instants that decide what its process's death means.

    An answer is said by yielding its outcome. What a method raises ends the sending; the mailer leaves
    its connection as it would be after any error.
    """

    def prepare(self, delivery_ids: Sequence[str]) -> frozenset[str]:
        """Called before the server is asked to take a body, if at all; return those that may be sent as yet.

        ``begin`` decides; after this it need not wait, unless the server took its time.
        """
        ...

    def begin(self, delivery_ids: Sequence[str]) -> frozenset[str]:
        """Called at the last instant before a body's first byte; return those that may be sent.

        It may be called again for the same id: a request that was refused is sent again in parts.
        """
        ...

    def end(self, delivery_ids: Sequence[str]) -> None:
        """Called before a body's last byte (SMTP: the final dot): from here on it may be accepted."""
        ...


class Mailer(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def lease(self) -> timedelta:
        """How long a leased message may take before its worker counts as lost."""
        ...

    @property
    def batch_size(self) -> int:
        """The most messages to lease at once."""
        ...

    @property
    def shared_batch_size(self) -> int:
        """The most to lease at once of messages that differ only in personal strings."""
        ...

    @property
    def sends_bytes(self) -> bool:
        """Whether it takes ``Outgoing.message``; if not, the bytes need not be built."""
        ...

    def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterable[Outcome]:
        """Send each message that ``bodies`` lets begin; yield one outcome per message, as it is known."""
        ...

    def evidence(self, delivery_id: str) -> bool | None:
        """Whether an ambiguous message was accepted: True, False, or None if the transport cannot tell."""
        ...

    def forget(self, delivery_ids: Iterable[str]) -> None:
        """Remove the transport's local copies of these messages: their reader was erased."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderEvent:
    """One report about one delivery, in one vocabulary for all providers."""

    delivery_id: UUID | None
    """None where the report names no delivery of ours."""
    kind: EventKind
    at: datetime
    dedupe_key: str
    """The same for every copy of the same report, at most 200 characters, nothing personal."""
    cause: EventKind | None = None
    """For a mail that was dropped: the earlier report that made the provider drop it."""
    detail: Mapping[str, str | int] = field(default_factory=dict)
    """What the operator may want to read. Never an address."""


class Refusal(StrEnum):
    """Why a request with reports is not taken for the provider's."""

    KEY = "the key to check it with is no public key"
    SIGNATURE = "its signature is missing or wrong"
    STALE = "it was signed too long ago, or in the future"


class EventReader(Protocol):
    """Reads what a provider posts to ``/hooks/<its name>``."""

    @property
    def setting(self) -> str:
        """The setting that holds the key by which its requests are checked."""
        ...

    @property
    def has_key(self) -> bool: ...

    def refusal(self, body: bytes, *, headers: Mapping[str, str], now: datetime) -> Refusal | None:
        """Return why this request is refused; None for one that the provider has signed lately."""
        ...

    def read(self, body: bytes, *, now: datetime) -> list[ProviderEvent]:
        """Translate a request's events; one that has not the form of an event is UNREADABLE, at ``now``.

        Raises BadInput for a body that is no list of anything.
        """
        ...
