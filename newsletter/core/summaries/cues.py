"""What a sentence's wording is worth: a table of weighted cues, and where to find the code.

The weights were tuned by hand on labelled abstracts of one week of arXiv. ``extraction.py`` chooses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cue:
    """What a pattern in a sentence is worth to a headline and to a takeaway."""

    headline: float
    takeaway: float
    pattern: re.Pattern[str]


def _cue(pattern: str, *, headline: float, takeaway: float) -> Cue:
    return Cue(headline, takeaway, re.compile(pattern, re.VERBOSE))


AVAILABILITY = re.compile(
    r"""https?://|www\.|\b\w+\.(?:com|github\.io|org)/
    |\b(?:code|source|data|datasets?|demos?|models?|weights|checkpoints?|videos?|materials?|page|implementations?|benchmark|website)
        (?:\s[\w\s,/&()\-]{0,60})?\s(?:is|are|will\ be|have\ been|can\ be|at)\s
        (?:\w+\s){0,3}(?:available|released|open-?sourced|found|accessed|public|shared|hosted|accessible|provided)
    |\b(?:will|to)\ (?:publicly\ )?(?:release|open-?source)\b|\bproject\ (?:page|website)\b
    |\b(?:release|open-?source)\w*\s(?:all\s|our\s|the\s)*(?:source\s)?(?:code|models?|weights|data)\b
    |^(?:finally,\ )?we\s(?:\w+\s){0,2}releas\w*\s(?:all|our|the)\b\D{0,90}$
    |\bare\s(?:publicly\s)?released\b|^\(?(?:accepted|published|to\ appear)\b|^submitted\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Where to find the code is the links' business, not a takeaway."""

_OURS = r"(?:we|paper|work|study|authors|results?|experiments?|evaluations?|analys[ie]s|findings|simulations?|observations?|numerics)"
_FINDS = rf"""{_OURS}\b[^.;]{{0,60}}?\b(?:show|find|found|demonstrat|reveal|observ|confirm|uncover|prov(?:e|es|ed|ing)\b|establish)"""
_GAINS = r"""(?:outperform|surpass|exceed|beats?\b|achiev|improv|reduc|attain|yield|increas|decreas|gains?\b|speed-?up|boost|reach
    |match(?:es|ing)?\b|rais(?:es|ing|ed)\b|enhanc|lower(?:s|ing)\b|dominat|degrad|drop|cut(?:s|ting)?\b)"""
_FIGURE = r"(?:\d\s?(?:\\?%|×|x\b|times|fold|db|points?|pp\b|sigma|σ|per\ ?cent|[kmg]?ev\b)|\b\d+\.\d+\b)"
CUES = (
    # What was made.
    _cue(
        r"""\b(?:we|paper|work|study|authors)\b[^.;]{0,40}?\b
        (?:propos|introduc|present|develop|design|devis|formulat|construct|buil[dt]|creat|releas)""",
        headline=0.6,
        takeaway=2.0,
    ),
    # What came of it.
    _cue(rf"\b{_FINDS}", headline=2.2, takeaway=1.8),
    _cue(
        rf"""\b{_OURS}\b[^.;]{{0,60}}?\b(?:indicat|suggest|identif|obtain|deriv|conclud|argu|determin|classif
        |characteri[sz]|detect|report|measur)""",
        headline=1.4,
        takeaway=1.5,
    ),
    _cue(
        rf"""\b{_GAINS}|state[- ]of[- ]the[- ]art|\bsota\b|\bup[ ]to\b
        |\b(?:faster|better|higher|lower|fewer|larger|smaller|stronger|more\ \w+)\ than\b""",
        headline=1.2,
        takeaway=1.2,
    ),
    _cue(r"\b(?:outperform|surpass|exceed)s?\b|\bachieves?\b|\bsets\ a\ new\b", headline=1.5, takeaway=0.0),
    _cue(rf"(?=.*\b(?:{_FINDS}|{_GAINS}))(?=.*{_FIGURE})", headline=2.0, takeaway=1.2),
    # What is said without a result.
    _cue(
        r"""\b(?:we|paper|study|work)\b[^.;]{0,20}?\b(?:stud(?:y|ies)|investigat|examin|explor|consider|address|revisit
        |re-examin|analy[sz]e|aim|focus|interested)|\b(?:is|are|was|were)\ (?:investigated|studied|examined|considered)\b""",
        headline=-1.6,
        takeaway=-0.2,
    ),
    _cue(
        r"""\bwe\b[^.;]{0,20}?\b(?:employ|use|adapt|perform|conduct|evaluat|test|assess|compare|appl(?:y|ied)|validat|train)
        |\b(?:is|are|was|were)\ (?:evaluated|validated|tested|performed|conducted|carried\ out|compared)\b""",
        headline=-1.2,
        takeaway=-0.8,
    ),
    _cue(
        r"""\b(?:effectiveness|superiority|feasibility|validity|usefulness|practicality|promising|potential|interplay
        |viab\w+|insights?|implications|robustness\ of|efficacy|importance|versatil\w+|utility|usage)\b
        |\bprovid\w+\s(?:an?\s)?(?:\w+\s(?:and\s)?){0,3}
        (?:framework|solver|tool|approach|basis|foundation|solution|way|means|guidance)\b""",
        headline=-1.0,
        takeaway=-0.4,
    ),
    _cue(
        r"""\bfuture\ (?:work|research|stud|direction)|\bwe\ (?:also\ |then\ |finally\ |first\ |further\ )?(?:hope|believe|discuss
        |close|expect|anticipate|envision|plan|outline|summari[sz]e|survey|contextuali[sz]e|conclude\ (?:\w+\ ){0,2}(?:by|with))
        |\b(?:results?|findings|work|study|analys[ie]s)\ (?:\w+\ )?(?:underscor|highlight)|\bpav(?:es?|ing)\ the\ way
        |\bopen(?:s|ing)?\ (?:up\ )?(?:new|avenue)|\blays?\ the|\bmotivates?\b
        |\b(?:could|would|will|may|might)\ (?:thus\ |also\ )?(?:be|constitute|help|serve|enable)""",
        headline=-2.0,
        takeaway=-1.4,
    ),
    # What is said besides.
    _cue(r"\b(?:further|also|additionally|another|as\ a\ byproduct)\b|\bwe\ (?:first|then|next)\b", headline=-0.8, takeaway=0.0),
)
"""Matched against the sentence in lower case."""
