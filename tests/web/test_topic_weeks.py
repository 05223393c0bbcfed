"""The page of a topic's week: its address, what it shows, what came later, and weeks that never were."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import translation

from newsletter.audience.tokens import Purpose
from newsletter.audience.topics import add_topic, edit_topic, rename_topic
from newsletter.core.digests.trends import Trend, trends_to_json
from newsletter.core.digests.weeks import week_of
from newsletter.core.summaries.summary import summary_from_json
from newsletter.models import DigestNotice, Match, Paper, PaperRevision, Summary, Topic, TopicWeek
from newsletter.pipeline.match import match_papers
from newsletter.pipeline.weeks import freeze_weeks
from newsletter.subscribers.reports import amend, claim_key, take_down
from newsletter.web.query_words import query_in_words
from newsletter.web.weeks import week_in_words
from tests.fakes.papers import paper_record
from tests.web.conftest import JOINED, SENT, Service
from tests.web.test_public_pages import text_of, write_summary
from tests.web.test_rendered import statements

WEEK = "/topics/heads/2026-W25/"
MONDAY_AFTER = datetime(2026, 6, 22, 1, 0, tzinfo=UTC)


def paper(number: int) -> Paper:
    return Paper.objects.get(arxiv_id=f"2606.{number:05d}")


def shown_in_digest() -> int:
    """Return the number of the paper of which there is an extract."""
    return int(Summary.objects.exclude(model="some-model").get().paper.arxiv_id[-5:])


def add_week(count: int, *, seen: datetime, first: int = 100) -> list[Paper]:
    """Add papers of another week to the topic."""
    heads, papers = Topic.objects.get(slug="heads"), []
    for number in range(first, first + count):
        row = Paper.from_record(paper_record(number), first_seen_at=seen)
        row.matched_at = seen
        row.save()
        Match.objects.create(topic=heads, paper=row, score=1.0, created_at=seen)
        papers.append(row)
    return papers


# --- what stands on it -----------------------------------------------------------------------------------


def test_the_best_summarised_paper_leads_and_the_rest_follows_by_title(
    visitor: Client,
    service: Service,  # noqa: ARG001
) -> None:
    for number, words, score in ((3, "one", 9.0), (7, "two", 8.0)):
        Match.objects.filter(paper=paper(number), topic__slug="heads").update(score=score)
        write_summary(paper(number), language="en", headline=f"Finding {words}.")
    Paper.objects.filter(arxiv_id="2606.00014").update(title="A first of titles")
    page = text_of(visitor, WEEK)
    lead = page.partition("<article")[2].partition("</article>")[0]
    assert "Finding one." in lead
    assert "2606.00003v1" in lead
    order = [
        page.index(words) for words in ("Finding one.", "Finding two.", "more, by title", "A first of titles")
    ]
    assert order == sorted(order)
    assert "14 papers, 3 summarised" in page  # two here, one of the digest
    assert len(re.findall(r'id="p2606\.\d+"', page)) == 14


def test_a_topics_page_shows_the_newest_week_with_papers(visitor: Client, service: Service) -> None:  # noqa: ARG001
    page = text_of(visitor, "/topics/heads/")
    assert "15 to 21 June 2026" in page
    assert 'href="/?topics=heads"' in page
    assert f'href="{WEEK}"' in page
    assert f'href="{WEEK}export.md?language=en"' in page


def test_weeks_lead_to_the_one_before_and_after(visitor: Client, service: Service) -> None:  # noqa: ARG001
    add_week(2, seen=SENT - timedelta(days=14))
    with time_machine.travel(SENT + timedelta(days=7)):
        page = text_of(visitor, "/topics/heads/2026-W24/")
        assert 'rel="prev" href="/topics/heads/2026-W23/"' in page
        assert f'rel="next" href="{WEEK}"' in page
        first, newest = (
            text_of(visitor, "/topics/heads/2026-W23/"),
            text_of(visitor, "/topics/heads/2026-W26/"),
        )
    assert 'rel="prev"' not in first
    assert 'rel="next"' not in newest


def test_an_empty_week_says_how_many_the_one_before_had(visitor: Client, service: Service) -> None:  # noqa: ARG001
    with time_machine.travel(SENT + timedelta(days=7)):
        assert "No paper in this week yet. The one before had 14." in text_of(
            visitor, "/topics/heads/2026-W26/"
        )
        assert "15 to 21 June 2026" in text_of(visitor, "/topics/heads/")


def test_sixty_papers_stand_on_a_page(visitor: Client, service: Service) -> None:  # noqa: ARG001
    add_week(60, seen=SENT)
    found = [re.findall(r'id="p(2606\.\d+)"', text_of(visitor, f"{WEEK}?page={number}")) for number in (1, 2)]
    assert [len(each) for each in found] == [60, 14]
    assert len({*found[0], *found[1]}) == 74


def test_next_to_it_are_the_topics_that_share_most(visitor: Client, service: Service) -> None:
    for slug, count in (("some", 5), ("most", 9), ("few", 1)):
        other = add_topic(slug, name=slug.title(), query="cat:cs.CV", now=JOINED)
        for row in Paper.objects.order_by("pk")[:count]:
            Match.objects.create(topic=other, paper=row, score=1.0, created_at=SENT)
    page = text_of(visitor, WEEK).partition("Next to it")[2]
    assert re.findall(r'href="/topics/(\w+)/">\w+</a> <span[^>]*>(\d+)', page) == [
        ("most", "9"),
        ("some", "5"),
    ]
    assert service.private.name not in page


# --- it stays --------------------------------------------------------------------------------------------


def test_a_week_that_is_over_stays_when_the_query_changes(visitor: Client, service: Service) -> None:  # noqa: ARG001
    freeze_weeks(now=MONDAY_AFTER)
    edit_topic("heads", query="cat:math.CO")
    with time_machine.travel(MONDAY_AFTER):
        match_papers(now=MONDAY_AFTER, lookback=timedelta(days=14))
        assert not Match.objects.filter(topic__slug="heads").exists()
        page = text_of(visitor, WEEK)
    assert "14 papers" in page
    assert "The query has changed since" in page


def test_a_summary_that_is_taken_down_is_gone_at_once_from_such_a_week(
    visitor: Client,
    service: Service,  # noqa: ARG001
) -> None:
    """The paper is no match any more, so that its changes move no version of the topic."""
    write_summary(paper(1), language="en", headline="To be taken down.")
    freeze_weeks(now=MONDAY_AFTER)
    Match.objects.filter(topic__slug="heads").delete()
    for path in (WEEK, f"{WEEK}export.md", "/topics/heads/"):
        assert "To be taken down." in text_of(visitor, path)
    take_down(Summary.objects.get(model="some-model"), now=SENT)
    for path in (WEEK, f"{WEEK}export.md", "/topics/heads/"):
        assert "To be taken down." not in text_of(visitor, path)


def test_a_stored_week_costs_one_statement_until_something_changes(visitor: Client, service: Service) -> None:  # noqa: ARG001
    freeze_weeks(now=MONDAY_AFTER)
    for path in (WEEK, f"{WEEK}export.md", f"{WEEK}?page=1"):
        visitor.get(path)
        assert statements(visitor, path).is_one_version


def test_what_comes_after_the_week_is_marked(visitor: Client, service: Service) -> None:  # noqa: ARG001
    freeze_weeks(now=MONDAY_AFTER)
    write_summary(paper(2), language="en", headline="In time.")
    Summary.objects.update(written_at=SENT)
    later = MONDAY_AFTER + timedelta(days=2)
    write_summary(paper(6), language="en", headline="For the digests of Monday.")
    Summary.objects.filter(paper=paper(6)).update(written_at=MONDAY_AFTER)
    for number, words in ((5, "Too late."), (shown_in_digest(), "Anew.")):
        write_summary(paper(number), language="en", headline=words)
        Summary.objects.filter(paper=paper(number), model="some-model").update(written_at=later)
    notice = {"kind": "correction", "texts": {"en": "The error falls by 2%, not 12%."}}
    DigestNotice.objects.create(**notice, paper=paper(2), published_at=later)
    PaperRevision.objects.create(
        paper=paper(3), from_version=1, to_version=2, changes=["title"], found_at=later
    )
    Paper.objects.filter(pk=paper(4).pk).update(is_withdrawn=True)
    page = text_of(visitor, WEEK)
    assert page.index("In time.") < page.index("Too late.")
    marks = re.findall(r'<p class="since">(.*?)</p>', page)
    assert marks.count("Summarised after the week.") == 1
    assert page.index("For the digests of Monday.") < page.index("Too late.")
    assert "The summary was written anew after the week." in marks
    assert "24 June 2026: The error falls by 2%, not 12%." in marks
    assert "Withdrawn." in marks
    assert any(mark.startswith("24 June 2026: ") and "2" in mark for mark in marks)
    assert len(marks) == 5
    document = text_of(visitor, f"{WEEK}export.md")
    assert "*24 June 2026: The error falls by 2%, not 12%.*" in document


# --- weeks that never were, names that changed -----------------------------------------------------------


def test_a_summary_of_the_week_that_was_written_again_later_is_still_the_weeks(
    visitor: Client,
    service: Service,  # noqa: ARG001
) -> None:
    freeze_weeks(now=MONDAY_AFTER)
    write_summary(paper(2), language="en", headline="In time.")
    Summary.objects.filter(paper=paper(2)).update(written_at=SENT)
    row = Summary.objects.get(paper=paper(2), model="some-model")
    [claim, *_] = summary_from_json(row.content or {}).claims
    amend(row, claim_key(row, claim), "Amended.", now=MONDAY_AFTER + timedelta(days=9))
    page = text_of(visitor, WEEK)
    assert "Amended." in page
    assert "Summarised after the week." not in page
    assert "The summary was written anew after the week." in page


@pytest.mark.parametrize(
    ("week", "says"),
    [
        ("2026-W26", "still to come"),
        ("2027-W01", "still to come"),
        ("2026-W24", "the first week with papers of this topic is that of 15 to 21 June 2026"),
        ("2026-W54", "There is no 2026-W54 here"),
        ("2026-W00", "There is no 2026-W00 here"),
        ("2025-W53", "There is no 2025-W53 here"),
        ("0001-W01", "There is no 0001-W01 here"),
        ("9999-W52", "There is no 9999-W52 here"),
    ],
)
def test_a_week_that_never_was_gets_a_helpful_page(
    visitor: Client,
    service: Service,  # noqa: ARG001
    week: str,
    says: str,
) -> None:
    with time_machine.travel(SENT):
        page = text_of(visitor, f"/topics/heads/{week}/", status=404)
        assert says in page
        assert 'href="/topics/heads/"' in page
        assert visitor.get(f"/topics/heads/{week}/export.md").status_code == 404


@pytest.mark.parametrize("week", ["2026-W5", "26-W25", "2026-w25", "2026W25", "٢٠٢٦-W25", "2026-W25x"])
def test_what_is_no_weeks_name_is_not_found(visitor: Client, service: Service, week: str) -> None:  # noqa: ARG001
    assert visitor.get(f"/topics/heads/{week}/").status_code == 404


@pytest.mark.parametrize("page", ["1000000000", "0", "-1", "1e9", "x", "٣", "2" * 4000])
def test_a_page_that_is_none_shows_one_that_is_and_is_not_kept(
    visitor: Client,
    service: Service,  # noqa: ARG001
    page: str,
) -> None:
    response = visitor.get(f"{WEEK}?page={page}")
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    "rest", ["", "2026-W25/", "2026-W25/export.md", "feed.atom?language=zh-hans", "export.md"]
)
def test_a_former_slug_leads_to_the_present_one(visitor: Client, service: Service, rest: str) -> None:  # noqa: ARG001
    rename_topic("heads", "speaking-heads", now=SENT)
    rename_topic("speaking-heads", "faces", now=SENT)
    for slug in ("heads", "speaking-heads"):
        response = visitor.get(f"/topics/{slug}/{rest}")
        assert (response.status_code, response["Location"]) == (301, f"/topics/faces/{rest}")
    assert visitor.get(f"/topics/faces/{rest}").status_code == 200


def test_a_redirect_cannot_be_led_elsewhere(visitor: Client, service: Service) -> None:  # noqa: ARG001
    rename_topic("heads", "faces", now=SENT)
    response = visitor.get("/topics/heads/", QUERY_STRING='page=2&x="><script>\r\nX: y')
    assert response.status_code == 301
    assert response["Location"].startswith("/topics/faces/?page=2&x=%22%3E%3Cscript")
    assert "\n" not in response["Location"]


def test_a_topic_that_is_gone_is_not_led_to(visitor: Client, service: Service) -> None:  # noqa: ARG001
    rename_topic("heads", "faces", now=SENT)
    Topic.objects.filter(slug="faces").update(is_active=False)
    assert visitor.get("/topics/heads/").status_code == 404


def test_a_form_and_a_mail_with_a_former_slug_still_work(visitor: Client, service: Service) -> None:
    rename_topic("heads", "faces", now=SENT)
    assert "checked" in text_of(visitor, "/?topics=heads").partition('value="faces"')[2][:20]
    leave = f"{service.link(Purpose.UNSUBSCRIBE)}/heads"
    assert "Talking heads" in text_of(visitor, leave)
    assert visitor.post(leave, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert set(service.subscriber.subscriptions.values_list("topic__slug", flat=True)) == {"quiet"}


# --- what rose -------------------------------------------------------------------------------------------


def test_what_rose_stands_with_its_numbers_and_papers(visitor: Client, service: Service) -> None:  # noqa: ARG001
    freeze_weeks(now=MONDAY_AFTER)
    risen = Trend("<b>action units", (paper(1).pk, paper(2).pk, paper(3).pk), 14, 2, 80)
    TopicWeek.objects.filter(topic__slug="heads").update(trends=trends_to_json([risen], weeks=8))
    page = text_of(visitor, WEEK).partition("Risen")[2]
    assert "&lt;b&gt;action units" in page
    assert "3 of 14 papers; before, 2 of 80" in page
    assert re.findall(r'href="/papers/([\d.]+)/"', page)[:3] == ["2606.00001", "2606.00002", "2606.00003"]


@pytest.mark.parametrize(
    ("weeks", "says"), [(3, "this week has 3"), (8, "No phrase rose clearly against the eight weeks before")]
)
def test_where_nothing_rose_or_can_be_known_it_says_so(
    visitor: Client,
    service: Service,  # noqa: ARG001
    weeks: int,
    says: str,
) -> None:
    freeze_weeks(now=MONDAY_AFTER)
    TopicWeek.objects.update(trends=trends_to_json([], weeks=weeks))
    assert says in text_of(visitor, WEEK)


# --- words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "words"),
    [
        (
            "cat:(cs.AI OR cs.CL) AND abs:(agent AND memory)",
            "Papers in cs.AI or cs.CL whose abstract has “agent” and “memory”.",
        ),
        ('cat:cs.CV AND ti:"talking head"', "Papers in cs.CV whose title has “talking head”."),
        ("cat:hep-th", "All papers in hep-th."),
        ("au:lecun", "Papers with the author lecun."),
        ("ANDNOT cat:cs.CV", "All papers of arXiv. Left out: cs.CV."),
        (
            "cat:cs.CV AND (a1 OR a2 OR a3 OR a4 OR a5 OR a6) ANDNOT (b1 OR b2)",
            "Papers in cs.CV with words such as “a1”, “a2”, “a3”, “a4” and 2 more. Left out: “b1” and “b2”.",
        ),
    ],
)
def test_a_query_is_told_in_words(query: str, words: str) -> None:
    with translation.override("en"):
        assert query_in_words(query) == words


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (datetime(2026, 6, 17, tzinfo=UTC), "15 to 21 June 2026"),
        (datetime(2026, 7, 1, tzinfo=UTC), "29 June to 5 July 2026"),
        (datetime(2026, 12, 31, tzinfo=UTC), "28 December to 3 January 2027"),
    ],
)
def test_a_week_is_told_by_its_days(day: datetime, words: str) -> None:
    with translation.override("en"):
        assert week_in_words(week_of(day)) == words


# --- the numbers are the record's ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_every_pages_numbers_and_papers_are_the_matches_of_its_week(
    visitor: Client,
    service: Service,  # noqa: ARG001
    seed: int,
) -> None:
    """A made-up history: weeks of any size, empty ones too, stored or not, papers withdrawn or summarised."""
    chance = random.Random(seed)  # noqa: S311 - a test's
    Match.objects.filter(topic__slug="heads").delete()
    start, now = SENT - timedelta(weeks=8), SENT + timedelta(weeks=1)
    for week in range(9):
        for row in add_week(
            chance.choice([0, 1, 7, 13]), seen=start + timedelta(weeks=week), first=100 * week + 100
        ):
            Paper.objects.filter(pk=row.pk).update(is_withdrawn=chance.random() < 0.2)
            if chance.random() < 0.3:
                write_summary(row, language="en", headline="It is so.")
        if chance.random() < 0.4:
            freeze_weeks(now=start + timedelta(weeks=week + 1))
    held: dict[str, set[str]] = {}
    for match in Match.objects.filter(topic__slug="heads").select_related("paper"):
        held.setdefault(str(week_of(match.paper.first_seen_at)), set()).add(match.paper.arxiv_id)
    with time_machine.travel(now):
        page = text_of(visitor, "/topics/heads/")
        bars = re.findall(r'(?:href="/topics/heads/([\d\w-]+)/">|aria-current).*?number">(\d+)', page)
        assert sum(int(number) for _, number in bars) == sum(map(len, held.values()))
        weeks = [week for week, _ in bars if week]
        assert len(weeks) == len(bars) - 1
        for week in weeks:
            page, papers = text_of(visitor, f"/topics/heads/{week}/"), held.get(week, set())
            assert f"<small>{len(papers)} paper" in page
            assert set(re.findall(r'id="p(2606\.\d+)"', page)) == papers
            assert dict(bars)[week] == str(len(papers))
