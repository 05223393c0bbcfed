"""What a sentence's wording is worth: a table of weighted cues, and where to find the code.

The weights were set by hand on 60 labelled abstracts (``benchmarks/extracts``). ``extraction.py`` chooses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.core.arxiv.sentences import one_of


@dataclass(frozen=True, slots=True)
class Cue:
    """What a pattern in a sentence is worth to a headline and to a takeaway."""

    headline: float
    takeaway: float
    pattern: re.Pattern[str]


def _cue(pattern: str, *, headline: float, takeaway: float) -> Cue:
    return Cue(headline, takeaway, re.compile(pattern, re.VERBOSE))


_RELEASABLE = one_of(
    """code source data datasets? demos? models? weights checkpoints? videos? materials? page implementations?
    benchmark website"""
)
_RELEASED = one_of("available released open-?sourced found accessed public shared hosted accessible provided")
AVAILABILITY = re.compile(
    rf"""https?://|www\.|\b\w+\.(?:com|github\.io|org)/
    |\b{_RELEASABLE}(?:\s[\w\s,/&()\-]{{0,60}})?\s(?:is|are|will\sbe|have\sbeen|can\sbe|at)\s
        (?:\w+\s){{0,3}}{_RELEASED}
    |\b(?:will|to)\s(?:publicly\s)?(?:release|open-?source)\b|\bproject\s(?:page|website)\b
    |\b(?:release|open[-\s]?source)\w*\s(?:all\s|our\s|the\s)*(?:source\s)?(?:code|models?|weights|data)\b
    |^we\s(?:\w+\s){{0,2}}releas\w*\s(?!an?\b)(?-i:[a-z])\D{{0,150}}$
    |\bare\s(?:publicly\s)?released\b|^\(?(?:accepted|published|to\sappear)\b|^submitted\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Where to find the code is the links' business, not a takeaway."""

_AUTHORS = r"\b(?:we|paper|work|study|authors|article|note)\b"
_TESTS = one_of(
    "results? experiments? evaluations? validation analys[ie]s findings simulations? observations? numerics"
)
_SAY = rf"(?:{_AUTHORS}(?:(?!\bto\s)[^.;]){{0,60}}?|\b{_TESTS}\b[^.;]{{0,120}}?|^these\s[^.;]{{0,30}}?)\b"
_MAKE = one_of(
    """propos introduc present develop(?!ment) design devis formulat(?!ion) construct(?!ion) buil[dt] creat
    releas"""
)
_ENDED = r"(?:e|s|es|ed|d|y|ies|ied)?\b(?!\s(?:from|by)\b)"
_FIND = (
    one_of(
        """show find found demonstrat reveal observ confirm uncover prov establish indicat suggest identif
        obtain deriv conclud argu determin classif clarif characteri[sz] detect measur report"""
    )
    + _ENDED
)
_GAIN = (
    one_of(
        """outperform surpass exceed beat achiev improv(?:ement)?s? reduc attain yield increas decreas gain
        speed-?up boost reach match rais enhanc lower dominat degrades? drop ranks accelerat narrow halv doubl
        state-of-the-art"""
    )
    + r"(?:e|s|es|ed|d|ing)?\b"
)
_BETTER = one_of(r"faster better higher lower fewer larger smaller stronger more_\w+")
_FINDS = rf"(?:{_SAY}(?<!\bto\s){_FIND}|,\s(?:finding|showing|revealing|demonstrating)\b)"
_OUTCOME = rf"(?:(?<!\bto\s)\b(?<!^){_GAIN}|\bup[ ]to\b|\bcompared\s(?:to|with)\b|\b{_BETTER}\sthan\b)"
_IS = r"\b(?:is|are|was|were)\s(?:\w+ly\s|not\s)?"
_STATES = one_of(
    r"""var(?:y|ies)_\w*ly depends?_(?:only_)?on scales?_(?:as|with) vanish(?:es)? exhibits? persists?
    impl(?:y|ies) rules?_out disfavou?rs? favou?rs? excludes? diverges? converges? emerges? arises?
    suppress(?:es)? remains? grows? leads_to drives? recovers? maintains? preserves? generali[sz]es agrees?
    if_and_only_if (?:in)?consistent_with no_(?:significant|evidence)"""
)
_FIGURE = r"(?:\d\s?(?:%|×|x\b|times|fold|db|points?|pp\b|sigma|σ|per\s?cent|[kmg]?ev\b)|\b\d+\.\d+\b)"
_LOOK_AT = one_of(
    """stud(?:y|ies) investigat audit examin explor consider address revisit re-examin analy[sz]e aim focus
    interested ask compar employ use adapt perform conduct evaluat test assess appl(?:y|ied) validat train
    incorporat leverag discuss"""
)
_LOOKED_AT = one_of(
    """investigated studied examined considered evaluated validated tested performed conducted carried_out
    compared"""
)
_PRAISE = one_of(
    r"""effectiveness superiority(?!.*\bover\b) feasibility validity usefulness practicality promising
    potential interplay viab\w+ insights? implications robustness_of efficacy importance versatil\w+ utility
    usage strength_of (?:our|the)_theor\w+_(?:predictions|results|findings|analysis)"""
)
_OFFER = one_of("framework solver tool approach basis foundation solution way means guidance")
_ANNOUNCE = one_of(
    r"""hope believe close expect anticipate envision plan outline recommend
    begin start conclude_(?:\w+_){0,2}(?:by|with)"""
)
CUES = (
    # What was made.
    _cue(rf"{_AUTHORS}[^.;]{{0,40}}?\b{_MAKE}", headline=0.4, takeaway=2.0),
    # What came of it: who says so, what changed, what is stated as a fact, and figures.
    _cue(rf"{_FINDS}|\b(?:reveals?|demonstrates?|confirms?|shows)\b", headline=1.6, takeaway=1.7),
    _cue(rf"{_FINDS}\sthat\b", headline=0.6, takeaway=0.0),
    _cue(_OUTCOME, headline=1.4, takeaway=1.2),
    _cue(
        rf"\b{_STATES}\b|{_IS}(?:\w+\s)?(?:observed|found|detected|shown|proved|proven|established)\b",
        headline=1.2,
        takeaway=0.4,
    ),
    _cue(_FIGURE, headline=0.5, takeaway=1.2),
    _cue(rf"^(?=.*(?:{_FINDS}|{_OUTCOME}))(?=.*{_FIGURE})", headline=1.6, takeaway=0.0),
    # What is said without a result.
    _cue(
        rf"""\b(?:we|paper|study|work)\s(?:\w+ly\s|also\s|then\s|first\s|next\s|further\s)*{_LOOK_AT}
        |{_IS}(?:{_LOOKED_AT}|defined)\b""",
        headline=-2.0,
        takeaway=-0.5,
    ),
    _cue(
        rf"\b{_PRAISE}\b|\bprovid\w+\s(?:an?\s)?(?:\w+\s(?:and\s)?){{0,3}}{_OFFER}\b",
        headline=-1.5,
        takeaway=-0.4,
    ),
    _cue(
        rf"""\bfuture\s(?:work|research|stud|direction)
        |\bwe\s(?:also\s|then\s|finally\s|first\s|further\s)?{_ANNOUNCE}
        |\b(?:results?|findings|work|study|analys[ie]s)\s(?:\w+\s)?(?:underscor|highlight)
        |\bpav(?:es?|ing)\sthe\sway|\bopen(?:s|ing)?\s(?:up\s)?(?:new|avenue)|\blays?\sthe\b|\bmotivates?\b
        |\b(?:goal|aim|objective)s?\b|\b(?:is|are|will\sbe)\s(?:explored|outlined|discussed|described)\b
        |\b(?:we|it|this|these|results?|findings|approach|method|framework|work)\s(?:\w+\s){{0,2}}
            (?:could|would|will|may|might)\s(?:\w+\s){{0,2}}(?:be|constitute|help|serve|enable|enrich|inspire|improve)
        |\b(?:remains?|is|are)\s(?:\w+ly\s)?(?:open\b|unclear|unknown|challeng|elusive|unexplored|lacking)
        |\bdo(?:es)?\snot\sclaim\b""",
        headline=-3.5,
        takeaway=-1.4,
    ),
    # What is said besides.
    _cue(
        r"^(?:\w+\s)?(?:ablation|(?:supporting|further|additional)\s(?:analys|experiment|test))",
        headline=-3.5,
        takeaway=0.0,
    ),
    _cue(
        r"^these\s|\b(?:we|results|experiments)\s(?:further|also|additionally|first|then|next)\b|\b(?:another|as\sa\sbyproduct)\b",
        headline=-0.8,
        takeaway=0.0,
    ),
)
"""Matched against the sentence in lower case."""
REPORTS = re.compile(rf"{_FIND}\sthat\s", re.IGNORECASE)
"""After it begins what was found."""
TELLS = re.compile(
    rf"\b(?:we|this\s\w+|is|are|was|were|has|have|can|cannot)\b|{_FIND}|{_OUTCOME}|\b{_STATES}\b",
    re.IGNORECASE,
)
"""A verb that may say what came of the work."""
