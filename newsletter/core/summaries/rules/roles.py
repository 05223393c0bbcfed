"""What part a number plays: where a change starts, where it ends, or by how much; which is of which.

``from 4.2% to 3.1%`` bears out neither "by 3.1%" nor "reaches 4.2%", and ``62 of 100`` not "100 of 62".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from functools import lru_cache
from itertools import pairwise

from newsletter.core.summaries.rules.quantities import Quantity, quantities


class Role(Enum):
    """The part a number plays where it stands."""

    NONE = auto()
    START = auto()
    START_OF_ANOTHER = auto()
    """A start that is said to be of something: "from 64% without gestures to 82%"."""
    END = auto()
    CHANGE = auto()
    REACHED = auto()
    """What something "achieves" or has now: an end, or a change ("achieves a gain of 5%")."""


_EXCLUDED = {
    Role.START: {Role.END, Role.CHANGE},
    Role.START_OF_ANOTHER: {Role.END, Role.CHANGE},
    Role.END: {Role.START, Role.START_OF_ANOTHER, Role.CHANGE},
    Role.CHANGE: {Role.START, Role.START_OF_ANOTHER, Role.END},
    Role.REACHED: {Role.START},
}
"""Which printed parts a claim's part cannot be."""

_ABOUT = (
    r"(?:(?:an?|the|its|only|just|about|around|roughly|approximately|nearly|almost|up\s?to|at least|at most"
    r"|over|more than|less than|as much as|[$~≈<>])\s*)*"
)
_CHANGES = (
    r"\b(?:reduc|lower|decreas|declin|drop|fall|fell|cut|shr[iau]nk|improv|increas|rais|ris(?:e|ing)|rose|gain"
    r"|boost|gr[eo]w|lift|climb|outperform|surpass|exceed|better|advanc|enhanc|shorten|sav(?:e|ing)|go(?:es)?\b"
    r"|went|mov(?:e|ing))\w*"
)
_A_CHANGE = r"\b(?:reduction|improvement|increase|decrease|gain|drop|boost|decline|rise|cut|saving)"
_MOVES = "降低|下降|减少|缩短|提高|提升|上升|增加|增长|改善|加快|节省|高出|降|升|减|增"
_SOME = r"(?:[了约近达为\s]|大约|至少|至多|最多|超过|高达|多达|不到|仅|只|幅度)*"


_REACH = 200
"""Characters before a number in which its part is looked for."""


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_CHANGE = _compiled(_CHANGES)
_RANGES = _compiled(rf"(?:\b(?:rang|var|span)\w*\s+(?:\w+\s+)?|{_A_CHANGE}s\s+)from\b[^;]*$")
_FROM = _compiled(rf"\bfrom\s+{_ABOUT}(?:[A-Za-z-]+\s+)?$")
_AND_TO = _compiled(r"[^,;.\d]{0,60}?\bto\s")
_OF_ANOTHER = _compiled(
    r"[^,;.\d]{0,12}\b(?:with|without|for|under|using|by|of|at|in|on)\b(?:(?!\bto\s)[^,;.\d])+\bto\s"
)
_BACK_FROM = _compiled(rf"(?:\b(?:down|up)|{_CHANGES}[^;,.\d]*\sto\b[^;]{{1,30}})\s+from\s+{_ABOUT}$")
_TO = _compiled(rf"{_CHANGES}(?:[^;]*\bfrom\b[^;]{{1,40}}|[^;,.\d]*)\s(?:down\s|up\s)?to\s+{_ABOUT}$")
_NOT_THERE = _compiled(rf"\b(?:compared|relative|similar|close|equal|due|respect|next|up) to\s+{_ABOUT}$")
_BY = _compiled(
    rf"\b(?:drop|f[ae]ll|declin|decreas|increas|improv|ris(?:e|ing)|rose)\w*\s+{_ABOUT}$|{_CHANGES}[^;]*\bby\s+{_ABOUT}$|{_A_CHANGE}s?\s+of\s+{_ABOUT}$"
)
_OF_CHANGE = _compiled(rf"\s*(?:(?:relative|absolute|average|mean|further)\s+)?{_A_CHANGE}s?\b")
_REACHES = _compiled(
    rf"\b(?:(?:reach|achiev|attain|obtain|yield)\w*|is|are|has|have|gives?|shows?)\s+(?:[^;,.\d]{{0,50}}\s(?:of|at)\s+)?{_ABOUT}$"
)
_EARLIER = _compiled(
    r"\b(?:before|baseline|previous|prior|without|original|initial|standard|existing|earlier|conventional|start)"
    r"|原|前|基线|没有|传统|现有|已有|起初|最初"
)
_FROM_IN_CHINESE = _compiled(r"[从由自]\s*[^,，。；;\d]{0,6}$")
_AND_TO_IN_CHINESE = _compiled(rf"[^,，。；;\d]{{0,10}}(?:{_MOVES}|变)?[至到为]")
_TO_IN_CHINESE = _compiled(rf"(?:(?:{_MOVES})[至到为]|变为|变成){_SOME}$")
_BY_IN_CHINESE = _compiled(rf"(?:{_MOVES}|[降升增]幅){_SOME}$")
_REACHES_IN_CHINESE = _compiled(rf"(?:达到|取得|实现|为|是){_SOME}$")


@lru_cache(maxsize=1024)
def role_of(number: Quantity, text: str) -> Role:
    """Return the part that ``number`` plays in ``text``."""
    before, after = text[max(number.span[0] - _REACH, 0) : number.span[0]], text[number.span[1] :]
    before = before[max(before.rfind(". "), before.rfind("。"), before.rfind("\n")) + 1 :]
    return next((role for role, plays in _ROLES if plays(before, after)), Role.NONE)


def _starts(before: str, after: str) -> bool:
    if _FROM.search(before) and _AND_TO.match(after):
        return bool(_CHANGE.search(before)) and not _RANGES.search(before)
    return bool(
        _BACK_FROM.search(before) or (_FROM_IN_CHINESE.search(before) and _AND_TO_IN_CHINESE.match(after))
    )


def _starts_of_another(before: str, after: str) -> bool:
    return bool(_OF_ANOTHER.match(after)) and _starts(before, after)


def _ends(before: str, _after: str) -> bool:
    if _TO.search(before) and not _NOT_THERE.search(before):
        return not _RANGES.search(before)
    return bool(_TO_IN_CHINESE.search(before))


def _changes(before: str, after: str) -> bool:
    return bool(_BY.search(before) or _OF_CHANGE.match(after) or _BY_IN_CHINESE.search(before))


def _reaches(before: str, after: str) -> bool:
    if _EARLIER.search(before) or _EARLIER.search(after):
        return False
    return bool(_REACHES.search(before) or _REACHES_IN_CHINESE.search(before))


_ROLES = (
    (Role.START_OF_ANOTHER, _starts_of_another),
    (Role.START, _starts),
    (Role.END, _ends),
    (Role.CHANGE, _changes),
    (Role.REACHED, _reaches),
)


def changes_role(claim: str, quotes: Sequence[str]) -> bool:
    """Say whether a number of ``claim`` plays a part that it plays nowhere in ``quotes``."""
    return any(_is_recast(number, claim, quotes) for number in quantities(claim))


def _is_recast(number: Quantity, claim: str, quotes: Sequence[str]) -> bool:
    excluded = _EXCLUDED.get(role_of(number, claim))
    if not excluded:
        return False
    printed = [
        role_of(each, quote) for quote in quotes for each in quantities(quote) if number.agrees_with(each)
    ]
    return bool(printed) and all(role in excluded for role in printed)


_Pair = tuple[Quantity, Quantity]
_PART = r"(?:[^,;，；。]|,(?=\d))"
_FROM_TO = _compiled(
    rf"(?:from|从|由)\s*(?P<a>{_PART}{{1,40}}?)\s*(?:to|(?:{_MOVES})?[至到])\s*(?P<b>{_PART}{{1,40}})"
)
_TO_FROM = _compiled(r"\bto\s+(?P<b>[^,;]{1,25}?),?\s+(?:down\s+|up\s+)?from\s+(?P<a>[^,;]{1,25})")
_DOWN_FROM = _compiled(r"(?P<b>[^;]{1,80}?),?\s+(?:down|up)\s+from\s+(?P<a>[^,;]{1,25})")
_OUT_OF = _compiled(r"\s?(?:[a-z]+\s)?(?:out\s)?of\s(?:(?:the|all|its)\s)?")
_OF_SO_MANY = _compiled(r"(?:^|[.,;]\s*)of\s+(?:the\s+)?$")
_AMONG = _compiled(r"\s?[\u4e00-\u9fff]{0,8}?[中里]的?[，,]?[\u4e00-\u9fff]{0,8}\s?")


def ends_swapped(claim: str, quote: str) -> bool:
    """Say whether something goes in ``claim`` to where it comes from in ``quote``."""
    return _are_exchanged(_ends_of(claim), _ends_of(quote))


def part_is_whole(claim: str, quote: str) -> bool:
    """Say whether ``claim`` has as many of so many the wrong way round: 100 of 62."""
    return _are_exchanged(_shares(claim), _shares(quote))


def takes_another_part(claim: str, quote: str) -> bool:
    """Say whether ``claim`` has another part of a whole of ``quote``: eight of nine for six of nine."""
    printed = tuple(_shares(quote))
    for part, whole in _shares(claim):
        parts = [each for each, of in printed if whole.agrees_with(of)]
        if parts and not any(map(part.agrees_with, parts)):
            return True
    return False


def _are_exchanged(stated: Iterable[_Pair], printed: Iterable[_Pair]) -> bool:
    shown = tuple(printed)
    return any(
        a.agrees_with(d) and b.agrees_with(c) and not a.agrees_with(b) for a, b in stated for c, d in shown
    )


def _ends_of(text: str) -> Iterator[_Pair]:
    for pattern in (_FROM_TO, _TO_FROM, _DOWN_FROM):
        for match in pattern.finditer(text):
            first, last = _within(match.span("a"), text), _within(match.span("b"), text)
            if first and last:
                yield first[-1], last[0]


def _within(span: tuple[int, int], text: str) -> list[Quantity]:
    return [number for number in quantities(text) if span[0] <= number.span[0] < span[1]]


def _shares(text: str) -> Iterator[_Pair]:
    """Yield (part, whole)."""
    numbers = quantities(text)
    for first, second in pairwise(numbers):
        between = text[first.span[1] : second.span[0]]
        if _OUT_OF.fullmatch(between):
            yield first, second
        elif _AMONG.fullmatch(between) or (_OF_SO_MANY.search(text[: first.span[0]]) and "." not in between):
            yield second, first
