"""What of a paper's words is marked as evidence, and which number of a sentence is set in bold.

Two spans of at most eight words a quote: a whole marked sentence shows nothing. In the authors' sentences the
clause with the result is marked. A number with its unit, and a range, are never cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import repeat

from newsletter.core.summaries.rules.quantities import PART, Quantity, Span, quantities
from newsletter.core.summaries.rules.words import LITTLE_WORDS
from newsletter.core.summaries.summary import Claim, Summary, Voice

MOST_MARKS = 2
MOST_WORDS = 8
"""Of a mark."""

_OF_AMOUNTS = frozenset({"by", "from", "to", "no", "not", "all", "both"})
_WORD = re.compile(r"\S+")
_UNCERTAIN = r"(?:±|\+/[-–−]?|\(?plus\sor\sminus)"
_JOINT = re.compile(rf"\s?(?:[-‐‑–—−~～]|to\s?\+?|and|{_UNCERTAIN})\s?|\s?\((?:up\sto\s)?")
_DASH = re.compile(r"[-‐‑–—−~～]")
_OF_WHAT = re.compile(r"\s(?:the|its|their|that|those|as|of)\b")
_YEAR = re.compile(r"(?:19|20)\d\d")
_BEFORE_RESULT = re.compile(
    r"""(?:(?<![\w-])(?:an?\s|the\s)?(?:average|mean|median|maximum|overall|relative|absolute)?\s?
        (?:achiev|reach|attain|yield|improv|reduc|increas|decreas|outperform|surpass|exceed|gain|boost|rais
        |lower|sav|cut|match|complet|resolv|collaps|drop|fall|ris|accelerat|deliver|obtain|retriev)\w*\s
        |\bonly\s)?
    (?:\b(?:with|by|of|to|at|from|in|up\sto|about|around|roughly|approximately|nearly|almost|over|more\sthan
        |less\sthan|at\sleast|an?\saverage\sof|a\sfactor\sof)\s)*[~≈<>≥≤+±−-]?\s?$""",
    re.VERBOSE | re.IGNORECASE,
)
_AFTER_RESULT = re.compile(
    r"""(?:\s(?:more|less|fewer|faster|slower|higher|lower|better|smaller|larger|cheaper|longer|shorter)
        (?:\soften|\saccurate|\sefficient)?
    |\s(?:average\s|relative\s|absolute\s)?(?:accuracy|improvements?|reductions?|speed-?ups?|gains?|points?
        |PSNR|F1|BLEU|WER|accelerations?|throughput)
    |/\w+|\(\d+\)%?)""",
    re.VERBOSE | re.IGNORECASE,
)
_NO_RESULT_BEFORE = re.compile(
    rf"(?:{_UNCERTAIN}\s?|\b(?:probability|confidence|coverage|threshold|significance|level)\b[^,;]{{0,15}})$"
)
_NO_RESULT_AFTER = re.compile(r"\s(?:functions?|correlat\w+|spectr\w+|confidence|CL|C\.L)\b")
"""An uncertainty, a condition, a six-point function."""
_MADE = re.compile(
    r"\b(?:we|paper|work|authors)\b[^.;]{0,40}?\b(?:propos|introduc|present|develop|design|devis|construct)",
    re.IGNORECASE,
)
_CAME_OUT = re.compile(
    r"""\b(?:achiev|reach|attain|yield|improv|reduc|increas|decreas|outperform|surpass|exceed|gain|boost|rais
    |lower|sav|speed-?up|faster|fewer|higher|better|accura|collaps|drop|fall|fail|complet|resolv|match|beat
    |only|up\sto|show|find|found|demonstrat|reveal|than)""",
    re.VERBOSE | re.IGNORECASE,
)


def marked_spans(quote: str, carrying: Iterable[Span]) -> tuple[Span, ...]:
    """Return at most two spans of at most eight words of those that carry a claim, in order.

    Never more than half the quote in one span: what is marked whole stands out no more. Spans with a number
    come first.
    """
    words = list(_words(quote))
    most = min(MOST_WORDS, max(1, len(words) // 2))
    numbers = [found.span for found in quantities(quote)]
    windows = [
        window
        for start, end in carrying
        if (inside := [word for word in words if word[0] < end and start < word[1]])
        if (window := _window(inside, most, numbers))
    ]
    if len(windows) > 1:
        # A single word without a number says little beside another mark.
        windows = [each for each in windows if len(each) > 1 or _held(each, numbers)] or windows[:1]
    by_worth = sorted(windows, key=lambda each: (-_held(each, numbers), -len(each), each[0]))[:MOST_MARKS]
    if len(by_worth) > 1 and 3 * sum(map(len, by_worth)) > 2 * len(words):
        by_worth = by_worth[:1]
    spans = (
        _trimmed(quote, (window[0][0], window[-1][1])) for window in map(_telling, by_worth, repeat(quote))
    )
    return tuple(sorted(spans))


@lru_cache(maxsize=4096)
def result_span(sentence: str) -> Span | None:
    """Return the words of an authors' sentence that hold its result; None where it states no number."""
    results = [found for found in quantities(sentence) if _is_result(found, sentence)]
    if not results:
        return None
    first = min(
        results, key=lambda found: (_is_behind(found, sentence), _is_start(found, sentence), *_rank(found))
    )
    start, end = _whole(first.span, sentence)
    before = _BEFORE_RESULT.search(sentence[:start])
    after = _AFTER_RESULT.match(sentence, end)
    start = before.start() if before else start
    start += len(sentence[start:]) - len(sentence[start:].lstrip())
    return _trimmed(sentence, _at_most(sentence, (start, after.end() if after else end), holding=first.span))


def bold_span(text: str, *, quotes: Sequence[str]) -> Span | None:
    """Return the one number of ``text`` to be bold, with its unit: the first that a quote states too."""
    text = text.replace("\u00a0", " ")  # where a number and its unit are held together
    stated = [found for quote in quotes for found in quantities(quote)]
    found = [
        each
        for each in quantities(text)
        if each.upto is None
        and (each.unit or _is_count(each, text))
        and any(each.agrees_with(other) for other in stated)
    ]
    if not found:
        return None
    best = min(found, key=_rank)
    start, end = _whole(best.span, text)
    if text[:start].casefold().endswith("all "):
        start -= 4
    return start, end


def made_next(summary: Summary) -> Summary:
    """Return authors' sentences so that what was made follows the headline; a model's stay as they are."""
    if summary.voice is not Voice.AUTHORS:
        return summary
    return replace(
        summary, takeaways=tuple(sorted(summary.takeaways, key=lambda each: not _tells_made(each)))
    )


def _rank(found: Quantity) -> tuple[bool, bool, Span]:
    """Percentages and factors come first, then what has a unit."""
    return found.unit not in ("%", "×"), not found.unit, found.span


def _is_behind(found: Quantity, sentence: str) -> bool:
    """Whether no word of a result stands shortly before it, or it is where a change began."""
    before = sentence[max(0, found.span[0] - 40) : found.span[0]]
    is_told = _CAME_OUT.search(before) or _AFTER_RESULT.match(sentence, found.span[1])
    return _is_start(found, sentence) or not is_told


def _is_start(found: Quantity, sentence: str) -> bool:
    return not found.value or sentence[: found.span[0]].endswith("from ")


def _tells_made(claim: Claim) -> bool:
    return bool(_MADE.search(claim.text))


def _is_result(found: Quantity, sentence: str) -> bool:
    written, after = sentence[slice(*found.span)], sentence[found.span[1] :]
    if _NO_RESULT_BEFORE.search(sentence[: found.span[0]]) or _NO_RESULT_AFTER.match(after):
        return False
    if found.unit == "×" and written.casefold() in ("double", "triple") and not _OF_WHAT.match(after):
        return False  # a triple system
    if found.unit and found.unit != PART:
        return found.unit in ("%", "×") or not _is_behind(found, sentence)
    is_measured = "." in written.strip(".") and not _is_version(found, sentence)
    return is_measured and not _is_behind(found, sentence)


def _is_version(found: Quantity, text: str) -> bool:
    """Whether it belongs to a name: Qwen 3.5, not Dice 78.36."""
    is_short = re.fullmatch(r"\d{1,2}\.\d", text[slice(*found.span)])
    return bool(is_short and re.search(r"[A-Z][\w-]*\s$", text[: found.span[0]]))


def _is_count(found: Quantity, text: str) -> bool:
    """Whether a number without unit is worth it: digits that are no year, or "all three"."""
    start, end = found.span
    if text[:start].casefold().endswith("all "):
        return True
    written = text[start:end]
    return (
        written[:1].isdigit()
        and not _YEAR.fullmatch(written)
        and not ("." in written and _is_version(found, text))
    )


def _words(text: str) -> Iterator[Span]:
    """Yield the words of ``text``; a number with its unit, or a range, is one."""
    whole = [_whole(found.span, text) for found in quantities(text)]
    start = end = -1
    for word in _WORD.finditer(text):
        joins = any(first < word.start() < last and first < end for first, last in whole)
        if start >= 0 and not joins:
            yield start, end
        start = start if joins and start >= 0 else word.start()
        end = word.end()
    if start >= 0:
        yield start, end


def _whole(span: Span, text: str) -> Span:
    """Return the span of a number with its sign and the other end of its range."""
    start, end = span
    for other in quantities(text):
        after = text[end : other.span[0]]
        if other.span[0] >= end and _JOINT.fullmatch(after) and "(" not in after:
            end = other.span[1]
    for other in reversed(quantities(text)):
        if other.span[1] <= start and _is_range(text, other.span, between=text[other.span[1] : start]):
            start = other.span[0]
    if start and text[start - 1] in "+−±~≈":
        start -= 1
    return start, end


def _is_range(text: str, first: Span, *, between: str) -> bool:
    if re.fullmatch(rf"\s?{_UNCERTAIN}\s?", between):
        return True
    is_span = re.search(rf"\b(?:from|of|by)\s[+~≈]?(?:[\d.]+\s?{_UNCERTAIN}\s?)?$", text[: first[0]])
    return bool(_DASH.fullmatch(between)) or bool(re.fullmatch(r"\sto\s\+?", between) and is_span)


def _telling(window: Sequence[Span], text: str) -> Sequence[Span]:
    """Leave out the little words at both ends of a window: "that", "while", "our"."""
    words = list(window)
    while len(words) > 1 and _is_little(text[slice(*words[0])]):
        words.pop(0)
    while len(words) > 1 and _is_little(text[slice(*words[-1])]):
        words.pop()
    return words


def _is_little(word: str) -> bool:
    return word.strip(",.;:()").casefold() in LITTLE_WORDS - _OF_AMOUNTS


def _window(words: Sequence[Span], most: int, numbers: Sequence[Span]) -> tuple[Span, ...]:
    """Return the ``most`` neighbours of ``words`` with the most numbers, the first of several."""
    windows = [tuple(words[at : at + most]) for at in range(max(1, len(words) - most + 1))]
    return max(windows, key=lambda window: _held(window, numbers))


def _held(window: Sequence[Span], numbers: Sequence[Span]) -> int:
    return sum(window[0][0] <= start and end <= window[-1][1] for start, end in numbers)


def _at_most(sentence: str, span: Span, *, holding: Span) -> Span:
    words = [word for word in _words(sentence) if word[0] < span[1] and span[0] < word[1]]
    while len(words) > MOST_WORDS:
        words.pop(0 if words[0][1] <= holding[0] else -1)
    return max(span[0], words[0][0]), min(span[1], words[-1][1])


def _trimmed(text: str, span: Span) -> Span:
    """Leave punctuation at both ends out of a mark, and a bracket whose partner is outside."""
    start, end = span
    while end > start and (text[end - 1] in ",.;:!?”\"' \u00a0" or _is_alone(text[start:end], ")", "(")):
        end -= 1
    while start < end and (
        text[start] in "“\"' \u00a0" or (text[start] == "(" and ")" not in text[start:end])
    ):
        start += 1
    return start, end


def _is_alone(text: str, last: str, partner: str) -> bool:
    return text.endswith(last) and text.count(last) > text.count(partner)
