"""A number keeps the unit that its quote gives it beside the same words."""

from __future__ import annotations

import pytest

from newsletter.core.summaries.rules.comparing import takes_unit_of_another

QUOTE = "It lowers identity drift by 47% and renders 47× faster than re-denoising each clip."


@pytest.mark.parametrize(
    "claim", ["It renders 47% faster.", "Identity drift is 47× lower.", "渲染速度快 47%。"]
)
def test_the_unit_of_a_namesake_is_found(claim: str) -> None:
    assert takes_unit_of_another(claim, [QUOTE])


@pytest.mark.parametrize(
    "claim", ["It renders 47× faster.", "Identity drift falls by 47%.", "渲染速度快 47 倍。"]
)
def test_its_own_unit_is_not(claim: str) -> None:
    assert not takes_unit_of_another(claim, [QUOTE])
