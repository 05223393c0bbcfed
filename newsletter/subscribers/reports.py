"""Reports of mistakes in summaries: from anybody; the operator settles them or takes a summary down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction

from newsletter.core.arxiv.links import page_url
from newsletter.core.digests.digest import NoticeKind
from newsletter.core.digests.typography import cut
from newsletter.core.storable import storable
from newsletter.core.summaries.summary import Claim, Evidence, summary_from_json
from newsletter.errors import BadInput
from newsletter.languages import INTERFACE_LANGUAGES
from newsletter.mail.words import words_for
from newsletter.models import DigestNotice, MistakeReport, Paper, Summary
from newsletter.models.notice import TOLD_FOR
from newsletter.models.report import LONGEST_NOTE, Mistake, Settled
from newsletter.subscribers.quotas import Limit, take

LONGEST_CLAIM, LONGEST_TITLE = 400, 120
"""Characters of the operator's words, and of a title within a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report of a mistake."""

    claim_key: str
    """``claim_key``'s, or empty for the page as a whole."""
    what: Mistake
    note: str = ""


def claim_key(summary: Summary, claim: Claim) -> str:
    """Return a key for a claim. Changed claims of a rewritten summary have new keys."""
    return f"{summary.pk}-{sha256(claim.text.encode()).hexdigest()[:12]}"


def find_claim(paper: Paper, key: str) -> tuple[Summary, Claim] | None:
    """Return the claim of ``key`` among the shown summaries of ``paper``."""
    number = key.partition("-")[0]
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    row = paper.summaries.shown().filter(pk=int(number)).first()
    if row is None:
        return None
    claims = summary_from_json(row.content or {}).claims
    return next(((row, claim) for claim in claims if claim_key(row, claim) == key), None)


def report_mistake(paper: Paper, *, report: Report, ip: str, now: datetime) -> bool:
    """Store ``report`` for the operator; False when a quota is used up."""
    found = find_claim(paper, report.claim_key)
    if not take([(Limit.REPORTS_FROM_AN_IP, ip), (Limit.REPORTS_TO_THE_SERVICE, "")], now=now):
        return False
    MistakeReport.objects.create(
        paper=paper,
        summary=found[0] if found else None,
        claim=found[1].text if found else "",
        quotes=[_quote(each) for each in found[1].evidence] if found else [],
        what=report.what,
        note=report.note[:LONGEST_NOTE],
        reported_at=now,
    )
    return True


def settle(report: MistakeReport, *, state: Settled, now: datetime) -> None:
    report.state = state
    report.settled_at = None if state is Settled.OPEN else now
    report.save(update_fields=("state", "settled_at"))


def take_down(summary: Summary, *, now: datetime, texts: Mapping[str, str] | None = None) -> int:
    """Hide ``summary``; return how many open reports on it this settles.

    Pages show the extract at once, digests from their next composition on. It is not rewritten. The next
    digest of those who got it says so: in ``texts``, by language, or in usual words.
    """
    with transaction.atomic():
        hidden = Summary.objects.filter(pk=summary.pk, withheld_at__isnull=True)
        if hidden.update(withheld_at=now, is_final=True) and summary.content is not None:
            before = summary_from_json(summary.content).headline.text
            _correct(summary, texts or _in_words("taken_down", summary), before=before, now=now)
        reports = MistakeReport.objects.filter(summary=summary, state=Settled.OPEN)
        return reports.update(state=Settled.RESOLVED, settled_at=now)


def amend(summary: Summary, key: str, text: str, *, now: datetime) -> None:
    """Put the operator's words in the place of the claim of ``key``; its quotes stay.

    Pages show them at once, digests from their next composition on. No model rewrites the summary any more.
    The next digest of those who got it says so. Raises BadInput for no text, or a claim that has changed.
    """
    text = " ".join(storable(text).split())
    if not text or len(text) > LONGEST_CLAIM:
        raise BadInput(f"a claim has 1 to {LONGEST_CLAIM} characters")
    with transaction.atomic():
        row = Summary.objects.select_for_update().get(pk=summary.pk)
        claims = summary_from_json(row.content or {}).claims if row.is_shown else ()
        claim = next((each for each in claims if claim_key(row, each) == key), None)
        if claim is None:
            raise BadInput("this claim is not shown any more: look at the summary again")
        if claim.text == text:
            raise BadInput("that is what it says already")
        old, shown_since = row.content, row.written_at
        row.content, row.written_at, row.is_final = _replaced(old, claim.text, text), now, True
        row.first_written_at = row.first_written_at or shown_since
        row.save(update_fields=("content", "written_at", "first_written_at", "is_final"))
        row.written_at = shown_since
        _correct(row, _in_words("amended", row, text=text), before=claim.text, after=text, now=now)


def _replaced(content: Any, before: str, after: str) -> Any:
    """Return a summary's stored form with one claim's text replaced wherever it stands."""
    if isinstance(content, dict):
        return {
            name: after if name == "text" and value == before else _replaced(value, before, after)
            for name, value in content.items()
        }
    return [_replaced(each, before, after) for each in content] if isinstance(content, list) else content


def _in_words(label: str, summary: Summary, **values: str) -> dict[str, str]:
    """Return the usual sentence in every language that mails have."""
    title = cut(summary.paper.title, limit=LONGEST_TITLE)
    return {code: words_for(code).labels[label].format(title=title, **values) for code in INTERFACE_LANGUAGES}


def _correct(
    summary: Summary, texts: Mapping[str, str], *, before: str, after: str = "", now: datetime
) -> None:
    """Have the next digest of those who got ``summary`` say that it was wrong."""
    DigestNotice.objects.create(
        kind=NoticeKind.CORRECTION,
        texts=dict(texts),
        url=page_url(summary.paper.record, base_url=settings.CONFIG.base_url),
        paper=summary.paper,
        language=summary.language,
        shown_since=summary.written_at,
        before=before,
        after=after,
        published_at=now,
        until=now + TOLD_FOR,
    )


def put_back(summary: Summary, *, now: datetime) -> None:
    """Show ``summary`` again, and let other prompts write it too. Who was not told of it yet never is."""
    if summary.withheld_at is not None:
        notices = DigestNotice.objects.filter(
            paper=summary.paper_id, language=summary.language, kind=NoticeKind.CORRECTION
        )
        notices.filter(published_at=summary.withheld_at).update(until=now)
    same = Summary.objects.filter(
        paper=summary.paper_id,
        paper_version=summary.paper_version,
        language=summary.language,
        model=summary.model,
        withheld_at__isnull=False,
    )
    same.update(withheld_at=None, is_final=False)


def _quote(evidence: Evidence) -> dict[str, str | int]:
    return {"quote": evidence.quote, "where": evidence.where}
