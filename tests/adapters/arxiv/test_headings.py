"""What the title of a section tells."""

from __future__ import annotations

import pytest

from newsletter.adapters.arxiv.html_paper import is_references, is_related


@pytest.mark.parametrize(
    ("title", "related"),
    [
        ("Related Work", True),
        ("Background and Preliminaries", True),
        ("Literature Review", True),
        ("Comparison with existing methods", True),
        ("State of the art", True),
        ("Introduction and related work", False),
        ("Method", False),
        ("Preliminary results", False),
        ("State of the art results", False),
        ("", False),
    ],
)
def test_some_sections_tell_of_what_others_did(title: str, related: bool) -> None:
    assert is_related(title) is related


def test_references_have_their_names() -> None:
    assert all(map(is_references, ("References", "REFERENCES", "Bibliography", "Literature cited")))
    assert not any(map(is_references, ("Reference frames", "", "Method")))
