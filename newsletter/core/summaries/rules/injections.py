"""Sentences that are not about the paper: meant for a model that reads it, or to make a reader act.

They are never quoted. What is meant for a reader is told by its form (an order, a duty, a threat to an
account) and by few words; an order in other words passes.
"""

from __future__ import annotations

import re

_FOR_MODELS = re.compile(
    r"""\b(?:ignore|disregard|forget|override)\b[^.]{0,40}
        \b(?:previous|prior|above|earlier|preceding|your)\b[^.]{0,20}
        \b(?:instruction|prompt|rule|guideline|direction)s?
    |\b(?:system|hidden)\s(?:prompt|message|instruction)s?\s?:
    |\b(?:tell|inform|advise|urge|instruct)\s(?:every|all|any|the|your)\s(?:\w+\s){0,2}
        (?:reader|user|reviewer|subscriber)s?\b
    |\b(?:you\ are|act\ as|pretend\ to\ be)\s(?:now\s)?an?\s(?:\w+\s){0,3}
        (?:assistant|summari[sz]er|reviewer|language\ model|AI)\b
    |\b(?:note|message|instructions?)\s(?:to|for)\s(?:the\s|any\s|all\s)?
        (?:LLM|AI|language\ model|chatbot|summari[sz]er|assistant)s?\b
    |\b(?:give|write|produce)\s(?:only\s)?(?:an?\s)?
        (?:positive|favou?rable|glowing)\s(?:review|summary|assessment)\b
    |忽略(?:之前|以上|前面|先前|所有)[^。]{0,12}(?:指令|提示|指示|要求)
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""As found in the white text and abstracts of papers. None of 1,383 abstracts of a week has one."""

_ACT = (
    r"(?:log\ in|sign\ (?:in|up)|(?:re-?)?enter|re-?activate|verify|confirm|renew|update|pay|send|transfer"
    r"|donate|click|visit|download|install|contact|call|reply|forward|subscribe|unsubscribe|register|open|buy|scan|join"
    r"|vote|claim)"
)
_MUST = (
    r"(?:must|should|ha(?:ve|s)\ to|needs?\ to|ought\ to"
    r"|(?:is|are)\ (?:required|advised|asked|urged|requested|encouraged|invited|obliged|reminded)\ to)"
)
_PEOPLE = (
    r"(?:readers?|recipients?|subscribers?|members?|users?|customers?|researchers|everyone|everybody"
    r"|anyone|you)"
)
_OBJECT = r"(?:the|an?|this|these|your|our|us|me|here|now|again|all|any|\+?\d)"
_FOR_READERS = re.compile(
    rf"""(?:^|[.!?]\s+)(?i:please\s+)?(?:(?i:{_ACT})\s+{_OBJECT}
        |(?i:log|sign)\s+(?:in|up)\b|(?i:reply|respond)\s+(?:to|with|by)\b
        |(?i:vote|register)\s+(?:for|at|with)\b|(?i:donate)\s)
    |(?i:\b{_PEOPLE}\b(?:\s+\w+){{0,4}}?\s+{_MUST}\s+(?:\w+\s+)?{_ACT}\b)
    |(?i:\b(?:readers|recipients|subscribers)\s+{_MUST}\s)
    |(?i:\b(?:mandatory|required|necessary|essential)\s+to\s+
        (?:log\ in|sign\ in|re-?enter|pay|confirm|verify|renew)\b)
    |(?i:\b(?:accounts?|subscriptions?|memberships?|mailbox(?:es)?)\b[^.]{{0,40}}
        \b(?:suspended|closed|deactivated|deleted|locked|expired?|expires)\b)
    |(?i:\bthis\s+(?:newsletter|digest|mailing|e-?mail|subscription)\b)
    |(?<!\w)\+\d{{1,3}}[\s(-]*\d(?:[\s()-]*\d){{6,}}
    |(?<!\w)(?=\w{{0,60}}\d)(?=\w{{0,60}}[A-Za-z])[A-Za-z\d]{{26,}}
    |\bIBAN\b|(?:读者|订阅者|收件人|用户)[^。]{{0,8}}(?:必须|应当?|需要?|请)[^。]{{0,4}}
        (?:登录|验证|确认|支付|付款|下载|点击|联系|更新)
    """,
    re.VERBOSE,
)
"""Orders, duties of readers, threats to accounts, talk of this mail itself, numbers to call or to pay to."""


def is_planted(text: str) -> bool:
    """Say whether ``text`` speaks to a model or orders a reader about, rather than telling of the paper."""
    return bool(_FOR_MODELS.search(text) or _FOR_READERS.search(text))
