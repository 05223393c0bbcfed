"""The numbers and the names that a sentence states, in English or Chinese.

Owns what counts as the same number: ``300K`` is ``300,000`` and ``30万``; ``47×`` is ``47 times`` and
``47倍``, but not ``47`` or ``47 %``. A number inside a name (GPT-4, CIFAR-10, 3DGS) belongs to the name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit (a key of ``_UNITS``, or empty) and where it stands."""

    value: Decimal
    unit: str
    span: Span

    def agrees_with(self, other: Quantity) -> bool:
        """Same value; same unit, except that one of them may leave out a unit of measure, never % or ×."""
        if self.value != other.value:
            return False
        strict = {self.unit, other.unit} & {"%", "×"}
        return self.unit == other.unit or (not strict and "" in (self.unit, other.unit))


_UNITS = {
    "%": r"\\?%|percent(?:age[ -]points?)?\b|per[ ]cent\b|pp\b|个?百分点",
    "×": r"[×x](?!\s?\d)(?![A-Za-z])|times\b|-?fold\b|倍",
    "ms": r"ms\b|milliseconds?\b|毫秒",
    "s": r"s\b|secs?\b|seconds?\b|秒",
    "min": r"mins?\b|minutes?\b|分钟",
    "h": r"h\b|hrs?\b|hours?\b|个?小时",
    "day": r"days?\b|天",
    "week": r"weeks?\b|个?(?:周|星期)",
    "month": r"months?\b|个?月",
    "year": r"years?\b|年",
    "dB": r"dB\b|decibels?\b|分贝",
    "KB": r"KB\b|kilobytes?\b",
    "MB": r"MB\b|megabytes?\b",
    "GB": r"GB\b|gigabytes?\b",
    "TB": r"TB\b|terabytes?\b",
    "nm": r"nm\b|nanomet(?:er|re)s?\b|纳米",
    "mm": r"mm\b|millimet(?:er|re)s?\b|毫米",
    "cm": r"cm\b|centimet(?:er|re)s?\b|厘米",
    "m": r"m\b|met(?:er|re)s?\b|米",
    "km": r"km\b|kilomet(?:er|re)s?\b|公里|千米",
    "Hz": r"Hz\b|赫兹",
    "kHz": r"kHz\b|千赫",
    "MHz": r"MHz\b|兆赫",
    "GHz": r"GHz\b|吉赫",
    "W": r"W\b|watts?\b|瓦",
    "K": r"kelvins?\b|开尔文",
    "eV": r"eV\b|电子伏特?",
}
_MAGNITUDES = {
    "hundred": 10**2,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "百": 10**2,
    "千": 10**3,
    "万": 10**4,
    "百万": 10**6,
    "亿": 10**8,
    "十亿": 10**9,
    "万亿": 10**12,
    "K": 10**3,
    "k": 10**3,
    "M": 10**6,
    "B": 10**9,
    "T": 10**12,
}


def _counted(words: str, *, first: int, step: int = 1) -> dict[str, int]:
    return {word: first + step * index for index, word in enumerate(words.split())}


_ONES = _counted(
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
    first=2,
)
_TENS = _counted("twenty thirty forty fifty sixty seventy eighty ninety", first=20, step=10)
_WORDS = {**_ONES, **_TENS, "dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
"""``one`` is left out: it is a pronoun more often than a number."""
_SPECIAL = (
    (r"\btwice\b|\bdoubl(?:e[sd]?|ing)\b(?!-)|翻倍|翻一番", Decimal(2), "×"),
    (r"\btripl(?:e[sd]?|ing)\b(?!-)", Decimal(3), "×"),
    (r"\bquadrupl(?:e[sd]?|ing)\b", Decimal(4), "×"),
    (r"\bhal(?:f|ves?|ved|ving)\b|一半|减半", Decimal("0.5"), ""),
    (r"\b(?:an|one)\ order\ of\ magnitude|一个数量级", Decimal(10), "order of magnitude"),
)

_UNIT = "|".join(f"(?P<u{number}>{pattern})" for number, pattern in enumerate(_UNITS.values()))
_MAGNITUDE = "|".join(sorted(_MAGNITUDES, key=len, reverse=True))
_TAIL = rf"""(?:[\s-]?(?P<magnitude>{_MAGNITUDE})(?![A-Za-z\d]))?(?:[\s~-]?(?:{_UNIT}))?"""
_DIGITS = re.compile(
    rf"""(?P<hundredths>百分之)?(?<![A-Za-z\d_])(?<!\d[.,])
    (?P<number>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+){_TAIL}(?![A-Za-z\d])""".replace(
        "[ -]", r"[\ -]"
    ),
    re.VERBOSE,
)
_WORDED = re.compile(
    rf"""\b(?:(?P<tens>{"|".join(_TENS)})-(?P<ones>{"|".join(_ONES)})|(?P<word>{"|".join(_WORDS)}))s?
    {_TAIL}(?![A-Za-z])""",
    re.VERBOSE | re.IGNORECASE,
)
_CHINESE_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
_CHINESE_STEPS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_CHINESE = re.compile(
    rf"""(?P<hundredths>百分之)?(?<![第\d.])(?P<number>[零一二两三四五六七八九十百千万亿]+)
    (?:{_UNIT}|(?P<tenths>成)|(?=[个种项类次步层组套篇名位条幅张轮家台大款]|阶段)|(?<=百分之.)|(?<=百分之..))""",
    re.VERBOSE,
)
"""Chinese numerals count where a measure word follows; elsewhere (三维, 十分) they are parts of words."""

_LETTER_LED = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_.+@][A-Za-z0-9]+)*")
_DIGIT_LED = re.compile(r"(?<![A-Za-z\d.,])\d+[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*")
_LIKE_A_NAME = re.compile(r"[A-Z].*[A-Z]|[A-Za-z]\d|^[A-Z][A-Za-z]*-\d")


def quantities(text: str) -> tuple[Quantity, ...]:
    """Every number of ``text`` in order, in digits or words, with what multiplies and measures it."""
    bare = _without(text, [span for _, span in _letter_led_names(text)])
    found = [_from_digits(match) for match in _DIGITS.finditer(bare)]
    found += [_from_words(match) for match in _WORDED.finditer(bare)]
    found += [quantity for match in _CHINESE.finditer(bare) if (quantity := _from_chinese(match))]
    for pattern, value, unit in _SPECIAL:
        found += [
            Quantity(value, unit, match.span())
            for match in re.finditer(pattern, bare, re.IGNORECASE | re.VERBOSE)
        ]
    return tuple(sorted(found, key=lambda quantity: quantity.span))


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
        if _LIKE_A_NAME.search(match.group()) and not (match.start() and text[match.start() - 1].isdigit())
    ]


def _without(text: str, spans: list[Span]) -> str:
    """Blank out ``spans`` so that every other character keeps its place."""
    for start, end in spans:
        text = text[:start] + "\0" * (end - start) + text[end:]
    return text


def _unit_of(match: re.Match[str]) -> str:
    groups = match.groupdict()
    return next((unit for number, unit in enumerate(_UNITS) if groups.get(f"u{number}")), "")


def _from_digits(match: re.Match[str]) -> Quantity:
    value = Decimal(match["number"].replace(",", "")) * _MAGNITUDES.get(match["magnitude"] or "", 1)
    return Quantity(value, "%" if match["hundredths"] else _unit_of(match), match.span())


def _from_words(match: re.Match[str]) -> Quantity:
    tens, ones, word = ((match[name] or "").lower() for name in ("tens", "ones", "word"))
    value = _WORDS[word] if word else _TENS[tens] + _ONES[ones]
    magnitude = _MAGNITUDES.get((match["magnitude"] or "").lower(), 1)
    return Quantity(Decimal(value * magnitude), _unit_of(match), match.span())


def _from_chinese(match: re.Match[str]) -> Quantity | None:
    value, unit = _chinese_value(match["number"]), _unit_of(match)
    if match["hundredths"]:
        return Quantity(Decimal(value), "%", match.span())
    if match["tenths"]:
        return Quantity(Decimal(10 * value), "%", match.span())
    return Quantity(Decimal(value), unit, match.span()) if value > 1 else None


def _chinese_value(numeral: str) -> int:
    """``三千二百`` → 3200, ``十五`` → 15, ``两万`` → 20000."""
    total = section = digit = 0
    for character in numeral:
        if character in _CHINESE_DIGITS:
            digit = _CHINESE_DIGITS[character]
            continue
        step = _CHINESE_STEPS[character]
        if step >= _CHINESE_STEPS["万"]:
            total = (total + section + digit or 1) * step
            section = digit = 0
        else:
            section, digit = section + (digit or 1) * step, 0
    return total + section + digit
