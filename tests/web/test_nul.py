"""A NUL anywhere in a request is answered with 400 or 404, never with 500, on either database."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, URLResolver

from newsletter.audience.tokens import Purpose
from newsletter.web.operator.urls import urlpatterns as operator_urls
from newsletter.web.urls import urlpatterns
from tests.web.conftest import Service

REFUSED = {400, 404}
_PART = re.compile(r"<[^>]*>")


def _routes() -> list[str]:
    return [f"/{each.pattern}" for each in urlpatterns if isinstance(each, URLPattern)]


def test_no_path_with_a_nul_fails(visitor: Client, service: Service) -> None:  # noqa: ARG001
    with_parts = [route for route in _routes() if _PART.search(route)]
    assert len(with_parts) > 15
    for route in [
        *with_parts,
        "/static/<str:name>",
        "/admin/newsletter/topic/<str:name>/change/",
        "/<str:name>",
    ]:
        for part in ("%00", "a%00b", "2606.00001%00"):
            for send in (visitor.get, visitor.post):
                assert send(_PART.sub(part, route)).status_code in REFUSED, route


@pytest.mark.parametrize("query", ["topics=%00", "topics=heads%00", "a%00b=c", "find=x%00", "saved=%00"])
def test_no_query_with_a_nul_fails(visitor: Client, service: Service, query: str) -> None:
    for path in ("/", "/topics/heads/", service.link(Purpose.PREFERENCES), "/papers/2606.00001/"):
        assert visitor.get(f"{path}?{query}").status_code in REFUSED, path


def test_no_form_with_a_nul_fails(service: Service) -> None:
    visitor = Client(SERVER_NAME="localhost")  # whose forms are not refused for want of a token
    preferences = service.link(Purpose.PREFERENCES)
    for path in (
        "/",
        "/preferences/",
        preferences,
        f"{preferences}/topics/new",
        "/papers/2606.00001/report/",
        "/admin/login/",
    ):
        for name in ("email", "query", "name", "papers", "exclude", "note", "claim", "username", "a\0b"):
            assert visitor.post(path, {name: "x\0y"}).status_code in REFUSED, (path, name)
            body = f"{name}=x%00y".replace("\0", "%00")
            kind = "application/x-www-form-urlencoded"
            assert visitor.post(path, body, content_type=kind).status_code in REFUSED, (path, name)


def test_who_leaves_by_one_click_leaves_with_a_nul_in_the_form_too(visitor: Client, service: Service) -> None:
    form = {"List-Unsubscribe": "One-Click", "less": "a\0b", "c\0d": "e"}
    assert visitor.post(service.link(Purpose.UNSUBSCRIBE), form).status_code == 200
    service.subscriber.refresh_from_db()
    assert service.subscriber.status == "unsubscribed"


def test_neither_the_admin_nor_a_cookie_fails(service: Service) -> None:  # noqa: ARG001
    operator = Client(SERVER_NAME="localhost")
    operator.force_login(User.objects.create_superuser("operator"))
    for query in ("q=%00", "status=%00", "p=%00", "o=%00"):
        assert operator.get(f"/admin/newsletter/subscriber/?{query}").status_code in REFUSED
    for route in (f"/admin/{each.pattern}" for each in operator_urls):
        for send in (operator.get, operator.post):
            assert send(_PART.sub("a%00b", route)).status_code in REFUSED or not _PART.search(route), route
    operator.cookies["sessionid"] = "a\0b"
    assert operator.get("/admin/").status_code in {302, *REFUSED}


def test_what_holds_none_passes(visitor: Client, service: Service) -> None:
    assert visitor.get("/topics/heads/?x=%2500").status_code == 200
    answer = visitor.post(service.link(Purpose.UNSUBSCRIBE), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200


def test_there_are_no_routes_below_ours_that_are_not_tried() -> None:
    assert [str(each.pattern) for each in urlpatterns if isinstance(each, URLResolver)] == ["admin/"] * 2
