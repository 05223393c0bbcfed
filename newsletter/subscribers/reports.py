"""Reports of mistakes in summaries: from anybody; the operator settles them or takes a summary down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from django.db import transaction

from newsletter.core.summaries.summary import Claim, Evidence, summary_from_json
from newsletter.models import MistakeReport, Paper, Summary
from newsletter.models.report import LONGEST_NOTE, Mistake, Settled
from newsletter.subscribers.quotas import Limit, take


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


def take_down(summary: Summary, *, now: datetime) -> int:
    """Hide ``summary``; return how many open reports on it this settles.

    Pages show the extract at once, digests from their next composition on. It is not rewritten.
    """
    with transaction.atomic():
        Summary.objects.filter(pk=summary.pk).update(withheld_at=now, is_final=True)
        reports = MistakeReport.objects.filter(summary=summary, state=Settled.OPEN)
        return reports.update(state=Settled.RESOLVED, settled_at=now)


def put_back(summary: Summary) -> None:
    """Show ``summary`` again, and let other prompts write it too."""
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
