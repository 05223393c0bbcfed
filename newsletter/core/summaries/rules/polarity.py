"""What a sentence denies, in English and, as far as signs tell, in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator

from newsletter.core.arxiv.sentences import sentences
from newsletter.core.summaries.rules.words import stem, stems, terms, tokens

_DENIES = re.compile(
    r"\b(?:not(?!\s+(?:only|just|merely|necessarily))|no(?!\s+(?:longer|more|less|fewer)\s+than)|never|nothing|neither|nor|"
    r"without|cannot|none|hardly|free\s+of|instead\s+of|rather\s+than|unable|fail(?:s|ed|ing)?(?:\s+to)?|"
    r"lack(?:s|ed|ing)?|avoid(?:s|ed|ing)?|absence|absent)\b|n['’]t\b",
    re.IGNORECASE,
)
_LIMITS = re.compile(
    r"\b(?:unaffected|unlike|unable|seldom|rare(?:ly)?|barely|scarcely|few|little|scarce|miss\w*|replac\w*|remov\w*|"
    r"eliminat\w*|despite|only|zero|out\s+of\s+reach|prevent\w*|obviat\w*|unchanged|untouched|intact|immune|"
    r"first\s+to|disfavou?r\w*|exclud\w*)\b",
    re.IGNORECASE,
)
"""Words that a denial may be another way of saying."""
_UN = re.compile(r"\b(?:un|non|in|im|ir|dis)-?(\w{3,})", re.IGNORECASE)
_FREE = re.compile(r"\b(\w{3,})-free\b", re.IGNORECASE)
_OF_NOUNS = re.compile(r"no|lack\w*|avoid\w*|absen\w+", re.IGNORECASE)
"""Deny what directly follows, not the whole clause."""
_SCOPE = re.compile(r"[^,;:.()]*")
_SUBJECT = re.compile(r"[^,;:.]*\b(?:is|are|was|were|do|does|did|has|have|can|could|will|would|should)\s+$")
"""What is denied of, before "is not"."""
_SCOPE_ENDS = re.compile(r"\b(?:but|while|whereas|so|because|although|yet|and\s+(?:the|it|a|is|was|has))\b")
_NOUN_ENDS = re.compile(r"\b(?:and|but|while|whereas|so|because|although|yet)\b")
_SCOPE_WORDS = 6
_NEARLY = 0.5
_DENIES_CHINESE = re.compile(
    r"不需要|无需|无须|不必|不用|不依赖|没有|并未|未能|未(?=[被经在对发能])|不能|无法|不会|并非|不是|不再|从不|从未|绝不|"
    r"不(?=增加|改变|要求|使用|影响|使|包含|可|应|漂)"
)
_ANY_CHINESE_DENIAL = re.compile(r"[不无未没非免]|避免|取代|代替|而不|除去|去掉|仅|只")
_NEEDS_CHINESE = re.compile(r"(?<!不)(?<!无)需要?(?!求)|必须|依赖|要求")
_NEED = stem("need")
_TAKES = re.compile(r"\b(?:takes?|took|costs?)\b", re.IGNORECASE)
"""What 需要 says of time: it needs two hours."""


def flips_negation(claim: str, quoted: str, *, is_chinese: bool) -> bool:
    """Say whether one of the two denies what the other states."""
    return _flips_in_chinese(claim, quoted) if is_chinese else _flips(claim, _about(claim, quoted))


def _about(claim: str, quoted: str) -> str:
    """Return the sentences of ``quoted`` that share most with ``claim``, or nearly as much."""
    said = stems(claim)
    shared = [(len(said & stems(sentence)), sentence) for sentence in sentences(quoted)]
    most = max((count for count, _ in shared), default=0)
    return "\n".join(sentence for count, sentence in shared if count >= _NEARLY * most)


def _flips(claim: str, quoted: str) -> bool:
    shared = stems(claim) & stems(quoted)
    claimed, denied = denied_stems(claim) & shared, denied_stems(quoted) & shared
    if claimed and not _DENIES.search(quoted):
        return not _may_deny(quoted, claimed, beside=claim)
    if denied and not _DENIES.search(claim):
        return not _may_deny(claim, denied, beside=quoted) and bool(denied - _stated(quoted))
    if claimed and not denied:
        return claimed <= _stated(quoted) and not _may_deny(quoted, claimed, beside=claim)
    return (
        bool(claimed - denied_stems(quoted)) and bool(denied - denied_stems(claim)) and not claimed & denied
    )


def _may_deny(text: str, denied: frozenset[str], *, beside: str) -> bool:
    """Say whether ``text`` may say in another way that something is not: unchanged, hard, seldom."""
    limits = {stem(match.group()) for match in _LIMITS.finditer(text)}
    return bool(limits - denied) or any(
        stem(match[1]) in denied and match.group() not in beside
        for pattern in (_UN, _FREE)
        for match in pattern.finditer(text)
    )


def _flips_in_chinese(claim: str, quoted: str) -> bool:
    if _DENIES_CHINESE.search(claim) and "几乎不" not in claim:
        return not _DENIES.search(quoted) and not _LIMITS.search(quoted)
    if _ANY_CHINESE_DENIAL.search(claim) or not _DENIES.search(quoted):
        return False
    denied = denied_stems(quoted)
    needs = bool(_NEEDS_CHINESE.search(claim)) and not _states_a_need(quoted)
    stated = _stated(quoted)
    return needs or any(words & denied and not words & stated for words in terms(claim))


def denied_stems(text: str) -> frozenset[str]:
    """Return the content words that stand in the scope of a denial."""
    return frozenset(word for scope in _scopes(text) for word in scope)


def _scopes(text: str) -> Iterator[list[str]]:
    for match in _DENIES.finditer(text):
        is_of_noun = match.group().lower() != "no" and _OF_NOUNS.fullmatch(match.group())
        yield [token.stem for token in tokens(_reached(text, match))][: 2 if is_of_noun else _SCOPE_WORDS]
        subject = _SUBJECT.search(text[: match.start()])
        if subject and match.group().lower() == "not":
            yield [token.stem for token in tokens(subject.group())][-_SCOPE_WORDS:]


def _reached(text: str, denial: re.Match[str]) -> str:
    """Return the words after ``denial`` that it denies; "no" denies its noun alone."""
    scope = _SCOPE.match(text, denial.end())
    ends = _NOUN_ENDS if _OF_NOUNS.fullmatch(denial.group()) else _SCOPE_ENDS
    return ends.split(scope.group() if scope else "")[0]


def _stated(text: str) -> frozenset[str]:
    """Return the content words that stand outside every denial."""
    outside = text
    for match in _DENIES.finditer(text):
        reached = _reached(text, match)
        outside = outside.replace(reached, " ", 1) if reached.strip() else outside
    return stems(outside)


def _states_a_need(text: str) -> bool:
    if _TAKES.search(text):
        return True
    bare = re.sub(r"\b(?:need|require)s?\s+(?:no|neither)\b", " ", text, flags=re.IGNORECASE)
    return _NEED in _stated(bare)
