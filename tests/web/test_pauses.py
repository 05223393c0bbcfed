"""Pages on which somebody waits for a mail say when none goes out."""

from __future__ import annotations

import pytest
from django.test import Client

from newsletter.audience.tokens import Purpose
from newsletter.models import SendPause
from newsletter.models.delivery import Cause
from newsletter.pipeline.send.pause import pause_sending
from tests.web.conftest import SENT, Service

QUIET_LINE = "sending has been paused since 19 June 2026"


@pytest.mark.parametrize("transport", ["*", "outbox"])
def test_sign_up_and_the_subscribers_page_say_so_and_not_why(
    visitor: Client, service: Service, transport: str
) -> None:
    paths = ["/", service.link(Purpose.PREFERENCES)]
    assert not any(QUIET_LINE in visitor.get(path).content.decode() for path in paths)
    pause_sending("our secret", transport=transport, cause=Cause.BREAKER, now=SENT)
    for path in paths:
        page = visitor.get(path).content.decode()
        assert QUIET_LINE in page
        assert "our secret" not in page


def test_another_transports_pause_is_nobodys_business(visitor: Client, service: Service) -> None:  # noqa: ARG001
    SendPause.objects.create(transport="smtp", reason="bad password", since=SENT)
    assert QUIET_LINE not in visitor.get("/").content.decode()


def test_metrics_name_what_is_paused_by_whom(visitor: Client, service: Service) -> None:  # noqa: ARG001
    pause_sending("our secret", now=SENT)
    said = visitor.get("/metrics").content.decode()
    assert 'newsletter_paused{cause="operator",transport="*"} 1.0' in said
    assert "our secret" not in said
