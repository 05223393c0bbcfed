"""The numbers and the names that a sentence states, in English or Chinese.

Owns what counts as the same number: ``300K`` is ``300,000`` and ``30万``; ``47×`` is ``47 times`` and
``47倍``, but not ``47`` or ``47 %``; ``tens of minutes`` is ``数十分钟`` and allows 47 minutes, never
hours. A number inside a name (GPT-4, CIFAR-10, 3DGS) belongs to the name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise, takewhile

from newsletter.core.summaries.rules.bounds import Bound, bound_of
from newsletter.core.summaries.rules.numerals import (
    CHINESE,
    FRACTIONS,
    MAGNITUDES,
    MEASURED_WORDS,
    MONTHS,
    SPECIAL,
    SUPERSCRIPTS,
    TENS,
    UNITS,
    VAGUE,
    VAGUE_FEW,
    WORDS,
    YEARS,
    chinese_value,
    month_of,
)
from newsletter.core.summaries.rules.words import stem

Span = tuple[int, int]
PART = "part"
"""The unit of a fraction: half, two thirds, 五分之一."""
_STRICT = frozenset({"%", "×", PART})
"""Units that no number goes without."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit (a key of ``UNITS``, ``PART``, or empty) and where it stands."""

    value: Decimal
    unit: str
    span: Span
    upto: Decimal | None = None
    """The other end of what a vague number may mean: 99 for ``tens of``."""
    counted: frozenset[str] = frozenset()
    """Stems of the nouns that directly follow a number without unit: what it counts."""
    scale: Decimal = Decimal(1)
    """What a magnitude multiplied it with."""
    bound: Bound = Bound.NONE
    end: Bound = Bound.NONE
    """Which end of a range it is, or of a change: either is written ``from 5% to 20%``."""

    def agrees_with(self, other: Quantity) -> bool:
        """Say whether a claim may state this where its quote states ``other``.

        Same value; same unit, except that the claim may leave out a unit of measure where it counts nothing
        else. A vague number allows an exact one within it, never the reverse; ``bounds`` must not cross.
        """
        return self._is_value(other) and self._is_unit(other) and self._is_bound(other)

    def _is_value(self, other: Quantity) -> bool:
        if {self.unit, other.unit} == {"%", PART}:
            return self._in_hundredths == other._in_hundredths
        if self.bound is Bound.OVER and other.upto is None and 0 < self.value < other.value:
            return other.value <= _A_TENTH_MORE * self.value
        if self.bound is Bound.OVER and other.bound is Bound.NONE and self.unit and other.upto is None:
            return False
        if self.upto is None or other.upto is not None:
            return (self.value, self.upto) == (other.value, other.upto)
        return self.value <= other.value <= self.upto

    def _is_bound(self, other: Quantity) -> bool:
        own = self.bound if self.end is Bound.NONE else self.end
        return own.allows(other.bound)

    def _is_unit(self, other: Quantity) -> bool:
        units = {self.unit, other.unit}
        if len(units) == 1 or units == {"%", PART}:
            return True
        return not self.unit and not units & _STRICT and not self.counted

    @property
    def _in_hundredths(self) -> Decimal:
        return self.value * 100 if self.unit == PART else self.value


_UNIT = "|".join(f"(?P<u{number}>{pattern})" for number, pattern in enumerate(UNITS.values()))
_MAGNITUDE = "|".join(sorted(MAGNITUDES, key=len, reverse=True))
_TAIL = rf"""(?:[\s-]?(?P<magnitude>{_MAGNITUDE})(?![A-Za-z\d]))?(?:[\s~-]?(?:{_UNIT}))?"""
_NUMBER = r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
_SUPER = "".join(SUPERSCRIPTS)
_POWER = re.compile(
    rf"(?<![\w.])(?:(?P<number>\d+(?:\.\d+)?)\s?[×x·*]\s?)?10"
    rf"(?:\^\{{?(?P<exponent>[-−–]?\d+)\}}?|(?P<superscript>[{_SUPER}]+))"
)
_DIGITS = re.compile(
    rf"(?P<hundredths>百分之)?(?<![A-Za-z\d_])(?<!\d[.,]){_NUMBER}{_TAIL}(?![A-Za-z\d{_SUPER}])", re.ASCII
)
_WORDED = re.compile(
    rf"""\b(?:(?P<tens>{"|".join(TENS)})-(?P<ones>{"|".join(WORDS)})|(?P<word>{"|".join([*WORDS, *TENS])}))s?
    {_TAIL}(?![A-Za-z])""",
    re.VERBOSE | re.IGNORECASE,
)
_CHINESE = re.compile(
    rf"""(?<![第\d.数几{CHINESE}])(?P<number>[{CHINESE}]+)
    (?:{_UNIT}|(?P<tenths>成)|(?=[{MEASURED_WORDS}]|阶段))""",
    re.VERBOSE,
)
"""Chinese numerals count where a measure word follows; elsewhere (三维, 十分) they are parts of words."""
_HUNDREDTHS = re.compile(rf"百分之(?P<number>[{CHINESE}]+)(?:点(?P<rest>[{CHINESE}]+))?")
_VAGUE = re.compile(
    rf"(?:{'|'.join(f'(?P<v{i}>{words})' for i, (words, _, _) in enumerate(VAGUE))})"
    rf"(?:\s+of\s+|\s*)(?:{_UNIT})?",
    re.IGNORECASE,
)
_VAGUE_FEW = re.compile(rf"(?:{VAGUE_FEW})(?:{_UNIT})", re.IGNORECASE)
_BETWEEN_ENDS = re.compile(r"\s?(?:of(?:\s+the)?|\+/-|±|[-‐‑–—−~～至到]|to|and|与|和)\s?")
_THROUGH = re.compile(r"\s?(?:[-‐‑–—−~～至到]|to)\s?")
_AND = re.compile(r"\s?(?:and|与|和)\s?")
_BETWEEN = re.compile(r"(?:between\s|在\s?|介于\s?)$", re.IGNORECASE)
_FROM = re.compile(r"\bfrom\s+$|[从由]\s?$", re.IGNORECASE)
"""What opens a change as often as a range."""
_A_TENTH_MORE = Decimal("1.1")
_FACTOR = re.compile(r"\bfactors?\s+of\s+$", re.IGNORECASE)
_MINUS = re.compile(r"(?:^|[\s(\[=±,，（])[-−–]$")
_NOUNS = re.compile(r"(?:\s+of\s+(?:the\s+|its\s+)?\w+)?[\s-]?((?:[A-Za-z][\w-]*\s?){1,3})")
_MEASURE = re.compile(rf"\s?[{MEASURED_WORDS}]")

_UNIT_ALONE = re.compile("|".join(UNITS.values()))
_DIGIT_BEFORE = re.compile(r"\d\s?$")
_LETTER_LED = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_.+@][A-Za-z0-9]+)*")
_DIGIT_LED = re.compile(r"(?<![A-Za-z\d.,])\d+[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
_LIKE_A_NAME = re.compile(r"[a-z]-bench$|[A-Z].*[A-Z]|[A-Za-z]\d|^[A-Z][A-Za-z]*-\d")


@lru_cache(maxsize=1024)
def quantities(text: str) -> tuple[Quantity, ...]:
    """Every number of ``text`` in order, in digits or words, with what multiplies and measures it."""
    text = _with_plain_digits(text)
    bare = _without(text, [span for _, span in _letter_led_names(text)])
    found: list[Quantity] = []
    for reading in (_hundredths, _vague, _dates, _powers, _special, _digits, _worded, _chinese):
        read = list(reading(bare))
        bare = _without(bare, [quantity.span for quantity in read])
        found += read
    ordered = sorted(found, key=lambda quantity: quantity.span)
    counting = [_counting(quantity, text) for quantity in _as_ranges(ordered, text)]
    return tuple(_as_bounds(counting, text))


def _with_plain_digits(text: str) -> str:
    """Write ４７ and ٤٧ as 47: a number in other digits is a number."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text)


def names(text: str) -> tuple[tuple[str, Span], ...]:
    """Names as printed, with spans: words with two capitals, or with letters and digits (GPT-4, 3DGS)."""
    letter_led = _letter_led_names(text)
    taken = [span for _, span in letter_led] + [quantity.span for quantity in quantities(text)]
    digit_led = [
        (match.group(), match.span())
        for match in _DIGIT_LED.finditer(text)
        if not any(start <= match.start() < end for start, end in taken)
    ]
    return (*letter_led, *digit_led)


def _letter_led_names(text: str) -> list[tuple[str, Span]]:
    return [
        (match.group(), match.span())
        for match in _LETTER_LED.finditer(text)
        if _LIKE_A_NAME.search(match.group())
        and not text[match.start() - 1 : match.start()].isdigit()
        and not (_UNIT_ALONE.fullmatch(match.group()) and _DIGIT_BEFORE.search(text[: match.start()][-2:]))
    ]


def _without(text: str, spans: list[Span]) -> str:
    """Blank out ``spans`` so that every other character keeps its place."""
    for start, end in spans:
        text = text[:start] + "\0" * (end - start) + text[end:]
    return text


def _unit_of(match: re.Match[str]) -> str:
    groups = match.groupdict()
    return next((unit for number, unit in enumerate(UNITS) if groups.get(f"u{number}")), "")


# --- one kind of number each -----------------------------------------------------------------------------


def _vague(text: str) -> Iterator[Quantity]:
    for match in _VAGUE.finditer(text):
        number = next(i for i in range(len(VAGUE)) if match[f"v{i}"])
        _, low, high = VAGUE[number]
        yield Quantity(Decimal(low), _unit_of(match), match.span(), upto=Decimal(high))
    for match in _VAGUE_FEW.finditer(text):
        yield Quantity(Decimal(2), _unit_of(match), match.span(), upto=Decimal(9))


def _dates(text: str) -> Iterator[Quantity]:
    """March is 3 月; a year needs no unit in English."""
    for match in YEARS.finditer(text):
        yield Quantity(Decimal(match["year"]), "", match.span())
    for match in MONTHS.finditer(text):
        number = match["number"] or ""
        value = int(number) if number.isdigit() else chinese_value(number)
        yield Quantity(Decimal(value or month_of(match.group())), "month of the year", match.span())


def _powers(text: str) -> Iterator[Quantity]:
    for match in _POWER.finditer(text):
        digits = match["exponent"] or "".join(SUPERSCRIPTS[sign] for sign in match["superscript"])
        try:
            exponent = int(digits.replace("−", "-").replace("–", "-"))
        except ValueError:  # a lone minus, or thousands of digits
            continue
        if abs(exponent) < 1000:
            yield Quantity(Decimal(match["number"] or 1).scaleb(exponent), "", match.span())


def _special(text: str) -> Iterator[Quantity]:
    for pattern, value, unit in SPECIAL:
        for match in pattern.finditer(text):
            yield Quantity(value, unit, match.span())
    for match in FRACTIONS.finditer(text):
        yield Quantity(_fraction(match), PART, match.span())


def _fraction(match: re.Match[str]) -> Decimal:
    if match["under"]:
        return Decimal(match["over"]) / Decimal(match["under"])
    if match["below"]:
        return Decimal(chinese_value(match["above"])) / chinese_value(match["below"])
    over = {"thir": 3, "quar": 4, "four": 4, "fift": 5}[match["ordinal"].lower()[:4]]
    return Decimal({"two": 2, "three": 3}.get((match["count"] or "").lower().strip(" -"), 1)) / over


def _digits(text: str) -> Iterator[Quantity]:
    for match in _DIGITS.finditer(text):
        scale = Decimal(MAGNITUDES.get(match["magnitude"] or "", 1))
        value = Decimal(match["number"].replace(",", "")) * scale
        is_negative = bool(_MINUS.search(text[: match.start("number")][-2:]))
        is_factor = _FACTOR.search(text[: match.start()])
        unit = "×" if is_factor else "%" if match["hundredths"] else _unit_of(match)
        yield Quantity(-value if is_negative else value, unit, match.span(), scale=scale)


def _worded(text: str) -> Iterator[Quantity]:
    for match in _WORDED.finditer(text):
        tens, ones, word = ((match[name] or "").lower() for name in ("tens", "ones", "word"))
        value = {**WORDS, **TENS}[word] if word else TENS[tens] + WORDS[ones]
        scale = Decimal(MAGNITUDES.get((match["magnitude"] or "").lower(), 1))
        unit = "×" if _FACTOR.search(text[: match.start()]) else _unit_of(match)
        yield Quantity(value * scale, unit, match.span(), scale=scale)


def _hundredths(text: str) -> Iterator[Quantity]:
    """百分之三十五点二 is 35.2 %."""
    for match in _HUNDREDTHS.finditer(text):
        rest = "".join(str(chinese_value(digit)) for digit in match["rest"] or "")
        yield Quantity(Decimal(f"{chinese_value(match['number'])}.{rest or 0}"), "%", match.span())


def _chinese(text: str) -> Iterator[Quantity]:
    for match in _CHINESE.finditer(text):
        value = Decimal(chinese_value(match["number"]))
        if match["tenths"]:
            yield Quantity(10 * value, "%", match.span())
        elif value > 1:
            yield Quantity(value, _unit_of(match), match.span())


# --- together --------------------------------------------------------------------------------------------


def _as_ranges(found: list[Quantity], text: str) -> Iterator[Quantity]:
    """Give the lower end of a range (``3–5%``, ``31 to 14 hours``) the unit of its upper end."""
    for index, quantity in enumerate(found):
        following = found[index + 1] if index + 1 < len(found) else None
        between = text[quantity.span[1] : following.span[0]] if following else ""
        joined = _BETWEEN_ENDS.fullmatch(between)
        if not following or not joined or quantity.unit or quantity.upto is not None:
            yield quantity
            continue
        if _AND.fullmatch(between) and not _BETWEEN.search(text[: quantity.span[0]]):
            yield quantity
            continue
        scale = following.scale if quantity.scale == 1 else Decimal(1)
        yield replace(quantity, unit=following.unit, value=quantity.value * scale)


def _as_bounds(found: list[Quantity], text: str) -> Iterator[Quantity]:
    """Let the ends of a range with a unit bound it: of ``5-20%`` neither stands for the whole."""
    ends: dict[int, tuple[Bound, bool]] = {}
    for index, (low, high) in enumerate(pairwise(found)):
        before, between = text[: low.span[0]], text[low.span[1] : high.span[0]]
        is_range = _THROUGH.fullmatch(between) or (_AND.fullmatch(between) and _BETWEEN.search(before))
        if is_range and low.unit and low.unit == high.unit and low.value < high.value:
            is_change = bool(_FROM.search(before))
            ends |= {index: (Bound.LEAST, is_change), index + 1: (Bound.UP_TO, is_change)}
    for index, quantity in enumerate(found):
        end, is_change = ends.get(index, (Bound.NONE, True))
        yield replace(quantity, end=end, bound=quantity.bound if is_change else end)


def _counting(quantity: Quantity, text: str) -> Quantity:
    after = text[quantity.span[1] :]
    nouns = _NOUNS.match(after)
    heads = frozenset(takewhile(bool, map(stem, re.split(r"[\s-]+", nouns[1].strip()))) if nouns else ())
    counted = heads if not _MEASURE.match(after) else frozenset({"#"})
    return replace(
        quantity,
        counted=frozenset() if quantity.unit else counted,
        bound=bound_of(text, start=quantity.span[0], end=quantity.span[1]),
    )
