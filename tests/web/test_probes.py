"""Hosts, health, readiness and metrics."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from newsletter.adapters.infra import broker
from newsletter.models import GatherRun
from tests.web.conftest import Service

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST."]
)
def test_pages_answer_on_their_own_hosts(visitor: Client, host: str) -> None:
    assert visitor.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "a b", "web_1:8000", "@localhost"]
)
def test_pages_refuse_every_other_host(visitor: Client, host: str) -> None:
    response = visitor.get("/", headers={"host": host})
    assert response.status_code == 400
    assert host not in response.content.decode()


@pytest.mark.parametrize("host", ["localhost", "10.1.2.3:8000", "web_1:8000", "anything.example"])
@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_probes_answer_on_any_host_without_redirect(visitor: Client, host: str, path: str) -> None:
    assert visitor.get(path, headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "asking",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": "172.17.0.1"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"SERVER_PROTOCOL": "HTTP/1.0"},
    ],
)
def test_metrics_are_for_this_machine_or_for_whoever_has_the_token(
    visitor: Client, monkeypatch: pytest.MonkeyPatch, asking: dict[str, str]
) -> None:
    def status(**sent: str) -> tuple[int, bool]:
        answer = visitor.get("/metrics", **asking, **sent)  # type: ignore[arg-type]  # WSGI's names
        return answer.status_code, b"newsletter_subscribers" in answer.content

    assert status() == (403, False)
    assert status(HTTP_AUTHORIZATION="Bearer ") == (403, False)
    token = "6f1d0c9be2a7435880"
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"metrics_token": token}))
    assert status() == (401, False)
    assert status(HTTP_AUTHORIZATION=f"Bearer {token[1:]}") == (401, False)
    assert status(HTTP_AUTHORIZATION=f"Bearer {token}") == (200, True)


def test_prometheus_on_this_machine_needs_no_token(visitor: Client) -> None:
    scrape = {"X-Prometheus-Scrape-Timeout-Seconds": "10"}
    assert visitor.get("/metrics", headers=scrape).status_code == 200


def test_it_is_not_ready_without_a_broker(visitor: Client) -> None:
    response = visitor.get("/readyz", headers={"host": "web_1:8000"})
    assert response.status_code == 503
    assert response.json() == {"database": True, "migrations": True, "broker": False}


def test_it_is_ready_when_everything_answers(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "is_reachable", lambda: True)
    assert visitor.get("/readyz").status_code == 200


def test_it_is_not_ready_before_its_migrations(visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "is_reachable", lambda: True)
    MigrationRecorder(connection).migration_qs.filter(app="newsletter").delete()
    response = visitor.get("/readyz")
    assert response.status_code == 503
    assert response.json()["migrations"] is False


def test_metrics_count_deliveries_and_tell_how_late_work_is(visitor: Client, service: Service) -> None:
    GatherRun.objects.create(started_at=service.delivery.planned_at, query="cat:cs.CV")
    lines = visitor.get("/metrics").content.decode().splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert values['newsletter_deliveries{state="ACCEPTED"}'] == "1.0"
    assert values['newsletter_deliveries{state="FAILED"}'] == "0.0"
    # The reader's next slot lies in the past by the real clock, and nobody has planned it.
    assert float(values["newsletter_oldest_due_seconds"]) > 0
    assert float(values["newsletter_last_gather_seconds"]) > 0
    assert not any("ada@" in line for line in lines)
