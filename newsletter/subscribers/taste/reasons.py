"""Reasons that digests give, and taking them out where a subscriber has what was learned forgotten."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from django.db.models import Q

from newsletter.adapters.infra.broker import Queue, wake
from newsletter.core.digests.selection import OF_TASTE, Why
from newsletter.core.digests.selection import Selection as SelectionValue
from newsletter.models import Delivery, Selection, Subscriber
from newsletter.models.delivery import OPEN, UNCOMPOSED, Kind
from newsletter.models.selection import store_selections

PLACEHOLDERS = frozenset({"why", "why_text", "follows", "learned", "learned_text"})
"""Placeholders, up to a colon, that say what a subscriber likes or follows."""


def clear_reasons(subscriber: Subscriber) -> None:
    """Select and compose waiting digests anew, and take the reasons out of those that were sent.

    The caller has locked the subscriber's row in a transaction, and deleted what the reasons come from.
    """
    digests = Delivery.objects.filter(subscriber=subscriber, kind=Kind.DIGEST)
    used = set(digests.exclude(selection=None).values_list("selection_id", flat=True))
    waiting = digests.filter(state__in=OPEN)
    if waiting.update(**UNCOMPOSED, selection=None, selection_inputs=""):
        wake(Queue.COMPOSE)
        wake(Queue.TRANSACTIONAL)
    for digest in digests.filter(~Q(selection=None) | ~Q(placeholders={})).select_related("selection"):
        _clear(digest)
    delete_reasons(used)


def delete_reasons(selection_ids: Collection[str]) -> None:
    """Delete those of these selections that give reasons and that no delivery names any more.

    One that gives reasons is a single subscriber's; the others go later (``pipeline/monitor/retention.py``).
    """
    for row in Selection.objects.filter(pk__in=selection_ids, deliveries=None):
        if gives_reasons(row.value):
            row.delete()


def _clear(digest: Delivery) -> None:
    changed = []
    if gives_reasons(digest.selected):
        [digest.selection] = store_selections([without_reasons(digest.selected)])
        changed.append("selection")
    said = {name for name, value in digest.placeholders.items() if value and _is_reason(name)}
    if said:
        # Emptied, not removed: the mail's own page, and one that is being sent, still have the places.
        digest.placeholders |= dict.fromkeys(said, "")
        changed.append("placeholders")
    if changed:
        digest.save(update_fields=changed)


def gives_reasons(selection: SelectionValue) -> bool:
    return any(paper.why.code in OF_TASTE for paper in selection.papers)


def without_reasons(selection: SelectionValue) -> SelectionValue:
    papers = (replace(each, why=Why()) if each.why.code in OF_TASTE else each for each in selection.papers)
    return replace(selection, papers=tuple(papers))


def _is_reason(placeholder: str) -> bool:
    return placeholder.partition(":")[0] in PLACEHOLDERS
