from __future__ import annotations

import pytest

from newsletter.config.smtp_url import SmtpServer, Tls, parse_smtp_url
from newsletter.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "smtp://me:secret@mail.example.org",
            SmtpServer(host="mail.example.org", port=587, tls=Tls.STARTTLS, user="me", password="secret"),
        ),
        (
            "smtps://me%40example.org:p%40ss%2Fw%3Ard@mail.example.org/",
            SmtpServer(
                host="mail.example.org",
                port=465,
                tls=Tls.IMPLICIT,
                user="me@example.org",
                password="p@ss/w:rd",
            ),
        ),
        ("smtp://localhost?tls=off", SmtpServer(host="localhost", port=25, tls=Tls.OFF)),
        ("smtp://[::1]:2525?tls=off", SmtpServer(host="::1", port=2525, tls=Tls.OFF)),
    ],
)
def test_it_reads_where_to_send(url: str, expected: SmtpServer) -> None:
    assert parse_smtp_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example.org:587",
        "http://me:hunter2@mail.example.org",
        "smtp://",
        "smtp://me:hunter2@mail.example.org:port",
        "smtp://me:hunter2@mail.example.org:99999",
        "smtp://me:hunter2@mail.example.org:0",
        "smtp://me:hunter2/x@mail.example.org",
        "smtp://me:hunter2#x@mail.example.org",
        "smtp://me:hunter2?x@mail.example.org",
        "smtp://me:hunter2@mail.example.org?tls=no",
        "smtp://me:hunter2@mail.example.org?tls=off&tls=off",
        "smtps://me:hunter2@mail.example.org?tls=off",
        "smtp://hunter2@mail.example.org",
        "smtp://:hunter2@mail.example.org",
        "smtp://me:hunter2é@mail.example.org",
        "smtp://me:hunter2@[mail.example.org",
    ],
)
def test_a_wrong_url_is_one_line_that_keeps_the_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^NEWSLETTER_SMTP_URL: ") as caught:
        parse_smtp_url(url)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_password_does_not_show_in_a_traceback() -> None:
    assert "secret" not in repr(parse_smtp_url("smtp://me:secret@mail.example.org"))
