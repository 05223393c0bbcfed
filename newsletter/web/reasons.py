"""Reason codes in a reader's words: why a claim was withheld, why there is no summary or reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from django.utils.translation import gettext, gettext_lazy

from newsletter.core.summaries.summary import NO_FULL_TEXT, NO_KIND, DetailLevel
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.web.section_names import section_name

_NO_QUOTE = gettext_lazy("no sentence of the paper given for it")
_NUMBER = gettext_lazy("a number that its quote does not state")
_STRONGER = gettext_lazy("stronger than its quote")
_CONTRARY = gettext_lazy("contrary to its quote")
_OTHERS = gettext_lazy("about the work of others")
_UNKNOWN_TERM = gettext_lazy("a name or term that the paper does not use")
_REPEATED = gettext_lazy("said before, or one too many")
_UNFIT = gettext_lazy("worded in a way that is not fit to be shown")
_OTHER_REASON = gettext_lazy("not borne out by the paper")

WITHHELD = {
    "empty": _NO_QUOTE,
    "no_quote": _NO_QUOTE,
    "quote_not_found": gettext_lazy("a quote that is not in the paper"),
    "quote_too_short": gettext_lazy("a quote too short to prove anything"),
    "quote_too_long": gettext_lazy("a quote too long to point at anything"),
    "quote_unrelated": gettext_lazy("a quote that says nothing about it"),
    "number_not_in_quote": _NUMBER,
    "number_moved": gettext_lazy("a number that belongs to something else"),
    "name_not_in_source": _UNKNOWN_TERM,
    "term_not_in_source": _UNKNOWN_TERM,
    "word_not_in_quote": _STRONGER,
    "overstated": _STRONGER,
    "contradicts_quote": _CONTRARY,
    "negation_flipped": _CONTRARY,
    "wrong_subject": _OTHERS,
    "related_work": _OTHERS,
    "fact_of_arxiv": gettext_lazy("about something that is copied from arXiv, never written"),
    "repeated": _REPEATED,
    "too_many": _REPEATED,
    "too_many_quotes": _UNFIT,
    "too_long": _UNFIT,
    "markup": _UNFIT,
    "chatter": _UNFIT,
    "instruction": _UNFIT,
    "wrong_language": _UNFIT,
    "not_verbatim": _UNFIT,
}

_FAILURES = {
    "daily_cap": gettext_lazy("The day’s limit for summaries was reached before it was this paper’s turn."),
    "safety": gettext_lazy("The model’s provider refused to write about this paper."),
    "recitation": gettext_lazy("The model only repeated the paper instead of summing it up."),
    "prohibited_content": gettext_lazy("The model’s provider refused to write about this paper."),
    "max_tokens": gettext_lazy("The model did not finish its summary."),
    "ungrounded": gettext_lazy(
        "The main statement of the model’s summary was not borne out by the paper, so none of it is shown."
    ),
}


def withheld_in_words(reasons: Iterable[str]) -> list[tuple[str, int]]:
    """Return (why, how many claims), the most frequent first."""
    said = Counter(str(WITHHELD.get(reason, _OTHER_REASON)) for reason in reasons)
    return said.most_common()


def failure_in_words(failure: str) -> str:
    """Say why a model's summary failed; ``failure`` is a code, with more after a colon."""
    known = _FAILURES.get(failure.partition(":")[0])
    return str(known or gettext("The model gave no answer that could be used."))


def why_no_reading(summary: SummaryValue) -> str:
    """Say why this is less than a whole reading; empty for one, and for sentences of the abstract."""
    if summary.detail is DetailLevel.READING:
        return ""
    if NO_FULL_TEXT in summary.incomplete:
        return gettext("There is no reading: the full text could not be read, and an abstract supports none.")
    if NO_KIND in summary.incomplete:
        return gettext("There is no reading: the model did not say what kind of paper it is.")
    if summary.incomplete:
        names = gettext(", ").join(section_name(kind) for kind in summary.incomplete)
        return gettext("There is no reading: these parts could not be backed by quotes: %(parts)s.") % {
            "parts": names
        }
    return gettext("Nobody has asked for a whole reading of this paper yet.")
