"""Words a claim may not use, or only where its quote does: tables for ``grounding.py``."""

from __future__ import annotations

import re

MARKUP = re.compile(
    r"""https?:|www\.|\b[\w-]+\.(?:com|org|io|net|ai|edu|gov|cn)\b|\S@\S+\.\w
    |</?[A-Za-z!][^>]*>|&(?:[A-Za-z]+|\#\w+);
    |\[[^\]]*\]\(|\*\*|`|^\s*(?:\#{1,6}\s|[-*+]\s|\d+[.)]\s)|!\[
    |\\[A-Za-z]+|\$[^$]+\$|[_^]\{|[{}]
    |[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]|\n
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


_LEADING = r"state[- ]of[- ]the[- ]art|\bSOTA\b|\bbest\b|\btop\b|highest|lowest|\bleading\b|optimal|record"
_BETTER = (
    r"outperform|surpass|exceed|\bbeat|better|superior|improv|higher|lower|fewer|faster|smaller|larger"
    r"|more \w+|gain|advantage|\bover\b|reduc|win|boost"
)
_MUCH = r"significan|substantial|dramatic|drastic|considerabl|marked|notabl|strong|large|great|much|order|\d"

KIN = (
    _kin(
        r"\bfirst\b(?! (?:stage|step|phase|order|layer|and|author))|首次|首个|首创|首款|率先|第一个|第一种",
        r"\bfirst\b",
    ),
    _kin(r"state[- ]of[- ]the[- ]art|\bSOTA\b|最先进|业界领先|当前最[优佳好]", _LEADING),
    _kin(r"\bbest\b|最佳|最好|最优|最高", _LEADING),
    _kin(r"\b(?:outperform|surpass|exceed|beat)\w*|\bbetter than\b|超越|超过|优于|胜过|好于", _BETTER),
    _kin(r"\b(?:unique|only) (?:method|model|approach|dataset|one)\b|唯一", r"unique|\bonly\b|\bsole\b"),
    _kin(r"\b(?:significant|substantial|dramatic|drastic|considerabl)\w*|显著|大幅|极大", _MUCH),
    _kin(r"\bhours?\b|小时", r"\bhours?\b|\bh\b|\bhrs?\b"),
    _kin(r"\bminutes?\b|分钟", r"\bminutes?\b|\bmins?\b"),
    _kin(r"\bdays\b|天(?=[内后前])", r"\bdays?\b"),
    _kin(r"\bweeks?\b|星期|周(?=[内后前])", r"\bweek"),
)
"""(what a claim says, what its quotes must then say too), in both languages."""
