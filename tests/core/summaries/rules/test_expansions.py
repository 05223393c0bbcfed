"""What an acronym is said to stand for is found beside it, in capitals or not."""

from __future__ import annotations

import pytest

from newsletter.core.summaries.rules.expansions import expansions


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It uses tidal noise networks (TNN) at sea.", ["tidal noise networks"]),
        ("Retrieval-augmented generation (RAG) helps.", ["Retrieval augmented generation"]),
        ("A mixture of experts (MoE) is used.", ["mixture of experts"]),
        ("TNN (tidal noise networks trained at sea) helps.", ["tidal noise networks"]),
        ("TNN, short for tidal noise networks, helps.", ["tidal noise networks"]),
        ("TNN stands for tidal noise networks.", ["tidal noise networks"]),
        ("方法 TNN（tidal noise network）有效。", ["tidal noise network"]),
        ("We test it at sea (TideNet) and on land (A).", []),
        ("The best model (GPT-4) wins.", []),
    ],
)
def test_it_finds_what_has_the_initials(text: str, found: list[str]) -> None:
    assert list(expansions(text)) == found
