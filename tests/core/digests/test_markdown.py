"""Text in Markdown reads as it was written."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.digests.markdown import as_text, front_matter


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain words", "plain words"),
        ("<script>x</script>", r"\<script\>x\</script\>"),
        ("a*b*_c_ `d` [e](f)", r"a\*b\*\_c\_ \`d\` \[e\](f)"),
        ("$O(n)$ & ~1 | 2 # no", r"\$O(n)\$ \& \~1 \| 2 \# no"),
        ("- not a list", r"\- not a list"),
        ("12. not a list", r"12\. not a list"),
        ("two\r\n\nlines\u2028here", "two lines here"),
        ("", ""),
    ],
)
def test_nothing_in_a_text_is_markup(text: str, written: str) -> None:
    assert as_text(text) == written


@given(st.text(max_size=80))
def test_a_text_is_one_line_without_bare_markup(text: str) -> None:
    written = as_text(text)
    assert "\n" not in written
    assert not re.search(r"(?<!\\)(?:\\\\)*[<>`*\[\]$]", written)


def test_front_matter_quotes_every_value_and_leaves_out_empty_ones() -> None:
    title = 'He said: "no" # not a comment\n---'
    block = front_matter({"title": title, "tags": ["cs.CV", "a: b"], "cover": "", "keywords": []})
    lines = block.splitlines()
    assert (lines[0], lines[-1], len(lines)) == ("---", "---", 4)
    assert json.loads(lines[1].removeprefix("title: ")) == title
    assert json.loads(lines[2].removeprefix("tags: ")) == ["cs.CV", "a: b"]
