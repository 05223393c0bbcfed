"""What anybody may open: the first page, topics, papers, and what is answered when something is not there."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.test import Client
from pytest_django import Settings

from newsletter.config.mailers import MAILERS
from newsletter.core.digests.selection import Place
from newsletter.core.summaries.summary import Claim, DetailLevel, Evidence, Voice, summary_to_json
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.models import Paper, Summary
from newsletter.models.paper import record_fields
from tests.fakes.papers import ABSTRACT, paper_record
from tests.web.conftest import PAPERS, Service

WRITTEN = datetime(2026, 6, 19, 9, 0, tzinfo=UTC)
QUOTE = "On three benchmarks it lowers the landmark error by 12% against the best baseline."


def text_of(visitor: Client, path: str, *, status: int = 200, **headers: str) -> str:
    response = visitor.get(path, headers=headers)
    assert response.status_code == status, path
    return response.content.decode()


def write_summary(paper: Paper, *, language: str, headline: str, quote: str = QUOTE) -> None:
    claim = Claim(text=headline, evidence=(Evidence(quote=quote, highlights=((3, 19),)),))
    Summary.objects.create(
        paper=paper,
        paper_version=paper.version,
        language=language,
        prompt_version="1",
        model="some-model",
        detail=DetailLevel.HEADLINE.value,
        content=summary_to_json(SummaryValue(voice=Voice.MODEL, headline=claim)),
        written_at=WRITTEN,
    )


def test_the_first_page_shows_public_topics_with_their_week(visitor: Client, service: Service) -> None:
    page = text_of(visitor, "/")
    assert f"{PAPERS} papers" in page
    assert "Quiet corner" in page
    assert service.private.name not in page


def test_topics_without_a_group_come_last(visitor: Client, service: Service) -> None:  # noqa: ARG001
    page = text_of(visitor, "/topics/")
    assert page.index("Vision") < page.index("Other topics") < page.index("Quiet corner")


@pytest.mark.django_db
def test_the_first_page_of_an_empty_service_says_what_to_do(visitor: Client) -> None:
    assert "newsletter topic starter" in text_of(visitor, "/")


def test_a_topic_lists_its_papers_newest_first(visitor: Client, service: Service) -> None:  # noqa: ARG001
    newer = paper_record(7, published_at=datetime(2026, 6, 16, tzinfo=UTC))
    Paper.objects.filter(arxiv_id=newer.arxiv_id).update(**record_fields(newer))
    page = text_of(visitor, "/topics/heads/")
    assert page.index("2606.00007v1") < page.index("2606.00001v1")


def test_a_private_topic_is_as_unknown_as_one_that_never_was(visitor: Client, service: Service) -> None:
    assert service.private.matches.exists()
    unknown = text_of(visitor, "/topics/never-was/", status=404)
    assert text_of(visitor, f"/topics/{service.private.slug}/", status=404) == unknown


def test_a_paper_page_names_no_private_topic(visitor: Client, service: Service) -> None:
    page = text_of(visitor, "/papers/2606.00001/")
    assert "Talking heads" in page
    assert service.private.name not in page


def test_an_extract_is_marked_in_the_abstract(visitor: Client, service: Service) -> None:
    shown = Paper.objects.get(pk=service.delivery.selected.shown(Place.SUMMARIZED)[0])
    page = text_of(visitor, f"/papers/{shown.arxiv_id}/")
    assert (
        "<mark>We propose a training-free method that drives a Gaussian avatar with 20 action units.</mark>"
        in page
    )
    assert "No model wrote anything here." in page


def test_a_claim_links_to_its_quote_in_the_abstract(visitor: Client, service: Service) -> None:  # noqa: ARG001
    write_summary(Paper.objects.get(arxiv_id="2606.00002"), language="en", headline="Errors fall by 12%.")
    page = text_of(visitor, "/papers/2606.00002/")
    assert "On <mark>three benchmarks</mark> it lowers" in page
    assert 'href="#q1"' in page
    start = '<span id="q1" class="anchor"></span><span class="cited">On </span><mark>three benchmarks</mark>'
    assert f'{start}<span class="cited"> it lowers' in page


def test_a_summary_of_an_older_version_marks_nothing(visitor: Client, service: Service) -> None:  # noqa: ARG001
    paper = Paper.objects.get(arxiv_id="2606.00002")
    write_summary(paper, language="en", headline="Errors fall by 12%.")
    Paper.objects.filter(pk=paper.pk).update(version=2, abstract=f"A new opening. {ABSTRACT}")
    page = text_of(visitor, "/papers/2606.00002/")
    assert "It is of version 1." in page
    assert 'href="#q1"' not in page


def test_the_summary_in_the_browsers_language_comes_first(visitor: Client, service: Service) -> None:  # noqa: ARG001
    paper = Paper.objects.get(arxiv_id="2606.00002")
    write_summary(paper, language="en", headline="Errors fall by 12%.")
    write_summary(paper, language="zh-hans", headline="误差降低 12%。")
    english = text_of(visitor, "/papers/2606.00002/", accept_language="en")
    chinese = text_of(visitor, "/papers/2606.00002/", accept_language="zh-CN,zh;q=0.9")
    assert english.index("Errors fall") < english.index("误差降低")
    assert chinese.index("误差降低") < chinese.index("Errors fall")
    assert '<html lang="zh-Hans">' in chinese


def test_what_arxiv_says_is_escaped(visitor: Client, service: Service) -> None:  # noqa: ARG001
    Paper.objects.filter(arxiv_id="2606.00003").update(title="<script>alert(1)</script>", comment="<b>x</b>")
    for path in ("/papers/2606.00003/", "/topics/heads/"):
        page = text_of(visitor, path)
        assert "<script" not in page
        assert "<b>x" not in page


def test_a_withdrawn_paper_says_so_and_leaves_its_topics(visitor: Client, service: Service) -> None:  # noqa: ARG001
    Paper.objects.filter(arxiv_id="2606.00003").update(is_withdrawn=True)
    assert "has been withdrawn" in text_of(visitor, "/papers/2606.00003/")
    assert "2606.00003" not in text_of(visitor, "/topics/heads/")


@pytest.mark.django_db
def test_an_old_style_id_has_a_page(visitor: Client) -> None:
    Paper.from_record(paper_record(arxiv_id="quant-ph/0201082"), first_seen_at=WRITTEN).save()
    assert "arXiv:quant-ph/0201082v1" in text_of(visitor, "/papers/quant-ph/0201082/")


def test_an_id_with_a_version_leads_to_the_paper(visitor: Client, service: Service) -> None:  # noqa: ARG001
    response = visitor.get("/papers/2606.00003v1/")
    assert (response.status_code, response["Location"]) == (302, "/papers/2606.00003/")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/papers/2606.99999/", "https://arxiv.org/abs/2606.99999"),
        ("/papers/no-id-at-all/", "not an arXiv id"),
        ("/nothing/", "There is no such page"),
    ],
)
def test_what_is_not_there_gets_a_helpful_page(visitor: Client, path: str, says: str) -> None:
    assert says in text_of(visitor, path, status=404)


def test_public_pages_set_no_cookie(visitor: Client, service: Service) -> None:  # noqa: ARG001
    for path in ("/", "/topics/", "/topics/heads/", "/papers/2606.00001/", "/preferences/"):
        assert not visitor.get(path).cookies


@pytest.mark.django_db
def test_pages_may_run_no_script_and_load_nothing_from_elsewhere(visitor: Client) -> None:
    response = visitor.get("/topics/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script" not in policy
    assert "unsafe" not in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert "<script" not in response.content.decode()


@pytest.mark.django_db
def test_the_privacy_page_says_how_long_mails_are_kept(visitor: Client, settings: Settings) -> None:
    update = {"retention_digests_days": 123, "retention_events_days": 45}
    settings.CONFIG = settings.CONFIG.model_copy(update=update)
    said = visitor.get("/privacy/").content.decode()
    assert "After 123 days address and text are deleted" in said
    assert "after 45 days" in said


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "which of them were summarised for you"), ("zh-hans", "其中哪些为你写过概述")],
)
def test_the_privacy_page_says_that_what_was_summarised_is_kept(
    visitor: Client, language: str, words: str
) -> None:
    assert words in visitor.get("/privacy/", headers={"accept-language": language}).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("mailer", MAILERS)
def test_the_privacy_page_says_who_sees_the_mails(visitor: Client, settings: Settings, mailer: str) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"mailer": mailer})
    said = visitor.get("/privacy/").content.decode()
    assert [name for name, facts in MAILERS.items() if facts.privacy in said] == [mailer]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/privacy/", "/about/", "/preferences/"])
def test_no_space_follows_a_full_stop_in_chinese(visitor: Client, path: str) -> None:
    page = text_of(visitor, path, accept_language="zh-CN")
    paragraphs = [
        re.sub(r"<[^>]+>", "", each) for each in re.findall(r"<p\b[^>]*>(.*?)</p>", page, re.DOTALL)
    ]
    assert paragraphs
    assert [each for each in paragraphs if re.search(r"[。：]\s+\S", each)] == []
