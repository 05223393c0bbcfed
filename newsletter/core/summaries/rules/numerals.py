"""Number words, in English and Chinese. Tables, and the value of a Chinese numeral."""

from __future__ import annotations

import re
from decimal import Decimal


def _counted(words: str, *, first: int, step: int = 1) -> dict[str, int]:
    return {word: first + step * index for index, word in enumerate(words.split())}


TENS = _counted("twenty thirty forty fifty sixty seventy eighty ninety", first=20, step=10)
WORDS = _counted(
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen",
    first=2,
) | {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
"""``one`` is left out: it is a pronoun more often than a number."""

SPECIAL = tuple(
    (re.compile(pattern, re.IGNORECASE), Decimal(value), unit)
    for pattern, value, unit in (
        (r"\btwice\b|\bdoubl(?:e[sd]?|ing)\b(?!-)|翻倍|翻一番", "2", "×"),
        (r"\btripl(?:e[sd]?|ing)\b(?!-)", "3", "×"),
        (r"\bquadrupl(?:e[sd]?|ing)\b", "4", "×"),
        (r"\bhal(?:f|ves?|ved|ving)\b|一半|减半", "0.5", "part"),
        (r"\b(?:an|one) order of magnitude|一个数量级", "10", "order of magnitude"),
    )
)

VAGUE = (
    (r"\bhundreds of thousands\b|[数几]十万|上十万", 10**5, 10**6 - 1),
    (r"\btens of thousands\b|[数几上]万", 10**4, 10**5 - 1),
    (r"\bmillions\b|[数几上]百万", 10**6, 10**9 - 1),
    (r"\bthousands\b|[数几上]千|成千上万", 1000, 9999),
    (r"\bhundreds\b|[数几上]百", 100, 999),
    (r"(?<![一二三四五六七八九])十[几多余]", 11, 19),
    (r"\b(?:tens|dozens)\b|[数几]十", 20, 99),
)
"""(words, least, most) of what is meant by them; the longer ones first."""
VAGUE_FEW = r"\b(?:several|a few|a couple of|a handful of)\s|[数几](?=个?(?:小时|分钟|秒|天|周|月|年))"
"""Counts only before a unit: "several datasets" promises nothing."""

CHINESE_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"两": 2}
CHINESE_STEPS = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
CHINESE = "".join([*CHINESE_DIGITS, *CHINESE_STEPS])
MEASURED_WORDS = "个种项类次步层组套篇名位条幅张轮家台大款件国帧级处所份例对起门期岁页行块批只支路人段场"

FRACTIONS = re.compile(
    rf"(?<![{CHINESE}])(?!百分之)(?P<below>[{CHINESE}]+)分之(?P<above>[{CHINESE}]+)"
    r"|(?<![\d/.,])(?P<over>[1-9]\d?)/(?P<under>[1-9]\d{0,2})(?![\d/])"
    r"|\b(?P<count>an?|one|two|three)[\s-](?P<ordinal>thirds?|quarters?|fourths?|fifths?)\b"
    r"(?!\s+(?:contribution|stage|step|finding))",
    re.IGNORECASE,
)
YEARS = re.compile(r"(?P<year>(?:19|20)\d\d)\s?年(?!来|间)")
_MONTHS = (
    "Januar",
    "Februar",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "Septem",
    "Octo",
    "Novem",
    "Decem",
)
MONTHS = re.compile(
    rf"\b(?:January|February|March|April|May(?=\s+(?:19|20)\d\d)|June|July|August|September|October|November|December)\b"
    rf"|(?<![\d个{CHINESE}])(?P<number>\d{{1,2}}|[{CHINESE}]{{1,2}})\s?月(?!来|内|后)"
)
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+", strict=True))


def month_of(name: str) -> int:
    """``March`` → 3; 0 for no month."""
    return next((number for number, month in enumerate(_MONTHS, start=1) if name.startswith(month)), 0)


def chinese_value(numeral: str) -> int:
    """``三千二百`` → 3200, ``十五`` → 15, ``两万`` → 20000."""
    total = section = digit = 0
    for character in numeral:
        if character in CHINESE_DIGITS:
            digit = CHINESE_DIGITS[character]
            continue
        step = CHINESE_STEPS[character]
        if step >= CHINESE_STEPS["万"]:
            total = (total + section + digit or 1) * step
            section = digit = 0
        else:
            section, digit = section + (digit or 1) * step, 0
    return total + section + digit
