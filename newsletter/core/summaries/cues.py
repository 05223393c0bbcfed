"""What a sentence's wording tells: a table of weighted cues, and two kinds of sentences not to quote.

The weights were tuned by eye on a week of arXiv. ``extraction.py`` chooses.
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


DANGLING = re.compile(
    r"""(?:this|these|those|such|it|its|they|their|them|he|she|his|her|furthermore|moreover|however|additionally
    |therefore|thus|hence|consequently|accordingly|nevertheless|nonetheless|instead|meanwhile|similarly
    |conversely|likewise|besides|afterwards|subsequently|then|next|also|but|and|yet|so|or|both|here|otherwise
    |further|unfortunately|indeed|(?:among|of)\ (?:these|those|them)
    |as\ a\ (?:result|consequence)|as\ such|in\ (?:addition|contrast|turn)
    |by\ contrast|for\ (?:example|instance)|on\ the\ (?:other\ hand|contrary)|the\ (?:former|latter|resulting)
    |to\ (?:this|that)\ end|in\ (?:doing|this|that|these|such)|(?:by|in)\ doing\ so)\b(?!-)
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Openings that refer to the sentence before. "Here we show" and "This paper shows" do not."""
STANDS_ALONE = re.compile(
    r"here,? we\b|(?:in )?this (?:paper|work|study|article|survey|thesis|report|letter)\b", re.IGNORECASE
)

AVAILABILITY = re.compile(
    r"""https?://|www\.|\b\w+\.(?:com|github\.io|org)/
    |\b(?:code|source|data|datasets?|demos?|models?|weights|checkpoints?|videos?|materials?|page|implementations?|benchmark|website)
        (?:\s[\w\s,/&()\-]{0,60})?\s(?:is|are|will\ be|have\ been|can\ be|at)\s
        (?:\w+\s){0,3}(?:available|released|open-?sourced|found|accessed|public|shared|hosted|accessible|provided)
    |\b(?:will|to)\ (?:publicly\ )?(?:release|open-?source)\b|\bproject\ (?:page|website)\b
    |\b(?:release|open-?source)\w*\s(?:all\s|our\s|the\s)*(?:source\s)?(?:code|models?|weights|data)\b
    |\bare\s(?:publicly\s)?released\b|^\(?(?:accepted|published|to\ appear)\b|^submitted\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Where to find the code is the links' business, not a takeaway."""

CUES = (
    # What was done.
    _cue(
        r"""\b(?:we|paper|work|authors)\b[^.;]{0,40}?\b
        (?:propos|introduc|present|develop|design|devis|formulat|construct|buil[dt])""",
        headline=3.0,
        takeaway=2.0,
    ),
    _cue(
        r"""\bwe\b[^.;]{0,40}?\b(?:prov|establish|deriv|obtain|solv|characteri[sz]|classif|determin|comput|measur
        |detect|report|present)""",
        headline=2.0,
        takeaway=1.5,
    ),
    # What came of it.
    _cue(
        r"""\b(?:we|results?|experiments?|evaluations?|analys[ie]s|findings|simulations?|observations?|numerics)\b
        [^.;]{0,60}?\b(?:show|find|found|demonstrat|reveal|observ|confirm|indicat|suggest|uncover|identif)""",
        headline=1.8,
        takeaway=2.0,
    ),
    _cue(
        r"""\b(?:outperform|surpass|exceed|achiev|improv|reduc|attain|yield|increas|decreas|gain|speed-?up|boost)
        |state[- ]of[- ]the[- ]art|\bsota\b|\bup[ ]to\b
        |\b(?:faster|better|higher|lower|fewer|more\ \w+)\ than\b""",
        headline=1.0,
        takeaway=1.2,
    ),
    _cue(
        r"\d\s?(?:\\?%|×|x\b|times|fold|db|points?|pp\b|sigma|σ|[kmg]?ev\b)|\b\d+\.\d+\b",
        headline=0.6,
        takeaway=1.2,
    ),
    _cue(r"\bthe\ first\b|\bfor\ the\ first\ time\b", headline=0.8, takeaway=0.8),
    # What is only touched.
    _cue(
        r"\bwe\b[^.;]{0,20}?\b(?:study|investigat|examin|explor|consider|address|revisit|analy[sz]e|review|aim)",
        headline=1.2,
        takeaway=0.2,
    ),
    # What everybody says.
    _cue(
        r"""^(?:extensive|comprehensive|experimental|experiments?|empirical|our|the|numerical|simulation)\s
        (?:\w+\s){0,3}?(?:experiments?|results?|evaluations?|findings|simulations)\b""",
        headline=-1.2,
        takeaway=0.0,
    ),
    _cue(
        r"\bour\ (?:proposed\ )?(?:method|approach|model|framework|system|algorithm)\b",
        headline=-0.8,
        takeaway=0.0,
    ),
    _cue(
        r"""\b(?:future\ (?:work|research|stud)|we\ (?:hope|believe|discuss|conclude|argue|close)|promising
        |underscor|highlight|pav(?:es?|ing)\ the\ way|open(?:s|ing)?\ (?:up\ )?new|lays?\ the
        |insights?\ (?:into|for))""",
        headline=-1.5,
        takeaway=-1.0,
    ),
    # How things stood before.
    _cue(
        r"""^(?:recent(?:ly)?|existing|prior|previous|traditional(?:ly)?|conventional|despite|although|though|while
        |current(?:ly)?|most|many|several|unlike|with\ the|classical|modern|as\ \w+)\b""",
        headline=-1.0,
        takeaway=-1.0,
    ),
    _cue(
        r"""\b(?:remains?|poses?|suffers?|lacks?|fails?|struggles?|challeng\w+|hinder\w*|often|typically|widely
        |increasingly|crucial|essential|critical\ for|emerged|has\ become|have\ become|little\ is\ known
        |poorly\ understood|bottleneck)\b""",
        headline=-1.2,
        takeaway=-0.8,
    ),
    # What leans on its neighbours.
    _cue(
        r"^[^,]{0,80}\b(?:this|these|those|such|the\ above|its|their|them)\b[^,]{0,40},",
        headline=-1.6,
        takeaway=-0.4,
    ),
    _cue(r"\b(?:this|these|resulting|aforementioned)\b", headline=-0.5, takeaway=-0.1),
    _cue(r"\b(?:further|also|additionally)\b", headline=-0.8, takeaway=0.0),
    _cue(
        r"""^(?:first(?:ly)?|second(?:ly)?|third(?:ly)?|fourth|finally|lastly|specifically|concretely|overall
        |in\ particular|notably|crucially|importantly|additional\w*|another|other|last|at\ its\ core|together
        |in\ summary|key\ to|motivated|inspired|compared
        |we\ (?:also|further|then|additionally|therefore|thus))\b""",
        headline=-2.2,
        takeaway=-0.5,
    ),
    _cue(r"^\(?(?:\d{1,2}|[ivx]{1,4}|[a-d])[.)]|[:;]$", headline=-2.5, takeaway=-0.8),
    _cue(r"\\[a-z]{2,}|\?$|\$[^$]{25,}\$", headline=-1.0, takeaway=-0.6),
    _cue(r"^(?:in\ this|here)\b", headline=-0.3, takeaway=-0.2),
)
"""Matched against the sentence in lower case."""
CONTRIBUTION = CUES[0].pattern
"""The paper announces its own work."""
