"""A topic described in the workshop, in words or by papers, as a browser without scripts does it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from newsletter.adapters.ports import Answer
from newsletter.audience.query_preview import forget_recent
from newsletter.audience.tokens import Purpose
from newsletter.models import Paper, PaperFeedback, Quota, Subscriber, Topic
from newsletter.models.taste import Source, Verdict
from newsletter.pipeline.gather import save_answer
from newsletter.subscribers.quotas import Limit
from tests.fakes.fields import field_ids, field_papers
from tests.fakes.gemini_server import Fault, GeminiServer
from tests.fakes.papers import paper_record
from tests.web.conftest import SENT, Service, every_row
from tests.web.workshop import new_topic_page, press, query_of, shown_text

AVATARS = "\n".join(field_ids(601, 4))
MODEL = "Have a language model write it"


@pytest.fixture(autouse=True)
def papers(service: Service) -> Iterator[None]:  # noqa: ARG001 - its database
    """The service's own papers have the first numbers."""
    forget_recent()
    found = tuple(
        paper_record(
            600 + number,
            title=paper.title,
            abstract=paper.abstract,
            categories=paper.categories,
        )
        for paper in field_papers()
        for number in [int(paper.arxiv_id[-5:])]
    )
    save_answer(Answer(query="all", total_results=len(found), papers=found), now=SENT + timedelta(minutes=5))
    yield
    forget_recent()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    with GeminiServer() as running:
        changed = {"summariser": "gemini", "gemini_api_key": "k", "gemini_endpoint": running.url}
        monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update=changed))
        yield running


def _buttons(response: Any, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]+)"', shown_text(response))


def _kept() -> dict[str, tuple[str, str, list[int]]]:
    return {row.arxiv_id: (row.verdict, row.source, row.topics) for row in PaperFeedback.objects.all()}


def test_papers_make_a_query_and_a_name(visitor: Client, service: Service) -> None:
    pasted = f"https://arxiv.org/abs/2606.00601v1, arXiv:2606.00602\n2401.00001 math.AG\n{AVATARS}"
    before = every_row()
    response = press(visitor, new_topic_page(service), about=pasted, query="ti:old", action="propose")
    page = shown_text(response)
    assert response.status_code == 200
    assert query_of(response).startswith("cat:(math.AG OR cs.CV)")
    assert "avatar" in query_of(response).lower()
    assert "This service does not have 2401.00001" in page
    assert "It finds 4 of the 4 papers you named." in page
    assert 'id="name" name="name" value=""' not in page
    assert every_row() == before
    undone = press(
        visitor, new_topic_page(service), query=query_of(response), previous="ti:old", action="undo"
    )
    assert query_of(undone) == "ti:old"


def test_a_sentence_makes_a_query_that_is_tried(visitor: Client, service: Service) -> None:
    response = press(
        visitor, new_topic_page(service), about="Segmentation of organs in ultrasound", action="propose"
    )
    assert response.status_code == 200
    assert "papers a week" in shown_text(response)
    assert set(_buttons(response, "exclude")) <= set(field_ids(801, 8))
    assert "in your papers" not in shown_text(response)
    assert "count as liked" not in shown_text(response)


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ("", "There is nothing here to start from: write one sentence"),
        ("zebra quagga", "No recent paper says this"),
        ("说话人头像", "No recent paper says this"),
        ("2401.00001", "paste links or ids of papers that this service has"),
    ],
)
def test_nothing_to_start_from_is_one_clear_line(
    visitor: Client, service: Service, about: str, said: str
) -> None:
    response = press(visitor, new_topic_page(service), about=about, query="ti:old", action="propose")
    assert response.status_code == 400
    assert shown_text(response).count('id="problem-about"') == 1
    assert said in shown_text(response)
    assert query_of(response) == "ti:old"


def test_a_service_without_papers_says_that(visitor: Client, service: Service) -> None:
    Paper.objects.all().delete()
    response = press(visitor, new_topic_page(service), about="talking heads", action="propose")
    assert response.status_code == 400
    assert "No paper has come in the last 14 days" in shown_text(response)


def test_what_is_near_and_missed_comes_in_with_one_click(visitor: Client, service: Service) -> None:
    narrow = "cat:cs.CV AND ti:relightable"
    response = press(visitor, new_topic_page(service), about=AVATARS, query=narrow, action="try")
    missed = _buttons(response, "include")
    assert "Near it, but not found" in shown_text(response)
    assert set(missed[:3]) == set(field_ids(601, 4)) - {"2606.00602"}
    assert shown_text(response).count("you named it") == 3
    response = press(visitor, new_topic_page(service), about=AVATARS, query=narrow, include=missed[0])
    assert query_of(response).startswith("cat:cs.CV AND (ti:relightable OR ")
    assert missed[0] not in _buttons(response, "include")
    assert missed[0] in _buttons(response, "exclude")
    assert "are found too now" in shown_text(response)
    assert 'value="undo"' in shown_text(response)


def test_without_a_description_nothing_is_near(visitor: Client, service: Service) -> None:
    response = press(visitor, new_topic_page(service), query="cat:cs.CV", action="try")
    assert _buttons(response, "include") == []


def test_an_unknown_paper_to_include_changes_nothing(visitor: Client, service: Service) -> None:
    response = press(
        visitor, new_topic_page(service), about=AVATARS, query="ti:relightable", include="2401.00001"
    )
    assert (response.status_code, query_of(response)) == (200, "ti:relightable")


def test_saving_keeps_the_papers_as_likes_of_the_topic(visitor: Client, service: Service) -> None:
    shown = press(visitor, new_topic_page(service), about=AVATARS, action="propose")
    assert "the 4 papers you named count as liked" in shown_text(shown)
    assert re.search(r'name="keeps" value="1" checked', shown_text(shown))
    fields = {"name": "Avatars", "query": query_of(shown), "about": AVATARS, "keeps_shown": "1"}
    assert press(visitor, new_topic_page(service), **fields, keeps="1", action="save").status_code == 303
    topic = Topic.objects.get(name="Avatars")
    assert set(_kept()) == set(field_ids(601, 4))
    for verdict, source, topics in _kept().values():
        assert (verdict, source) == (Verdict.LIKE, Source.IMPORT)
        assert topic.pk in topics


def test_unticked_nothing_is_kept_and_it_stays_unticked(visitor: Client, service: Service) -> None:
    fields = {"name": "Avatars", "query": "ti:avatar", "about": AVATARS, "keeps_shown": "1"}
    shown = press(visitor, new_topic_page(service), **fields, action="try")
    assert not re.search(r'name="keeps" value="1" checked', shown_text(shown))
    assert press(visitor, new_topic_page(service), **fields, action="save").status_code == 303
    assert _kept() == {}


def test_who_was_not_asked_likes_nothing(visitor: Client, service: Service) -> None:
    fields = {"name": "Avatars", "query": "ti:avatar", "about": AVATARS}
    assert press(visitor, new_topic_page(service), **fields, action="save").status_code == 303
    assert _kept() == {}


def test_who_does_not_want_to_be_learned_from_is_not_asked(visitor: Client, service: Service) -> None:
    Subscriber.objects.update(learns=False)
    shown = press(visitor, new_topic_page(service), about=AVATARS, action="propose")
    assert "count as liked" not in shown_text(shown)
    fields = {"name": "Avatars", "query": "ti:avatar", "about": AVATARS, "keeps": "1"}
    assert press(visitor, new_topic_page(service), **fields, action="save").status_code == 303
    assert _kept() == {}


def test_an_own_topic_begins_again(visitor: Client, service: Service) -> None:
    path = f"{service.link(Purpose.PREFERENCES)}/topics/secret"
    assert "Begin again from words or papers" in shown_text(visitor.get(path))
    fields = {"name": "Secret", "query": "ti:avatar", "about": AVATARS, "keeps_shown": "1", "keeps": "1"}
    assert press(visitor, path, **fields, action="save").status_code == 303
    assert {tuple(topics) for _, _, topics in _kept().values()} >= {(service.private.pk,)}


def test_a_full_shelf_is_said_and_nothing_is_half_kept(
    visitor: Client, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.subscribers.taste.acts.MOST_PAPERS", 1)
    fields = {"name": "Avatars", "query": "ti:avatar", "about": AVATARS, "keeps": "1"}
    response = press(visitor, new_topic_page(service), **fields, action="save")
    assert response.status_code == 400
    assert "remove some first, or save without them" in shown_text(response)
    assert (_kept(), Topic.objects.filter(name="Avatars").exists()) == ({}, False)


def test_it_speaks_chinese(visitor: Client, service: Service) -> None:
    Subscriber.objects.update(language="zh-hans")
    response = press(visitor, new_topic_page(service), about=AVATARS, query="ti:relightable", action="try")
    page = shown_text(response)
    assert "相近" in page
    for english in (
        "Near it",
        "This one too",
        "you named",
        "What it is about",
        "One sentence",
        "count as liked",
    ):
        assert english not in page, english


def test_what_is_described_is_shown_as_text(visitor: Client, service: Service) -> None:
    nasty = '"><script>alert(1)</script>\0'
    response = press(visitor, new_topic_page(service), about=nasty, query="cat:cs.CV", action="propose")
    assert "<script>" not in response.content.decode()


# --- a model -----------------------------------------------------------------------------------------------


def test_a_model_is_offered_only_where_there_is_one(
    visitor: Client, service: Service, request: pytest.FixtureRequest
) -> None:
    assert MODEL not in shown_text(visitor.get(new_topic_page(service)))
    request.getfixturevalue("server")
    assert MODEL in shown_text(visitor.get(new_topic_page(service)))


@pytest.mark.enable_socket
def test_a_model_writes_a_query_that_is_tried_like_any_other(
    visitor: Client, service: Service, server: GeminiServer
) -> None:
    server.says = lambda _asked: json.dumps({"query": "cat:cs.CV AND ti:segmentation"})
    response = press(visitor, new_topic_page(service), about="器官分割", action="write")
    assert query_of(response) == "cat:cs.CV AND ti:segmentation"
    assert "A language model wrote this query" in shown_text(response)
    assert set(_buttons(response, "exclude")) == set(field_ids(801, 8))
    [asked] = server.requests
    assert "器官分割" in asked.content
    assert service.subscriber.email not in json.dumps(asked.body)


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    "answer",
    [
        '{"query": "cat:cs.QQ AND x"}',
        '{"query": "AND AND"}',
        '{"query": "((("}',
        "no JSON",
        Fault.SERVER_ERROR,
        Fault.SAFETY,
    ],
)
def test_what_a_model_gets_wrong_falls_back_to_the_words(
    visitor: Client, service: Service, server: GeminiServer, answer: Fault | str
) -> None:
    server.says = lambda _asked: answer
    response = press(visitor, new_topic_page(service), about="machine translation", action="write")
    assert (response.status_code, server.calls) == (200, 1)
    assert '"machine translation"' in query_of(response)
    assert "The model wrote no query that can be read" in shown_text(response)


@pytest.mark.enable_socket
@pytest.mark.parametrize("limit", [Limit.QUERIES_OF_A_READER, Limit.QUERIES_OF_THE_SERVICE])
def test_subscribers_cannot_spend_the_days_tokens(
    visitor: Client, service: Service, server: GeminiServer, limit: Limit
) -> None:
    server.says = lambda _asked: json.dumps({"query": "ti:avatar"})
    press(visitor, new_topic_page(service), about="avatars", action="write")
    assert Quota.objects.filter(kind=limit.value.kind).update(count=limit.value.most) == 1
    response = press(visitor, new_topic_page(service), about="machine translation", action="write")
    assert server.calls == 1
    assert "has written enough queries today" in shown_text(response)
    assert '"machine translation"' in query_of(response)


@pytest.mark.enable_socket
def test_nothing_described_asks_no_model(visitor: Client, service: Service, server: GeminiServer) -> None:
    assert press(visitor, new_topic_page(service), about=" ", action="write").status_code == 400
    assert server.calls == 0


# --- the operator's ----------------------------------------------------------------------------------------


def test_the_operator_describes_topics_and_likes_nothing(visitor: Client) -> None:
    visitor.force_login(User.objects.create_superuser("op", "op@example.org", "secret"))
    path = "/admin/newsletter/topic/workshop/"
    response = press(visitor, path, about=AVATARS, action="propose")
    assert "avatar" in query_of(response).lower()
    assert "count as liked" not in shown_text(response)
    fields = {"name": "Avatars", "slug": "avatars", "query": "ti:avatar", "about": AVATARS, "keeps": "1"}
    assert press(visitor, path, **fields, action="save").status_code == 303
    assert _kept() == {}
