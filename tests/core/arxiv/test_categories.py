"""arXiv's categories."""

from __future__ import annotations

import pytest

from newsletter.core.arxiv.categories import ALL_OF_ARXIV, CATEGORIES, closest, is_category


@pytest.mark.parametrize(
    "code",
    ["cs.CV", "cs.*", "hep-th", "quant-ph", "astro-ph.CO", "cond-mat.str-el", "physics.ao-ph", "q-bio.*"],
)
def test_it_knows_categories_archives_without_subdivisions_and_whole_archives(code: str) -> None:
    assert is_category(code)


@pytest.mark.parametrize("code", ["cs", "cs.XX", "CS.CV", "astro-ph", "hep-th.*", "*", "", "cs.CV ", "zz.*"])
def test_it_refuses_everything_else(code: str) -> None:
    assert not is_category(code)


def test_it_holds_the_whole_taxonomy() -> None:
    assert len(CATEGORIES) == 155
    assert len(ALL_OF_ARXIV) == 20


def test_all_of_arxiv_covers_every_category_once() -> None:
    covered = [
        code for code in CATEGORIES for asked in ALL_OF_ARXIV if asked in (code, f"{code.split('.')[0]}.*")
    ]
    assert sorted(covered) == sorted(CATEGORIES)
    assert all(is_category(code) for code in ALL_OF_ARXIV)


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("CS.CV", "cs.CV"),
        ("cs", "cs.*"),
        ("astro-ph", "astro-ph.*"),
        ("hepth", "hep-th"),
        ("quant.ph", "quant-ph"),
        ("physics.flu-dynamics", "physics.flu-dyn"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_it_guesses_what_was_meant(code: str, meant: str) -> None:
    assert closest(code) == meant
    assert not meant or is_category(meant)
