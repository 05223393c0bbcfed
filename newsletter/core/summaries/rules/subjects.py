"""Whose result a sentence tells: the paper's own method, another named one, or methods in general."""

from __future__ import annotations

import re

from newsletter.core.summaries.rules.comparing import compares, names_the_worse
from newsletter.core.summaries.rules.quantities import names
from newsletter.core.summaries.rules.words import stems

_OURS = re.compile(
    r"\b(?:we|our|ours|this\s+(?:paper|work|study)|(?:the|this)\s+(?:proposed|present(?:ed)?|new)\s+\w+)\b",
    re.IGNORECASE,
)
_KINDS_OF_METHOD = (
    r"(?:methods?|models?|systems?|approach(?:es)?|frameworks?|algorithms?|detectors?|defen[cs]es?|agents?|"
    r"polic(?:y|ies)|networks?|pipelines?|decoders?|estimators?)"
)
_OWN_SUBJECT = re.compile(
    rf"^(?:the|this|our|its)\s+(?:[\w-]+\s+){{0,3}}?{_KINDS_OF_METHOD}\b|^it\b|^(?:本文|该|所提|作者|我们|这一)",
    re.IGNORECASE,
)
_GENERIC_SUBJECT = re.compile(
    rf"^(?!(?:The|This|These|Our|We|A|An|It|Its|Each|Both)\b)(?:[A-Z][\w-]*\s+)(?:[\w-]+\s+){{0,3}}?{_KINDS_OF_METHOD}\b"
)
_BASELINE = re.compile(r"^(?:the|a|an)?\s*(?:[\w-]+\s+){0,3}?baselines?\b|^[^，,]{0,6}基线", re.IGNORECASE)
_AGAINST_BASELINE = re.compile(
    r"\b(?:over|than|against|versus|compared\s+(?:to|with))\s+(?:[\w-]+\s+){0,5}?baselines?\b", re.IGNORECASE
)
_SUBJECT = re.compile(
    r"(?:The|A|An)?\s*((?:[\w-]+\s+){1,6}?)(?:(?:yield|achiev|reach|obtain|attain|improv|gain|take|need|requir)e?s?"
    r"|is|are|was|were|has|have|falls?|rises?)\s"
)
_COMPARED_WITH = re.compile(
    r"(?:improvement|gain|increase|reduction|advantage|points?|%)[^,.;]*?\sover\b"
    r"|\b(?:than|against|versus|compared\s+(?:with|to))\b",
    re.IGNORECASE,
)
_LEADING_NAME = re.compile(r"^\W*(?P<name>[A-Z][\w.+-]*)\s+[a-z]+(?:s|ed)\b")
_NAMES_ITSELF = re.compile(
    r"(?:\b(?:propose|introduce|present|describe|construct|release|build)\w*|\b(?:named|called|dubbed)"
    r"|\b[Oo]ur\s+\w+,|\b(?:framework|method|model|system|approach|pipeline|algorithm|benchmark),)\s+"
    r"(?:[a-z][\w-]*\s+){0,4}?(?P<name>[A-Z][\w.+-]*)"
)


def own_names(title: str, text: str) -> frozenset[str]:
    """Return, case-folded, the names that authors give to what they made: "X: …" as title, "we present X"."""
    head, colon, _ = title.partition(":")
    found = {head} if colon and len(head.split()) <= 2 else set()
    found |= {name for name, _ in names(title)}
    found |= {match["name"] for match in _NAMES_ITSELF.finditer(text)}
    return frozenset(name.casefold() for name in found)


def has_wrong_subject(claim: str, quote: str, *, own: frozenset[str]) -> bool:
    """Say whether ``claim`` tells of the paper's own what ``quote`` tells of another, or the reverse."""
    if _BASELINE.match(claim) and _AGAINST_BASELINE.search(quote) and not _BASELINE.match(quote):
        return True
    if _is_what_was_beaten(claim, quote):
        return True
    said_first = _LEADING_NAME.match(claim)
    if said_first and not compares(claim) and names_the_worse(said_first["name"], quote):
        return True
    leading = _LEADING_NAME.match(quote)
    other = leading["name"].casefold() if leading and _is_name(leading["name"]) else ""
    tells_of_own = _tells_of_own(claim, own)
    if other and other not in own and not _OURS.search(quote):
        return tells_of_own and other not in claim.casefold()
    generic = _GENERIC_SUBJECT.match(quote)
    if generic and not any(name in generic.group().casefold() for name in own):
        return tells_of_own and not stems(generic.group()) <= stems(claim)
    stated = _LEADING_NAME.match(claim)
    is_others = (
        bool(stated) and _is_name(stated["name"]) and stated["name"].casefold() not in own
        if stated
        else False
    )
    return is_others and stated is not None and stated["name"].casefold() not in quote.casefold()


def _is_what_was_beaten(claim: str, quote: str) -> bool:
    """Say whether ``claim`` is about what ``quote`` names only after "over", "than" or "against"."""
    subject, measure = _SUBJECT.match(claim), _COMPARED_WITH.search(quote)
    if not subject or not measure or compares(claim):
        return False
    said, before, after = stems(subject[1]), stems(quote[: measure.start()]), stems(quote[measure.end() :])
    return bool(said and before) and said <= after and not said & before


def _is_name(word: str) -> bool:
    return bool(names(word))


def _tells_of_own(claim: str, own: frozenset[str]) -> bool:
    lowered = claim.casefold()
    return any(lowered.startswith(name) for name in own) or bool(_OWN_SUBJECT.match(claim))
