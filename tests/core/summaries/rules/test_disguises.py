"""Letters and signs that pretend to be others never stand in a claim."""

from __future__ import annotations

import pytest

from newsletter.core.summaries.rules.disguises import is_disguised

QUOTE = "TideNet reads [EOS] and [CLS] over ℝⁿ with fσ₈ and [[7,1,3]] codes."


@pytest.mark.parametrize(
    "text",
    [
        "Tid\u0435Net reads it.",  # Cyrillic e
        "\u03a4ideNet reads it.",  # Greek Tau
        "Tideν\u03c5Net reads it.",
        "\u0410\u0440\u0440\u04cf\u0435 reads it.",  # all of it Cyrillic
        "\uff34\uff49\uff44\uff45 reads it.",
        "\U0001d413\U0001d422\U0001d41d\U0001d41e reads it.",
        "\u24c9\u24d8\u24d3\u24d4 reads it.",
        "It reads \u2460\u2461 tokens.",
        "TideNet reads it \U0001f680.",
        "TideNet reads it \u2b50.",
        "TideNet reads [[name]].",
        "TideNet reads [insert number].",
        "%%NAME%% and *|FNAME|* and <<name>>",
    ],
)
def test_it_is_found(text: str) -> None:
    assert is_disguised(text, quoted=QUOTE, language="en")


@pytest.mark.parametrize(
    "text",
    [
        "TideNet reads [EOS] within [0, 1] over ℝⁿ.",
        "fσ₈ is 3 μm and ΔT = 5 °C, M☉ and ♀.",
        "[[7,1,3]] codes of K << n in Poincaré’s naïve sense.",
    ],
)
def test_what_papers_write_passes(text: str) -> None:
    assert not is_disguised(text, quoted=QUOTE, language="en")


def test_other_languages_keep_their_letters_but_no_mixed_words() -> None:
    assert not is_disguised("Модель GPT-4 учится на 47 часах.", quoted=QUOTE, language="ru")
    assert is_disguised("Mодель учится.", quoted=QUOTE, language="ru")
    assert not is_disguised("TideNet 方法", quoted=QUOTE, language="zh-hans")
