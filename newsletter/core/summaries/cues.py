"""What a sentence's wording is worth: a table of weighted cues, and where to find the code.

The weights were tuned by hand on 140 labelled abstracts of a week of arXiv. ``extraction.py`` chooses.
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

_AUTHORS = r"\b(?:we|paper|work|study|authors)\b"
_TESTS = one_of("results? experiments? evaluations? analys[ie]s findings simulations? observations? numerics")
_SAY = rf"(?:{_AUTHORS}[^.;]{{0,60}}?|\b{_TESTS}\b[^.;]{{0,120}}?)\b"
_MAKE = one_of(
    """propos introduc present develop(?!ment) design devis formulat(?!ion) construct(?!ion) buil[dt] creat
    releas"""
)
_FIND = one_of(r"show find found demonstrat reveal observ confirm uncover prov(?:e|es|ed|ing)\b establish")
_FINDS = rf"(?:{_SAY}(?<!\bto\s){_FIND}|\b(?:reveals?|demonstrates?|confirms?|shows)\b)"
_INFER = one_of(
    "indicat suggest identif obtain deriv conclud argu determin classif characteri[sz] detect measur"
)
_GAIN = one_of(
    r"""outperform surpass exceed beats?\b achiev improv reduc attain yield increas decreas gains?\b speed-?up
    boost reach match(?:es)?\b rais(?:es|ing|ed)\b enhanc lower(?:s|ing)\b dominat degrad drop sustain
    cut(?:s|ting)?\b"""
)
_GAINS = rf"\b(?<!^){_GAIN}"
_BETTER = one_of(r"faster better higher lower fewer larger smaller stronger more_\w+")
_FIGURE = r"(?:\d\s?(?:%|×|x\b|times|fold|db|points?|pp\b|sigma|σ|per\s?cent|[kmg]?ev\b)|\b\d+\.\d+\b)"
_LOOK_AT = one_of(
    """stud(?:y|ies) investigat examin explor consider address revisit re-examin analy[sz]e aim focus
    interested ask"""
)
_LOOKED_AT = one_of("investigated studied examined considered")
_USE = one_of("employ use adapt perform conduct evaluat test assess compare appl(?:y|ied) validat train")
_USED = one_of("evaluated validated tested performed conducted carried_out compared")
_PRAISE = one_of(
    r"""effectiveness superiority feasibility validity usefulness practicality promising potential interplay
    viab\w+ insights? implications robustness_of efficacy importance versatil\w+ utility usage"""
)
_OFFER = one_of("framework solver tool approach basis foundation solution way means guidance")
_ANNOUNCE = one_of(
    r"""hope believe discuss close expect anticipate envision plan outline summari[sz]e survey
    contextuali[sz]e describe begin start conclude_(?:\w+_){0,2}(?:by|with)"""
)
CUES = (
    # What was made.
    _cue(rf"{_AUTHORS}[^.;]{{0,40}}?\b{_MAKE}", headline=0.6, takeaway=2.0),
    # What came of it.
    _cue(_FINDS, headline=2.2, takeaway=1.8),
    _cue(rf"{_SAY}{_INFER}|\bwe\sreport\b", headline=1.4, takeaway=1.5),
    _cue(rf"{_GAINS}|\bup[ ]to\b|\b{_BETTER}\sthan\b", headline=1.2, takeaway=1.2),
    _cue(r"\b(?:outperform|surpass|exceed)(?:e?s)?\b|\bachieves?\b", headline=1.5, takeaway=0.0),
    _cue(_FIGURE, headline=0.5, takeaway=1.2),
    _cue(rf"^(?=.*(?:{_FINDS}|{_GAINS}))(?=.*{_FIGURE})", headline=1.5, takeaway=0.0),
    # What is said without a result.
    _cue(
        rf"\b(?:we|paper|study|work)\b[^.;]{{0,20}}?\b{_LOOK_AT}|\b(?:is|are|was|were)\s{_LOOKED_AT}\b",
        headline=-1.6,
        takeaway=-0.2,
    ),
    _cue(
        rf"\bwe\b[^.;]{{0,20}}?\b{_USE}|\b(?:is|are|was|were)\s{_USED}\b",
        headline=-1.2,
        takeaway=-0.8,
    ),
    _cue(
        rf"\b{_PRAISE}\b|\bprovid\w+\s(?:an?\s)?(?:\w+\s(?:and\s)?){{0,3}}{_OFFER}\b",
        headline=-1.0,
        takeaway=-0.4,
    ),
    _cue(
        rf"""\bfuture\s(?:work|research|stud|direction)
        |\bwe\s(?:also\s|then\s|finally\s|first\s|further\s)?{_ANNOUNCE}
        |\b(?:results?|findings|work|study|analys[ie]s)\s(?:\w+\s)?(?:underscor|highlight)
        |\bpav(?:es?|ing)\sthe\sway|\bopen(?:s|ing)?\s(?:up\s)?(?:new|avenue)|\blays?\sthe\b|\bmotivates?\b
        |\bour\s(?:goal|aim|objective)\b|\b(?:is|are|will\sbe)\s(?:explored|outlined|discussed|described)\b
        |\b(?:could|would|will|may|might)\s(?:thus\s|also\s)?(?:be|constitute|help|serve|enable)""",
        headline=-2.0,
        takeaway=-1.4,
    ),
    # What is said besides.
    _cue(
        r"^(?:\w+\s)?(?:ablation|(?:supporting|further|additional)\s(?:analys|experiment|test))",
        headline=-2.5,
        takeaway=0.0,
    ),
    _cue(
        r"\b(?:further|also|additionally|another|as\sa\sbyproduct)\b|\bwe\s(?:first|then|next)\b",
        headline=-0.8,
        takeaway=0.0,
    ),
)
"""Matched against the sentence in lower case."""
