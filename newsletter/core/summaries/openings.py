"""Openings to cut off when a sentence is quoted alone: they refer to the one before it, or say nothing."""

from __future__ import annotations

import re

from newsletter.core.arxiv.sentences import opens_small

_MAIN = r"""(?=(?:we|our|I|this\s(?:paper|work|study|article|survey|report|thesis)|an?|the)\s
    (?!(?:this|these|that|former|latter)\b))"""
"""How the remaining clause may begin."""
_LEANING = r"""(?:(?:this|these|those|it|that|such|them|both|the\ (?:above|former|latter|aforementioned))\b
    |the\ (?:\w+\ )?(?:trade-off|challenge|gap|problem|issue|limitation|analysis|observation)s?(?=,))"""
_PLACE = r"(?:paper|work|study|article|survey|report|thesis|letter|note|manuscript|review|contribution)"
_DISPENSABLE = re.compile(
    rf"""(?:in\ order\ )?to\ (?:this|that)\ (?:end|aim|purpose),?\s+{_MAIN}
    |for\ (?:this|that)\ (?:purpose|reason|task|aim),?\s+{_MAIN}
    |(?:in\ order\ )?to\ (?:\w+\ )?\w+\ (?:and\ \w+\ )?(?:all\ |most\ )?{_LEANING}[^,;:.]{{0,70}},\s+{_MAIN}
    |(?:building|based|drawing|relying|motivated|inspired|guided|prompted|driven
            |in\ (?:light|view|response))\s
        (?:(?:up)?on|by|from|in|of|to|inspiration\ from)\ {_LEANING}[^,;:.]{{0,70}},\s+{_MAIN}
    |(?:therefore|thus|hence|accordingly|consequently|in\ response|instead),?\s+{_MAIN}
    |in\ (?:this|the\ present|our|the\ current)\ (?:\w+\ )?{_PLACE},?\s+{_MAIN}
    |here,?\s+(?=we\b)
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""No condition is among them: "For this class of grammars, we prove" says of what it is proved."""


def without_opening(sentence: str) -> str:
    """Return the end of ``sentence`` that can stand alone: "To address this, we propose …" → "we propose …".

    All of it when nothing can go. An opening that says something of its own stays.
    """
    found = _DISPENSABLE.match(sentence)
    return sentence[found.end() :] if found else sentence


def capitalised(text: str) -> str:
    """Return ``text`` with a capital where it begins with a small word: ``we``, not ``eCNNTO``."""
    return text[:1].upper() + text[1:] if opens_small(text) else text
