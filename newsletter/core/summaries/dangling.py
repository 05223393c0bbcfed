"""Sentences of an abstract that cannot be read without their neighbours."""

from __future__ import annotations

import re

from newsletter.core.arxiv.sentences import opens_small

_FEWEST_WORDS = 6
_OPENS = re.compile(
    r"""(?:this|these|those|such|it|its|they|their|them|he|she|his|her|furthermore|moreover|however|additionally
    |therefore|thus|hence|consequently|accordingly|nevertheless|nonetheless|instead(?!\ of)|meanwhile|similarly
    |conversely|likewise|besides|afterwards?|subsequently|then|next|also|but|and|yet|so|or|both|here|otherwise
    |further|rather(?!\ than)|unfortunately|indeed|second(?:ly)?|third(?:ly)?|fourth(?:ly)?|fifth|finally|lastly|last
    |(?:among|of)\ (?:these|those|them)|(?:all|some|most|none|each|one|two|three)\ of\ (?:these|those|them|which)
    |as\ a\ (?:result|consequence)|as\ such|in\ (?:addition|contrast)(?!\ to)|in\ turn
    |by\ contrast|for\ (?:example|instance)|on\ the\ (?:other\ hand|contrary)|the\ (?:former|latter|resulting|other|second|third)
    |to\ (?:this|that)\ end|(?:in|by|with|from|under|at|for|on|through|using|given|within|across|via|without|beyond|despite)
        \ (?:this|that|these|those|such|both|doing|its|their|it|them)
    |another|same|the\ (?:same|above|aforementioned)|that\ same)\b(?!-)
    |\(?(?:\d{1,2}|[ivx]{1,4}|[a-h])\)\s
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""Openings that refer to the sentence before."""
_ITSELF = r"(?:paper|work|study|article|survey|thesis|report|letter|note|review|talk|tutorial|manuscript|position)"
_STANDS_ALONE = re.compile(
    rf"""here,?\ we\b|(?:in\ )?(?:this|these)\ (?:\w+\ )?{_ITSELF}s?\b|in\ this\ (?:\w+\ )?{_ITSELF}|both\ \w+\ and\b""",
    re.IGNORECASE | re.VERBOSE,
)
_INTRO = r"(?:on|in|for|across|at|under|with|over|to|by|from|unlike|compared|beyond|as|using|when|after|given|rather|\w+ly)\b(?:[^,]|,\d){0,90},\s"
_REFERS = re.compile(
    rf"""^{_INTRO}(?:(?:it|they|this|these|those|such|them)\b|(?:its|their)\s(?!own\b)
        |both\b(?!\s[\w-]+(?:\s[\w-]+){{0,3}}\sand\b))
    |^(?:we|the\ authors|I)\b(?:\s\w+){{1,3}}?\s(?:this|these|those|it|its|them|their|so|such|the\ (?:former|latter))\b
        (?!\s(?:\w+\s)?{_ITSELF})(?!\sis\b|\spossible)
    |^(?:{_INTRO})?[^,;:–—(]{{0,200}}\s(?:(?:this|these|those)\s(?!of\b|that\b|who\b|with\b|in\b|from\b|(?:\w+\s)?{_ITSELF})\w
        |such\s(?!as\b|that\b)\w|aforementioned\b|the\ (?:former|latter|above)\b)
    |^[^,]{{0,60}},\s(?:however|therefore|thus|though|in\ turn|instead)\b,?
    |\b(?:twofold|threefold|two-fold|as\ follows)\b|^(?:there\ (?:are|is)\s)?(?:two|three|four|five|several)\b(?:\s\w+){{0,4}}\.$
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""A pronoun or a demonstrative near the opening, with nothing before it that it could mean."""


_SAYS_HOW = re.compile(
    r"""\b(?:address|tackl|fill|clos|bridg|overc[ao]m|solv|resolv|mitigat|exploit|pursu)\w*\s(?:this|these)
    (?:\s(?:\w+\s)?(?:challenge|gap|problem|issue|limitation|shortcoming|drawback|bottleneck|need|trade-off)s?)?\s
    (?:by|with|through|via|using)\s(?!this|these|such)""",
    re.IGNORECASE | re.VERBOSE,
)
"""The problem is named in a word, and what was done about it in full: "We address this by training …"."""


def dangles(sentence: str, *, is_cut: bool = False) -> bool:
    """Say whether ``sentence`` refers to one before it, or is a fragment.

    ``is_cut``: its opening was cut off, so it may begin small.
    """
    bare = sentence.lstrip("'\"“‘`[{ ")
    opens = _OPENS.match(bare) and not _STANDS_ALONE.match(bare)
    return (
        bool(opens)
        or bool(_REFERS.search(bare) and not _SAYS_HOW.search(bare))
        or len(bare.split()) < _FEWEST_WORDS
        or not re.search(r"[.!…][)\]}'\"”’]*$", bare)
        or (opens_small(bare) and not is_cut)
    )
