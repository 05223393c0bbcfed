"""Reported mistakes in the admin: the open ones first, beside their quotes, and settled with one button."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from newsletter.core.summaries.summary import Claim, DetailLevel, Evidence, Voice, summary_to_json
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.models import MistakeReport, Paper, Summary
from newsletter.models.report import Settled
from newsletter.subscribers.reports import settle
from tests.admin.conftest import NOW, text
from tests.fakes.papers import paper_record

LIST = "/admin/newsletter/mistakereport/"
QUOTE = "We propose a training-free method"


@pytest.fixture
def report(db: None) -> MistakeReport:  # noqa: ARG001 - the database
    paper = Paper.from_record(paper_record(), first_seen_at=NOW)
    paper.save()
    claim = Claim(
        text="It needs no training.", evidence=(Evidence(quote=QUOTE, where="Method", anchor="S3"),)
    )
    summary = Summary.objects.create(
        paper=paper,
        paper_version=1,
        language="en",
        prompt_version="1",
        model="some-model",
        detail=DetailLevel.HEADLINE.value,
        content=summary_to_json(SummaryValue(voice=Voice.MODEL, headline=claim)),
        written_at=NOW,
    )
    return MistakeReport.objects.create(
        paper=paper,
        summary=summary,
        claim=claim.text,
        quotes=[{"quote": QUOTE, "where": "Method", "page": 4}],
        what="misleading",
        note="<b>Only</b> of the decoder.\nSee Table 3.",
        reported_at=datetime(2026, 6, 20, tzinfo=UTC),
    )


def act(client: Client, report: MistakeReport, name: str) -> int:
    return client.post(f"{LIST}{report.pk}/{name}/act/").status_code


def test_the_list_shows_the_open_ones_with_their_claim(operator: Client, report: MistakeReport) -> None:
    assert "It needs no training." in text(operator, LIST)
    settle(report, state=Settled.DISMISSED, now=NOW)
    assert "It needs no training." not in text(operator, LIST)
    assert "It needs no training." in text(operator, f"{LIST}?state=dismissed")
    assert "It needs no training." in text(operator, f"{LIST}?state=all")


def test_a_report_shows_claim_quotes_note_and_paper(operator: Client, report: MistakeReport) -> None:
    page = text(operator, f"{LIST}{report.pk}/change/")
    for shown in (
        "It needs no training.",
        QUOTE,
        "Method, page 4",
        "&lt;b&gt;Only&lt;/b&gt; of the decoder.<br>See Table 3.",
        'href="/papers/2606.00001/"',
        'href="https://arxiv.org/pdf/2606.00001v1"',
    ):
        assert shown in page


def test_withholding_takes_the_summary_down_settles_the_report_and_can_be_undone(
    operator: Client, report: MistakeReport
) -> None:
    assert act(operator, report, "withhold") == 302
    report.refresh_from_db()
    assert report.state == Settled.RESOLVED
    assert report.summary is not None
    assert not Summary.objects.shown().exists()
    assert "Show the summary again" in text(operator, f"{LIST}{report.pk}/change/")
    assert act(operator, report, "restore") == 302
    assert Summary.objects.shown().get() == report.summary
    assert LogEntry.objects.count() == 2


def test_the_authors_own_sentences_cannot_be_withheld(operator: Client, report: MistakeReport) -> None:
    claim = Claim(text=QUOTE, evidence=(Evidence(quote=QUOTE),))
    extract = summary_to_json(SummaryValue(voice=Voice.AUTHORS, headline=claim))
    Summary.objects.update(content=extract)
    assert "Withhold this summary" not in text(operator, f"{LIST}{report.pk}/change/")
    assert act(operator, report, "withhold") == 403


def test_a_report_is_resolved_dismissed_and_opened_again(operator: Client, report: MistakeReport) -> None:
    for name, state in (
        ("resolve", Settled.RESOLVED),
        ("reopen", Settled.OPEN),
        ("dismiss", Settled.DISMISSED),
    ):
        assert act(operator, report, name) == 302
        report.refresh_from_db()
        assert report.state == state
        assert (report.settled_at is None) == (state is Settled.OPEN)
    assert act(operator, report, "resolve") == 403


def test_only_a_post_of_somebody_who_may_changes_anything(
    operator: Client, viewer: Client, client: Client, report: MistakeReport
) -> None:
    path = f"{LIST}{report.pk}/withhold/act/"
    assert operator.get(path).status_code == 405
    assert viewer.post(path).status_code == 403
    assert client.post(path, SERVER_NAME="localhost").status_code == 302
    report.refresh_from_db()
    assert report.state == Settled.OPEN
    assert Summary.objects.shown().exists()
