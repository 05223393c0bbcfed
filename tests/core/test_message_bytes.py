"""Messages are read by two parsers that are not ours, one of them not Python's, and checked line by line.

Python's is told to raise at every defect; the other is the Rust crate mailparse.
"""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import fast_mail_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.digests.headers import MessageHeaders
from newsletter.core.digests.message import Fragment, compose, literal
from tests.core.digests.test_headers import DIGEST, display_name
from tests.fakes.wire import faults, head_fields

STRICT = policy.SMTPUTF8 + policy.strict
LONG_CHINESE = (
    "9 篇新论文：SpatialAvatar-0、SiGnature 等，均符合你的主题；另有三百零二篇未匹配的论文可在网页上查阅🙂"
    * 4
)

visible = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029")
printable = st.text(visible, min_size=1, max_size=200)
han = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=200)
words = printable | han
local_part = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\.[a-z0-9_-]{1,20})?", fullmatch=True).filter(
    lambda local: "=?" not in local  # refused: it could be read as an encoded word
)
domain = st.sampled_from(["example.org", "bücher.example", "例子.测试", "a.b.c.example", "localhost"])
body = st.text(max_size=400).map(lambda text: literal(text) + "\n")


def message(headers: MessageHeaders, *fragments: Fragment, **placeholders: str) -> bytes:
    return compose(headers, fragments or [Fragment("<p>x</p>\n", "x\n")], placeholders=placeholders)


def by_python(raw: bytes) -> EmailMessage:
    read: Any = message_from_bytes(raw, policy=STRICT)
    assert isinstance(read, EmailMessage)
    assert not [defect for part in read.walk() for defect in part.defects]
    return read


def by_rust(raw: bytes) -> fast_mail_parser.PyMail:
    read = fast_mail_parser.parse_email(raw)
    assert read.warnings == []
    assert read.attachments == []
    return read


def unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


@given(subject=words, name=words, local=local_part, host=domain, html=body, text=body)
def test_whatever_a_message_says_both_parsers_read_it_and_no_line_is_wrong(
    subject: str, name: str, local: str, host: str, html: str, text: str
) -> None:
    headers = replace(DIGEST, subject=subject, from_name=name, to=f"{local}@{host}")
    raw = message(headers, Fragment(html, text))
    assert faults(raw) == []
    python, rust = by_python(raw), by_rust(raw)
    assert python["Subject"] == subject
    assert display_name(raw) == name
    assert str(python["To"]) == rust.headers["To"][0]
    assert rust.subject.strip() == subject.strip()
    assert [unix(each) for each in rust.text_plain] == [unix(text)]
    assert [unix(each) for each in rust.text_html] == [unix(html)]


@pytest.mark.parametrize("subject", [LONG_CHINESE, "图" * 200, "a" + "图" * 200, "🙂" * 80, "é" * 300])
def test_a_long_subject_is_several_encoded_words_of_whole_characters(subject: str) -> None:
    raw = message(replace(DIGEST, subject=subject, from_name=subject[:60]))
    assert faults(raw) == []
    [value] = [value for name, value in head_fields(raw) if name == "Subject"]
    assert value.count("=?utf-8?b?") > 1
    assert by_python(raw)["Subject"] == subject
    assert by_rust(raw).subject == subject


def test_both_parsers_see_two_alternatives_the_text_first() -> None:
    raw = message(DIGEST, Fragment("<p>Über 图像</p>\n", "Über 图像\n"))
    tree = fast_mail_parser.parse_email_tree(raw)
    assert tree.content_type == "multipart/alternative"
    assert [part.content_type for part in tree.children] == ["text/plain", "text/html"]
    assert [part.get_content_type() for part in by_python(raw).iter_parts()] == ["text/plain", "text/html"]


def test_every_header_arrives_as_it_was_meant() -> None:
    raw = message(DIGEST)
    read = by_rust(raw).headers
    expected = DIGEST.shared() | DIGEST.personal()
    assert {name: read[name] for name in expected} == {name: [value] for name, value in expected.items()}
    assert [name for name, values in read.items() if len(values) > 1] == []
    assert by_python(raw)["Date"].datetime == DIGEST.date


@pytest.mark.parametrize("length", [40, 74, 300, 800])
def test_no_length_makes_a_list_header_an_encoded_word(length: int) -> None:
    url = "https://news.example.org/unsubscribe/" + "a" * length
    raw = message(replace(DIGEST, list_unsubscribe_url=url, list_unsubscribe_mailto="mailto:out@example.org"))
    assert faults(raw) == []
    for read in (by_python(raw)["List-Unsubscribe"], by_rust(raw).headers["List-Unsubscribe"][0]):
        assert read == f"<{url}>, <mailto:out@example.org>"


def test_an_address_beyond_ascii_is_the_only_thing_beyond_ascii() -> None:
    raw = message(replace(DIGEST, to="读者@例子.测试", subject=LONG_CHINESE))
    assert faults(raw) == []
    assert raw.replace("读者".encode(), b"").isascii()
    assert by_rust(raw).headers["To"] == ["读者@xn--fsqu00a.xn--0zwm56d"]
    assert by_python(raw)["To"] == "读者@xn--fsqu00a.xn--0zwm56d"


BROKEN = {
    "a line break that is not CRLF": lambda raw: raw.replace(b"\r\n", b"\n", 1),
    "a line of 1204 bytes": lambda raw: raw.replace(b"<p>", b"x" * 1196 + b"<p>"),
    "an encoded line of": lambda raw: raw.replace(b"<p>", b"x" * 80 + b"<p>"),
    "not quoted-printable": lambda raw: raw.replace(b"<p>", b"=zz"),
    "white space at the end": lambda raw: raw.replace(b"</p>\r\n", b"</p> \r\n"),
    "List-Id: an encoded word": lambda raw: raw.replace(b"List-Id: ", b"List-Id: =?utf-8?b?YQ==?= "),
    "is no whole encoded word": lambda raw: raw.replace(b"Subject: ", b"Subject: =?utf-8?b?5w==?= "),
    "Date does not stand there once": lambda raw: raw.replace(b"Date: ", b"X-Date: "),
    "Subject does not stand there once": lambda raw: b"Subject: x\r\n" + raw,
    "Feedback-ID: not ASCII": lambda raw: raw.replace(b"Feedback-ID: ", "Feedback-ID: 图".encode()),
    "Message-ID: no id": lambda raw: raw.replace(b"Message-ID: <", b"Message-ID: "),
    "1 parts": lambda raw: raw.replace(b"text/html", b"text/htm", 1).replace(b"\r\n--=_", b"\r\n-=_", 1),
    "a part that is not": lambda raw: raw.replace(b"text/plain", b"text/richtext"),
    "no line break at the end": lambda raw: raw.removesuffix(b"\r\n"),
    "Subject: a line of": lambda raw: raw.replace(b"Subject: ", b"Subject: " + b"long " * 30),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_the_scanner_sees_what_it_is_for(fault: str) -> None:
    raw = message(DIGEST)
    assert faults(raw) == []
    assert [found for found in faults(BROKEN[fault](raw)) if fault in found]
