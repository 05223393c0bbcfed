"""Openings to cut off when a sentence is quoted alone: they refer to the one before it, or say nothing.

What is shown of such a sentence begins with an ellipsis: a reader sees that something is missing.
"""

from __future__ import annotations

import re

from newsletter.core.arxiv.sentences import one_of

CUT = "… "
"""Before what is left of a sentence."""
_MAIN = r"""(?=(?:we|our|I|this\s(?:paper|work|study|article|survey|report|thesis)|an?|the)\s
    (?!(?:this|these|that|former|latter)\b))"""
"""How the remaining clause may begin."""
_LEANING = r"""(?:(?:this|these|those|it|that|such|them|both|the\ (?:above|former|latter|aforementioned))\b
    |the\ (?:\w+\ )?(?:trade-off|challenge|gap|problem|issue|limitation|analysis|observation)s?(?=,))"""
_PLACE = r"(?:paper|work|study|article|survey|report|thesis|letter|note|manuscript|review|contribution)"
_CONNECTIVE = one_of(
    """moreover however here herein more_(?:importantly|broadly|generally|specifically|precisely)
    (?:taken_)?together collectively going_further furthermore additionally in_addition besides further
    finally lastly ultimately first(?:ly)?(?:_of_all)? second(?:ly)? third(?:ly)? fourth(?:ly)? fifth(?:ly)?
    next then also likewise notably importantly crucially remarkably interestingly surprisingly strikingly
    significantly specifically concretely in_particular in_summary in_short in_contrast by_contrast overall
    indeed in_fact simultaneously concurrently at_the_same_time meanwhile as_an?_(?:result|consequence)"""
)
_LABEL = one_of("(?:(?:main|key)_)?(?:results?|findings?) (?:materials?_and_)?methods? conclusions? approach")
"""Of the parts of a structured abstract."""
_DISPENSABLE = re.compile(
    rf"""(?:in\ order\ )?to\ (?:(?:this|that)\ (?:end|aim|purpose)|do\ (?:so|this)),?\s+{_MAIN}
    |for\ (?:this|that)\ (?:purpose|reason|task|aim),?\s+{_MAIN}
    |(?:in\ order\ )?to\ (?:\w+\ )?\w+\ (?:and\ \w+\ )?(?:all\ |most\ )?{_LEANING}[^,;:.]{{0,70}},\s+{_MAIN}
    |(?:building|based|drawing|relying|motivated|inspired|guided|prompted|driven
            |in\ (?:light|view|response))\s
        (?:(?:up)?on|by|from|in|of|to|inspiration\ from)\ {_LEANING}[^,;:.]{{0,70}},\s+{_MAIN}
    |(?:using|applying|employing|leveraging|exploiting|through|via)\ (?:this|these)\b
        [^,;:.]{{0,70}},\s+{_MAIN}
    |(?:therefore|thus|hence|accordingly|consequently|in\ response|instead),?\s+{_MAIN}
    |in\ (?:this|the\ present|our|the\ current)\ (?:\w+\ )?{_PLACE},?\s+{_MAIN}
    |here\s+(?=we\b)
    |{_CONNECTIVE},\s+
    |{_LABEL}\s?:\s+
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""No condition is among them: "For this class of grammars, we prove" says of what it is proved."""


def without_opening(sentence: str) -> str:
    """Return the end of ``sentence`` that can stand alone: "To address this, we propose …" → "we propose …".

    All of it when nothing can go. An opening that says something of its own stays.
    """
    while found := _DISPENSABLE.match(sentence):
        sentence = sentence[found.end() :]
    return sentence
