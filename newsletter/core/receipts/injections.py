"""Sentences that are written for a model that reads the paper, not for people: they are never quoted."""

from __future__ import annotations

import re

INJECTION = re.compile(
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
