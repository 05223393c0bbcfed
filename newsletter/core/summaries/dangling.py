"""Sentences of an abstract that cannot be read without their neighbours."""

from __future__ import annotations

import re

from newsletter.core.arxiv.sentences import one_of, opens_small
from newsletter.core.summaries.own_work import THIS_PAPER

_FEWEST_WORDS = 6
_THESE = "(?:this|these|those|such)"
_THEM = r"(?:it|they|them|this|these|those|such)"
_LATTER = r"the\s(?:former|latter)"
_PREPOSITION = one_of(
    """in by with from under at for on to through using given within across via without beyond despite over as
    unlike compared when after rather"""
)
_CONJUNCTIONS = one_of(
    """furthermore moreover however additionally therefore thus thereby hence consequently accordingly
    nevertheless nonetheless instead(?!_of) meanwhile similarly conversely likewise besides afterwards?
    subsequently then next also but and yet so or here otherwise further rather(?!_than) unfortunately indeed
    second(?:ly)? third(?:ly)? fourth(?:ly)? fifth(?:ly)? finally last(?:ly)?
    as_a_(?:result|consequence) as_such in_turn in_(?:addition|contrast)(?!_to) by_contrast
    for_(?:example|instance) on_the_(?:other_hand|contrary)"""
)
_REFERENCES = one_of(
    rf"""{_THEM} its their he she his her both another same
    the_(?:former|latter|resulting|other|second|third|same|above|aforementioned)
    (?:among|of|all_of|some_of|most_of|none_of|each_of|one_of|two_of|three_of)_(?:these|those|them|which)
    {_PREPOSITION}_(?:{_THEM}|that|both|doing|its|their)"""
)
_OPENS = re.compile(
    rf"(?:{_CONJUNCTIONS}|{_REFERENCES})\b(?!-)|\(?(?:\d{{1,2}}|[ivx]{{1,4}}|[a-h])\)\s", re.IGNORECASE
)
"""Openings that refer to the sentence before."""
_OUTCOMES = re.compile(
    r"""these\s(?:\w+\s){1,2}?(?:show|suggest|demonstrat|indicat|reveal|impl(?:y|ies)|prove|confirm|establish|clarif)
    |it\sis\s(?:\w+\s)?(?:shown|proved|proven|found|demonstrated)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ITSELF = re.compile(
    rf"(?:in\s)?{THIS_PAPER}|both\s\w+\sand\b|{_OUTCOMES.pattern}", re.IGNORECASE | re.VERBOSE
)
"""Openings that look like them: "This paper shows"; and those that can be understood: "These results"."""
_INTRODUCTION = rf"(?:{_PREPOSITION}|\w+ly)\b[^;:]{{0,120}}?,\s"
_REFERS = re.compile(
    rf"""^(?:{_INTRODUCTION}|\S+ed\s\w+\s[^,;:]{{0,60}},\s)(?:{_THEM}\b|(?:its|their)\s(?!own\b)|both\b(?!\s[\w-]+(?:\s[\w-]+){{0,3}}\sand\b))
    |^(?:we|I)\b(?:\s\w+){{1,3}}?\s(?:it|they|them|its|their|so|{_LATTER})\b(?!\sis\b|\spossible)
    |^(?:{_INTRODUCTION})?[^,;:(]{{0,200}}\s
        (?:aforementioned\b|the\sabove\b|{_LATTER}\b)
    |\b(?:that|of|by|for|to|in|with)\s{_LATTER}\b|\bthe\s(?:first|second)[,;]
    |^{_PREPOSITION}\s(?:[^\s,]+\s){{1,4}}?(?:it|they)\s
    |^(?:by|using|from|with|when|after)\s\w+ing\s(?:{_THEM}|both)\b
    |^[^,]{{0,40}}\sinstead\s(?!of\b)|^we\s(?:therefore|thus|hence)\b|^[^,]{{0,60}},\s(?:however|therefore|thus|though|in\sturn|instead)\b
    |\btwo-?fold\b|\bthree-?fold\b|\bas\sfollows\b
    |^(?:there\s(?:are|is)\s)?(?:two|three|four|five|several)\b(?:\s\w+){{0,4}}\.$
    """,
    re.IGNORECASE | re.VERBOSE,
)
"""A pronoun with nothing before it that it could mean; an announcement of a list."""
_NAMES = re.compile(
    rf"""these\s|[^,;:(]{{0,60}}\bthat\s(?:it|they)\b|(?:{_INTRODUCTION})?[^,;:(]{{0,200}}\s
        (?:(?!{THIS_PAPER})(?:this|these|those(?!\s(?:of|that|who|with|in|from)\b))\s\w|such\s(?!as\b|that\b)\w)""",
    re.IGNORECASE | re.VERBOSE,
)
"""A demonstrative with a noun, or a pronoun of which something is shown, to be guessed from the title."""
_LONGEST_LITTLE_WORD = 4
_CLOSES = re.compile(r"[.!…][)\]}'\"”’]*$")


def dangles(sentence: str, *, is_cut: bool = False) -> bool:
    """Say whether ``sentence`` cannot be read without one before it, asks, or is a fragment.

    ``is_cut``: its opening was cut off, so it may begin small.
    """
    bare = _bare(sentence)
    return (
        bool(_OPENS.match(bare) and not _ITSELF.match(bare))
        or bool(_REFERS.search(bare))
        or len(bare.split()) < _FEWEST_WORDS
        or not (_CLOSES.search(bare) or _lacks_its_stop(bare))
        or (opens_small(bare) and not is_cut)
    )


def refers_back(sentence: str) -> bool:
    """Say whether ``sentence`` names what one before it told of: "We find that these conditions fail"."""
    return bool(_NAMES.match(_bare(sentence)))


def _lacks_its_stop(sentence: str) -> bool:
    """Whether only the last full stop of an abstract is missing; one that was cut ends anywhere."""
    last = sentence.split()[-1:]
    return bool(last) and last[0].isalpha() and len(last[0]) > _LONGEST_LITTLE_WORD


def _bare(sentence: str) -> str:
    return sentence.lstrip("'\"“‘`[{ ")
