"""SendGrid's signed events: taken once, in any order, and from nobody else."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from newsletter.audience.suppression import ensure_own_key, suppressed
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.models import ConsentEvent, Delivery, DeliveryEvent, Subscriber, Suppression
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from newsletter.pipeline.feedback.provider_events import apply_events
from tests.fakes.sendgrid_events import Signer, body_of, sendgrid_event
from tests.pipeline.deliveries import digest, new_subscriber

pytestmark = pytest.mark.django_db

SIGNER = Signer()
URL = "/hooks/sendgrid"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    with_key = settings.CONFIG.model_copy(update={"sendgrid_webhook_key": SIGNER.public_key})
    monkeypatch.setattr(settings, "CONFIG", with_key)


def post(body: bytes, *, at: datetime | None = None, headers: dict[str, str] | None = None) -> HttpResponse:
    signed = SIGNER.headers(body, at=at or timezone.now()) if headers is None else headers
    client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
    return cast("HttpResponse", client.post(URL, body, content_type="application/json", headers=signed))


def send(events: Sequence[Any]) -> HttpResponse:
    return post(body_of(events))


# --- one batch, 46 times and 100 shuffles ----------------------------------------------------------------


FATES = {
    "delivered": ("deferred", "processed", "deferred", "delivered", "open"),
    "hard": ("processed", "bounce"),
    "late": ("processed", "delivered", "bounce"),
    "blocked": ("processed", "blocked"),
    "spam": ("processed", "delivered", "spamreport", "unsubscribe"),
    "left": ("processed", "delivered", "group_unsubscribe", "group_resubscribe"),
    "dropped": ("dropped",),
    "lost": ("processed", "delivered"),
    "unanswered": ("processed",),
}
STATES = {"lost": State.AMBIGUOUS, "unanswered": State.SENDING}
FIELDS: dict[str, dict[str, str]] = {
    "bounce": {"status": "5.1.1", "reason": "550 5.1.1 unknown", "type": "bounce"},
    "blocked": {"event": "bounce", "status": "5.7.1", "type": "blocked"},
    "dropped": {"reason": "Bounced Address"},
}


class Batch:
    """Nine readers in whose mails everything happens that SendGrid can report."""

    def __init__(self) -> None:
        ensure_own_key()  # made once, not anew in each shuffle that is rolled back
        self.mails = {name: self._mail(name) for name in FATES}
        began = timezone.now() - timedelta(hours=1)
        self.events = [
            sendgrid_event(
                step,
                self.mails[name].pk,
                at=began + timedelta(seconds=place),
                email=f"{name}@example.org",
                **FIELDS.get(step, {}),
            )
            for name, steps in FATES.items()
            for place, step in enumerate(steps)
        ]
        # Of a delivery nobody knows, of none at all, and of no form.
        self.events += [
            sendgrid_event("bounce", "00000000-0000-0000-0000-000000000001", at=began, status="5.1.1"),
            {"event": "account_status_change", "timestamp": int(began.timestamp())},
            {"event": 7},
        ]

    def _mail(self, name: str) -> Delivery:
        return digest(
            new_subscriber(f"{name}@example.org"),
            recipient=f"{name}@example.org",
            transport="sendgrid",
            state=STATES.get(name, State.ACCEPTED),
            papers={"summarised": [1, 2]},
            fence=1,
        )

    def end_state(self) -> dict[str, Any]:
        """Return all that the events may change, apart from times of application."""
        names = {mail.pk: name for name, mail in self.mails.items()}
        return {
            "mails": {
                names[row["id"]]: row
                for row in Delivery.objects.values("id", "state", "last_detail", "next_attempt_at")
            },
            "readers": sorted(
                (row.email, row.status, row.soft_bounces, str(row.next_slot_at), bytes(row.seen_papers))
                for row in Subscriber.objects.all()
            ),
            "suppressed": sorted(Suppression.objects.values_list("email_hmac", "reason", "at")),
            "consents": sorted(ConsentEvent.objects.values_list("subscriber", "action", "source", "at")),
            "events": sorted(DeliveryEvent.objects.values_list("dedupe_key", "kind")),
            "unapplied": DeliveryEvent.objects.filter(applied_at=None).count(),
        }


def take_in(batch: Batch, events: Sequence[Any]) -> dict[str, Any]:
    assert send(events).status_code == 200
    apply_events(now=timezone.now())
    return batch.end_state()


def test_one_batch_46_times_is_one_batch() -> None:
    batch = Batch()
    once = take_in(batch, batch.events)
    states = {name: row["state"] for name, row in once["mails"].items()}
    assert states == {
        "delivered": "DELIVERED",
        "hard": "BOUNCED",
        "late": "BOUNCED",
        "blocked": "BOUNCED",
        "spam": "COMPLAINED",
        "left": "DELIVERED",
        "dropped": "BOUNCED",
        "lost": "DELIVERED",
        "unanswered": "ACCEPTED",
    }
    assert {row[0].partition("@")[0]: row[1] for row in once["readers"]} == {
        **dict.fromkeys(("delivered", "blocked", "lost", "unanswered"), Status.ACTIVE),
        **dict.fromkeys(("hard", "late", "dropped"), Status.BOUNCED),
        "spam": Status.COMPLAINED,
        "left": Status.UNSUBSCRIBED,
    }
    spenders = [row[0] for row in once["readers"] if row[4]]
    assert spenders == ["lost@example.org", "unanswered@example.org"]
    for _ in range(45):
        assert take_in(batch, batch.events) == once


def test_a_hundred_shuffles_end_the_same() -> None:
    """On PostgreSQL the first twenty of them."""
    batch, chance = Batch(), random.Random(46)  # noqa: S311 - shuffles that can be repeated
    ends = []
    for _ in range(100 if connection.vendor == "sqlite" else 20):
        twice = batch.events + chance.sample(batch.events, 8)
        shuffled = chance.sample(twice, len(twice))
        fragments = chance.randint(1, 3)
        with transaction.atomic():
            for fragment in range(fragments):
                end = take_in(batch, shuffled[fragment::fragments])
            ends.append(end)
            transaction.set_rollback(True)
    for end in ends:
        assert end == ends[0]
    assert ends[0] == take_in(batch, batch.events)


def test_papers_of_a_lost_answer_are_seen_once_and_in_time() -> None:
    batch = Batch()
    take_in(batch, batch.events)
    lost = Subscriber.objects.get(email="lost@example.org")
    assert set(unpack_seen(bytes(lost.seen_papers))) == {1, 2}


# --- what is not SendGrid's ------------------------------------------------------------------------------


def forged() -> list[dict[str, str]]:
    stranger = Signer()
    body = body_of([])
    return [{}, stranger.headers(body, at=timezone.now()), {"X-Twilio-Email-Event-Webhook-Signature": "x"}]


@pytest.mark.parametrize("which", [0, 1, 2])
def test_nothing_forged_is_written(which: int) -> None:
    batch = Batch()
    before = batch.end_state()
    assert post(body_of(batch.events), headers=forged()[which]).status_code == 403
    apply_events(now=timezone.now())
    assert batch.end_state() == before


def test_an_old_copy_is_refused() -> None:
    batch = Batch()
    body = body_of(batch.events)
    assert post(body, at=timezone.now() - timedelta(hours=24)).status_code == 200
    DeliveryEvent.objects.all().delete()
    assert post(body, at=timezone.now() - timedelta(days=2)).status_code == 403
    assert not DeliveryEvent.objects.exists()


def test_five_megabytes_are_refused_before_anything_is_read() -> None:
    body = body_of([sendgrid_event("delivered", "x", at=timezone.now(), padding="x" * 5_000_000)])
    assert post(body).status_code == 413
    assert not DeliveryEvent.objects.exists()


def test_without_a_key_nothing_is_taken_and_the_log_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    without = settings.CONFIG.model_copy(update={"sendgrid_webhook_key": ""})
    monkeypatch.setattr(settings, "CONFIG", without)
    assert send([]).status_code == 404
    assert "NEWSLETTER_SENDGRID_WEBHOOK_KEY" in caplog.text


def test_with_a_key_that_is_none_sendgrid_is_asked_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = settings.CONFIG.model_copy(update={"sendgrid_webhook_key": "SG.key"})
    monkeypatch.setattr(settings, "CONFIG", wrong)
    assert send([]).status_code == 503


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options"])
def test_only_a_post_is_answered(visitor: Client, method: str) -> None:
    assert getattr(visitor, method)(URL).status_code == 405


@pytest.mark.parametrize("provider", ["smtp", "outbox", "mailgun"])
def test_a_mailer_that_reports_nothing_has_no_hook(visitor: Client, provider: str) -> None:
    assert visitor.post(f"/hooks/{provider}", b"[]", content_type="application/json").status_code == 404


def test_the_good_events_of_a_batch_are_kept_beside_the_bad() -> None:
    batch = Batch()
    good = sendgrid_event("delivered", batch.mails["delivered"].pk, at=timezone.now())
    bad: list[object] = [
        None,
        7,
        "x",
        [],
        {"event": []},
        good | {"timestamp": "now"},
        good | {"delivery_id": {}},
    ]
    answer = send([*bad, good | {"reason": "nul \0 and half \ud800", "status": {}}])
    assert (answer.status_code, answer.content) == (200, b"8 new of 8.\n")
    apply_events(now=timezone.now())
    assert batch.end_state()["mails"]["delivered"]["state"] == State.DELIVERED
    assert DeliveryEvent.objects.filter(kind="unreadable").count() == 7


def test_the_metrics_count_what_was_reported(visitor: Client) -> None:
    batch = Batch()
    send(batch.events)

    def values() -> dict[str, str]:
        lines = visitor.get("/metrics").content.decode().splitlines()
        return dict(line.rsplit(" ", 1) for line in lines if line.startswith("newsletter_reports"))

    assert float(values()["newsletter_reports_unapplied"]) == len(batch.events)
    apply_events(now=timezone.now())
    assert float(values()["newsletter_reports_unapplied"]) == 0
    assert float(values()['newsletter_reports_recent{kind="complaint"}']) == 1
    assert float(values()['newsletter_reports_recent{kind="unreadable"}']) == 1
    assert float(values()["newsletter_reports_recent_about_nothing_known"]) == 3


def test_a_signed_body_that_is_no_list_is_refused() -> None:
    assert post(b"{}").status_code == 400


# --- when the database is down ---------------------------------------------------------------------------


def test_what_cannot_be_stored_is_sent_again_and_then_counts_once() -> None:
    batch = Batch()
    before = batch.end_state()

    def down(*_args: object, **_kwargs: object) -> None:
        raise OperationalError("the connection is closed")

    with connection.execute_wrapper(down):
        assert send(batch.events).status_code == 503
    assert batch.end_state() == before
    assert take_in(batch, batch.events)["mails"]["hard"]["state"] == State.BOUNCED


# --- the record ------------------------------------------------------------------------------------------


def test_no_address_is_stored() -> None:
    batch = Batch()
    reason = "550 5.1.1 <hard@example.org> is unknown"
    send([event | {"reason": reason} for event in batch.events])
    stored = "".join(str(row) for row in DeliveryEvent.objects.values())
    assert "hard@" not in stored
    assert "550 5.1.1 (address) is unknown" in stored


def test_events_of_an_erased_subscriber_are_harmless() -> None:
    batch = Batch()
    Subscriber.objects.all().delete()
    assert send(batch.events).status_code == 200
    apply_events(now=timezone.now())
    assert not DeliveryEvent.objects.exclude(delivery=None).exists()
    assert not Suppression.objects.exists()
    assert suppressed(["hard@example.org"]) == {}
