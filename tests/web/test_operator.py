"""The operator's pages: who may see them, what they say, what their buttons do, and what they never show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from newsletter.core.summaries.summary import Claim, DetailLevel, Evidence, Voice, summary_to_json
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.models import (
    Delivery,
    DigestNotice,
    MistakeReport,
    Paper,
    SendPause,
    Subscriber,
    Subscription,
    Summary,
    Topic,
)
from newsletter.models.delivery import State
from newsletter.pipeline.send.pause import pause_sending
from newsletter.subscribers.reports import claim_key
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.papers import paper_record
from tests.web.conftest import SENT, Service, every_row

NOW = SENT + timedelta(hours=2)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    cache.clear()
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def operator(db: None) -> Client:  # noqa: ARG001 - the database
    client = Client(SERVER_NAME="localhost", enforce_csrf_checks=False)
    client.force_login(User.objects.create_superuser("operator", last_login=NOW))
    return client


@pytest.fixture
def summary(service: Service) -> Summary:  # noqa: ARG001 - its papers
    claim = Claim(text="It speaks.", evidence=(Evidence(quote="We let it speak", where="abstract"),))
    return Summary.objects.create(
        paper=Paper.objects.get(arxiv_id="2606.00001"),
        paper_version=1,
        language="en",
        prompt_version="1",
        model="some-model",
        detail=DetailLevel.HEADLINE.value,
        content=summary_to_json(SummaryValue(voice=Voice.MODEL, headline=claim)),
        written_at=SENT,
    )


def addresses(service: Service, summary: Summary) -> dict[str, str]:
    key, paper = service.delivery.pk, summary.paper.arxiv_id
    report = MistakeReport.objects.create(
        paper=summary.paper,
        summary=summary,
        claim="It speaks.",
        quotes=[{"quote": "We let it speak", "where": "abstract"}],
        what="number",
        note="<b>14</b>",
        reported_at=SENT,
    )
    return {
        "today": reverse("operator"),
        "pause": reverse("operator_pause"),
        "deliveries": reverse("operator_deliveries"),
        "sent": reverse("operator_deliveries") + "?state=sent",
        "of a reader": reverse("operator_deliveries") + f"?reader={service.subscriber.pk}",
        "delivery": reverse("operator_delivery", kwargs={"key": key}),
        "mail": reverse("operator_mail", kwargs={"key": key, "part": "html"}),
        "text": reverse("operator_mail", kwargs={"key": key, "part": "text"}),
        "source": reverse("operator_mail", kwargs={"key": key, "part": "source"}),
        "readers": reverse("operator_readers"),
        "reader": reverse("operator_reader", kwargs={"key": service.subscriber.pk}),
        "unsubscribe": reverse(
            "operator_reader_act", kwargs={"key": service.subscriber.pk, "deed": "unsubscribe"}
        ),
        "topics": reverse("operator_topics"),
        "topic": reverse("operator_topic", kwargs={"slug": "heads"}),
        "papers": reverse("operator_papers"),
        "paper": reverse("operator_paper", kwargs={"arxiv_id": paper}),
        "mistakes": reverse("operator_mistakes"),
        "mistake": reverse("operator_mistake", kwargs={"key": report.pk}),
        "announce": reverse("operator_announce"),
        "records": reverse("operator_records"),
    }


def said(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    return response.content.decode()


def test_every_page_opens_changes_nothing_and_shows_no_key(
    operator: Client, service: Service, summary: Summary
) -> None:
    found = addresses(service, summary)
    before = every_row()
    for name, path in found.items():
        text = said(operator, path)
        assert service.subscriber.link_key not in text, name
        assert not re.search(r"(unsubscribe|preferences|digests|/r)/[A-Za-z0-9_-]{20}", text), name
        if name in ("delivery", "deliveries", "mail", "text", "source", "today"):
            assert service.subscriber.email not in text, name
    assert every_row() == before


def test_strangers_and_staff_without_permission_stay_out(service: Service, summary: Summary) -> None:
    stranger, staff = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    staff.force_login(User.objects.create_user("new", is_staff=True, last_login=NOW))
    for name, path in addresses(service, summary).items():
        response = stranger.get(path)
        assert (response.status_code, "/admin/login/" in response["Location"]) == (302, True), name
        if name not in ("today", "records"):
            refused = staff.get(path)
            assert refused.status_code == 403, name
            assert "<h1>Your account may not do this</h1>" in refused.content.decode(), name
            assert refused["Content-Security-Policy"] == staff.get("/admin/")["Content-Security-Policy"], name
            assert "no-store" in refused["Cache-Control"], name
    assert "<h1>Your account may not do this</h1>" in staff.get("/admin/auth/user/").content.decode()


ACTS: list[tuple[str, dict[str, str], dict[str, Any]]] = [
    ("operator_pause", {}, {"reason": "a typo"}),
    ("operator_resume", {}, {}),
    ("operator_delivery_act", {"key": "delivery", "deed": "cancel"}, {}),
    ("operator_reader", {"key": "reader"}, {"do": "save"}),
    ("operator_reader_act", {"key": "reader", "deed": "unsubscribe"}, {}),
    ("operator_topic", {"slug": "heads"}, {"do": "save", "name": "x"}),
    ("operator_paper", {"arxiv_id": "2606.00001"}, {"do": "down"}),
    ("operator_announce", {}, {"text-en": "We move.", "do": "publish"}),
]


@pytest.mark.parametrize(("name", "arguments", "given"), ACTS, ids=[each[0] for each in ACTS])
def test_who_may_only_look_can_do_nothing_and_no_form_works_without_its_token(
    service: Service, summary: Summary, name: str, arguments: dict[str, str], given: dict[str, Any]
) -> None:
    known = {"delivery": service.delivery.pk, "reader": service.subscriber.pk}
    path = reverse(name, kwargs={key: known.get(each, each) for key, each in arguments.items()})
    given = given | {"summary": summary.pk}
    viewer = Client(SERVER_NAME="localhost")
    user = User.objects.create_user("viewer", is_staff=True, last_login=NOW)
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    viewer.force_login(user)
    strict = Client(SERVER_NAME="localhost", enforce_csrf_checks=True)
    strict.force_login(User.objects.create_superuser("operator", last_login=NOW))
    before = every_row()
    assert viewer.post(path, given).status_code == 403
    assert strict.post(path, given).status_code == 403
    assert every_row() == before


def test_today_answers_in_its_title_and_draws_from_zero(operator: Client, service: Service) -> None:
    text = said(operator, "/admin/")
    assert "<h1>The one digest of today is out</h1>" in text
    assert text.count("<svg") == 5
    assert re.search(r'<text x="36" y="[\d.]+" text-anchor="end">0</text>', text)
    Delivery.objects.filter(pk=service.delivery.pk).update(
        state=State.FAILED, last_code="554", last_detail="5.7.1 blocked"
    )
    text = said(operator, "/admin/")
    assert "<h1>0 of 1 digest are out; 1 failed</h1>" in text
    assert "nothing: the mail server refused it (554 5.7.1 blocked)" in text


def test_a_pause_asks_why_and_stands_on_every_page_until_it_ends(
    operator: Client, service: Service, summary: Summary
) -> None:
    refused = operator.post("/admin/pause/", {"reason": " "})
    assert refused.status_code == 400
    assert "aria-invalid" in refused.content.decode()
    operator.post("/admin/pause/", {"reason": "the <footer> is wrong"})
    for name, path in addresses(service, summary).items():
        if name not in ("mail", "text", "source", "records"):
            assert "No mail goes out since" in said(operator, path), name
            assert "the &lt;footer&gt; is wrong" in said(operator, path), name
    assert operator.get("/admin/resume/").status_code == 405
    operator.post("/admin/resume/")
    assert not SendPause.objects.exists()
    assert "No mail goes out" not in said(operator, "/admin/")


def test_a_waiting_delivery_is_tried_given_up_and_says_so(operator: Client, service: Service) -> None:
    detail = "no connection: [Errno 111] Connection refused"
    Delivery.objects.filter(pk=service.delivery.pk).update(
        state=State.RETRY_WAIT,
        retries=2,
        last_detail=detail,
        outcome_at=None,
        next_attempt_at=NOW + timedelta(minutes=7),
    )
    path = reverse("operator_delivery", kwargs={"key": service.delivery.pk})
    text = said(operator, path)
    assert "<h1>Waiting: the mail server refused the connection</h1>" in text
    assert "in 7 minutes: try 3" in text
    assert "nothing can arrive twice" in text
    assert "Release" not in text
    assert "Try now?" in said(operator, f"{path}retry/")
    operator.post(f"{path}retry/")
    assert Delivery.objects.get(pk=service.delivery.pk).next_attempt_at == NOW
    operator.post(f"{path}cancel/")
    assert Delivery.objects.get(pk=service.delivery.pk).state == State.CANCELLED
    assert "It was cancelled." in operator.post(f"{path}retry/", follow=True).content.decode()
    assert LogEntry.objects.filter(object_id=str(service.delivery.pk)).count() == 2


@pytest.mark.parametrize(
    ("fields", "tries"),
    [
        ({"state": State.ACCEPTED, "attempt": 1}, "the first"),
        ({"state": State.ACCEPTED, "attempt": 2, "retries": 3}, "3 refused for now, 1 that broke off"),
        ({"state": State.COMPOSED, "attempt": 0}, "none yet"),
        ({"state": State.RETRY_WAIT, "attempt": 0, "retries": 1}, "1 refused for now"),
        ({"state": State.QUARANTINED, "attempt": 5}, "5 that broke off"),
    ],
)
def test_the_tries_of_a_mail_are_told_without_the_one_that_counts(
    operator: Client, service: Service, fields: dict[str, Any], tries: str
) -> None:
    Delivery.objects.filter(pk=service.delivery.pk).update(**fields)
    text = said(operator, reverse("operator_delivery", kwargs={"key": service.delivery.pk}))
    assert f"<dt>Tries</dt><dd>{tries}</dd>" in text


def test_what_happened_within_a_second_is_told_in_order(operator: Client, service: Service) -> None:
    """The outcome is recorded by the clock of the pass, which began before the body did."""
    begun = NOW.replace(microsecond=100)
    times = {"outcome_at": begun, "dated_at": begun + timedelta(milliseconds=300), "transport": "outbox"}
    Delivery.objects.filter(pk=service.delivery.pk).update(state=State.ACCEPTED, **times)
    text = said(operator, reverse("operator_delivery", kwargs={"key": service.delivery.pk}))
    happened = text[text.index("What happened") : text.index("The mail")]
    assert happened.index("First handed over to outbox") < happened.index("Accepted")


def test_the_address_is_shown_only_when_asked_for(operator: Client, service: Service) -> None:
    path = reverse("operator_delivery", kwargs={"key": service.delivery.pk})
    assert service.subscriber.email not in said(operator, path)
    assert service.subscriber.email in said(operator, f"{path}?address")
    found = operator.post("/admin/deliveries/of/", {"address": service.subscriber.email.upper()})
    assert found["Location"] == f"/admin/deliveries/?reader={service.subscriber.pk}"
    assert operator.post("/admin/deliveries/of/", {"address": "nobody"})["Location"] == "/admin/deliveries/"


@pytest.mark.parametrize(
    "path", ["deliveries/?state=x", "deliveries/?reader=999", "deliveries/?reader=x", "readers/?status=x"]
)
def test_what_is_unknown_is_not_found(operator: Client, path: str) -> None:
    assert operator.get(f"/admin/{path}").status_code == 404


def test_a_reader_is_edited_paused_and_resumed(operator: Client, service: Service) -> None:
    reader = service.subscriber
    path = reverse("operator_reader", kwargs={"key": reader.pk})
    given = {
        "do": "save",
        "cadence": "weekly:thu",
        "at": "07:30",
        "timezone": "Europe/Berlin",
        "language": "zh-hans",
        "depth": "headline",
        "max_papers": "3",
        "topics": ["heads"],
    }
    assert operator.post(path, given).status_code == 302
    reader.refresh_from_db()
    assert (reader.cadence, reader.timezone, reader.language, reader.max_papers) == (
        "weekly:thu",
        "Europe/Berlin",
        "zh-hans",
        3,
    )
    wrongs: list[dict[str, Any]] = [
        {"timezone": "Mars"},
        {"max_papers": "51"},
        {"max_papers": "x"},
        {"topics": []},
    ]
    for wrong in wrongs:
        refused = operator.post(path, given | wrong)
        assert refused.status_code == 400, wrong
        assert 'role="alert"' in refused.content.decode()
    for odd in ({}, {"do": "pause"}, {"do": "pause", "until": "x"}, {"do": "save", "max_papers": "3"}):
        assert operator.post(path, odd).status_code == 400, odd
    operator.post(path, {"do": "pause", "until": (NOW + timedelta(days=9)).date().isoformat()})
    assert "Has paused until" in said(operator, path)
    operator.post(path, {"do": "resume"})
    assert "Has paused until" not in said(operator, path)


def test_the_next_digest_is_shown_with_links_that_lead_nowhere(operator: Client, service: Service) -> None:
    response = operator.get(reverse("operator_preview", kwargs={"key": service.subscriber.pk}))
    text = response.content.decode()
    assert "sandbox" in response["Content-Security-Policy"]
    assert "/unsubscribe/…" in text
    assert service.subscriber.link_key not in text


def test_a_test_is_sent_to_the_operator_and_nothing_is_recorded(
    operator: Client, service: Service, tmp_path: Path, settings: Settings
) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"outbox_dir": tmp_path})
    path = reverse("operator_reader", kwargs={"key": service.subscriber.pk})
    before = list(Delivery.objects.values())
    text = operator.post(path, {"do": "test", "to": "me@example.org"}, follow=True).content.decode()
    assert "A test was accepted by outbox: TEST: " in text
    [mail] = tmp_path.glob("*.eml")
    assert b"To: me@example.org" in mail.read_bytes()
    assert list(Delivery.objects.values()) == before
    assert operator.post(path, {"do": "test", "to": "nobody"}).status_code == 400


def test_a_preview_pays_for_nothing_and_is_made_only_when_asked_for(
    operator: Client, service: Service, settings: Settings
) -> None:
    path = reverse("operator_reader", kwargs={"key": service.subscriber.pk})
    assert "<iframe" not in said(operator, path)
    assert "<iframe" in said(operator, f"{path}?preview")
    Delivery.objects.all().delete()
    Subscriber.objects.update(seen_papers=b"")
    Subscription.objects.update(covered_until=None)
    with GeminiServer() as gemini:
        update = {"summariser": "gemini", "gemini_api_key": "none", "gemini_endpoint": gemini.url}
        settings.CONFIG = settings.CONFIG.model_copy(update=update)
        text = said(operator, reverse("operator_preview", kwargs={"key": service.subscriber.pk}))
        assert gemini.requests == []
    assert "2606.000" in text


def test_a_topic_has_names_as_fields_and_is_duplicated(operator: Client, service: Service) -> None:  # noqa: ARG001
    path = reverse("operator_topic", kwargs={"slug": "heads"})
    text = said(operator, path)
    assert 'name="names-zh-hans"' in text
    assert "{" not in re.sub(r"(?s)<style.*?</style>", "", text)
    given = {
        "do": "save",
        "name": "Talking heads",
        "group": "Faces",
        "names-zh-hans": "说话人",
        "is_active": "on",
    }
    operator.post(path, given)
    topic = Topic.objects.get(slug="heads")
    assert (topic.name, topic.group, topic.names, topic.is_active) == (
        "Talking heads",
        "Faces",
        {"zh-hans": "说话人"},
        True,
    )
    operator.post(path, {"do": "duplicate", "slug": "heads-2"})
    copy = Topic.objects.get(slug="heads-2")
    assert (copy.query, copy.name, copy.group) == (topic.query, "Talking heads (copy)", topic.group)
    assert (copy.names, copy.group_names, copy.is_active) == ({}, topic.group_names, False)
    assert operator.post(path, {"do": "duplicate", "slug": "heads"}).status_code == 400


def test_a_summary_is_amended_taken_down_and_shown_again(operator: Client, summary: Summary) -> None:
    path = reverse("operator_paper", kwargs={"arxiv_id": summary.paper.arxiv_id})
    claim = SummaryValue(voice=Voice.MODEL, headline=Claim(text="It speaks.", evidence=())).headline
    given = {"do": "amend", "summary": summary.pk, "claim": claim_key(summary, claim), "text": "It sings."}
    operator.post(path, given)
    assert "It sings." in said(operator, path)
    assert operator.post(path, given).status_code == 400
    operator.post(path, {"do": "down", "summary": summary.pk, "why": "It does neither."})
    assert "Taken down on" in said(operator, path)
    assert [each.texts["en"] for each in DigestNotice.objects.order_by("pk")][1] == "It does neither."
    operator.post(path, {"do": "back", "summary": summary.pk})
    assert "Taken down on" not in said(operator, path)
    assert operator.post(path, {"do": "down", "summary": "x"}).status_code == 404


def test_claims_withheld_are_looked_for_among_all_summaries(operator: Client, summary: Summary) -> None:
    """Not among those of a page: the newest forty may have none."""
    content = dict(summary.content or {})
    Summary.objects.filter(pk=summary.pk).update(content=content | {"withheld": ["number", "number"]})
    others = [Paper.from_record(paper_record(10_000 + number), first_seen_at=NOW) for number in range(41)]
    rows = [
        Summary(
            paper=paper,
            paper_version=1,
            language="en",
            prompt_version="1",
            model="some-model",
            detail="headline",
            content=content,
            written_at=NOW,
        )
        for paper in Paper.objects.bulk_create(others)
    ]
    Summary.objects.bulk_create(rows)
    assert "2606.00001v1" not in said(operator, "/admin/papers/")
    found = said(operator, "/admin/papers/?show=withheld")
    assert "2606.00001v1" in found
    assert "2606.1" not in found
    assert "Older" not in found
    assert "Withheld on this page: 2 " in found


def test_a_note_is_previewed_published_and_ended(operator: Client, service: Service) -> None:  # noqa: ARG001
    path = reverse("operator_announce")
    until = (NOW + timedelta(days=5)).date().isoformat()
    given = {"text-en": "We <b>move</b>.", "text-zh-hans": "我们搬家。", "until": until, "topic": "heads"}
    shown = operator.post(path, given | {"do": "preview"}).content.decode()
    assert "What 1 reader will be told" in shown
    assert "From the operator.</b> We &lt;b&gt;move&lt;/b&gt;." in shown
    assert "来自管理员。" in shown
    assert not DigestNotice.objects.exists()
    operator.post(path, given | {"do": "publish"})
    [notice] = DigestNotice.objects.all()
    assert notice.topic == Topic.objects.get(slug="heads")
    assert notice.until is not None
    assert (notice.until - timedelta(days=1)).date().isoformat() == until
    operator.post(reverse("operator_announce_end", kwargs={"key": notice.pk}))
    notice.refresh_from_db()
    assert notice.until == NOW


@pytest.mark.parametrize(
    "wrong",
    [
        {"text-en": " "},
        {"text-en": "x" * 601},
        {"until": ""},
        {"until": "2020-01-01"},
        {"until": "2099-01-01"},
        {"until": "9999-12-31"},
        {"url": f"https://h.example/{'a' * 700}"},
        {"topic": "none"},
        {"language": "fr"},
        {"url": "javascript:alert(1)"},
    ],
    ids=str,
)
def test_a_note_that_cannot_be_is_refused_beside_its_field(
    operator: Client,
    service: Service,  # noqa: ARG001
    wrong: dict[str, str],
) -> None:
    until = (NOW + timedelta(days=5)).date().isoformat()
    response = operator.post(
        reverse("operator_announce"), {"text-en": "We move.", "until": until, "do": "publish"} | wrong
    )
    assert response.status_code == 400
    assert response.content.decode().count('aria-invalid="true"') == 1
    assert not DigestNotice.objects.exists()


def test_reports_are_settled_and_a_note_of_a_stranger_is_text(
    operator: Client, service: Service, summary: Summary
) -> None:
    path = addresses(service, summary)["mistake"]
    assert "&lt;b&gt;14&lt;/b&gt;" in said(operator, path)
    operator.post(path, {"do": "withhold"})
    summary.refresh_from_db()
    assert summary.withheld_at == NOW
    assert MistakeReport.objects.get().state == "resolved"
    assert operator.post(path, {"do": "withhold"}).status_code == 404


HOSTILE = ["", "<script>", "\x00", "9" * 400, "' OR 1=1 --"]


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
def test_no_form_and_no_parameter_breaks_a_page(
    operator: Client, service: Service, summary: Summary, value: str
) -> None:
    """The attack: every form's fields and every list's parameters, with values that nobody foresaw."""
    found = addresses(service, summary)
    fields = "reason address summary claim text why until topic language url text-en topics cadence at"
    names = f"{fields} timezone depth max_papers name slug group".split()
    for name in ("deliveries", "readers", "papers", "mistakes"):
        for key in ("state", "reader", "limit", "page", "status", "q", "show"):
            assert operator.get(found[name], {key: value}).status_code in (200, 400, 404), (name, key)
    for name in ("pause", "readers", "reader", "topic", "paper", "mistake", "announce"):
        for do in (
            value,
            "save",
            "pause",
            "resume",
            "duplicate",
            "amend",
            "down",
            "back",
            "preview",
            "publish",
        ):
            response = operator.post(found[name], dict.fromkeys(names, value) | {"do": do})
            assert response.status_code in (302, 400, 404), (name, do)
            assert "<script>" not in response.content.decode()
    assert operator.post(reverse("operator_deliveries_of"), {"address": value}).status_code in (302, 400)


def test_no_table_of_axes_and_no_raw_json_is_offered(operator: Client, service: Service) -> None:  # noqa: ARG001
    assert "axes" not in said(operator, reverse("operator_records")).lower()


def test_pages_cost_the_same_for_many_readers(operator: Client, service: Service, summary: Summary) -> None:
    found = addresses(service, summary)
    pause_sending("to see the notice", now=NOW)
    costs: dict[str, list[int]] = {}
    for number in (0, 30):
        for each in range(number):
            Subscriber.objects.create(
                email=f"r{each}@example.org", email_key=f"r{each}@example.org", status="active", joined_at=NOW
            )
        for name in ("today", "deliveries", "readers", "topics", "papers", "announce"):
            cache.clear()
            with CaptureQueriesContext(connection) as captured:
                said(operator, found[name])
            costs.setdefault(name, []).append(len(captured))
    assert all(few == many for few, many in costs.values()), costs
    assert max(few for few, _ in costs.values()) <= 40, costs
