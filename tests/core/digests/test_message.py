"""Messages are read back with Python's own parser: what was joined is what a reader gets."""

from __future__ import annotations

from binascii import b2a_qp
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.digests.message import (
    Fragment,
    compose,
    join_html,
    join_text,
    literal,
    placeholder,
)
from newsletter.errors import PermanentError
from tests.core.digests.test_headers import DIGEST

SLOTS = {"unsubscribe_url": "https://news.example.org/u/abc", "email": "o'brien&co@example.org"}
CARD = Fragment("<h3>Überlegungen zu 图像</h3>\n<p>One &amp; two</p>\n", "Überlegungen zu 图像\nOne & two\n")
FOOTER = Fragment(
    '<p>\nSent to [[email]].\n<a href="[[unsubscribe_url]]">Unsubscribe</a>\n</p>\n',
    "Sent to [[email]].\n\nUnsubscribe:\n[[unsubscribe_url]]\n",
)


def fill(form: str, values: dict[str, str], *, html: bool) -> str:
    return (join_html if html else join_text)([Fragment(form, form)], values)


def bodies(message: bytes) -> tuple[str, str]:
    """Return (text, HTML) as a mail program sees them, with line breaks as ``\\n``."""
    parsed: Any = message_from_bytes(message, policy=policy.default)
    assert parsed.get_content_type() == "multipart/alternative"
    text, html = parsed.iter_parts()
    for part, kind in ((text, "text/plain"), (html, "text/html")):
        assert isinstance(part, EmailMessage)
        assert not part.defects
        assert part.get_content_type() == kind
        assert part.get_content_charset() == "utf-8"
        assert part["Content-Transfer-Encoding"] == "quoted-printable"
    decoded = [part.get_payload(decode=True).decode().replace("\r\n", "\n") for part in (text, html)]
    return decoded[0], decoded[1]


def assert_well_formed(message: bytes) -> None:
    """Check the raw lines: CRLF only, ASCII only, none too long."""
    assert message.endswith(b"--\r\n")
    assert message.isascii()
    assert b"\r" not in message.replace(b"\r\n", b"")
    assert b"\n" not in message.replace(b"\r\n", b"")
    head, _, body = message.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76


def unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def test_a_message_reads_back_as_its_pieces_joined_and_filled() -> None:
    message = compose(DIGEST, [CARD, FOOTER], placeholders=SLOTS)
    assert_well_formed(message)
    text, html = bodies(message)
    assert text == join_text([CARD, FOOTER], SLOTS)
    assert html == join_html([CARD, FOOTER], SLOTS)
    assert "Sent to o'brien&co@example.org." in text
    assert "Sent to o&#x27;brien&amp;co@example.org." in html


def test_the_same_input_gives_the_same_bytes() -> None:
    first = compose(DIGEST, [CARD, FOOTER], placeholders=SLOTS)
    assert compose(DIGEST, [CARD, FOOTER], placeholders=SLOTS) == first
    fresh = [replace(CARD), replace(FOOTER)]
    assert compose(DIGEST, fresh, placeholders=SLOTS) == first


def test_the_boundary_follows_the_message_id() -> None:
    one, other = (
        compose(replace(DIGEST, message_id=f"<{name}@x>"), [CARD], placeholders={})
        for name in ("one", "other")
    )
    assert one.split(b'boundary="')[1][:34] != other.split(b'boundary="')[1][:34]


def test_a_body_that_quotes_a_boundary_does_not_end_there() -> None:
    message = compose(DIGEST, [CARD], placeholders={})
    boundary = message.split(b'boundary="')[1].split(b'"')[0].decode()
    forger = Fragment(f"--{boundary}--\n", f"--{boundary}\n\nforged\n")
    text, html = bodies(compose(DIGEST, [forger], placeholders={}))
    assert (text, html) == (forger.text, forger.html)


form = st.text(max_size=300).map(lambda text: literal(text) + "\n")
value = st.text(max_size=120).map(literal).filter(lambda v: "[" not in v)


@given(
    fragments=st.lists(st.builds(Fragment, html=form, text=form), max_size=6),
    name=value,
    before=form,
    after=form,
)
def test_whatever_fragments_and_placeholders_hold_is_read_back(
    fragments: list[Fragment], name: str, before: str, after: str
) -> None:
    personal = f"{before}<{placeholder('name')}> and {placeholder('name')}{after}"
    fragments = [*fragments, Fragment(personal, personal)]
    message = compose(DIGEST, fragments, placeholders={"name": name})
    assert_well_formed(message)
    text, html = bodies(message)
    assert text == unix(join_text(fragments, {"name": name}))
    assert html == unix(join_html(fragments, {"name": name}))


@given(st.text(alphabet="[]ab", max_size=12), st.text(alphabet="[]ab", max_size=12))
def test_data_that_was_made_literal_cannot_forge_a_placeholder(left: str, right: str) -> None:
    data = literal(left + "[[ab]]" + right)
    assert "[[" not in data
    assert fill(data, {"ab": "forged"}, html=False) == data
    assert data.replace("\u200b", "") == left + "[[ab]]" + right


@pytest.mark.parametrize("template", ["[[unknown]]", "[[]]", "[[ email ]]", "[[E-Mail]]"])
def test_nothing_is_sent_with_a_hole(template: str) -> None:
    hole = Fragment(f"<p>{template}</p>\n", "plain\n")
    with pytest.raises(PermanentError, match="placeholder") as caught:
        compose(DIGEST, [CARD, hole], placeholders=SLOTS)
    assert caught.value.reason == "placeholder"


def test_a_value_that_looks_like_a_placeholder_is_refused() -> None:
    with pytest.raises(PermanentError, match="no usable value"):
        fill("Hello [[name]]", {"name": "[[email]]"}, html=False)


def test_filling_escapes_html_only() -> None:
    raw = "<b>\"Tom\" & 'Jerry'</b>"
    assert fill("[[who]]", {"who": raw}, html=False) == raw
    assert fill("[[who]]", {"who": raw}, html=True) == escape(raw)


def test_brackets_that_are_no_placeholder_stay() -> None:
    matrix = "x = [[1, 2], [3, 4]] and <!--[if mso]>\n"
    assert fill(matrix, {}, html=False) == matrix
    assert bodies(compose(DIGEST, [Fragment(matrix, matrix)], placeholders={}))[0] == matrix


def test_joining_without_strings_leaves_the_placeholders() -> None:
    assert placeholder("email") in join_html([CARD, FOOTER])
    assert placeholder("unsubscribe_url") in join_text([CARD, FOOTER])


def test_a_fragment_without_a_closing_line_break_is_refused() -> None:
    with pytest.raises(PermanentError, match="line break"):
        _ = Fragment("<p>x</p>", "x\n").encoded


def test_half_a_character_is_refused() -> None:
    with pytest.raises(PermanentError, match="half a character"):
        _ = Fragment("<p>\ud835</p>\n", "x\n").encoded


def test_a_piece_may_have_one_form_only() -> None:
    text, html = bodies(compose(DIGEST, [Fragment("<hr>\n", "")], placeholders={}))
    assert (text, html) == ("", "<hr>\n")


@given(
    st.lists(st.text(alphabet=". =a\n\té", max_size=240), min_size=1, max_size=4),
    st.text(alphabet=". =aé", max_size=160),
)
def test_no_line_begins_with_a_dot_and_none_is_too_long(texts: list[str], name: str) -> None:
    """SMTP need not look for dots to double: half a millisecond a mail."""
    form = placeholder("name").join(texts) + "\n"
    message = compose(DIGEST, [Fragment(form, form)], placeholders={"name": name})
    assert_well_formed(message)
    assert b"\n." not in message
    assert bodies(message)[0] == unix(join_text([Fragment(form, form)], {"name": name}))


def test_the_second_reader_of_the_same_fragments_costs_the_encoding_of_their_own_strings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded = list[int]()

    def counted(data: bytes, **options: bool) -> bytes:
        encoded.append(len(data))
        return b2a_qp(data, **options)

    monkeypatch.setattr("newsletter.core.digests.message.b2a_qp", counted)
    cards = [Fragment(f"<p>{number} {'x' * 4_000}</p>\n[[unsubscribe_url]]\n", "x\n") for number in range(10)]
    compose(DIGEST, [*cards, FOOTER], placeholders=SLOTS)
    assert sum(encoded) > 40_000
    encoded.clear()
    compose(DIGEST, [*cards, FOOTER], placeholders=SLOTS)
    own = [escape(value) for value in SLOTS.values()] + list(SLOTS.values())
    assert sum(encoded) == sum(len(value) + len("\r\n") for value in own)
