"""Whether a paper states what a section of its reading asks for, as far as its text tells.

"Not stated in the paper" is a claim too: where headings, figures or words of the text speak against it, it is
not shown, and the section counts as missing. A text that was not read whole supports no such claim at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from newsletter.core.arxiv.full_text import FullText, Role
from newsletter.core.arxiv.sentences import sentences
from newsletter.core.summaries.paper_kinds import EARLIER
from newsletter.core.summaries.rules.quantities import quantities

_ALWAYS = frozenset(
    {
        "background",
        "method",
        "construction",
        "taxonomy",
        "scope",
        "setting",
        "position",
        "arguments",
        "design",
    }
)
"""What makes a paper one of its kind: a method without its method was not looked for."""
_RESULTS = re.compile(
    r"result|experiment|evaluat|performance|benchmark|ablation|finding|comparison", re.IGNORECASE
)
_RESULT_WORDS = re.compile(
    r"benchmark|outperform|surpass|accurac|state[- ]of[- ]the[- ]art|\bresults\b|improv|reduc|faster|better"
    r"|achiev",
    re.IGNORECASE,
)
_DATA_TITLE = re.compile(r"\bdata|corpus|corpora|experiment|set-?up|participants|materials", re.IGNORECASE)
_DATA_WORDS = re.compile(
    r"\bdata ?sets?\b|\bcorp(?:us|ora)\b|\bbenchmarks?\b|\brecordings\b|\b(?:trained|tested) on\b"
    r"|\bhours of\b|\bparticipants\b|\bsamples\b|\bimages\b|\bvideos\b",
    re.IGNORECASE,
)
_LIMITS_TITLE = re.compile(r"limit|threats to validity|failure|caveat", re.IGNORECASE)
_LIMITS_WORDS = re.compile(
    r"\blimitations?\b|\bfail(?:s|ure)\b|\bdoes not (?:handle|cover|support)\b", re.IGNORECASE
)
_EARLIER_WORK = re.compile(
    r"\bet\s+al\b|\b(?:existing|prior|previous|earlier|conventional|traditional)\s+(?:[\w-]+\s+){0,3}?(?:work|method"
    r"|approach|model|system|stud|proposal|dataset|data set|technique)",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\bopen (?:problems?|questions?|challenges?)|\bfuture (?:work|directions?|research)", re.IGNORECASE
)
_SIGNIFICANCE = re.compile(r"conclu|discussion|impact|significance|implication", re.IGNORECASE)


class Paper:
    """What a paper says of itself: its abstract, its own sections, whether it was read whole."""

    def __init__(self, abstract: str, full_text: FullText) -> None:
        self.abstract = abstract
        self.own = [section for section in full_text.sections if section.role is Role.OWN]
        self.has_related = any(section.role is Role.RELATED for section in full_text.sections)
        self.is_cut = full_text.is_cut

    def has_title(self, pattern: re.Pattern[str]) -> bool:
        return any(pattern.search(section.title) for section in self.own)

    def says(self, pattern: re.Pattern[str]) -> bool:
        return bool(pattern.search(self.abstract)) or any(
            pattern.search(section.text) for section in self.own
        )


def may_be_unstated(kind: str, paper: Paper) -> bool:
    """Say whether a reading may show the section ``kind`` as not stated in ``paper``."""
    return not (paper.is_cut or kind in _ALWAYS or _STATED.get(kind, _never)(paper))


def _never(paper: Paper) -> bool:  # noqa: ARG001 - some sections leave no trace that could be looked for
    return False


def _states_results(paper: Paper) -> bool:
    """A figure or a comparison in the abstract, or any figure under a heading of results."""
    in_abstract = (sentence for sentence in sentences(paper.abstract) if _RESULT_WORDS.search(sentence))
    under_heading = (section.text for section in paper.own if _RESULTS.search(section.title))
    return any(True for _ in in_abstract) or any(
        quantities(sentence) for text in under_heading for sentence in sentences(text)
    )


def _states_data(paper: Paper) -> bool:
    return paper.has_title(_DATA_TITLE) or paper.says(_DATA_WORDS)


def _states_earlier(paper: Paper) -> bool:
    return paper.has_related or any(_EARLIER_WORK.search(section.text) for section in paper.own)


def _states_limits(paper: Paper) -> bool:
    return paper.has_title(_LIMITS_TITLE) or paper.says(_LIMITS_WORDS)


_STATED: dict[str, Callable[[Paper], bool]] = {
    **dict.fromkeys(EARLIER, _states_earlier),
    **dict.fromkeys(("performance", "evaluation", "results", "findings", "task"), _states_results),
    **dict.fromkeys(("data", "contents"), _states_data),
    "limits": _states_limits,
    "open_problems": lambda paper: paper.says(_OPEN) or paper.has_title(_OPEN),
    "significance": lambda paper: paper.has_title(_SIGNIFICANCE),
}
LIMITS = "limits"
"""Asked of all ``…_limits`` sections together: one of them is enough for a paper that names its limits."""
