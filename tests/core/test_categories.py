"""arXiv's categories, and the line shown for one that does not exist."""

from __future__ import annotations

import pytest

from newsletter.core.categories import (
    ALL_OF_ARXIV,
    ARCHIVES,
    CATEGORIES,
    GROUPS_ZH,
    archive_of,
    closest,
    is_category,
    unknown_category,
)


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
    assert len(ARCHIVES) == 20
    assert {archive.group for archive in ARCHIVES.values()} == set(GROUPS_ZH)
    assert all(
        archive.name_zh.isprintable() and not archive.name_zh.isascii() for archive in ARCHIVES.values()
    )


def test_all_of_arxiv_covers_every_category_once() -> None:
    covered = [
        code for code in CATEGORIES for asked in ALL_OF_ARXIV if asked in (code, f"{code.split('.')[0]}.*")
    ]
    assert sorted(covered) == sorted(CATEGORIES)
    assert all(is_category(code) for code in ALL_OF_ARXIV)


def test_it_finds_the_archive_of_a_category() -> None:
    archive = archive_of("cs.CV")
    assert archive is not None
    assert (archive.name, archive.name_zh) == ("Computer Science", "计算机科学")
    assert archive_of("zz.CV") is None


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("cs.cv", "cs.CV"),
        ("CS.CV", "cs.CV"),
        ("cs.VC", "cs.CV"),
        ("cs", "cs.*"),
        ("cs.XX", "cs.*"),
        ("astro-ph", "astro-ph.*"),
        ("hep-th.XX", "hep-th"),
        ("hepth", "hep-th"),
        ("quant.ph", "quant-ph"),
        ("physics.flu-dynamics", "physics.flu-dyn"),
        ("cond-matt", "cond-mat.*"),
        ("zzz", None),
        ("", None),
    ],
)
def test_it_guesses_what_was_meant(code: str, meant: str | None) -> None:
    assert closest(code) == meant
    assert meant is None or is_category(meant)


def test_it_says_what_is_wrong_and_what_to_do_in_one_line() -> None:
    assert unknown_category("cs.VC") == "unknown category cs.VC, did you mean cs.CV?"
    assert unknown_category("cs.XX") == "unknown category cs.XX, did you mean cs.* (all of Computer Science)?"
    assert unknown_category("zzz").startswith("unknown category zzz: arXiv's look like cs.CV")
