"""A paper's text as a value: its form as JSON, and what is left out where there is too much of it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.arxiv.full_text import (
    FullText,
    Reference,
    Role,
    TextSection,
    full_text_from_json,
    full_text_to_json,
    within,
)

OWN, RELATED = Role.OWN, Role.RELATED


def text_of(*sections: tuple[str, Role, int]) -> FullText:
    return FullText(
        sections=tuple(
            TextSection(title=title, role=role, text=("word " * length)[:length])
            for title, role, length in sections
        )
    )


def test_it_comes_back_from_json_as_it_was() -> None:
    text = FullText(
        sections=(TextSection(title="Method", text="We do.", role=RELATED, level=2, anchor="S2.SS1"),),
        affiliations=("Somewhere",),
        keywords=("heads",),
        links=("https://example.org/",),
        references=(Reference(text="A work.", arxiv_id="2401.00001"), Reference(text="Another.")),
        is_cut=True,
    )
    assert full_text_from_json(json.loads(json.dumps(full_text_to_json(text)))) == text


def test_what_fits_is_left_as_it_is() -> None:
    text = text_of(("Introduction", OWN, 400), ("Related Work", RELATED, 500))
    assert within(text, characters=900) == text


def test_other_peoples_work_goes_first_and_from_the_end() -> None:
    text = text_of(("Background", RELATED, 400), ("Method", OWN, 400), ("Related Work", RELATED, 400))
    cut = within(text, characters=900)
    assert [section.title for section in cut.sections] == ["Background", "Method"]
    assert cut.is_cut


def test_then_the_longest_sections_lose_their_ends() -> None:
    text = text_of(("Introduction", OWN, 300), ("Method", OWN, 2000), ("Experiments", OWN, 3000))
    cut = within(text, characters=2300)
    lengths = [len(section.text) for section in cut.sections]
    assert lengths[0] == 300
    assert all(990 <= length <= 1000 for length in lengths[1:])
    assert all(
        whole.text.startswith(part.text) for whole, part in zip(text.sections, cut.sections, strict=True)
    )


def test_no_word_is_cut_in_two() -> None:
    cut = within(FullText(sections=(TextSection(title="", text="alpha beta gamma"),)), characters=13)
    assert cut.sections[0].text == "alpha beta"


@given(
    st.lists(st.tuples(st.sampled_from([OWN, RELATED]), st.integers(0, 400)), max_size=8),
    st.integers(0, 2000),
)
def test_it_never_passes_its_bound(parts: list[tuple[Role, int]], characters: int) -> None:
    text = text_of(*((str(number), role, length) for number, (role, length) in enumerate(parts)))
    assert sum(len(section.text) for section in within(text, characters=characters).sections) <= characters
