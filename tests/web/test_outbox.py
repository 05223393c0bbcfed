"""The local outbox in a browser."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from newsletter.config import Config
from tests.web.conftest import Service, every_row


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
    ],
)
def test_nobody_from_elsewhere_reads_it(
    visitor: Client, service: Service, tail: str, asking: dict[str, str]
) -> None:
    path = f"/outbox/{tail.format(id=service.delivery.pk)}"
    assert visitor.get(path).status_code == 200
    assert visitor.get(path, **asking).status_code == 404  # type: ignore[arg-type]  # WSGI's names


@pytest.mark.django_db
def test_it_is_not_there_with_another_mailer(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    smtp = Config.model_validate({"NEWSLETTER_MAILER": "smtp", "NEWSLETTER_SMTP_URL": "smtp://localhost:25"})
    monkeypatch.setattr(settings, "CONFIG", smtp)
    assert visitor.get("/outbox/").status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("mail_id", ["..%2fsecret_key", "0" * 32, "a"])
def test_only_mails_can_be_opened(visitor: Client, mail_id: str) -> None:
    assert visitor.get(f"/outbox/{mail_id}/raw").status_code == 404
