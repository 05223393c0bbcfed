"""Ask a Gemini model for a summary or a query: attempts, back-off, budgets, and what each answer means.

Owns everything that does not depend on the SDK. ``gemini.py`` and ``genai.py`` add one method each.
"""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from newsletter.adapters.infra.retry_after import LONGEST
from newsletter.adapters.ports import RequestRate, TokenBudget
from newsletter.core.arxiv.full_text import FullText
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.prompt import PROMPT_VERSION, Prompt, build_prompt, parse_response
from newsletter.core.summaries.query_prompt import QUERY_SCHEMA, parse_query
from newsletter.core.summaries.summary import DetailLevel, Draft, Voice, response_schema, supported_detail
from newsletter.errors import Interrupted, NewsletterError, PermanentError, TemporaryError, UnusableAnswer

CALL_DEADLINE = 70.0
"""Seconds. No request of one call begins later: long enough to wait for the next minute's quota, too short
for an outage."""
REQUEST_SECONDS = 60.0
"""Time-out of one request. A call ends after ``CALL_DEADLINE`` plus this at the latest."""

TEMPERATURE = 0.2
_OUTPUT_TOKENS = {DetailLevel.HEADLINE: 4_096, DetailLevel.TAKEAWAYS: 8_192, DetailLevel.READING: 16_384}
"""Far more than the words need: thinking tokens come from the same budget."""
_QUERY_TOKENS = 4_096
_TRIAL_TOKENS = 32
_QUERY_TURN = 5.0
"""Seconds that a query waits for the rate limit."""
_MAX_ANSWERS = 2
"""An unusable answer is paid for too: retry once, not until one fits."""
_FINAL_REASONS = frozenset(
    {
        "safety",
        "recitation",
        "prohibited_content",
        "blocklist",
        "spii",
        "language",
        "image_safety",
        "jailbreak",
    }
)
OPERATOR_STATUSES = frozenset({401, 403, 404})
"""Wrong key or model name: not the paper's fault, and not worth an immediate retry."""
TOO_MANY = 429
MOST_TOKENS = 10_000_000
"""Upper bound on a reported count, so that the sum over all tries fits its column."""
_NOT_ASKED = frozenset({"rate", "daily_cap"})
_BYTES_A_TOKEN = 4
"""Of an English abstract, as Gemini counts; used for the rate limit only, where an estimate is enough."""
_RETRY_STATUSES = frozenset({408, 409, 429, 499, 500, 502, 503, 504})
_DELAY = re.compile(r"(\d+(?:\.\d+)?)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer of the service, without SDK types. Reasons are Gemini's names, empty if none."""

    text: str = ""
    finish_reason: str = ""
    block_reason: str = ""
    has_candidate: bool = True
    input_tokens: int | None = None
    output_tokens: int | None = None
    """Thinking included. Both None: the answer has no counts."""


class ModelSummariser(ABC):
    """A summariser that asks a model. Safe to share between threads; keeps nothing between papers."""

    prompt_version = PROMPT_VERSION
    voice = Voice.MODEL

    def __init__(
        self,
        *,
        api_key: str,
        model: str,
        endpoint: str = "",
        timeout: float = REQUEST_SECONDS,
        max_attempts: int = 3,
        rate: RequestRate | None = None,
        budget: TokenBudget | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``endpoint`` is a base URL, empty for Google's; ``timeout`` is seconds for one request."""
        self.model = model
        self._api_key = api_key
        self._endpoint = endpoint.rstrip("/")
        self._timeout = timeout
        self._max_attempts = max_attempts
        self._rate = rate
        self._budget = budget
        self._sleep = sleep

    def language_for(self, language: str) -> str:
        return language

    def summarize(
        self, paper: PaperRecord, *, language: str, detail: DetailLevel, full_text: FullText | None = None
    ) -> Draft:
        """Ask for ``paper`` at ``detail``; token counts cover every answer that has them.

        1. Wait for the rate limit, reserve tokens of the day, and make one request.
        2. After a temporary failure wait and retry, as long as the deadline allows. A 429 with a delay holds
           all workers.
        3. After an unusable answer retry once, with a larger budget if it was cut off.

        Without ``full_text`` no reading is asked for. Raises TemporaryError, UnusableAnswer (with ``reason``
        and the tokens used) or PermanentError.
        """
        detail = supported_detail(detail, has_full_text=full_text is not None)
        prompt = build_prompt(paper, language=language, detail=detail, full_text=full_text)
        until = time.monotonic() + CALL_DEADLINE
        room, answers, used = _OUTPUT_TOKENS[detail], 0, (0, 0)
        for attempt in range(1, self._max_attempts + 1):
            is_last = attempt == self._max_attempts
            try:
                reply = self._ask_in_turn(prompt, schema=response_schema(detail), room=room, until=until)
                answers += 1
                used = (
                    used[0] + (reply.input_tokens or 0),
                    used[1] + (reply.output_tokens or 0),
                )
                return _draft(reply, detail=detail, used=used)
            except TemporaryError as error:
                if self._rate and error.status == TOO_MANY and error.retry_after:
                    self._rate.hold(error.retry_after)
                if is_last or not self._may_wait(error, attempt=attempt, until=until):
                    if answers:
                        raise _interrupted(error, used=used) from error
                    raise
            except UnusableAnswer as error:
                if is_last or answers == _MAX_ANSWERS or error.reason in _FINAL_REASONS:
                    raise
                room *= 2 if error.reason == "max_tokens" else 1
        raise AssertionError("the last attempt returns or raises")

    def write_query(self, prompt: Prompt) -> str:
        """Ask for a topic's query, once: a person waits. Return unchecked text of at most 1,000 characters.

        Raises TemporaryError, UnusableAnswer (with ``reason`` and the tokens used) or PermanentError.
        """
        until = time.monotonic() + _QUERY_TURN
        reply = self._ask_in_turn(prompt, schema=QUERY_SCHEMA, room=_QUERY_TOKENS, until=until)
        used = {"input_tokens": reply.input_tokens or 0, "output_tokens": reply.output_tokens or 0}
        if reason := _fault(reply):
            raise UnusableAnswer(f"The model ended with {reason}.", reason=reason, **used)
        try:
            return parse_query(reply.text)
        except PermanentError as error:
            raise UnusableAnswer(str(error), reason=error.reason, **used) from error

    def try_out(self) -> None:
        """Make the smallest request there is. Whatever is answered, key and name are right.

        Raises what a real request would: TemporaryError or PermanentError.
        """
        prompt = Prompt(instruction="Answer with one word.", content="Are you there?")
        self._ask_in_turn(
            prompt, schema=QUERY_SCHEMA, room=_TRIAL_TOKENS, until=time.monotonic() + _QUERY_TURN
        )

    def _ask_in_turn(self, prompt: Prompt, *, schema: Mapping[str, Any], room: int, until: float) -> Reply:
        """Make one request within the daily token budget and the rate limit."""
        size = len(prompt.instruction.encode()) + len(prompt.content.encode())
        # A token is at least one byte of the prompt: this is the most that the request can cost.
        with self._budget.spending(size + room) if self._budget else nullcontext() as bill:
            if self._rate:
                self._rate.enter(tokens=size // _BYTES_A_TOKEN, max_wait=until - time.monotonic())
            reply = self._ask(prompt, schema=schema, max_output_tokens=room)
            if bill and reply.input_tokens is not None and reply.output_tokens is not None:
                bill.paid(reply.input_tokens + reply.output_tokens)
        return reply

    def _may_wait(self, error: TemporaryError, *, attempt: int, until: float) -> bool:
        """Wait before the next attempt; False when a retry is pointless or would be too late."""
        wait = error.retry_after or 2.0 ** (attempt - 1)
        if error.reason in _NOT_ASKED or error.status in OPERATOR_STATUSES or time.monotonic() + wait > until:
            return False
        self._sleep(wait)
        return True

    @abstractmethod
    def _ask(self, prompt: Prompt, *, schema: Mapping[str, Any], max_output_tokens: int) -> Reply:
        """Make one request. Raises TemporaryError or PermanentError."""


def token_counts(
    *, prompt: int | None, written: int | None, total: int | None
) -> tuple[int | None, int | None]:
    """Return input and output tokens, thinking included, of what the service counted; 0 is "not said".

    Thinking is in the total only. Without a total or both of its parts, return None.
    """
    if not total and not (prompt and written):
        return None, None
    counts = prompt or 0, max((total or 0) - (prompt or 0), written or 0)
    read, made = (min(max(count, 0), MOST_TOKENS) for count in counts)
    return read, made


def error_for_status(
    status: int, message: str, *, details: Iterable[Any] = (), retry_after: str | None = None
) -> NewsletterError:
    """Say what an HTTP error of the service means; ``details`` are its JSON, ``retry_after`` the header."""
    found = [detail for detail in details if isinstance(detail, Mapping)]
    is_bad_key = any(detail.get("reason") == "API_KEY_INVALID" for detail in found)
    line = (
        f"The model service answered {status}: {message.splitlines()[0][:200] if message else 'no message'}"
    )
    if status in OPERATOR_STATUSES or is_bad_key:
        return TemporaryError(
            f"{line} Check GEMINI_API_KEY and the model's name.",
            status=401 if is_bad_key else status,
            reason="bad_key" if is_bad_key or status in {401, 403} else "unknown_model",
        )
    if status in _RETRY_STATUSES:
        reason = "rate_limited" if status == TOO_MANY else f"http_{status}"
        return TemporaryError(
            line, retry_after=_delay(found, header=retry_after), status=status, reason=reason
        )
    return PermanentError(line, reason="rejected", status=status)


def _delay(details: Iterable[Mapping[str, Any]], *, header: str | None) -> float | None:
    """Seconds to wait: google.rpc.RetryInfo's ``retryDelay`` ("13s"), else a Retry-After in seconds."""
    stated = [str(detail.get("retryDelay", "")) for detail in details] + [f"{header or ''}s"]
    return next((min(float(found[1]), LONGEST) for text in stated if (found := _DELAY.fullmatch(text))), None)


def no_answer(error: Exception, *, is_unsent: bool) -> TemporaryError:
    """Say that a request got no answer; ``is_unsent``: it was never sent, so it was not billed."""
    return TemporaryError(
        f"The model service could not be reached: {type(error).__name__}",
        reason="unreachable" if is_unsent else "no_answer",
    )


def not_json() -> TemporaryError:
    return TemporaryError("The model service did not answer in JSON.", reason="not_json")


def _interrupted(error: TemporaryError, *, used: tuple[int, int]) -> Interrupted:
    told = Interrupted(str(error), retry_after=error.retry_after, status=error.status, reason=error.reason)
    told.input_tokens, told.output_tokens = used
    return told


def _draft(reply: Reply, *, detail: DetailLevel, used: tuple[int, int]) -> Draft:
    """Read ``reply``. Raises UnusableAnswer; a truncated answer is never read at all."""
    tokens = {"input_tokens": used[0], "output_tokens": used[1]}
    if reason := _fault(reply):
        raise UnusableAnswer(f"The model ended with {reason}.", reason=reason, **tokens)
    try:
        return parse_response(reply.text, detail=detail, **tokens)
    except PermanentError as error:
        raise UnusableAnswer(str(error), reason=error.reason, **tokens) from error


def _fault(reply: Reply) -> str:
    """Why ``reply`` is not a finished answer, as a reason code; empty when it is."""
    if reply.block_reason:
        return reply.block_reason.lower()
    if not reply.has_candidate:
        return "no_candidates"
    return "" if reply.finish_reason == "STOP" else (reply.finish_reason.lower() or "unfinished")
