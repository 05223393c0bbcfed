"""What is typed into the search: what it asks for, and what is refused with what to do."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.arxiv.query import parse
from newsletter.core.arxiv.search import MOST_TERMS, read_search
from newsletter.errors import BadInput

SIGNS = st.sampled_from(
    [
        "a",
        "foo",
        '"',
        "(",
        ")",
        ":",
        "*",
        "-",
        "date:",
        "2026",
        "ti:",
        "AND",
        "OR",
        "ANDNOT",
        "cat:cs.CL",
        " ",
        "é",
    ]
)


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("simultaneous latency", "simultaneous AND latency"),
        ('"speech translation" au:Nakamura -survey', '("speech translation" AND au:Nakamura) ANDNOT survey'),
        ("“speech translation”", '"speech translation"'),
        ("author:Nakamura title:speech", "au:Nakamura AND ti:speech"),
        ("au:Satoshi_Nakamura", 'au:"Satoshi_Nakamura"'),
        ("cat:cs.cl speech", "cat:cs.CL AND speech"),
        ("Attention: a survey (2018)", "Attention AND a AND survey AND 2018"),
        ("and or not", '"and" AND "or" AND "not"'),
        ("transf*", "transf*"),
        ("-survey", "ANDNOT survey"),
        ('-"a survey" speech', 'speech ANDNOT "a survey"'),
        ("a OR b", "a OR b"),
        ("ti:(a OR b) ANDNOT c", "(ti:(a OR b)) ANDNOT c"),
        ("a b AND c", "(a OR b) AND c"),
        ("2606.14173v2", "id:2606.14173"),
        ("https://arxiv.org/abs/2606.14173", "id:2606.14173"),
        ("https://doi.org/10.48550/arXiv.2606.14173", "id:2606.14173"),
        ("hep-th/9901001", "id:hep-th/9901001"),
        ("math.GT/0309136", "id:math/0309136"),
    ],
)
def test_it_reads_words_and_topics_queries(text: str, query: str) -> None:
    assert parse(read_search(text).topic_query) == parse(query)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("date:2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("date:2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("date:2026-06-17", date(2026, 6, 17), date(2026, 6, 17)),
        ("date:2026-06-01..2026-06-17", date(2026, 6, 1), date(2026, 6, 17)),
        ("date:2025..2026-06", date(2025, 1, 1), date(2026, 6, 30)),
        ("date:2026-06..", date(2026, 6, 1), None),
        ("date:..2026-06", None, date(2026, 6, 30)),
        ("date:2026 date:..2026-03", date(2026, 1, 1), date(2026, 3, 31)),
    ],
)
@pytest.mark.parametrize("form", ["{}", "speech {}", "a AND b {}", "{} AND a AND b", "a AND {} AND b"])
def test_it_reads_dates_beside_either(text: str, since: date | None, until: date | None, form: str) -> None:
    if " " in text and "AND" in form:
        text = text.replace(" ", " AND ")
    found = read_search(form.format(text))
    assert (found.since, found.until) == (since, until)
    assert "date" not in found.topic_query


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", "give at least one letter"),
        ('& - ""', "give at least one letter"),
        ("date:June", "write date:2026"),
        ("date:2026-13", "write date:2026"),
        ("date:2026-02-30", "write date:2026"),
        ("date:0000", "write date:2026"),
        ("date:..", "write date:2026"),
        ("au:", "right after the colon"),
        ("cat:cs.XX", "give a code such as cs.CL"),
        ("*former", "at the end of a word only"),
        ("a*b", "at the end of a word only"),
        ("t* speech", "at least two letters"),
        ("tr*", "at least 3 letters"),
        ("trans* learn* gener* net*", "keep it to 3"),
        ("a AND", "put a term there"),
        ("(" * 30 + "a" + ")" * 30 + " AND b", "use at most 20"),
        ("x" * 501, "keep it to 500"),
        ("word " * 2_000, "keep it to 500"),
        ("a OR " * 300 + "b", "keep it to 1000"),
        (" ".join(f"w{number}" for number in range(MOST_TERMS + 1)), f"keep it to {MOST_TERMS}"),
        (" OR ".join(f"w{number}" for number in range(MOST_TERMS + 1)), f"keep it to {MOST_TERMS}"),
        ("-" + " -".join(f"w{number}" for number in range(MOST_TERMS + 1)), f"keep it to {MOST_TERMS}"),
        ("speech\0", "type it anew"),
    ],
)
def test_it_refuses_with_what_to_do(text: str, advice: str) -> None:
    with pytest.raises(BadInput, match=advice.replace("(", r"\(")):
        read_search(text)


@given(st.lists(SIGNS, max_size=10).map("".join))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    try:
        found = read_search(text)
    except BadInput:
        return
    assert found.query is None or parse(found.topic_query)
    for word in found.words[1:]:
        assert len(read_search(found.without(word)).words) == len(found.words) - 1


def test_a_field_with_an_operators_name_stays_a_word() -> None:
    found = read_search('ti:AND"a')
    assert found.without(found.words[1]) == 'ti:"AND"'
    assert [word.text for word in read_search('ti:"AND"').words] == ['ti:"AND"']


def test_without_a_word_the_rest_stays() -> None:
    found = read_search('latency "speech translation" zebra -survey date:2026')
    assert found.without(found.words[2]) == 'latency "speech translation" -survey date:2026'
    assert [word.text for word in found.words] == ["latency", '"speech translation"', "zebra"]
