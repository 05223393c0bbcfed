"""Reporting a mistake: anybody may, without login or script; it is bounded, counted and kept as text."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from newsletter.core.summaries.summary import Claim, Evidence, Voice, summary_from_json, summary_to_json
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.models import MistakeReport, Paper, Summary
from newsletter.models.report import LONGEST_NOTE, Mistake
from newsletter.subscribers.quotas import Limit
from newsletter.subscribers.reports import claim_key, put_back, take_down
from tests.web.conftest import SENT, Service, every_row
from tests.web.test_public_pages import QUOTE, text_of, write_summary

PAPER = "/papers/2606.00002/"
FORM = f"{PAPER}report/"


@pytest.fixture
def summary(service: Service) -> Summary:  # noqa: ARG001
    paper = Paper.objects.get(arxiv_id="2606.00002")
    write_summary(paper, language="en", headline="Errors fall by 12%.")
    return paper.summaries.get(model="some-model")


def key_of(summary: Summary) -> str:
    return claim_key(summary, summary_from_json(summary.content or {}).headline)


def sent(summary: Summary, **fields: str) -> dict[str, str]:
    return {"claim": key_of(summary), "what": "number", "note": "It says 21%.", "website": "", **fields}


def test_the_paper_page_offers_each_claim_and_sets_no_cookie(visitor: Client, summary: Summary) -> None:
    response = visitor.get(PAPER)
    assert not response.cookies
    page = response.content.decode()
    assert f'<form method="post" action="{FORM}#main"' in page
    assert f'<option value="{key_of(summary)}">Errors fall by 12%.</option>' in page
    assert set(re.findall(r'name="what" value="(\w+)"', page)) == set(Mistake.values)


def test_a_report_keeps_the_claim_with_its_quotes_and_nothing_of_the_sender(
    visitor: Client, summary: Summary
) -> None:
    response = visitor.post(FORM, sent(summary), REMOTE_ADDR="192.0.2.7")
    assert (response.status_code, response["Location"]) == (302, f"{FORM}thanks/")
    assert not response.cookies
    report = MistakeReport.objects.get()
    assert (report.claim, report.what, report.note) == ("Errors fall by 12%.", "number", "It says 21%.")
    assert report.quotes == [{"quote": QUOTE, "where": "abstract"}]
    assert (report.summary, report.state) == (summary, "open")
    assert "192.0.2.7" not in str(every_row())
    assert "Thank you" in text_of(visitor, f"{FORM}thanks/")


def test_the_whole_page_can_be_reported(visitor: Client, summary: Summary) -> None:
    assert visitor.post(FORM, sent(summary, claim="page", what="fact")).status_code == 302
    report = MistakeReport.objects.get()
    assert (report.claim, report.quotes, report.summary) == ("", [], None)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"claim": ""}, "Choose the sentence that is wrong"),
        ({"claim": "1-000000000000"}, "no longer on the page"),
        ({"claim": "9" * 40}, "no longer on the page"),
        ({"claim": "１-x"}, "no longer on the page"),
        ({"what": "nonsense"}, "Choose what is wrong"),
        ({"what": "other", "note": " \t\n"}, "Say in a few words"),
        ({"note": "x" * (LONGEST_NOTE + 1)}, "At most 1000 characters"),
    ],
)
def test_what_is_missing_is_said_and_nothing_kept(
    visitor: Client, summary: Summary, fields: dict[str, str], says: str
) -> None:
    before = every_row()
    response = visitor.post(FORM, sent(summary, **fields))
    assert response.status_code == 400
    assert says in response.content.decode()
    assert every_row() == before


def test_what_was_typed_stays_and_is_text(visitor: Client, summary: Summary) -> None:
    note = "<script>alert(1)</script>\x1b and more"
    page = visitor.post(FORM, sent(summary, what="", note=note)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; and more</textarea>" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
def test_a_form_of_another_site_is_refused(
    visitor: Client, summary: Summary, headers: dict[str, str]
) -> None:
    assert visitor.post(FORM, sent(summary), headers=headers).status_code == 403
    assert not MistakeReport.objects.exists()


def test_a_form_of_ours_is_taken_with_the_headers_a_browser_sends(visitor: Client, summary: Summary) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    assert visitor.post(FORM, sent(summary), headers=headers).status_code == 302
    assert MistakeReport.objects.count() == 1


def test_a_machine_gets_the_thanks_and_nothing_is_kept(visitor: Client, summary: Summary) -> None:
    before = every_row()
    assert visitor.post(FORM, sent(summary, website="x")).status_code == 302
    assert every_row() == before


def test_a_network_has_its_fill_and_others_go_on(visitor: Client, summary: Summary) -> None:
    most = Limit.REPORTS_FROM_AN_IP.value.most
    for _ in range(most):
        assert visitor.post(FORM, sent(summary), REMOTE_ADDR="192.0.2.7").status_code == 302
    refused = visitor.post(FORM, sent(summary), REMOTE_ADDR="192.0.2.7")
    assert refused.status_code == 429
    assert "was not kept" in refused.content.decode()
    assert visitor.post(FORM, sent(summary), REMOTE_ADDR="192.0.2.8").status_code == 302
    assert MistakeReport.objects.count() == most + 1


def test_an_unknown_paper_has_no_form(visitor: Client, summary: Summary) -> None:  # noqa: ARG001
    assert visitor.get("/papers/2606.99999/report/").status_code == 404
    assert visitor.post("/papers/2606.99999/report/", {}).status_code == 404


def test_a_summary_taken_down_leaves_page_topic_and_form_at_once(visitor: Client, summary: Summary) -> None:
    take_down(summary, now=SENT)
    page = text_of(visitor, PAPER)
    assert "Errors fall" not in page
    assert "was taken down on 19 June 2026" in page
    assert "Nobody has asked" not in page
    assert "Errors fall" not in text_of(visitor, "/topics/heads/")
    assert visitor.post(FORM, sent(summary)).status_code == 400
    put_back(summary, now=SENT)
    assert "Errors fall" in text_of(visitor, PAPER)


def test_taking_down_settles_the_open_reports_on_that_summary_only(visitor: Client, summary: Summary) -> None:
    visitor.post(FORM, sent(summary))
    visitor.post(FORM, sent(summary, claim="page"))
    assert take_down(summary, now=SENT) == 1
    states = MistakeReport.objects.order_by("pk").values_list("state", "settled_at")
    assert list(states) == [("resolved", SENT), ("open", None)]


def test_a_claim_that_was_written_anew_has_another_name(summary: Summary) -> None:
    before = key_of(summary)
    quote = Evidence(quote=QUOTE)
    new = SummaryValue(voice=Voice.MODEL, headline=Claim(text="Errors fall.", evidence=(quote,)))
    summary.content = summary_to_json(new)
    assert key_of(summary) != before
