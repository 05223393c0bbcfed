"""Where an abstract turns from background to the paper's own work.

Told by wording alone: "we", "this paper", "the proposed", "experiments show", the name before the title's colon.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_NOT_THE_AUTHORS = r"""(?!\s(?:all\s|now\s|still\s|currently\s|often\s|humans?\s)*(?:know|knew|live|need|lack|face|inhabit|interact
    |move|rely|perceive|experience|cannot|recently|previously|observe\sthe\s(?:universe|sky|world)|are\s(?:witnessing|entering|surrounded)
    |have\s(?:seen|witnessed|come\sto|an?\b|no\b))\b)"""
"""After "we": what people in general do ("how we live"), or what the authors did in another paper."""
_OURS = r"""(?:method|approach|model|framework|algorithm|system|result|analys[ie]s|work|stud(?:y|ies)|paper
    |experiment|finding|evaluation|observation|simulation|contribution|proposal|solution|construction|proof|goal|aim
    |focus|technique|dataset|benchmark|architecture|pipeline|measurement|theorem|investigation|implementation)"""
_PUBLICATION = r"""(?:paper|work|study|article|survey|thesis|dissertation|report|letter|note|review|contribution
    |manuscript|talk|tutorial|chapter|essay|lecture|lectures|notes|overview|project|position\ paper)s?"""
_TESTS = r"""(?:results?|experiments?|evaluations?|simulations?|analys[ie]s|ablations?|findings|benchmarks|numerics
    |calculations|observations|tests|case\ stud(?:y|ies)|comparisons?)"""
_OWN_WORK = re.compile(
    rf"""\b(?:we|(?-i:I)(?!\.))\b{_NOT_THE_AUTHORS}
    |\bour\s(?:\w[\w-]*\s){{0,2}}?{_OURS}
    |\b(?:this|the\ (?:present|current)|present|these)\s(?:\w[\w-]*\s){{0,2}}?{_PUBLICATION}\b
    |\bherein\b|^here\b|^(?:results?|findings?|(?:materials?\ and\ )?methods?|conclusions?|approach|objectives?)\s?:
    |\b(?:is|are)\s(?:then\s|also\s|here\s|\w+ly\s)?(?:proposed|introduced|presented|developed|derived|investigated
        |studied|examined|proved|proven|established|demonstrated)\b
    |\bthe\ (?:proposed|presented|suggested)\b
    |^(?:extensive|comprehensive|empirical|numerical|experimental|our|the|systematic|detailed|ablation|further
        |additional|monte\ carlo)?\s?(?:\w+\s){{0,2}}?{_TESTS}\b[^.;]{{0,80}}?\b
        (?:show|demonstrat|indicat|reveal|confirm|suggest|validat|verif)
    |^(?:in\ order\ )?to\s(?:\w+\s){{0,3}}?(?:this|these|those|such)\b[^,]{{0,60}},\s(?:we|our|this|an?|(?-i:[A-Z])[\w-]+)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_OTHERS = re.compile(
    r"""\[\d+(?:\s?[,–-]\s?\d+)*\]|\bet\ al\b|\(\D{0,40}\b(?:19|20)\d\d[a-z]?\)
    |^(?:recent(?:ly)?|existing|prior|previous(?:ly)?|earlier|traditional(?:ly)?|conventional(?:ly)?|current(?:ly)?
        |most|many|several|classical(?:ly)?|modern|state-of-the-art)\b
    |\b(?:recent|previous|prior|existing|earlier)\s(?:\w+\s)?(?:work|stud|result|research|experiment|approach|method)
    |\b(?:is|are)\s(?:well|widely|commonly|generally|often|typically|usually|traditionally|increasingly)\b
    |\b(?:was|were|been)\s(?:\w+ly\s|first\s)?(?:introduced|proposed|conjectured|suggested)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_EARLIER_PAPER = re.compile(
    r"^in\s(?:an?\s|our\s|some\s)?(?:recent|previous|prior|earlier|companion)\s(?:\w+\s)?(?:work|paper|article|stud)|\bwe\s(?:recently|previously)\b",
    re.IGNORECASE,
)
_AUTHORS = re.compile(
    rf"\b(?:we|(?-i:I)(?!\.)|our|herein)\b|\bthis\s(?:\w+\s)?{_PUBLICATION}\b|\bthe\ proposed\b", re.VERBOSE | re.IGNORECASE
)


def own_work_begins(sentences: Sequence[str], *, title: str) -> int:
    """Return the index of the first sentence about the authors' own work.

    Where none says so, of the first that does not tell of other people's.
    """
    name = coined_name(title)
    for index, sentence in enumerate(sentences):
        is_named = bool(name) and name in sentence.casefold().replace("’", "'")
        is_question = sentence.endswith("?")
        if (_OWN_WORK.search(sentence) or is_named) and not is_question and not tells_of_others(sentence):
            return index
    return next((index for index, sentence in enumerate(sentences) if not tells_of_others(sentence)), 0)


def tells_of_others(sentence: str) -> bool:
    """Say whether ``sentence`` tells of earlier or other people's work, and not of the authors'."""
    if _EARLIER_PAPER.search(sentence):
        return True
    return bool(_OTHERS.search(sentence)) and not _AUTHORS.search(sentence)


def coined_name(title: str) -> str:
    """The name before the colon of ``title``, in small letters: of "TideNet: Levels from Ships" ``tidenet``.

    Empty where that is no single word with a capital or digit inside.
    """
    head = title.partition(":")[0].strip() if ":" in title else ""
    return head.casefold() if re.fullmatch(r"\S*\w\S*[A-Z0-9]\S*", head) else ""
