"""What is checked of a claim that is neither English nor Chinese."""

from __future__ import annotations

import pytest

from newsletter.core.summaries.grounding import Refusal, WithheldReason
from newsletter.core.summaries.summary import Summary
from tests.core.summaries.test_grounding import DATA, RESULT, judged

SPLIT = "TideNet-2, which forecasts harbour levels"


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("L’erreur moyenne baisse de 31 % dans 14 ports.", RESULT),
        ("Geübt wird auf 1,383 Aufnahmen.", DATA),
        ("TideNet-2 sagt Wasserstände voraus.", SPLIT),
    ],
)
def test_numbers_written_as_in_the_paper_pass(text: str, quote: str) -> None:
    assert isinstance(judged(text, quote, language="de"), Summary)


@pytest.mark.parametrize(
    "text",
    ["Es sind 14,31 Häfen.", "Es sind 1.383 Aufnahmen.", "Der Fehler sinkt um 3,1 %.", "Es sind 15 Häfen."],
)
def test_a_number_the_quote_does_not_print_is_withheld(text: str) -> None:
    found = judged(text, RESULT, language="de")
    assert isinstance(found, Refusal)
    assert found.reason is WithheldReason.NUMBER_NOT_IN_QUOTE
