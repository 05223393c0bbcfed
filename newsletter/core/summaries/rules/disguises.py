"""Letters and signs that pretend to be others: homoglyphs, styled letters, emoji, placeholders."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u231a\u231b\u23e9-\u23fa\u2600-\u2608\u260a-\u263f\u2641\u2643-\u266c\u2670-\u27bf"
    "\u2b05-\u2b55\u3030\u3297\u3299\ufe0f\u20e3\U000e0000-\U000e007f]"
)
"""Without ☉ ♀ ♂ ♭ ♮ ♯, which papers use."""
_PLACEHOLDER = re.compile(r"\[\[[^\[\]]*[^\W\d_]{2}|%%\w|\*\|\w|<<\w[\w ]*>>|__\w+__")
_BRACKETED = re.compile(r"\[[^\[\]]*[^\W\d_]{2}[^\[\]]*\]|［[^］]*］|【[^】]*】")
_SIGNS = re.compile(r"[^\W_]+|[\u2460-\u24ff\u3200-\u33ff]+")
_LOOKALIKE_SCRIPTS = frozenset({"CYRILLIC", "ARMENIAN", "CHEROKEE", "LISU", "COPTIC"})
_LOOKALIKE_GREEK = frozenset("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο")
_STYLED = frozenset({"<font>", "<circle>", "<square>", "<wide>", "<narrow>"})
_OF_ENGLISH_AND_CHINESE = frozenset({"LATIN", "GREEK", "CJK", "MODIFIER"})


def is_disguised(text: str, *, quoted: str, language: str) -> bool:
    """Say whether ``text`` has signs that a plain sentence lacks, or letters that look like others.

    Words in brackets and letters of a third script pass where ``quoted`` has them.
    """
    if _EMOJI.search(text) or _PLACEHOLDER.search(text):
        return True
    if any(match.group() not in quoted for match in _BRACKETED.finditer(text)):
        return True
    if text.isascii():
        return False
    if any(_is_styled_word(word) or _is_mixed(word, quoted=quoted) for word in _SIGNS.findall(text)):
        return True
    return language.startswith(("en", "zh")) and any(
        _is_foreign(sign) and sign not in quoted for sign in text
    )


def _script(sign: str) -> str:
    return unicodedata.name(sign, "").partition(" ")[0]


def _is_styled_word(word: str) -> bool:
    """Say whether two signs in a row wear a dress of their own (𝐓𝐢, Ⓣⓘ, Ｔｉ, ①②); one alone is a symbol."""
    return any(_is_styled(sign) and _is_styled(following) for sign, following in pairwise(word))


def _is_styled(sign: str) -> bool:
    return unicodedata.decomposition(sign).partition(" ")[0] in _STYLED


def _is_mixed(word: str, *, quoted: str) -> bool:
    """Say whether a word with Latin letters has one that only looks Latin: Gооgle, ΤideNet."""
    if word.isascii() or not re.search("[A-Za-z]", word):
        return False
    has_greek_inside = any(map(_is_greek, word[1:-1])) and word not in quoted
    return has_greek_inside or any(
        sign in _LOOKALIKE_GREEK or _script(sign) in _LOOKALIKE_SCRIPTS for sign in word
    )


def _is_greek(sign: str) -> bool:
    return _script(sign) == "GREEK"


def _is_foreign(sign: str) -> bool:
    """Say whether ``sign`` is a letter that neither English nor Chinese nor mathematics has."""
    return (
        sign.isalpha()
        and not sign.isascii()
        and _script(sign) not in _OF_ENGLISH_AND_CHINESE
        and not unicodedata.decomposition(sign).startswith("<")
    )
