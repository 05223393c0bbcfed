"""The Date of a mail: when it was first sent, the same in every retry (RFC 5322 §3.6.1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.utils import parsedate_to_datetime

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from newsletter.adapters.ports import Bodies, Outcome, Outgoing, Verdict
from newsletter.models import Delivery
from newsletter.models.delivery import UNCOMPOSED, Kind, State
from tests.fakes.mailer import ScriptedMailer, answer
from tests.pipeline.deliveries import (
    NOW,
    deliver,
    digest,
    later,
    message_bytes,
    new_subscriber,
    transactional_mail,
)

pytestmark = pytest.mark.django_db
ANN = "ann@example.org"
HOUR = timedelta(hours=1)


class Away(ScriptedMailer):
    """A server that refuses every recipient for now, before a body begins."""

    def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterator[Outcome]:  # noqa: ARG002
        for message in messages:
            yield replace(answer(Verdict.RETRY), delivery_id=message.delivery_id)


def date_of(content: bytes) -> datetime:
    return parsedate_to_datetime(message_from_bytes(content)["Date"])


def test_it_is_the_time_of_sending_not_of_composing() -> None:
    digest(composed_at=NOW - 3 * HOUR)
    transactional_mail(new_subscriber(), Kind.LINK, composed_at=NOW - 3 * HOUR)
    mailer = ScriptedMailer()
    deliver(mailer)
    assert [date_of(message.message) for message in mailer.sent] == [NOW, NOW]


def test_a_retry_of_what_had_begun_carries_the_first_date() -> None:
    row = digest(new_subscriber(ANN), composed_at=NOW - 3 * HOUR)
    seen: list[bytes] = []
    refusing = ScriptedMailer(answers={ANN: answer(Verdict.RETRY)})
    refusing.in_body = lambda message: seen.append(message.message)
    deliver(refusing)
    deliver(refusing, now=NOW + HOUR, clock=later(hours=1))
    mailer = ScriptedMailer()
    deliver(mailer, now=NOW + 2 * HOUR, clock=later(hours=3))
    assert [date_of(content) for content in seen] == [NOW, NOW]
    assert {*seen, mailer.sent[0].message, message_bytes(Delivery.objects.get(pk=row.pk))} == {seen[0]}


def test_what_did_not_begin_is_dated_when_it_does() -> None:
    digest(new_subscriber(ANN), composed_at=NOW - 3 * HOUR)
    deliver(Away())
    mailer = ScriptedMailer()
    deliver(mailer, now=NOW + HOUR, clock=later(hours=1))
    assert [date_of(message.message) for message in mailer.sent] == [NOW + HOUR]


def test_a_batch_of_new_mails_and_retries_has_each_its_own() -> None:
    digest(new_subscriber(ANN), state=State.RETRY_WAIT, retries=1, dated_at=NOW - 2 * HOUR)
    digest(new_subscriber("bob@example.org"))
    mailer = ScriptedMailer()
    deliver(mailer)
    dates = {message.recipient: date_of(message.message) for message in mailer.sent}
    assert dates == {ANN: NOW - 2 * HOUR, "bob@example.org": NOW}
    stored = Delivery.objects.values_list("recipient", "dated_at")
    assert {email: at.replace(microsecond=0) for email, at in stored if at} == dates


def test_a_call_that_lasts_dates_each_batch_by_its_own_time() -> None:
    digest(new_subscriber(ANN))
    digest(new_subscriber("bob@example.org"))
    ahead = [timedelta()]
    mailer = ScriptedMailer(batch_size=1)
    mailer.in_body = lambda _message: ahead.append(ahead[-1] + HOUR)
    start = timezone.now()
    deliver(mailer, clock=lambda: start + ahead[-1])
    assert [date_of(message.message) for message in mailer.sent] == [NOW, NOW + HOUR]


def test_a_digest_composed_anew_is_another_mail() -> None:
    row = digest(dated_at=NOW - 2 * HOUR, state=State.RETRY_WAIT)
    Delivery.objects.update(**UNCOMPOSED)
    Delivery.objects.update(
        state=State.COMPOSED, fragments=row.fragments, composed_at=NOW, next_attempt_at=timezone.now()
    )
    mailer = ScriptedMailer()
    deliver(mailer, clock=later(seconds=1))
    assert [date_of(message.message) for message in mailer.sent] == [NOW]


def test_an_upgrade_keeps_the_dates_of_mails_that_wait_for_a_retry() -> None:
    waiting = digest(state=State.RETRY_WAIT, composed_at=NOW - HOUR)
    new = digest(composed_at=NOW - HOUR)
    apps = MigrationExecutor(connection).loader.project_state(("newsletter", "0020_dated")).apps
    keep_dates(apps)
    assert Delivery.objects.get(pk=waiting.pk).dated_at == NOW - HOUR
    assert Delivery.objects.get(pk=new.pk).dated_at is None


def keep_dates(apps: object) -> None:
    from importlib import import_module

    import_module("newsletter.migrations.0020_dated").keep_dates(apps, None)
