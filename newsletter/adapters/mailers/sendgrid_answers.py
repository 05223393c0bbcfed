"""SendGrid's answer (status, body) → a verdict, and what to do with the rest of a batch."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from newsletter.adapters.infra.retry_after import retry_after
from newsletter.adapters.ports import Verdict

_ACCEPTED = 202
_NOT_NOW = frozenset({408, 429, 500, 503})
"""SendGrid itself refused: the message was not accepted."""
_STOPPING = frozenset({429, 503})
_OUR_ACCOUNT = frozenset({401, 403, 404, 405})
"""The key, the account or the host is wrong: no message is at fault."""
_INDEX = re.compile(r"personalizations\.(\d{1,6})(?:\.|$)")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one answer says of every message in its request."""

    verdict: Verdict
    detail: str = ""
    code: str = ""
    provider_id: str = ""
    retry_after: float | None = None
    stops: bool = False
    """Do not try the next request: it would fail too, or add one more ambiguous delivery."""
    is_worth_splitting: bool = False
    """One bad message may have failed the whole request."""
    culprits: frozenset[int] = frozenset()
    """Indexes in the request that the answer names."""

    @property
    def is_lost(self) -> bool:
        return self.verdict is Verdict.UNKNOWN

    def for_the_rest(self) -> Judgement:
        """Return the judgement for messages that were not tried: certainly not accepted."""
        verdict = Verdict.RETRY if self.is_lost else self.verdict
        if verdict is Verdict.RETRY and self.retry_after is not None:
            verdict = Verdict.NOT_TRIED
        return replace(self, verdict=verdict, detail=f"not tried: {self.detail}", code="")


def judge(status: int, *, headers: Mapping[str, str], body: bytes) -> Judgement:
    """Tell accepted, refused for now, refused for good and lost apart (SendGrid's v3 API reference)."""
    errors = _errors(body)
    code = str(status)
    detail = "; ".join(message for message, _ in errors)[:500] or body[:200].decode("utf-8", "replace")
    if status == _ACCEPTED:
        return Judgement(Verdict.ACCEPTED, code=code, provider_id=headers.get("X-Message-Id", ""))
    if status in _NOT_NOW:
        return Judgement(Verdict.RETRY, detail, code, retry_after=_wait(headers), stops=status in _STOPPING)
    if status in _OUR_ACCOUNT or 300 <= status < 400:
        return Judgement(Verdict.TRANSPORT_DOWN, detail or f"answer {status}", code, stops=True)
    if 400 <= status < 500:
        fields = [field for _, field in errors]
        is_shared = bool(fields) and all(
            field and not field.startswith("personalizations") for field in fields
        )
        culprits = frozenset(int(found[1]) for field in fields if (found := _INDEX.match(field)))
        return Judgement(
            Verdict.BAD_MESSAGE, detail, code, is_worth_splitting=not is_shared, culprits=culprits
        )
    # 502 and 504 come from something in front of SendGrid, and SendGrid's mail send never answers 200.
    return Judgement(Verdict.UNKNOWN, detail, code, stops=True)


def _errors(body: bytes) -> list[tuple[str, str]]:
    """Return (message, field) of each error in the body, none when it is not SendGrid's JSON."""
    with suppress(ValueError, TypeError, AttributeError):
        return [(str(e.get("message") or ""), str(e.get("field") or "")) for e in json.loads(body)["errors"]]
    return []


def _wait(headers: Mapping[str, str]) -> float | None:
    """Return seconds to wait, from Retry-After or X-RateLimit-Reset (Unix time)."""
    if headers.get("Retry-After"):
        return retry_after(headers)
    with suppress(ValueError):
        return max(0.0, float(headers.get("X-RateLimit-Reset", "")) - time.time())
    return None
