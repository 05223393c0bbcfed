"""Number words, units of measure, and what multiplies a number, in English and Chinese: tables mostly."""

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

UNITS = {
    "%": r"\\?%|percent\b(?![ -]points?)|per[ ]cent\b(?![ -]points?)",
    "point": r"(?:%|percent(?:age)?|per[ ]cent)?[ -]?points?\b|pp\b|个?百分点|个点",
    "×": r"[×x](?!\s?\d)(?![A-Za-z])|times\b|-?fold\b|倍",
    "ms": r"ms\b|milliseconds?\b|毫秒",
    "μs": r"[μµu]s\b|microseconds?\b|微秒",
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
    "bit": r"bits?\b|比特|位(?=数据|整数|浮点|精度)",
    "byte": r"bytes?\b|字节",
    "nm": r"nm\b|nanomet(?:er|re)s?\b|纳米",
    "μm": r"[μµu]m\b|micromet(?:er|re)s?\b|微米",
    "mm": r"mm\b|millimet(?:er|re)s?\b|毫米",
    "cm": r"cm\b|centimet(?:er|re)s?\b|厘米",
    "m": r"m\b|met(?:er|re)s?\b|米",
    "km": r"km\b|kilomet(?:er|re)s?\b|公里|千米",
    "Hz": r"Hz\b|赫兹",
    "kHz": r"kHz\b|千赫",
    "MHz": r"MHz\b|兆赫",
    "GHz": r"GHz\b|吉赫",
    "mK": r"mK\b|毫开",
    "MPa": r"MPa\b|兆帕",
    "GPa": r"GPa\b|吉帕",
    "kg": r"kg\b|kilograms?\b|公斤|千克",
    "W": r"W\b|watts?\b|瓦",
    "K": r"kelvins?\b|开尔文",
    "keV": r"keV\b",
    "MeV": r"MeV\b",
    "GeV": r"GeV\b",
    "eV": r"eV\b|电子伏特?",
}
MAGNITUDES = {
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
