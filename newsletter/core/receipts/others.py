"""Sentences that tell of other people's work, by how such sentences are written.

A claim about what a paper did cannot rest on one: "SEINE [5] proposes a transition model" is no method of the
paper that cites it. Owns the patterns; which claims may rest on such sentences is ``checks.py``'s.
"""

from __future__ import annotations

import re

_CITED = r"(?:\[\d+(?:\s*[,–-]\s*\d+)*\]|\((?:[A-Z][^()]{2,80},?\s)?(?:19|20)\d\d[a-z]?\))"
_DO = (
    r"(?:first\s+|also\s+|further\s+|later\s+|recently\s+|then\s+)?(?:propos|introduc|present|develop|describ|"
    r"show|report|stud|us(?:e|ed|es)\b|employ|extend|explor|investigat|demonstrat|suggest|design|combin|train|"
    r"learn|generat|achiev|reach|address|predict|model|formulat|attempt|tr(?:y|ied|ies)\b|rel(?:y|ied|ies)\b|"
    r"requir|need|fail|focus|assum|was|were|is\b|are\b|ha[sd]\b|have\b|can\b|cannot\b)\w*"
)
_BEFORE = (
    r"(?:existing|prior|previous|earlier|past|conventional|traditional|current|recent|related|"
    r"competing|other)"
)
_WORKS = (
    r"(?:works?|methods?|approach(?:es)?|models?|systems?|techniques?|studies|study|papers?|literature|"
    r"efforts?|"
    r"datasets?|data sets|benchmarks?|surveys?|policies|algorithms?|solutions?|research|attempts?|proposals?|"
    r"pipelines?|bounds?|results?|analys[ei]s|estimators?|decoders?|editors?|retarget\w+)"
)

_OTHERS = re.compile(
    rf"\bet\s+al\b\.?|^\s*{_CITED}\s+{_DO}|^[^.;]{{1,60}}?\s{_CITED}\s*{_DO}"
    rf"|^(?:\w+,\s+)?(?:most\s+|many\s+)?(?:existing|prior|previous|conventional|traditional)\s"
    rf"|^(?:while\s+)?(?:commonly|widely|typically|currently)\s+used\s"
    rf"|^{_BEFORE}\s+(?:[\w-]+\s+){{0,3}}?\w+s\s+{_CITED}"
    rf"|^(?:\w+,\s+)?(?:(?:while|although|though|many|most|some|several|all|few|of|the|those|these)\s+){{0,3}}"
    rf"{_BEFORE}(?:\s+[\w-]+){{0,3}}?\s+{_WORKS}\b",
    re.IGNORECASE | re.MULTILINE,
)
_OWN = re.compile(
    r"\b(?:we|our|ours|us|(?:this|the\s+(?:current|present))\s+(?:paper|work|article|study|survey))\b",
    re.IGNORECASE,
)

ATTRIBUTED = re.compile(
    rf"\b{_BEFORE}\b|\b(?:so far|until now|baselines?|literature|others?|commonly|usually|often|typically)\b"
    r"|现有|已有|以往|此前|先前|过去|传统|常规|前人|其他|其它|相关工作|目前|当前|早期|通常|往往|一般|基线",
    re.IGNORECASE,
)
"""A claim that says itself whose work it tells of, in both languages."""


def tells_of_others(sentence: str, *, own: frozenset[str] = frozenset()) -> bool:
    """Say whether ``sentence`` is about other people's work and not about the authors' own.

    ``own`` are the names, folded, that the authors give to their own: a sentence that opens with one is
    theirs.
    """
    if not _OTHERS.search(sentence) or _OWN.search(sentence):
        return False
    return not sentence.casefold().startswith(tuple(own))
