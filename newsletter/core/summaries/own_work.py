"""Where an abstract turns from background to the paper's own work.

Told by wording alone: "we", "this paper", "the proposed", "experiments show", the name before the title's
colon.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from newsletter.core.arxiv.sentences import one_of

_TEXT = one_of(
    """paper work study article survey thesis dissertation report letter note review contribution manuscript
    talk tutorial chapter essay lecture overview project"""
)
THIS_PAPER = (
    rf"(?:(?:this|(?:the\s)?present|the\scurrent)\s(?:\w[\w-]*\s){{0,2}}?{_TEXT}"
    r"|(?:these|present)\s(?:\w+\s)?(?:notes|lectures))\b"
)
"""How authors call the text that they write."""
_WE = r"(?:we|our|(?-i:I)(?!\.))"
_PEOPLE_DO = one_of(
    """know knew live need lack face inhabit interact move rely perceive experience cannot
    observe_the_(?:universe|sky|world) are_(?:witnessing|entering|surrounded)
    have_(?:seen|witnessed|come_to|an?|no)"""
)
"""After "we": what people in general do ("how we live and interact")."""
_OURS = one_of(
    """method approach model framework algorithm system result analys[ie]s work stud(?:y|ies) paper experiment
    finding evaluation observation simulation contribution proposal solution construction proof goal aim focus
    technique dataset benchmark architecture pipeline measurement theorem investigation implementation"""
)
_DONE = one_of(
    """proposed introduced presented developed derived investigated studied examined prove[dn] established
    demonstrated"""
)
_TESTS = one_of(
    """results? experiments? evaluations? simulations? analys[ie]s ablations? findings benchmarks numerics
    calculations observations tests case_stud(?:y|ies) comparisons?"""
)
_KINDS_OF_TESTS = one_of(
    """extensive comprehensive empirical numerical experimental our the systematic detailed ablation further
    additional monte_carlo"""
)
_LABELS = one_of("results? findings? (?:materials?_and_)?methods? conclusions? approach objectives?")
_OWN_WORK = re.compile(
    rf"""\b(?:we|(?-i:I)(?!\.))\b(?!\s(?:(?:all|now|still|currently|often|humans?)\s)*{_PEOPLE_DO}\b)
    |\bour\s(?:\w[\w-]*\s){{0,2}}?{_OURS}
    |\b{THIS_PAPER}|\bherein\b|^here\b|^{_LABELS}\s?:
    |\b(?:is|are)\s(?:then\s|also\s|here\s|\w+ly\s)?{_DONE}\b|\bthe\s(?:proposed|presented|suggested)\b
    |^{_KINDS_OF_TESTS}?\s?(?:\w+\s){{0,2}}?{_TESTS}\b[^.;]{{0,80}}?\b
        (?:show|demonstrat|indicat|reveal|confirm|suggest|validat|verif)
    |^(?:in\sorder\s)?to\s(?:\w+\s){{0,3}}?(?:this|these|those|such)\b[^,]{{0,60}},\s
        (?:we|our|this|an?|(?-i:[A-Z])[\w-]+)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ANNOUNCED = re.compile(rf"here\b|in\s{THIS_PAPER}", re.IGNORECASE)
"""Before "Here we present", a "we" may be people in general, or the authors of an earlier paper."""
_EARLY = 0.6
"""Later in an abstract "in this work" begins its end."""
_BEFORE = one_of("recent previous prior existing earlier")
_USUALLY = one_of("well widely commonly generally often typically usually traditionally increasingly")
_CITATION = r"\[\d+(?:\s?[,–-]\s?\d+)*\]|\bet\sal\b|\(\D{0,40}\b(?:19|20)\d\d[a-z]?\)"
_OTHERS = re.compile(
    rf"""{_CITATION}
    |^(?:{_BEFORE}|traditional|conventional|current|classical)(?:ly)?\b|^(?:most|many|several|modern|state-of-the-art)\b
    |^(?!compared|relative|unlike|over)(?:\w+\s){{0,3}}{_BEFORE}\s(?:\w+\s)?(?:work|stud|result|research|experiment|approach|method)
    |\b(?:is|are)\s{_USUALLY}\b
    |\b(?:was|were|been)\s(?:\w+ly\s|first\s)?(?:introduced|proposed|conjectured|suggested)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_EARLIER_PAPER = re.compile(
    rf"""^in\s(?:(?:an?|our|some|the)\s)?(?:{_BEFORE}|companion)\s(?:\w+\s)?(?:work|paper|article|stud)
    |\bwe\s(?:recently|previously)\b""",
    re.VERBOSE | re.IGNORECASE,
)
"""Of the same authors."""
_AUTHORS = re.compile(rf"\b{_WE}\b|\bherein\b|\b{THIS_PAPER}|\bthe\sproposed\b", re.IGNORECASE)


def own_work_begins(sentences: Sequence[str], *, title: str) -> int:
    """Return the index of the first sentence about the authors' own work.

    Where none says so, of the first that does not tell of other people's.
    """
    told = [index for index, sentence in enumerate(sentences) if not tells_of_others(sentence)]
    name = coined_name(title)
    owned = [
        index
        for index in told
        if tells_of_own(sentences[index]) or (name and name in sentences[index].casefold())
        if not sentences[index].endswith("?")
    ]
    announced = [index for index in owned if _ANNOUNCED.match(sentences[index])]
    if announced and announced[0] <= _EARLY * len(sentences):
        return announced[0]
    return next(iter(owned or told), 0)


def tells_of_own(sentence: str) -> bool:
    """Say whether a word of ``sentence`` names the authors, their text or their tests."""
    return bool(_OWN_WORK.search(sentence))


def tells_of_others(sentence: str) -> bool:
    """Say whether ``sentence`` tells of earlier or other people's work, and not of this paper."""
    is_about_others = _OTHERS.search(sentence) and not _AUTHORS.search(sentence)
    return bool(is_about_others or _EARLIER_PAPER.search(sentence))


def coined_name(title: str) -> str:
    """The name before the colon of ``title``, in small letters: of "TideNet: Levels from Ships" ``tidenet``.

    Empty where that is no single word with a capital or digit inside.
    """
    head, colon, _ = title.partition(":")
    return head.strip().casefold() if colon and re.fullmatch(r"\s*\S+[A-Z0-9]\S*\s*", head) else ""
