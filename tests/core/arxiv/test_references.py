"""Which paper of arXiv a reference names."""

from __future__ import annotations

import pytest

from newsletter.core.arxiv.references import cited_id, find_doi


@pytest.mark.parametrize(
    ("text", "links", "found"),
    [
        ("A. Turing. arXiv preprint arXiv:2401.01234v2, 2024.", (), "2401.01234"),
        ("A. Turing. arXiv:2401.01234 [cs.CV], 2024.", (), "2401.01234"),
        ("A. Turing. CoRR, abs/2401.01234, 2024.", (), "2401.01234"),
        ("A. Turing. arXiv:hep-th/9901001.", (), "hep-th/9901001"),
        ("A. Turing. arXiv e-prints, arXiv:1706.03762", (), "1706.03762"),
        ("A. Turing. https://arxiv.org/abs/1706.03762v7.", (), "1706.03762"),
        ("A. Turing. doi:10.48550/ARXIV.2203.04567", (), "2203.04567"),
        ("A. Turing. [math.GT/0309136].", (), "math/0309136"),
        ("A. Turing. Preprint.", ("https://example.org/", "https://arxiv.org/pdf/1706.03762"), "1706.03762"),
        ("A. Turing. Mind 59, 433-460, 1950.", ("https://doi.org/10.1093/mind/LIX.236.433",), ""),
        ("A. Turing. Proc. 2401.01234, pp. 12.", (), ""),
        ("A. Turing. arXiv:2413.01234.", (), ""),
    ],
)
def test_a_reference_names_a_paper(text: str, links: tuple[str, ...], found: str) -> None:
    assert cited_id(text, links) == found


@pytest.mark.parametrize(
    ("text", "doi"),
    [
        ("10.1145/3292500.3330701", "10.1145/3292500.3330701"),
        ("doi: 10.1103/PhysRevD.1.2.", "10.1103/physrevd.1.2"),
        ("https://doi.org/10.1000%2FA", "10.1000/a"),
        ("dx.doi.org/10.1016/S0140-6736(24)00001-2", "10.1016/s0140-6736(24)00001-2"),
    ],
)
def test_a_doi_is_read_with_its_address_or_without(text: str, doi: str) -> None:
    assert find_doi("", text) == doi


@pytest.mark.parametrize(
    "text", ["", "10.1/a", "not 10.1000/a", "https://example.org/10.1000/a", "11.1000/a"]
)
def test_what_is_no_doi_is_none(text: str) -> None:
    assert find_doi(text) is None
