"""The summaries that planned digests show: requests of them, which grow with papers, not with subscribers."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TypeAlias

from django.db.models import DateTimeField, Min, QuerySet
from django.db.models.functions import Greatest

from newsletter.adapters.infra.broker import Queue, wake
from newsletter.core.digests.selection import Place
from newsletter.core.summaries.summary import DetailLevel
from newsletter.models import Delivery, Paper, Selection, SummaryRequest
from newsletter.models.delivery import TRANSACTIONAL, Kind, State

CHUNK = 500
MOST_ATTEMPTS = 2
"""A digest that composing has broken on twice asks for nothing."""
MOST_REMEMBERED = 200_000
"""Selections of which a process knows what they show: 150 bytes each."""

Key = tuple[int, int, str, str]
"""Paper, its version, language, detail."""
Need = tuple[datetime, bool]
"""When it is needed, and whether a person is waiting for it."""
Form = tuple[str, str, str]
"""Checksum of a selection, language, detail."""
PaperForm = tuple[int, str, str]
"""Paper, language, detail."""
Shown: TypeAlias = "array[int]"
"""The papers of a selection that have a summary; those near the topics, of which only the headline is shown,
with a minus sign."""

_remembered: dict[str, Shown] = {}
"""By checksum, so that each selection is read once: what it shows never changes."""


def request_summaries(
    planned: Iterable[Delivery], *, asked: Mapping[PaperForm, Need] | None = None
) -> dict[PaperForm, Need]:
    """Ask for what these planned digests show, once each. What is asked for already may come sooner.

    ``asked``: what this pass has asked for before, which is left out. Returns what was asked for now.
    """
    forms: dict[Form, Need] = {}
    shown: dict[str, Shown] = {}
    for row in planned:
        if row.subscriber and row.selection and row.attempt < MOST_ATTEMPTS:
            form = row.selection.pk, row.subscriber.language, row.subscriber.depth
            forms[form] = _sooner((_needed_at(row), row.is_transactional), forms.get(form))
            if form[0] not in shown:
                shown[form[0]] = _shown((each.place[0], each.paper_id) for each in row.selected.papers)
    before = asked or {}
    needed = {
        form: need
        for form, need in _needed_by(forms, shown).items()
        if form not in before or _sooner(need, before[form]) != before[form]
    }
    if needed:
        versioned = _with_versions(needed)
        there = _needs_of(SummaryRequest.objects.filter(paper__in={key[0] for key in versioned}))
        _store({key: _sooner(need, there.get(key)) for key, need in versioned.items()}, there=there)
        wake(Queue.SUMMARIZE)
    return needed


def sync_requests() -> int:
    """Make the requests those of the planned digests; return how many others (composed, left, changed) went.

    Safe to race with selecting: what the one misses the next call finds.
    """
    needed, rows = _needed(), list(SummaryRequest.objects.values_list("pk", *_COLUMNS))
    gone = [pk for pk, *row in rows if tuple(row[:4]) not in needed]
    for start in range(0, len(gone), CHUNK):
        SummaryRequest.objects.filter(pk__in=gone[start : start + CHUNK]).delete()
    _store(needed, there={(row[1], row[2], row[3], row[4]): (row[5], row[6]) for row in rows})
    return len(gone)


def _store(needs: Mapping[Key, Need], *, there: Mapping[Key, Need]) -> None:
    """Write what is not there in the same form."""
    rows = [
        SummaryRequest(
            paper_id=paper_id,
            paper_version=version,
            language=language,
            detail=detail,
            needed_at=at,
            is_transactional=is_transactional,
        )
        for (paper_id, version, language, detail), (at, is_transactional) in sorted(needs.items())
        if there.get((paper_id, version, language, detail)) != (at, is_transactional)
    ]
    SummaryRequest.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["paper", "paper_version", "language", "detail"],
        update_fields=["needed_at", "is_transactional"],
        batch_size=CHUNK,
    )


_COLUMNS = ("paper_id", "paper_version", "language", "detail", "needed_at", "is_transactional")


def _needs_of(rows: QuerySet[SummaryRequest]) -> dict[Key, Need]:
    return {(row[0], row[1], row[2], row[3]): (row[4], row[5]) for row in rows.values_list(*_COLUMNS)}


def _needed() -> dict[Key, Need]:
    """Return what all planned digests show."""
    planned = Delivery.objects.filter(
        kind=Kind.DIGEST, state=State.PLANNED, attempt__lt=MOST_ATTEMPTS, selection__isnull=False
    ).order_by()
    at = Greatest("slot_at", "planned_at", output_field=DateTimeField())
    forms: dict[Form, Need] = {}
    for *form, is_awaited, first in (
        planned.annotate(is_awaited=TRANSACTIONAL)
        .values_list("selection_id", "subscriber__language", "subscriber__depth", "is_awaited")
        .annotate(first=Min(at))
    ):
        key = form[0], form[1], form[2]
        forms[key] = _sooner((first, bool(is_awaited)), forms.get(key))
    return _with_versions(_needed_by(forms, _shown_by({checksum for checksum, _, _ in forms})))


def _needed_at(row: Delivery) -> datetime:
    """At its slot, or at once for one that was planned late."""
    return max(row.slot_at, row.planned_at)


def _needed_by(forms: Mapping[Form, Need], shown: Mapping[str, Shown]) -> dict[PaperForm, Need]:
    """Return the summaries that these selections show in these forms."""
    needed: dict[PaperForm, Need] = {}
    for (checksum, language, detail), need in forms.items():
        for paper in shown.get(checksum, ()):
            form = abs(paper), language, detail if paper > 0 else DetailLevel.HEADLINE.value
            needed[form] = _sooner(need, needed.get(form))
    return needed


def _with_versions(needed: Mapping[PaperForm, Need]) -> dict[Key, Need]:
    versions = dict(Paper.objects.filter(pk__in={key[0] for key in needed}).values_list("pk", "version"))
    return {
        (paper_id, versions[paper_id], language, detail): need
        for (paper_id, language, detail), need in needed.items()
        if paper_id in versions
    }


def _sooner(need: Need, other: Need | None) -> Need:
    return (min(need[0], other[0]), need[1] or other[1]) if other and other != need else need


def _shown_by(checksums: Collection[str]) -> Mapping[str, Shown]:
    """Return what each of these selections shows; reads those that this process has not read before."""
    if len(_remembered) > MOST_REMEMBERED:
        _remembered.clear()
    missing = [checksum for checksum in checksums if checksum not in _remembered]
    for start in range(0, len(missing), CHUNK):
        rows = Selection.objects.filter(pk__in=missing[start : start + CHUNK])
        for checksum, content in rows.values_list("checksum", "content"):
            _remembered[checksum] = _shown((paper[0], paper[1]) for paper in content["papers"])
    return _remembered


def _shown(papers: Iterable[tuple[str, int]]) -> Shown:
    """``papers``: the first letter of each one's place, and its id."""
    signs = {Place.SUMMARIZED[0]: 1, Place.NEAR[0]: -1}
    return array("q", (signs[place] * paper_id for place, paper_id in papers if place in signs))
