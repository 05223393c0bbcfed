"""The local outbox in a browser."""

from __future__ import annotations

import base64

import pytest
from django.conf import settings
from django.test import Client

from newsletter.config import Config
from tests.web.conftest import Service, every_row

TOKEN = "6f1d0c9be2a7435880"
FROM_ELSEWHERE = {"REMOTE_ADDR": "172.17.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"}


def as_password(secret: str) -> str:
    return "Basic " + base64.b64encode(f"anybody:{secret}".encode()).decode()


@pytest.fixture
def with_token(monkeypatch: pytest.MonkeyPatch) -> None:
    config = settings.CONFIG.model_copy(update={"outbox_token": TOKEN})
    monkeypatch.setattr(settings, "CONFIG", config)


def test_it_lists_and_shows_the_mails(visitor: Client, service: Service) -> None:
    before = every_row()
    listed = visitor.get("/outbox/").content.decode()
    assert f"/outbox/{service.delivery.pk}/" in listed
    assert "ada@example.org" in listed
    mail = visitor.get(f"/outbox/{service.delivery.pk}/").content.decode()
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in mail
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in mail
    assert every_row() == before


def test_the_mails_html_is_sandboxed_and_may_stand_in_our_frame_only(
    visitor: Client, service: Service
) -> None:
    response = visitor.get(f"/outbox/{service.delivery.pk}/html")
    policy = response["Content-Security-Policy"]
    assert "sandbox allow-popups" in policy
    assert "allow-scripts" not in policy
    assert "frame-ancestors 'self'" in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert '<base target="_blank">' in response.content.decode()


def test_the_raw_mail_is_the_exact_bytes(visitor: Client, service: Service) -> None:
    response = visitor.get(f"/outbox/{service.delivery.pk}/raw")
    path = settings.CONFIG.outbox_folder / f"{service.delivery.pk}.eml"
    assert response.content == path.read_bytes()
    assert "attachment" in response["Content-Disposition"]


@pytest.mark.parametrize("tail", ["", "{id}/", "{id}/html", "{id}/raw"])
@pytest.mark.parametrize(
    "asking",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"HTTP_FORWARDED": "for=192.0.2.7"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"HTTP_X_FORWARDED_FOR": ""},
        {"HTTP_X_REQUEST_ID": "f00"},
        {"HTTP_VIA": "1.1 varnish"},
        {"HTTP_CF_CONNECTING_IP": "192.0.2.7"},
        {"HTTP_TRUE_CLIENT_IP": "192.0.2.7"},
        {"SERVER_PROTOCOL": "HTTP/1.0"},
        {"HTTP_HOST": "digest.example.org"},
        {"REMOTE_ADDR": "::ffff:192.0.2.7"},
        FROM_ELSEWHERE | {"HTTP_AUTHORIZATION": "Bearer "},
    ],
)
def test_nobody_from_elsewhere_reads_it(
    visitor: Client,
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    tail: str,
    asking: dict[str, str],
) -> None:
    path = f"/outbox/{tail.format(id=service.delivery.pk)}"
    assert visitor.get(path).status_code == 200
    monkeypatch.setattr(settings, "BASE_HOST", "digest.example.org")
    assert visitor.get(path, **asking).status_code == 404  # type: ignore[arg-type]  # WSGI's names


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"])
def test_this_machine_has_several_addresses(visitor: Client, service: Service, peer: str) -> None:  # noqa: ARG001
    assert visitor.get("/outbox/", REMOTE_ADDR=peer).status_code == 200


@pytest.mark.usefixtures("with_token")
@pytest.mark.parametrize("tail", ["", "{id}/", "{id}/html", "{id}/raw"])
@pytest.mark.parametrize("sent", [f"Bearer {TOKEN}", as_password(TOKEN)])
def test_whoever_has_the_token_reads_it_from_anywhere(
    visitor: Client, service: Service, tail: str, sent: str
) -> None:
    path = f"/outbox/{tail.format(id=service.delivery.pk)}"
    answer = visitor.get(path, **FROM_ELSEWHERE, HTTP_AUTHORIZATION=sent)  # type: ignore[arg-type]  # WSGI's names
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("with_token")
@pytest.mark.parametrize("tail", ["", "{id}/", "{id}/html", "{id}/raw"])
@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN[:-1]}",
        f"Token {TOKEN}",
        as_password(""),
        "Basic é",
        "Basic =",
    ],
)
def test_nobody_without_the_token_does(visitor: Client, service: Service, tail: str, sent: str) -> None:
    path = f"/outbox/{tail.format(id=service.delivery.pk)}"
    answer = visitor.get(path, **FROM_ELSEWHERE, HTTP_AUTHORIZATION=sent)  # type: ignore[arg-type]  # WSGI's names
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Basic realm="localhost"'
    assert b"ada@" not in answer.content


@pytest.mark.django_db
def test_it_is_not_there_with_another_mailer(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    smtp = Config.model_validate({"NEWSLETTER_MAILER": "smtp", "NEWSLETTER_SMTP_URL": "smtp://localhost:25"})
    monkeypatch.setattr(settings, "CONFIG", smtp.model_copy(update={"outbox_token": TOKEN}))
    assert visitor.get("/outbox/").status_code == 404
    assert visitor.get("/outbox/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("mail_id", ["..%2fsecret_key", "0" * 32, "a"])
def test_only_mails_can_be_opened(visitor: Client, mail_id: str) -> None:
    assert visitor.get(f"/outbox/{mail_id}/raw").status_code == 404


def test_a_published_site_asks_for_the_token_even_on_this_machine(
    visitor: Client, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert visitor.get("/outbox/").status_code == 200
    monkeypatch.setattr(settings, "BASE_HOST", "digest.example.org")
    assert visitor.get("/outbox/").status_code == 404
    assert visitor.get(f"/outbox/{service.delivery.pk}/raw").status_code == 404


@pytest.mark.usefixtures("service")
@pytest.mark.parametrize("path", ["/", "/preferences/"])
def test_who_waits_for_a_mail_that_stays_here_is_led_to_it(
    visitor: Client, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    form = {"email": "new@example.org", "topics": "heads"}
    link = 'href="/outbox/"'
    assert link in visitor.post(path, form).content.decode()
    # Not to a visitor from elsewhere, who may not read it, and not where mail leaves.
    assert link not in visitor.post(path, form, headers={"x-forwarded-for": "192.0.2.1"}).content.decode()
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"mailer": "smtp"}))
    assert link not in visitor.post(path, form).content.decode()
