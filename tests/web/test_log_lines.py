"""No line of the log holds the key of a reader's link."""

from __future__ import annotations

import io
import logging

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver
from waitress.utilities import logger

from newsletter.audience.tokens import Purpose
from newsletter.config.console_log import ConsoleHandler
from newsletter.core.delivery.redaction import without_keys
from newsletter.web.urls import urlpatterns
from tests.web.conftest import Service


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the service's own handler writes, at any level."""
    [console] = [each for each in logging.getLogger().handlers if type(each) is ConsoleHandler]
    written = io.StringIO()
    monkeypatch.setattr(console, "stream", written)
    monkeypatch.setattr(console, "_seen", {})  # other tests of this minute are refused, too
    monkeypatch.setattr(logging.getLogger("django"), "level", logging.DEBUG)
    return written


def test_a_refused_form_is_logged_without_the_subscribers_key(
    visitor: Client, service: Service, log: io.StringIO
) -> None:
    path = service.link(Purpose.PREFERENCES)
    page = visitor.get(path).content.decode()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    assert visitor.post(path, {"csrfmiddlewaretoken": token, "at": "25:00"}).status_code == 400
    assert "Bad Request: /preferences/…" in log.getvalue()
    assert path.rpartition("/")[2] not in log.getvalue()


def test_neither_a_forgotten_nor_a_forged_nor_a_failing_page_is_logged_with_it(
    visitor: Client, service: Service, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = service.link(Purpose.PREFERENCES)
    key = path.rpartition("/")[2]
    assert visitor.post(path, {"do": "now"}).status_code == 403
    assert visitor.get(f"{path}x").status_code == 404
    assert visitor.get(f"/nowhere{path}").status_code == 404

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(f"nothing to be had at {path}")

    monkeypatch.setattr("newsletter.web.preferences.past_digests", fail)
    visitor.raise_request_exception = False
    assert visitor.get(path).status_code == 500
    said = log.getvalue()
    for words in (
        "Forbidden (",
        "Not Found: /preferences/…",
        "/nowhere/preferences/…",
        "Traceback",
        "had at",
    ):
        assert words in said
    assert key not in said


def test_the_web_server_logs_no_key_either(log: io.StringIO) -> None:
    logger.error("Exception while serving %s", "/account/s3cret/erase?x=1")
    assert "Exception while serving /account/…/erase?x=1" in log.getvalue()
    assert "s3cret" not in log.getvalue()


def test_every_path_with_a_token_is_known() -> None:
    def routes(patterns: list[URLPattern | URLResolver]) -> list[str]:
        return [str(each.pattern) for each in patterns if isinstance(each, URLPattern)]

    with_token = [f"/{route}" for route in routes(urlpatterns) if "<str:token>" in route]
    assert len(with_token) > 8
    for route in with_token:
        assert "s3cret" not in without_keys(route.replace("<str:token>", "s3cret")), route


@pytest.mark.parametrize("path", ["/papers/2606.00001/", "/topics/heads/", "/preferences/", "/digests"])
def test_what_holds_no_key_stays(path: str) -> None:
    assert without_keys(f"Not Found: {path}") == f"Not Found: {path}"
