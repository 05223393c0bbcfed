"""An attack: another site has its visitors' browsers send our forms. None of them does anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.utils import timezone
from pytest_django import Settings

from newsletter.audience.tokens import Purpose
from newsletter.models import FreshLink, SignUp, Subscriber
from newsletter.models.subscriber import Status
from newsletter.subscribers.account import ask_to_move, mail_fresh_link
from newsletter.web.origins import is_from_elsewhere
from tests.web.conftest import Service, every_row
from tests.web.links import mailed_path
from tests.web.test_signup import FORM

FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "http://localhost.elsewhere.example"},
    {"Origin": "http://localhost:9999"},
    {"Origin": "null"},
    {"Origin": "http://[::1"},
    {"Origin": ""},
]
OWN: list[dict[str, str]] = [
    {},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    {"Origin": "http://localhost:8000"},
]


@pytest.fixture
def attacker() -> Client:
    """A browser whose cookies would pass: the check of the origin alone stands in the way."""
    return Client(SERVER_NAME="localhost")


def forms_of(service: Service) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every form of the site that changes or sends something, filled in as its page would."""
    now = timezone.now()
    yield "/", {name: str(value) for name, value in FORM.items()} | {"topics": "heads"}
    yield "/preferences/", {"email": "ada@example.org"}
    yield "/papers/2606.00014/report/", {"claim": "page", "what": "other", "note": "A mistake."}
    own = service.link(Purpose.PREFERENCES)
    for act in ("pause", "now", "link", "revoke", "save"):
        yield own, {"do": act, "until": "2099-01-01", "topics": "heads"}
    for act in ("forget", "switches", "follow", "remove"):
        yield f"{own}/taste", {"do": act, "name": "Ada Lovelace", "paper": "saved:2606.00001"}
    yield f"{own}/saved", {"paper": "saved:2606.00001"}
    for act in ("paste", "keep", "drop"):
        yield f"{own}/taste/import", {"do": act, "text": "2606.00001"}
    yield f"{own}/topics/new", {"action": "save", "name": "N", "query": "cat:cs.CV"}
    assert mail_fresh_link(service.subscriber, now=now)
    fresh = mailed_path("fresh-")
    yield fresh, {"email": "b@example.org"}
    yield f"{fresh}/erase", {}
    other = FreshLink.objects.create(subscriber=service.subscriber, requested_at=now)
    assert ask_to_move(other, email="c@example.org", ip="", now=now)
    yield mailed_path("address-"), {}
    for fields in ({}, {"less": "monthly:1"}):
        yield service.link(Purpose.UNSUBSCRIBE), fields
        yield f"{service.link(Purpose.UNSUBSCRIBE)}/heads", fields


@pytest.mark.parametrize("headers", FOREIGN)
def test_no_form_that_another_site_sends_does_anything(
    attacker: Client, service: Service, headers: dict[str, str]
) -> None:
    forms = list(forms_of(service))
    before = every_row()
    for path, fields in forms:
        answer = attacker.post(path, fields, headers=headers)
        assert answer.status_code == 403, path
        assert "Nothing was changed" in answer.content.decode()
    assert every_row() == before


def test_the_admin_refuses_them_too(service: Service) -> None:
    operator = Client(SERVER_NAME="localhost")
    operator.force_login(User.objects.create_superuser("operator", last_login=timezone.now()))
    act = f"/admin/newsletter/subscriber/{service.subscriber.pk}/erase/act/"
    for path in (act, "/admin/newsletter/sendpause/add/", "/admin/newsletter/topic/workshop/"):
        assert operator.post(path, headers={"Origin": "https://elsewhere.example"}).status_code == 403
    assert operator.post("/admin/login/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert Subscriber.objects.filter(pk=service.subscriber.pk).exists()


@pytest.mark.parametrize("headers", OWN)
def test_our_own_pages_and_programs_can_send_them(
    attacker: Client,
    service: Service,  # noqa: ARG001
    headers: dict[str, str],
) -> None:
    assert attacker.post("/", FORM, headers=headers).status_code == 200
    assert SignUp.objects.count() == 1


@pytest.mark.parametrize("headers", FOREIGN)
def test_one_click_holds_wherever_it_comes_from(
    attacker: Client, service: Service, headers: dict[str, str]
) -> None:
    answer = attacker.post(
        service.link(Purpose.UNSUBSCRIBE), {"List-Unsubscribe": "One-Click"}, headers=headers
    )
    assert (answer.status_code, answer.content) == (200, b"")
    assert Subscriber.objects.get().status == Status.UNSUBSCRIBED


def test_only_the_unsubscribe_link_and_the_signed_hook_take_any_origin() -> None:
    exempt = {
        str(pattern.pattern).partition("/")[0]
        for pattern in _patterns(get_resolver())
        if getattr(pattern.callback, "takes_any_origin", False)
    }
    assert exempt == {"unsubscribe", "hooks"}
    assert getattr(resolve("/hooks/sendgrid").func, "takes_any_origin", False)


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from _patterns(each)
        else:
            yield each


@pytest.mark.parametrize(
    ("base_url", "origin"),
    [
        ("https://digest.example.org", "https://digest.example.org"),
        ("https://Digest.example.org", "https://digest.example.org"),
        ("https://digest.example.org:443", "https://digest.example.org"),
        ("https://digest.example.org:8443", "https://digest.example.org:8443"),
    ],
)
def test_the_base_url_is_compared_as_browsers_write_it(
    settings: Settings, base_url: str, origin: str
) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"base_url": base_url})
    # As behind a proxy that ends TLS and names neither the scheme nor the port.
    request = RequestFactory(SERVER_NAME="digest.example.org").post("/", headers={"Origin": origin})
    settings.ALLOWED_HOSTS = ["*"]
    assert not is_from_elsewhere(request)
    other = RequestFactory(SERVER_NAME="digest.example.org").post(
        "/", headers={"Origin": origin.replace("digest", "blog")}
    )
    assert is_from_elsewhere(other)


@pytest.mark.usefixtures("service")
def test_a_thousand_visitors_of_another_site_have_no_mail_sent() -> None:
    """Each visitor has a network of their own, which is what the caps count."""
    before = every_row()
    for number in range(1000):
        visitor = Client(SERVER_NAME="localhost", REMOTE_ADDR=f"10.0.{number // 250}.{number % 250}")
        fields = FORM | {"email": f"victim{number}@d{number}.example.org"}
        headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
        answer: HttpResponse = visitor.post("/", fields, headers=headers)  # type: ignore[assignment]
        assert answer.status_code == 403
    assert every_row() == before
