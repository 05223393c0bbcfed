"""What bounds a number: ``at least 20%`` is not ``up to 20%``, in English and Chinese.

Owns which words bound the number they stand beside, and which bound a claim may state of which printed one.
"""

from __future__ import annotations

import re
from enum import Enum, auto


class Bound(Enum):
    """A number without a bound, or the words it is bounded with."""

    NONE = auto()
    OVER = auto()
    """More than it: what is rounded is up to a tenth more."""
    LEAST = auto()
    UNDER = auto()
    """Below it, or the largest: a condition, a record, as often as a bound."""
    UP_TO = auto()
    """At most: without these words the number promises more."""

    def allows(self, printed: Bound) -> bool:
        """Say whether a claim may bound so a number that its quote bounds as ``printed``."""
        if self in _FLOORS:
            return printed not in _CEILINGS
        return printed not in (_FLOORS if self in _CEILINGS else {Bound.UP_TO})


_FLOORS = frozenset({Bound.OVER, Bound.LEAST})
_CEILINGS = frozenset({Bound.UNDER, Bound.UP_TO})

_ABOUT = r"(?:(?:an?|the|its|about|around|roughly|approximately|nearly|some|[$~≈])\s*)*"
_SIGNS = r"[\s\u4e00-\u9fff]{0,8}"
"""What Chinese puts between a bound and its number: 至少可将误差降低 20%."""
_LARGEST = r"(?:maximum|maximal|peaks?|highest|largest|best)\b[^,;.\d]{0,40} (?:of|at|by|to)"
_UP_TO = (
    r"\b(?:up\s?to|as (?:much|many|high|large|long) as|at (?:the )?most|not exceed(?:ing)?"
    rf"|(?:no|not) (?:more|greater|higher|larger|longer) than)\s+{_ABOUT}|[≤⩽]\s*"
    rf"|[高多长]达\s*|(?:最多|至多|最高){_SIGNS}|不(?:超过|高于|大于|多于)\s*"
)
_UNDER = (
    rf"(?:\b(?:under|below|(?<!no )(?<!not )(?:less|fewer|lower|smaller|shorter) than|within"
    rf"|max(?:imum)?(?: of)?|{_LARGEST})|<)\s*{_ABOUT}"
    rf"|(?:最大|最好|最佳|峰值|可达){_SIGNS}|(?:低于|少于|小于|不到|不足)\s*"
)
_LEAST = (
    r"(?:\b(?:at (?:the )?(?:very )?least|(?:no|not) (?:less|fewer|lower|smaller) than|upwards of"
    rf"|min(?:imum)?(?: of)?)|[≥⩾])\s*{_ABOUT}|(?:至少|起码|最少){_SIGNS}|(?:不少于|不低于|不小于)\s*"
)
_OVER = (
    r"(?:\b(?:over|above|(?:more|greater|higher|larger|longer|better) than|exceed(?:s|ed|ing)?)\s+"
    rf"(?:[\d,.]+\s+\w+\s+and\s+)?|>\s*){_ABOUT}|(?<!不)(?:超过?|多于|大于|高于)\s*|逾\s*"
)


def _before(bound: Bound, words: str) -> tuple[Bound, re.Pattern[str]]:
    return bound, re.compile(rf"(?:{words})$", re.IGNORECASE)


_BEFORE = (
    _before(Bound.UP_TO, _UP_TO),
    _before(Bound.UNDER, _UNDER),
    _before(Bound.LEAST, _LEAST),
    _before(Bound.OVER, _OVER),
)
"""In the order they are tried: ``no more than`` ends in ``more than``."""


def _after(bound: Bound, chinese: str, english: str) -> tuple[Bound, re.Pattern[str]]:
    return bound, re.compile(
        rf"\s?[\u4e00-\u9fff]{{0,2}}\s?(?:及|或)?(?:{chinese})|\s(?:or|and) (?:{english})\b"
    )


_AFTER = (
    _after(Bound.LEAST, "以上", "more|above|higher"),
    _after(Bound.UNDER, "以下|以内|之内", "less|fewer|below"),
    (Bound.OVER, re.compile(r"\s?(?:余|多(?=[个条篇张名位倍])|\+)")),
)
_REACH = 80
"""Characters before a number in which what bounds it stands."""


def bound_of(text: str, *, start: int, end: int) -> Bound:
    """Return what bounds the number at ``start`` to ``end`` of ``text``."""
    before, after = text[max(start - _REACH, 0) : start], text[end : end + 20]
    found = [bound for bound, pattern in _BEFORE if pattern.search(before)]
    found += [bound for bound, pattern in _AFTER if pattern.match(after)]
    return found[0] if found else Bound.NONE
