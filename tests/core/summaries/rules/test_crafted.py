"""Text planted to be quoted, and claims made to pass, are withheld; what papers say is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.core.summaries.grounding import WithheldReason, why_withheld
from newsletter.core.summaries.summary import Claim, Evidence
from tests.core.summaries.test_grounding import PAPER

UNSAFE = "The controller avoids unsafe states without supervision of the TNN."
CODE = "Code and recordings will be released upon acceptance."
BETTER = "TideNet-2 forecasts 8% worse than GaugeFormer at a tenth of the cost."
LATER = "The recordings will be made publicly available."
ORDER = "Readers must log in again to see the remaining papers."
BRACES = "A memory of [[size]] frames is kept for TideNet-2."


def reason(text: str, quote: str, *, language: str = "en") -> WithheldReason | None:
    paper = replace(PAPER, abstract=f"{PAPER.abstract} {UNSAFE} {CODE} {BETTER} {LATER} {ORDER} {BRACES}")
    claim = Claim(text=text, evidence=(Evidence(quote=quote),))
    return why_withheld(claim, source=paper, language=language)


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        (ORDER, ORDER, WithheldReason.INSTRUCTION),
        ("Readers have to sign in to see the papers.", BETTER, WithheldReason.INSTRUCTION),
        (BRACES, BRACES, WithheldReason.MARKUP),
        ("TideN\u0435t-2 forecasts 8% worse than GaugeFormer.", BETTER, WithheldReason.MARKUP),
        ("TideNet-2 forecasts 8% worse \U0001f600 than GaugeFormer.", BETTER, WithheldReason.MARKUP),
        ("TïdeNet forecasts 8% worse than GaugeFormer.", BETTER, WithheldReason.NAME_NOT_IN_SOURCE),
        ("TideNet-2 forecasts ９% worse than GaugeFormer.", BETTER, WithheldReason.NUMBER_NOT_IN_QUOTE),
        ("TideNet-2 forecasts ٩% worse than GaugeFormer.", BETTER, WithheldReason.NUMBER_NOT_IN_QUOTE),
        ("The tidal noise network (TNN) needs no supervision.", UNSAFE, WithheldReason.NAME_NOT_IN_SOURCE),
        ("The controller avoids safe states.", UNSAFE, WithheldReason.CONTRADICTS_QUOTE),
        ("Code and recordings are released.", CODE, WithheldReason.WORD_NOT_IN_QUOTE),
        ("Code and recordings will be released.", CODE, WithheldReason.WORD_NOT_IN_QUOTE),
        ("The recordings are publicly available.", LATER, WithheldReason.WORD_NOT_IN_QUOTE),
        ("TideNet-2 performs as well as GaugeFormer.", BETTER, WithheldReason.WORD_NOT_IN_QUOTE),
        ("TideNet-2 forecasts without error.", BETTER, WithheldReason.WORD_NOT_IN_QUOTE),
    ],
)
def test_it_is_withheld(text: str, quote: str, expected: WithheldReason) -> None:
    assert reason(text, quote) is expected


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("The controller stays in safe states without supervision.", UNSAFE),
        ("Upon acceptance code and recordings will be released.", CODE),
        ("The recordings will be publicly available.", LATER),
        ("TideNet-2 forecasts 8% worse than GaugeFormer.", BETTER),
    ],
)
def test_what_the_quote_says_is_shown(text: str, quote: str) -> None:
    assert reason(text, quote) is None


def test_chinese_claims_are_held_to_the_same() -> None:
    assert reason("代码与录音已经公开发布。", CODE, language="zh-hans") is not None
    assert reason("代码与录音将在论文录用后发布。", CODE, language="zh-hans") is None
