"""Words a claim may not use, or only where its quote does: tables for ``grounding.py``."""

from __future__ import annotations

import re

MARKUP = re.compile(
    r"""https?:|www\.|\b[\w-]+\.(?:com|org|io|net|ai|edu|gov|cn)\b|\S@\S+\.\w
    |</?[A-Za-z!][^>]*>|&(?:[A-Za-z]+|\#\w+);
    |\[[^\]]*\]\(|\*\*|`|^\s*(?:\#{1,6}\s|[-*+]\s|\d+[.)]\s)|!\[
    |\\[A-Za-z]+|\$[^$]+\$|[_^]\{|[{}]
    |[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffd]
    """,
    re.VERBOSE,
)
"""Links, HTML, Markdown, TeX and control characters: only plain text reaches a reader."""

CHATTER = re.compile(
    r"""\b(?:as\ an?\ (?:ai|language\ model)|i\ (?:am|can(?:not|'t)|will|have)\b|i'm
    |here\ (?:is|are)\ (?:the|a|your)
    |sure[,!]|certainly[,!]|of\ course[,!]|ignore\ (?:all|any|previous|prior|your)[ ]
    |(?:if|when)\ available,?\ fill|fill\ in
    |to\ be\ (?:confirmed|determined|added)|placeholder|lorem\ ipsum|xxx+|tbd\b|n/a\b|begin\ paper|end\ paper
    |(?:click|visit|subscribe|download|sign\ up|log\ in|contact\ us)\b|\byou(?:r|rs)?\b)
    |作为(?:一个)?(?:人工智能|AI|语言模型)|以下是|当然[，,！]|好的[，,！]|待(?:确认|补充|定)|如有(?:则)?(?:填写|请)
    |请(?:点击|访问|订阅|忽略)|您|论文链接|链接地址
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Assistant talk, remnants of a prompt, instructions to the reader."""


def _kin(claimed: str, quoted: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    return re.compile(claimed, re.IGNORECASE), re.compile(quoted, re.IGNORECASE)


_LEADING = r"state[- ]of[- ]the[- ]art|\bSOTA\b|\bbest\b|\bleading\b"
_EXTREME = rf"{_LEADING}|\btop\b|(?:high|low|fast|strong|larg|small)est|optimal|maximal|minimal|perfect"
_COMPARED = r"(?:high|low|few|fast|small|larg|strong|long|short|clos|near|rar|great)e?r|more|less|better"
_BETTER = (
    rf"outperform|surpass|exceed|\bbeat|superior|\bwin|advantage|prefer|better|(?:{_COMPARED})\s[^,.;]*?than"
    r"|(?:improv|gain|increas|boost)\w*[^.;]*?\b(?:over|upon|compared|against)\b|\bagainst\b"
    r"|(?:higher|lower)\s[^.;]*?compared|above baseline"
)
_MUCH = (
    r"significan|substantial|dramatic|drastic|considerabl|marked|notabl|strong|large|great|much|far\b"
    r"|orders? of magnitude"
)
_SURE = (
    r"always|every|\ball\b|\bany\b|never|guarante|\bprov|proof|theorem|complete|entire|full|perfect|eliminat"
)
_CAUSE = (
    r"caus|\bleads?\b|\bled\b|because|due to|results? in|so that|\bhence|therefore|driv|\bso\b|since|induc"
    r"|trigger|yield|explain|owing|mak(?:e|es|ing)\b|account"
)

KIN = (
    _kin(
        r"\bfirst\b(?! (?:stage|step|phase|order|layer|task|and|author|half|part|two|three|second|pass))"
        r"(?!,)|首次|首个|首创|首款|率先|第一个|第一种",
        r"\bfirst\b",
    ),
    _kin(r"state[- ]of[- ]the[- ]art|\bSOTA\b|最先进|业界领先|当前最[优佳好]", _LEADING),
    _kin(r"\bbest\b|最佳|最好|最优|最高", _EXTREME),
    _kin(
        r"\b(?:outperform|surpass|exceed|beat)\w*|\bbetter than\b"
        r"|超越|超过(?!\s*\d)|优于|胜过|好于|高于(?=[^\d]{4})",
        _BETTER,
    ),
    _kin(r"\b(?:unique|only) (?:method|model|approach|dataset|one)\b|唯一", r"unique|\bonly\b|\bsole\b"),
    _kin(r"\b(?:significant|substantial|dramatic|drastic|considerabl)\w*|显著|大幅|极大", _MUCH),
    _kin(r"\b(?:always|guarantee\w*|prove[sd]?|completely|eliminat\w*|perfect(?:ly)?)\b", _SURE),
    _kin(r"总是|始终|永远|保证|证明了|完全(?!不)|彻底|杜绝", rf"{_SURE}|\bat all\b"),
    _kin(r"\bcaus(?:e|es|ed|ing)\b|导致|引起|造成|引发", _CAUSE),
    _kin(r"\bhours?\b|小时", r"\bhours?\b|\bh\b|\bhrs?\b"),
    _kin(r"\bminutes?\b|分钟", r"\bminutes?\b|\bmins?\b"),
    _kin(r"\bdays\b|天(?=[内后前])", r"\bdays?\b"),
    _kin(r"\bweeks?\b|星期|周(?=[内后前])", r"\bweek"),
)
"""(what a claim says, what its quotes must then say too), in both languages."""
