"""A query in words says what the query finds, no more and no less."""

from __future__ import annotations

import pytest

from newsletter.core.arxiv.query import parse
from newsletter.core.arxiv.query_words import in_words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("heads", "that say “heads” anywhere"),
        ('ti:"lip sync"', "with “lip sync” in the title"),
        ("cat:cs.CV", "in cs.CV"),
        ("cat:cs.*", "in any category of cs"),
        ("id:2606.14173", "with the id 2606.14173"),
        ("abs:transf*", "with “transf…” in the abstract"),
        ("ti:(a1 OR b1)", "with “a1” or “b1” in the title"),
        ("a1 b1", "that say “a1” or “b1” anywhere"),
        (
            "cat:cs.CV AND (ti:a1 OR abs:b1)",
            "in cs.CV and (with “a1” in the title or with “b1” in the abstract)",
        ),
        (
            "au:ada AND cat:cs.CV ANDNOT ti:survey",
            "(by an author named “ada” and in cs.CV), but not those with “survey” in the title",
        ),
        ("ANDNOT ti:survey", "of any kind, but not those with “survey” in the title"),
        # All operators have one rank: what was meant as a OR (b AND c) is read otherwise.
        (
            "ti:a1 OR ti:b1 AND cat:cs.CV",
            "with “a1” or “b1” in the title and in cs.CV",
        ),
    ],
)
def test_a_query_is_said_in_words(query: str, words: str) -> None:
    assert in_words(parse(query)) == words
