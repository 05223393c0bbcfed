"""Ids, names, withdrawals and titles as arXiv has them."""

from __future__ import annotations

import pytest

from newsletter.core.arxiv.papers import (
    ArxivId,
    author_names,
    is_withdrawn,
    mend_encoding,
    mend_name,
    parse_id,
)


@pytest.mark.parametrize(
    ("text", "base", "version"),
    [
        ("2606.14173v2", "2606.14173", 2),
        ("2606.14173", "2606.14173", None),
        ("0704.0001", "0704.0001", None),
        ("quant-ph/0201082v1", "quant-ph/0201082", 1),
        ("math.GT/0309136", "math/0309136", None),
        ("arXiv:2606.14173v12", "2606.14173", 12),
        (" 2606.14173 ", "2606.14173", None),
        ("https://arxiv.org/abs/2606.14173v2", "2606.14173", 2),
        ("http://export.arxiv.org/abs/math.GT/0309136v3", "math/0309136", 3),
        ("https://arxiv.org/pdf/2606.14173v2.pdf", "2606.14173", 2),
        ("https://www.arxiv.org/html/2606.14173v1#S2", "2606.14173", 1),
        ("arxiv.org/abs/2606.14173?context=cs", "2606.14173", None),
        ("https://doi.org/10.48550/arXiv.2606.14173", "2606.14173", None),
    ],
)
def test_it_reads_ids_and_addresses_old_and_new(text: str, base: str, version: int | None) -> None:
    assert parse_id(text) == ArxivId(base, version)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "2613.12345",
        "2606.123",
        "2606.141733",
        "12606.14173",
        "2606.14173v0",
        "2606.14173 and more",
        "quant-ph/02010",
        "https://example.org/abs/2606.14173",
        "https://arxiv.org/list/cs.CV/new",
    ],
)
def test_it_refuses_what_is_no_id(text: str) -> None:
    assert parse_id(text) is None


@pytest.mark.parametrize(
    ("name", "mended"),
    [
        ("Aurora RamÃ\xadrez", "Aurora Ramírez"),
        ("Oliver WeiÃ\x9fl", "Oliver Weißl"),
        ("Mika V. MÃ¤ntylÃ¤", "Mika V. Mäntylä"),
        ("Aurora Ramírez", "Aurora Ramírez"),
        ("Clément Ångström", "Clément Ångström"),
        ("Paul Erd\\H{o}s", "Paul Erdős"),
        ("Mariia  Gladkova*", "Mariia Gladkova"),
        ('Linxi "Jim" Fan', 'Linxi "Jim" Fan'),
        ("张伟", "张伟"),
        (":", ""),
        (" * ", ""),
    ],
)
def test_it_mends_names_and_leaves_good_ones_alone(name: str, mended: str) -> None:
    assert mend_name(name) == mended


def test_it_mends_an_abstract_that_was_encoded_twice() -> None:
    assert mend_encoding("for some Î´ and Î² ≤ 1") == "for some δ and β ≤ 1"


def test_it_drops_marks_that_would_turn_the_words_behind_them_around() -> None:
    assert mend_encoding("A gaze \u202eelti\u202c, \u2067so\u2069 named") == "A gaze elti, so named"
    assert mend_name("Ada \u202eLovelace") == "Ada Lovelace"


def test_it_drops_empty_authors_and_divides_several_in_one_field() -> None:
    fields = ["A Collaboration", ":", "Ana Leitão; Allan  Barros Filho;", ""]
    assert author_names(fields) == ("A Collaboration", "Ana Leitão", "Allan Barros Filho")


@pytest.mark.parametrize(
    "comment",
    [
        "This paper has been withdrawn by the author due to a crucial error in equation 3",
        "This paper has been withdrawn",
        "12 pages. The manuscript is being withdrawn because of an error",
        "Withdrawn",
        "withdrawn due to a sign error",
        "Paper withdrawn by the authors",
        "The paper was withdrawn from arXiv",
        "This submission has been withdrawn by arXiv administrators due to inappropriate text overlap",
        "We withdraw this paper: Lemma 2 is wrong",
        "The authors have decided to withdraw this submission",
        "This article (v1) has been temporarily withdrawn",
        "Retracted. See the erratum",
    ],
)
def test_it_sees_a_withdrawal_in_the_comment(comment: str) -> None:
    assert is_withdrawn(comment, "We study graphs.")


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "12 pages, 3 figures",
        "We withdrew our troops",
        "An earlier version contained an error, corrected here",
        "This paper was withdrawn from ICML 2025 and is now under review",
        "Withdrawn from ICLR; accepted at NeurIPS",
        "Replaces a withdrawn preprint of another group",
        "On why papers are withdrawn",
        "Dataset of retracted papers at https://example.org",
    ],
)
def test_it_does_not_take_other_words_for_a_withdrawal(comment: str) -> None:
    assert not is_withdrawn(
        comment, "We study when an article is retracted. This paper has been written twice."
    )


def test_it_sees_a_withdrawal_in_an_abstract_only_where_it_opens_it() -> None:
    assert is_withdrawn("", "This paper has been withdrawn by the author due to an error.")
    assert not is_withdrawn("", "Authors often write that this paper has been withdrawn. We count how often.")


def test_a_version_of_thousands_of_digits_is_no_version() -> None:
    assert parse_id("2606.00001v" + "9" * 5_000) is None
    assert parse_id("2606.00001v99999") == ArxivId("2606.00001", 99_999)
