"""The day as one screen of text: ``newsletter status``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC

from newsletter.operating.situation import Situation
from newsletter.operating.today import Today
from newsletter.operating.words import clock, number, one_line, wait


def lines(found: Today, now: Situation) -> Iterator[str]:
    """Yield the lines; those that begin with ! need a person."""
    yield f"{found.title}.  {found.now.astimezone(UTC):%A} {found.now.day} {found.now:%B %Y, %H:%M} UTC"
    yield from (f"! {pause}" for pause in found.pauses)
    yield ""
    for step in found.steps:
        at = f", last {clock(step.at, now=found.now)}" if step.at else ""
        trouble = f"  ! {step.trouble}" if step.trouble else ""
        yield f"  {step.name:<11}{step.count:>7,}  {step.says}{at}{trouble}"
    yield ""
    if found.overdue:
        due = number(found.overdue, "reader")
        yield f"! {due} due and not planned: is the service running? newsletter up"
    if found.late or not found.overdue:
        yield "Late, and why" if found.late else "Nothing is late."
    for late in found.late:
        mark = "!" if late.needs_person else " "
        since = f"since {clock(late.since, now=found.now)}" if late.since else ""
        yield f"{mark} {late.count:>6,}  {'; '.join(filter(None, (late.waiting_for, since, late.then)))}"
    yield ""
    yield from _coming(found, now)


def _coming(found: Today, now: Situation) -> Iterator[str]:
    for at, count in found.slots:
        yield f"  Next slot {clock(at, now=found.now)}, {wait(at - found.now)}: {number(count, 'reader')}"
    if not found.slots and not found.overdue:
        yield "  No slot is coming: no reader is active."
    if found.next_gather:
        about = f"asked next at about {clock(found.next_gather, now=found.now)}"
        yield f"  arXiv is {'to be asked now' if found.next_gather <= found.now else about}"
    for incident in found.incidents:
        since = clock(incident.opened_at, now=found.now)
        yield f"! {incident.name} since {since}: {one_line(incident.detail)}"
    if found.mails_today:
        yield f"  Mails: {found.mails_today}; {now.digests_left:,} digests may still begin"
    if found.tokens_cap is not None:
        yield f"  Model: {found.tokens_used:,} of {found.tokens_cap:,} tokens today"
