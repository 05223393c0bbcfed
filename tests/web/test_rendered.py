"""Public pages are rendered once a change; nothing personal, old or asked for by a trick is kept."""

from __future__ import annotations

import gzip
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.test import Client, RequestFactory
from django.utils.http import http_date

from newsletter.audience.tokens import Purpose
from newsletter.audience.topics import edit_topic, remove_topic
from newsletter.models import Paper, Summary, Topic
from newsletter.models.page_change import EVERYTHING, ONE_PAPER
from newsletter.pipeline.send.pause import pause_sending, resume_sending
from newsletter.subscribers.reports import put_back, take_down
from newsletter.subscribers.unsubscribe import erase
from newsletter.web import rendered
from newsletter.web.rendered import rendered_once
from tests.web.conftest import SENT, Service
from tests.web.test_public_pages import write_summary

PAPER = "/papers/2606.00001/"
SHOWS_SUMMARY = ("/", PAPER, "/topics/heads/", "/topics/heads/feed.atom", "/topics/heads/export.md")
PUBLIC = ("/topics/", *SHOWS_SUMMARY, f"{PAPER}report/", "/privacy/", "/about/", "/preferences/")
HEADLINE = "A headline that no abstract has."
NOT_SHOWN = {"newsletter_pagechange", "newsletter_gatherrun", "newsletter_subscription"}
"""Tables that need no trigger. What depends on when arXiv answered is not kept, and which topics are often
chosen may be some minutes old."""


class Statements:
    """Collects what is asked of the database."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def __call__(self, execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        self.said.append(sql)
        return execute(sql, *arguments)

    @property
    def is_one_version(self) -> bool:
        return len(self.said) == 1 and "newsletter_pagechange" in self.said[0]


def statements(visitor: Client, path: str, **headers: str) -> Statements:
    found = Statements()
    with connection.execute_wrapper(found):
        assert visitor.get(path, headers=headers).status_code in (200, 304)
    return found


@pytest.fixture
def summary(service: Service) -> Summary:  # noqa: ARG001 - its papers
    write_summary(Paper.objects.get(arxiv_id="2606.00001"), language="en", headline=HEADLINE)
    return Summary.objects.get(model="some-model")


# --- once a change ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_costs_one_statement_until_something_changes(
    visitor: Client,
    service: Service,  # noqa: ARG001
    path: str,
) -> None:
    first = visitor.get(path)
    asked = statements(visitor, path)
    assert asked.is_one_version, asked.said
    assert visitor.get(path).content == first.content
    edit_topic("quiet", name="Noisy corner")
    assert not statements(visitor, path).is_one_version
    assert statements(visitor, path).is_one_version


def test_every_table_that_a_public_page_reads_moves_its_version(
    visitor: Client,
    summary: Summary,  # noqa: ARG001
) -> None:
    read = set[str]()
    for path in (*PUBLIC, "/topics/quiet/", f"{PAPER}report/thanks/"):
        caches["pages"].clear()
        for statement in statements(visitor, path).said:
            read |= set(re.findall(r'(?:FROM|JOIN) "?(newsletter_\w+)', statement))
    watched = {f"newsletter_{name.lower()}" for name in EVERYTHING | ONE_PAPER}
    assert read - NOT_SHOWN <= watched
    assert read >= {"newsletter_topic", "newsletter_paper", "newsletter_match", "newsletter_summary"}


@pytest.mark.parametrize("path", SHOWS_SUMMARY)
def test_what_is_taken_down_is_gone_at_once(visitor: Client, summary: Summary, path: str) -> None:
    seen = visitor.get(path)
    assert HEADLINE in seen.content.decode()
    take_down(summary, now=SENT)
    for headers in ({}, {"if_none_match": seen["ETag"]}, {"accept_encoding": "gzip"}):
        gone = visitor.get(path, headers=headers)
        assert gone.status_code == 200
        body = gzip.decompress(gone.content) if gone.has_header("Content-Encoding") else gone.content
        assert HEADLINE not in body.decode()
    put_back(summary)
    assert HEADLINE in visitor.get(path).content.decode()


@pytest.mark.parametrize(
    ("change", "path", "words"),
    [
        (lambda: edit_topic("heads", name="Speaking faces"), "/", "Speaking faces"),
        (lambda: edit_topic("heads", name="Speaking faces"), "/topics/", "Speaking faces"),
        (lambda: edit_topic("heads", query="cat:cs.GR"), "/topics/heads/", "cat:cs.GR"),
        (lambda: Paper.objects.filter(arxiv_id="2606.00001").update(title="New title"), PAPER, "New title"),
        (lambda: pause_sending("a reason", now=SENT), "/", "paused"),
    ],
)
def test_a_change_shows_at_once(
    visitor: Client,
    service: Service,  # noqa: ARG001
    change: Callable[[], object],
    path: str,
    words: str,
) -> None:
    assert words not in visitor.get(path).content.decode()
    change()
    assert words in visitor.get(path).content.decode()


def test_a_pause_that_ends_shows_at_once(visitor: Client, service: Service) -> None:  # noqa: ARG001
    pause_sending("a reason", now=SENT)
    assert "paused" in visitor.get("/").content.decode()
    resume_sending()
    assert "paused" not in visitor.get("/").content.decode()


def test_a_removed_topic_is_not_found(visitor: Client, service: Service) -> None:  # noqa: ARG001
    for path in ("/topics/quiet/feed.atom", "/topics/heads/"):
        assert visitor.get(path).status_code == 200
    remove_topic("quiet")
    Topic.objects.filter(slug="heads").update(is_active=False)
    for path in ("/topics/quiet/feed.atom", "/topics/heads/"):
        assert visitor.get(path).status_code == 404


def test_a_page_is_not_kept_for_ever(visitor: Client, service: Service) -> None:  # noqa: ARG001
    """What depends on the time of day is late by ten minutes at most."""
    with time_machine.travel(datetime.now(UTC), tick=True) as clock:
        visitor.get("/")
        assert statements(visitor, "/").is_one_version
        clock.shift(timedelta(minutes=11))
        assert not statements(visitor, "/").is_one_version


def test_a_topic_without_papers_is_not_kept(visitor: Client, service: Service) -> None:  # noqa: ARG001
    """What it says of arXiv's answers changes with the time."""
    assert "no-store" in visitor.get("/topics/quiet/")["Cache-Control"]
    assert not statements(visitor, "/topics/quiet/").is_one_version


@pytest.mark.django_db(transaction=True)
def test_many_who_come_at_once_have_it_rendered_once() -> None:
    rendered_pages = []

    @rendered_once()
    def slow(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
        rendered_pages.append(1)
        time.sleep(0.2)
        return HttpResponse("a page")

    def ask() -> None:
        assert slow(RequestFactory().get("/slow/")).content == b"a page"
        connection.close()

    visitors = [threading.Thread(target=ask) for _ in range(6)]
    for each in visitors:
        each.start()
    for each in visitors:
        each.join()
    assert rendered_pages == [1]


@pytest.mark.django_db
def test_a_change_during_rendering_is_not_missed() -> None:
    """The version is read before the page's data."""

    @rendered_once()
    def page(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
        name = Topic.objects.values_list("name", flat=True).get()
        Topic.objects.update(name="Later")
        return HttpResponse(name)

    Topic.objects.create(slug="a", name="Earlier", query="cat:cs.CV", created_at=SENT)
    said = [page(RequestFactory().get("/a/")).content for _ in range(2)]
    assert said == [b"Earlier", b"Later"]


# --- what is kept, under which key -----------------------------------------------------------------------


def kept_pages() -> int:
    return len(caches["pages"]._cache)  # type: ignore[attr-defined]  # LocMemCache's own


@pytest.mark.parametrize("path", PUBLIC)
def test_other_parameters_fill_no_memory(visitor: Client, service: Service, path: str) -> None:  # noqa: ARG001
    visitor.get(path)
    number = kept_pages()
    for each in range(20):
        assert visitor.get(f"{path}?utm_source={each}&nothing=1").status_code == 200
    assert kept_pages() == number


def test_pages_that_do_not_exist_fill_no_memory(visitor: Client, service: Service) -> None:  # noqa: ARG001
    visitor.get("/topics/heads/")
    number = kept_pages()
    for page in ("2", "99", "0", "-1", "1e9", "x", "9999999999"):
        assert visitor.get(f"/topics/heads/?page={page}").status_code == 200
    for path in ("/topics/none/", "/papers/2606.99999/", "/papers/nonsense/", "/topics/secret/feed.atom"):
        assert visitor.get(path).status_code == 404
    assert kept_pages() == number


def test_chosen_topics_stay_with_who_chose_them(visitor: Client, service: Service) -> None:  # noqa: ARG001
    visitor.get("/")
    number = kept_pages()
    assert "checked" in visitor.get("/?topics=quiet").content.decode().partition('value="quiet"')[2][:20]
    assert kept_pages() == number
    assert "checked" not in visitor.get("/").content.decode().partition('value="quiet"')[2][:20]


def test_each_language_has_a_page(visitor: Client, service: Service) -> None:  # noqa: ARG001
    for path in ("/topics/heads/", "/topics/heads/feed.atom"):
        english = visitor.get(path, headers={"accept_language": "en"})
        chinese = visitor.get(path, headers={"accept_language": "zh-CN,zh;q=0.9"})
        assert "说话人头像" in chinese.content.decode()
        assert "说话人头像" not in english.content.decode()
        assert {"Accept-Language", "Accept-Encoding"} <= set(re.split(", *", chinese["Vary"]))
        assert english["Content-Language"] == "en"


def test_a_feed_depends_on_its_language_alone(visitor: Client, service: Service) -> None:  # noqa: ARG001
    for language in ("en", "zh-hans"):
        feed = visitor.get(f"/topics/heads/feed.atom?language={language}")
        assert ("说话人头像" in feed.content.decode()) == (language == "zh-hans")
    number = kept_pages()
    visitor.get("/topics/heads/feed.atom?language=zh&x=1")
    assert kept_pages() == number


def test_the_base_url_is_part_of_the_key(visitor: Client, service: Service) -> None:  # noqa: ARG001
    old = settings.CONFIG
    assert "http://localhost:8000/" in visitor.get("/topics/heads/feed.atom").content.decode()
    try:
        settings.CONFIG = old.model_copy(update={"base_url": "https://news.example.org"})
        assert "https://news.example.org/" in visitor.get("/topics/heads/feed.atom").content.decode()
    finally:
        settings.CONFIG = old


@pytest.mark.django_db
@pytest.mark.parametrize(
    "make",
    [
        lambda request: HttpResponse(get_token(request)),
        lambda _: HttpResponse("x", status=404),
        lambda _: HttpResponse("x", headers={"Cache-Control": "private"}),
        lambda _: HttpResponse("x", headers={"Vary": "Cookie"}),
        lambda _: HttpResponse(secrets.token_hex(100_000)),
    ],
    ids=["token", "status", "private", "cookie", "long"],
)
def test_an_answer_for_one_or_too_long_is_not_kept(make: Callable[[HttpRequest], HttpResponse]) -> None:
    @rendered_once()
    def view(request: HttpRequest) -> HttpResponse:
        calls.append(1)
        return make(request)

    calls: list[int] = []
    for _ in range(2):
        view(RequestFactory().get("/x/"))
    assert (len(calls), kept_pages()) == (2, 0)


@pytest.mark.django_db
def test_an_answer_with_a_cookie_is_not_kept() -> None:
    @rendered_once()
    def view(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - a view
        response = HttpResponse("x")
        response.set_cookie("name", "value")
        return response

    assert "name" in view(RequestFactory().get("/x/")).cookies
    assert kept_pages() == 0


def test_who_is_signed_in_passes_the_kept_pages_by(
    visitor: Client,
    service: Service,  # noqa: ARG001
    admin_client: Client,
) -> None:
    visitor.get("/topics/")
    assert not statements(admin_client, "/topics/", host="localhost").is_one_version
    assert admin_client.get("/admin/", headers={"host": "localhost"}).status_code == 200
    assert kept_pages() == 2  # the page, and the counts of the week


def test_memory_is_bounded() -> None:
    assert caches["pages"]._max_entries * rendered.MOST_BYTES <= 64_000_000


# --- what is sent ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_is_compressed_for_who_can_read_it(visitor: Client, service: Service, path: str) -> None:  # noqa: ARG001
    plain = visitor.get(path)
    small = visitor.get(path, headers={"accept_encoding": "br, gzip;q=0.8"})
    assert not plain.has_header("Content-Encoding")
    assert small["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.content) == plain.content
    assert int(small["Content-Length"]) == len(small.content) < len(plain.content)
    assert small["ETag"] == plain["ETag"]
    for refused in ("gzip;q=0", "identity", "gzip; q=0.0, br"):
        assert not visitor.get(path, headers={"accept_encoding": refused}).has_header("Content-Encoding")
    for response in (plain, small):
        assert "no-cache" in response["Cache-Control"]
        assert "Content-Security-Policy" in response.headers


def test_conditional_requests_are_answered_without_the_page(visitor: Client, service: Service) -> None:  # noqa: ARG001
    page = visitor.get("/topics/heads/")
    for known in (page["ETag"], f'"other", {page["ETag"]}', page["ETag"].removeprefix("W/"), "*"):
        again = visitor.get("/topics/heads/", headers={"if_none_match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == page["ETag"]
        assert "no-cache" in again["Cache-Control"]
    assert visitor.get("/topics/heads/", headers={"if_none_match": '"other"'}).status_code == 200
    edit_topic("quiet", name="Noisy corner")  # nothing that this page shows
    assert visitor.get("/topics/heads/", headers={"if_none_match": page["ETag"]}).status_code == 304


def test_the_date_is_told_once_its_second_is_over(visitor: Client, service: Service) -> None:  # noqa: ARG001
    """Two changes in one second have one date: who asks by date alone would miss the second."""
    with time_machine.travel(datetime(2026, 6, 20, 12, 0, 0, 400_000, tzinfo=UTC), tick=False) as clock:
        assert not visitor.get("/topics/").has_header("Last-Modified")
        clock.shift(1)
        shown = visitor.get("/topics/")
        assert shown["Last-Modified"] == "Sat, 20 Jun 2026 12:00:01 GMT"
        since = {"if_modified_since": shown["Last-Modified"]}
        assert visitor.get("/topics/", headers=since).status_code == 304
        edit_topic("quiet", name="Noisy corner")
        assert visitor.get("/topics/", headers=since).status_code == 200
        # A client that asks by the date of its last answer, of the second in which the page changed.
        assert (
            visitor.get("/topics/", headers={"if_modified_since": http_date(time.time())}).status_code == 200
        )
        # An ETag goes before a date (RFC 9110 §13.1.3).
        both = {"if_none_match": shown["ETag"], "if_modified_since": http_date(time.time() + 99)}
        assert visitor.get("/topics/", headers=both).status_code == 200


def test_a_date_of_another_process_is_no_proof(visitor: Client, summary: Summary) -> None:
    """This one was not asked while the other showed a summary, and finds the same page as before it."""
    with time_machine.travel(datetime(2026, 6, 20, 12, tzinfo=UTC), tick=False) as clock:
        take_down(summary, now=SENT)
        visitor.get(PAPER)
        own_memory = dict(caches["pages"]._cache)  # type: ignore[attr-defined]  # LocMemCache's own
        clock.shift(10)
        put_back(summary)
        visitor.get(PAPER)
        clock.shift(10)
        of_the_other = visitor.get(PAPER)
        clock.shift(10)
        take_down(summary, now=SENT)
        caches["pages"]._cache.update(own_memory)  # type: ignore[attr-defined]
        since = {"if_modified_since": of_the_other["Last-Modified"]}
        assert visitor.get(PAPER, headers=since).status_code == 200


@pytest.mark.parametrize("path", PUBLIC)
def test_head_is_get_without_a_body(visitor: Client, service: Service, path: str) -> None:  # noqa: ARG001
    for _ in range(2):
        head, get = visitor.head(path), visitor.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head["ETag"] == get["ETag"]
        caches["pages"].clear()


# --- what is personal ------------------------------------------------------------------------------------


def personal_paths(service: Service) -> Iterator[str]:
    own = service.link(Purpose.PREFERENCES)
    yield from (own, f"{own}/taste", f"{own}/saved", f"{own}/topics/new", f"{own}/topics/secret")
    yield from (f"{own}/taste/import", f"{own}/taste/export.json")
    yield from (service.link(each) for each in (Purpose.DIGEST, Purpose.SHARE, Purpose.UNSUBSCRIBE))
    yield f"{service.link(Purpose.UNSUBSCRIBE)}/heads"


def test_pages_behind_a_token_are_neither_kept_nor_compressed(visitor: Client, service: Service) -> None:
    """Compressed next to what a stranger chooses, the length would tell the token (BREACH)."""
    for path in personal_paths(service):
        response = visitor.get(path, headers={"accept_encoding": "gzip, br"})
        assert response.status_code == 200, path
        assert not response.has_header("Content-Encoding"), path
        assert not response.has_header("ETag"), path
        assert {"no-store", "private"} <= set(re.split(", *", response["Cache-Control"])), path
        # ``no-referrer`` would make browsers send ``Origin: null`` with the forms (web/headers.py).
        assert response["Referrer-Policy"] == "same-origin"
        assert response["X-Robots-Tag"] == "noindex"
    kept = caches["pages"]._cache  # type: ignore[attr-defined]  # LocMemCache's own
    assert all(service.subscriber.email.encode() not in value for value in kept.values())


def test_nothing_of_an_erased_reader_stays(visitor: Client, service: Service) -> None:
    paths = list(personal_paths(service))
    for path in (*paths, *PUBLIC):
        assert visitor.get(path).status_code == 200
    erase(service.subscriber, now=SENT)
    for path in paths:
        page = visitor.get(path)
        assert b"ada@example.org" not in page.content
        assert b"Secret" not in page.content
    for path in PUBLIC:
        assert b"ada@example.org" not in visitor.get(path).content
