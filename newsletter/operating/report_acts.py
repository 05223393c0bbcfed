"""Actions of an operator on a report of a mistake. All can be undone, so none asks for confirmation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import PermissionDenied

from newsletter.core.summaries.summary import Voice
from newsletter.models import MistakeReport, Summary
from newsletter.models.report import Settled

PERMISSION = "newsletter.change_mistakereport"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    label: str
    """On the button."""
    applies_to: Callable[[MistakeReport], bool]
    do: Callable[[MistakeReport, datetime], str]
    """Does it and returns the message."""


def _settle(state: Settled) -> Callable[[MistakeReport, datetime], str]:
    def do(report: MistakeReport, now: datetime) -> str:
        # Imported late: Django imports this module at every start, and these imports are slow.
        from newsletter.subscribers.reports import settle

        settle(report, state=state, now=now)
        return f"The report is {state.label}."

    return do


def _take_down(report: MistakeReport, now: datetime) -> str:
    from newsletter.subscribers.reports import take_down

    settled = take_down(_summary(report), now=now)
    return (
        "The summary is shown to nobody from now on: its page has the abstract at once, digests from their "
        "next composition on, and the next digest of those who got it says so. "
        f"Open reports on it, now resolved: {settled}."
    )


def _put_back(report: MistakeReport, now: datetime) -> str:
    from newsletter.subscribers.reports import put_back

    put_back(_summary(report), now=now)
    return "The summary is shown again."


def _summary(report: MistakeReport) -> Summary:
    if report.summary is None:
        raise PermissionDenied
    return report.summary


def _is_shown(report: MistakeReport) -> bool:
    """Whether there is a model's summary to take down: an extract is what replaces it."""
    summary = report.summary
    if summary is None or summary.withheld_at is not None:
        return False
    return bool((summary.content or {}).get("voice") == Voice.MODEL)


ACTS = {
    "withhold": Act(
        label="Withhold this summary",
        applies_to=_is_shown,
        do=_take_down,
    ),
    "restore": Act(
        label="Show the summary again",
        applies_to=lambda report: report.summary is not None and report.summary.withheld_at is not None,
        do=_put_back,
    ),
    "resolve": Act(
        label="Resolved",
        applies_to=lambda report: report.state == Settled.OPEN,
        do=_settle(Settled.RESOLVED),
    ),
    "dismiss": Act(
        label="Dismissed",
        applies_to=lambda report: report.state == Settled.OPEN,
        do=_settle(Settled.DISMISSED),
    ),
    "reopen": Act(
        label="Open again",
        applies_to=lambda report: report.state != Settled.OPEN,
        do=_settle(Settled.OPEN),
    ),
}
