"""What the workshop says: what was done, what could not be, and what to do then."""

from __future__ import annotations

from django.utils.translation import gettext, ngettext

from newsletter.audience.query_preview import DAYS, TooBroadError
from newsletter.core.arxiv.query_exclusion import Exclusion
from newsletter.core.arxiv.query_inclusion import Inclusion
from newsletter.core.arxiv.query_proposal import MAX_PAPERS
from newsletter.core.arxiv.query_tree import Field, to_text
from newsletter.subscribers.describe import Description, Surroundings


def too_broad(error: TooBroadError) -> str:
    return gettext(
        "Your topics would match about %(count)s papers a week, and %(most)s is the most. "
        "Narrow the query: add AND with a second term, or a category such as cat:cs.CL."
    ) % {"count": error.per_week, "most": error.most}


def excluded(found: Exclusion) -> str:
    if found.dropped.field is Field.ID:
        return gettext("Nothing tells this paper from the right ones: only the paper itself is left out.")
    phrase = {"phrase": to_text(found.dropped).strip('"'), "num": len(found.lost)}
    if not found.lost:
        return gettext("Papers with “%(phrase)s” are left out now; no other match is lost.") % phrase
    return (
        ngettext(
            "Papers with “%(phrase)s” are left out now; %(num)s other match goes with it.",
            "Papers with “%(phrase)s” are left out now; %(num)s other matches go with it.",
            len(found.lost),
        )
        % phrase
    )


def included(found: Inclusion) -> str:
    phrase = {"phrase": to_text(found.added).strip('"'), "num": len(found.gained)}
    if not found.gained:
        return gettext("Papers with “%(phrase)s” are found too now; that is this one only, so far.") % phrase
    return (
        ngettext(
            "Papers with “%(phrase)s” are found too now: this one and %(num)s more.",
            "Papers with “%(phrase)s” are found too now: this one and %(num)s more.",
            len(found.gained),
        )
        % phrase
    )


def nothing_to_propose(around: Surroundings) -> str:
    description = around.description
    if not (description.sentence or description.unknown or description.withdrawn):
        return gettext(
            "There is nothing here to start from: write one sentence, or paste links or ids of papers."
        )
    if not around.recent.published_at:
        return gettext(
            "No paper has come in the last %(days)s days, so there is nothing to try words on yet."
        ) % {"days": DAYS}
    if description.sentence:
        return gettext(
            "No recent paper says this: use the English words of papers, or paste links or ids of some."
        )
    return gettext("There is nothing here to start from: paste links or ids of papers that this service has.")


def what_is_left_out(description: Description) -> list[str]:
    notes = []
    if description.unknown:
        notes.append(
            ngettext(
                "This service does not have %(ids)s: give another paper like it, or say it in words.",
                "This service does not have %(ids)s: give other papers like them, or say it in words.",
                len(description.unknown),
            )
            % {"ids": ", ".join(name[:60] for name in description.unknown[:MAX_PAPERS])}
        )
    if description.withdrawn:
        ids = {"ids": ", ".join(description.withdrawn)}
        notes.append(gettext("Withdrawn by its authors, and left out: %(ids)s.") % ids)
    if description.left_out:
        notes.append(gettext("Only the first %(most)s papers were read.") % {"most": MAX_PAPERS})
    return notes
