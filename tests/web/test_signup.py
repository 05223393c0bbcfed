"""The sign-up page: what it shows, refuses and keeps, and that its answer tells nothing of an address."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from newsletter.audience.suppression import Reason, suppress
from newsletter.models import Delivery, Paper, SignUp, Subscriber
from newsletter.models.delivery import Kind
from newsletter.models.subscriber import Status
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.web.conftest import JOINED, PAPERS, Service, every_row
from tests.web.links import mailed_url
from tests.web.test_public_pages import write_summary

FORM = {
    "email": "new@example.org",
    "topics": ["quiet", "heads"],
    "cadence": "weekly:mon,thu",
    "at": "07:15",
    "timezone": "Asia/Shanghai",
    "language": "zh-hans",
    "depth": "headline",
    "max_papers": "7",
}


def send(visitor: Client, **changes: Any) -> HttpResponse:
    return visitor.post("/", FORM | changes)  # type: ignore[return-value]  # the client's own wrapper


def text(response: HttpResponse) -> str:
    return response.content.decode()


def seen(response: HttpResponse) -> tuple[int, bytes, dict[str, str]]:
    """Return everything of a response that somebody outside sees."""
    assert not response.cookies
    return response.status_code, response.content, dict(response.headers)


def test_it_shows_each_topic_with_its_week(visitor: Client, service: Service) -> None:
    page = text(visitor.get("/"))  # type: ignore[arg-type]  # the client's own wrapper
    heads = page[page.index('value="heads"') :].partition("</label>")[0]
    assert f"<small>{PAPERS}</small>" in heads
    assert 'value="quiet"' in page
    assert service.private.name not in page


def test_it_shows_how_last_weeks_mail_would_have_begun(visitor: Client, service: Service) -> None:  # noqa: ARG001
    paper = Paper.objects.get(arxiv_id="2606.00003")
    write_summary(paper, language="en", headline="What came of it.")
    page = text(visitor.get("/?topics=heads"))  # type: ignore[arg-type]
    glimpse = page[page.index('id="glimpse"') :]
    assert glimpse.index("Talking heads: ") < glimpse.index("What came of it.")
    assert glimpse.count('class="title"') == 1
    assert glimpse.index(paper.title) < glimpse.index('href="/topics/heads/"')
    assert f"about <b>{min(10, PAPERS)} of {PAPERS}</b> papers with takeaways" in page


def test_a_cadence_that_is_in_no_button_comes_from_the_list(visitor: Client, service: Service) -> None:  # noqa: ARG001
    assert send(visitor, cadence="other", other_cadence="biweekly:fri").status_code == 200
    assert SignUp.objects.get().preferences["cadence"] == "biweekly:fri"
    page = text(send(visitor, cadence="other", other_cadence="hourly"))
    assert "“hourly” is not one of the choices." in page
    assert 'value="other" checked' in page


@pytest.mark.parametrize(
    ("button", "find", "before", "query"),
    [
        ("words", "long-term memory", "", 'all:"long-term" AND all:"memory"'),
        ("author", "Satoshi Nakamura", "", 'au:"Satoshi Nakamura"'),
        ("author", 'O"Neill', "cat:cs.CL", '(cat:cs.CL) OR (au:"O Neill")'),
        ("words", '""', "cat:cs.CL", "cat:cs.CL"),
    ],
)
def test_what_was_looked_for_becomes_a_query_of_ones_own(
    visitor: Client,
    service: Service,  # noqa: ARG001
    button: str,
    find: str,
    before: str,
    query: str,
) -> None:
    page = text(send(visitor, search=button, find=find, query=before))
    shown = re.search(r'<textarea id="query"[^>]*>(.*?)</textarea>', page, re.DOTALL)
    assert shown is not None
    assert unescape(shown[1]) == query
    assert send(visitor, query=query).status_code == 200


def test_an_arxiv_id_finds_the_topics_that_it_matched(visitor: Client, service: Service) -> None:  # noqa: ARG001
    page = text(send(visitor, search="1", find="arXiv:2606.00001v2", topics=[]))
    found = page[page.index('id="found"') :].partition("</div>")[0]
    assert re.findall(r'name="topics" value="(\w+)"', found) == ["heads"]


def test_it_runs_without_scripts_and_allows_only_its_own(visitor: Client, service: Service) -> None:  # noqa: ARG001
    response = visitor.get("/")
    assert "script-src 'self'" in response["Content-Security-Policy"]
    scripts = re.findall(r"<script[^>]*>([^<]*)", response.content.decode())
    assert scripts == [""]
    assert not re.search(r"\son[a-z]+=", response.content.decode())


def test_a_filled_in_form_asks_for_a_confirmation(visitor: Client, service: Service) -> None:  # noqa: ARG001
    response = send(visitor, query=' cat:cs.CV\r\nAND abs:"talking heads" ')
    assert response.status_code == 200
    assert "Check your mail" in text(response)
    preferences = SignUp.objects.get().preferences
    expected = {name: value for name, value in FORM.items() if name != "email"}
    assert preferences == expected | {"query": 'cat:cs.CV AND abs:"talking heads"', "max_papers": 7}
    assert SignUp.objects.get().text_shown.startswith("I ask arXiv digest to send")
    assert Subscriber.objects.get(email="new@example.org").status == Status.PENDING
    letter = Delivery.objects.get(kind=Kind.CONFIRMATION)
    assert mailed_url(letter).startswith("http://localhost:8000/confirm/")


def test_an_address_and_a_topic_are_enough(visitor: Client, service: Service) -> None:  # noqa: ARG001
    visitor.post("/", {"email": "new@example.org", "topics": "heads"})
    preferences = SignUp.objects.get().preferences
    assert (preferences["cadence"], preferences["at"], preferences["timezone"]) == (
        "weekly:mon",
        "08:00",
        "UTC",
    )
    assert (preferences["language"], preferences["depth"], preferences["max_papers"]) == (
        "en",
        "takeaways",
        10,
    )


def test_a_browser_that_cannot_tell_its_zone_is_not_refused(
    visitor: Client,
    service: Service,  # noqa: ARG001
) -> None:
    assert send(visitor, timezone="Etc/Unknown").status_code == 200
    assert SignUp.objects.get().preferences["timezone"] == "UTC"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("email", "", "not an e-mail address we can send to"),
        ("email", "ada@example.org\r\nBcc: b@example.org", "not an e-mail address we can send to"),
        ("email", "a" * 388 + "@example.org", "not an e-mail address we can send to"),
        ("email", "ada@localhost", "not an e-mail address we can send to"),
        ("topics", [], "Choose at least one topic"),
        ("topics", ["heads", "unknown"], "There is no topic “unknown” any more."),
        ("topics", ["secret"], "There is no topic “secret” any more."),
        ("topics", ["\x01"], "Choose at least one topic"),
        ("topics", ["he\x01aps"], "There is no topic “heaps” any more."),
        ("at", "25:00", "“25:00” is not a time of day."),
        ("timezone", "Mars/Olympus", "“Mars/Olympus” is not a time zone."),
        ("timezone", "../../etc/passwd", "is not a time zone."),
        ("max_papers", "51", "a whole number from 1 to 50"),
        ("max_papers", "many", "a whole number from 1 to 50"),
        ("cadence", "hourly", "“hourly” is not one of the choices."),
        ("language", "tlh", "“tlh” is not one of the choices."),
        ("depth", "abyss", "“abyss” is not one of the choices."),
        ("query", "cat:cs.XX", "This query cannot be used; see character 5."),
        ("query", 'abs:"talking heads" and abs:face', "This query cannot be used"),
        ("query", "x" * 1001, "This query cannot be used; see character 1001."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    visitor: Client,
    service: Service,  # noqa: ARG001
    field: str,
    value: str | list[str],
    says: str,
) -> None:
    before = every_row()
    response = send(visitor, **{field: value})
    page = text(response)
    assert response.status_code == 400
    assert f'<a href="#{field}">' in page
    assert says in page[page.index(f'id="problem-{field}"') :]
    if field != "email":
        assert 'value="new@example.org"' in page
    if field != "topics":
        assert page.count('name="topics" value="heads" checked') == 1
    if field not in ("timezone", "topics"):
        assert 'value="Asia/Shanghai"' in page
    assert every_row() == before


def test_a_query_is_marked_at_the_character(visitor: Client, service: Service) -> None:  # noqa: ARG001
    page = text(send(visitor, query="cat:cs.CV <b>and</b> (abs:faces"))
    assert '<span class="at-fault">' in page
    assert "<b>" not in page[page.index('id="query"') :]


def test_a_name_with_line_breaks_goes_nowhere(visitor: Client, service: Service) -> None:  # noqa: ARG001
    send(visitor, email="a@example.org", timezone="UTC\r\nBcc: b@example.org")
    assert not SignUp.objects.exists()


def test_a_search_without_scripts_keeps_what_was_chosen(visitor: Client, service: Service) -> None:  # noqa: ARG001
    before = every_row()
    page = text(send(visitor, search="1", find="TALKING vision", topics=["quiet"], email="half@"))
    assert 'value="heads">' in page
    assert 'value="quiet" checked' in page
    assert 'value="half@"' in page
    assert "problem-" not in page
    page = text(send(visitor, search="1", find="nothing like it", topics=[]))
    assert ">No topic has these words.<" in page
    assert every_row() == before


def test_a_link_can_choose_topics_beforehand(visitor: Client, service: Service) -> None:  # noqa: ARG001
    page = visitor.get("/?topics=heads&topics=unknown;quiet").content.decode()
    assert page.count('name="topics" value="heads" checked') == 1
    assert page.count('name="topics" value="quiet" checked') == 1
    assert "unknown" not in page


def test_a_form_filled_in_by_a_machine_does_nothing_and_looks_alike(
    visitor: Client,
    service: Service,  # noqa: ARG001
) -> None:
    before = every_row()
    by_machine = send(visitor, website="https://spam.example")
    assert every_row() == before
    assert seen(by_machine) == seen(send(visitor))


def prepare(service: Service, number: int) -> dict[str, str]:
    """Return an address of each kind that must not be told apart."""
    kinds = ("active", "left", "pending", "bounced", "unknown")
    addresses = {kind: f"{kind}{number}@d{number}.example.org" for kind in kinds}
    for kind in ("active", "left", "pending"):
        email, status = addresses[kind], Status.PENDING if kind == "pending" else Status.ACTIVE
        subscriber = Subscriber.objects.create(email=email, email_key=email, status=status, joined_at=JOINED)
        if kind == "left":
            unsubscribe(subscriber, source="test", now=JOINED)
    suppress(addresses["bounced"], reason=Reason.BOUNCED, at=JOINED)
    return addresses | {"capped": service.subscriber.email}


def test_the_answer_is_the_same_bytes_for_every_address(visitor: Client, service: Service) -> None:
    addresses = prepare(service, 1)
    answers = {kind: seen(send(visitor, email=email)) for kind, email in addresses.items()}
    again = {kind: seen(send(visitor, email=email)) for kind, email in addresses.items()}
    for kind, answer in (answers | again).items():
        assert answer == answers["unknown"], kind
        assert b"csrf" not in answer[1]
        assert addresses[kind].encode() not in answer[1]


@pytest.mark.django_db(transaction=True)
def test_hundreds_of_forms_for_one_address_send_one_mail(visitor: Client, clock: datetime) -> None:
    from newsletter.audience.topics import add_topic

    assert clock.tzinfo == UTC
    add_topic("heads", name="Talking heads", query="cat:cs.CV", now=clock)
    bodies = {
        visitor.post(
            "/", FORM | {"topics": "heads"}, REMOTE_ADDR=f"10.0.{number // 200}.{number % 200}"
        ).content
        for number in range(300)
    }
    assert len(bodies) == 1
    assert Delivery.objects.count() == 1
    assert SignUp.objects.count() == 1


def test_forms_from_one_ip_end_at_its_cap_and_look_alike(visitor: Client, service: Service) -> None:  # noqa: ARG001
    answers = {seen(send(visitor, email=f"r{number}@d{number}.example.org"))[1] for number in range(25)}
    assert len(answers) == 1
    assert SignUp.objects.count() == 20
    send(Client(SERVER_NAME="localhost", REMOTE_ADDR="192.0.2.9"), email="other@example.org")
    assert SignUp.objects.count() == 21


@pytest.mark.parametrize("path", ["/privacy/", "/about/"])
def test_the_pages_of_the_operator_are_linked_and_show_their_blanks(
    visitor: Client,
    service: Service,  # noqa: ARG001
    path: str,
) -> None:
    assert f'href="{path}"' in visitor.get("/").content.decode()
    page = visitor.get(path).content.decode()
    assert "NEWSLETTER_POSTAL_ADDRESS" in page
    assert "digest@localhost" in page
