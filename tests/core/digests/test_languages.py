"""Codes of languages."""

from __future__ import annotations

import pytest

from newsletter.core.digests.languages import is_right_to_left, tag
from newsletter.languages import interface_language, normal


@pytest.mark.parametrize(
    ("written", "code", "html", "answered"),
    [
        ("en", "en", "en", "en"),
        (" ZH ", "zh-hans", "zh-Hans", "zh-hans"),
        ("zh_CN", "zh-hans", "zh-Hans", "zh-hans"),
        ("pt_BR", "pt-br", "pt-BR", "en"),
        ("fr", "fr", "fr", "en"),
    ],
)
def test_a_code_is_stored_written_and_answered(written: str, code: str, html: str, answered: str) -> None:
    assert (normal(written), tag(normal(written)), interface_language(normal(written))) == (
        code,
        html,
        answered,
    )


def test_some_languages_run_from_right_to_left() -> None:
    assert [is_right_to_left(code) for code in ("fa", "ar-dz", "fr", "en")] == [True, True, False, False]
