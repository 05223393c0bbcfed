"""Random histories, a back-up at some point, more history, and the back-up restored.

Whatever happened: no delivery leaves twice, no reader gets two digests of one date, and nobody gets one after
leaving (as far as there is a log). Who stayed gets the next one.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from newsletter.adapters.ports import Outgoing, Verdict
from newsletter.audience.suppression import lift
from newsletter.backup.make import back_up
from newsletter.backup.restore import restore
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from newsletter.pipeline.schedule import plan_ahead, plan_due
from newsletter.pipeline.send.pause import resume_sending
from newsletter.pipeline.send.subscriber_status import complained
from newsletter.subscribers.change import reschedule, set_topics
from newsletter.subscribers.unsubscribe import erase, unsubscribe
from tests.fakes.mailer import Killed, answer
from tests.pipeline.deliveries import (
    CARD,
    FOOTER,
    NOW,
    deliver,
    later,
    new_subscriber,
    reconcile_now,
    store,
    topic,
)
from tests.pipeline.killed import HERE, Smtp, at_message, die

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("data")]

READERS = [f"reader{number}@example.org" for number in range(6)]
STEPS = 14


@dataclass
class World:
    chance: random.Random
    now: datetime = NOW - timedelta(hours=1)
    left_us: list[tuple[str, str, str]] = field(default_factory=list)
    """(recipient, delivery id, slot key) of every body that left as a whole, in this order."""
    gone: dict[str, int] = field(default_factory=dict)
    """Who left, after how many bodies."""

    def begin(self) -> None:
        topic("heads"), topic("graphs")
        for email in READERS:
            reader = new_subscriber(email, cadence="daily", joined_at=NOW - timedelta(days=30))
            set_topics(reader, topics=["heads", "graphs"], now=self.now)
            reschedule(reader, now=self.now)

    def reader(self) -> Subscriber | None:
        here = Subscriber.objects.filter(status=Status.ACTIVE).order_by("pk")
        return self.chance.choice(list(here)) if here else None

    # --- what can happen ---

    def time_passes(self) -> None:
        self.now += timedelta(hours=self.chance.choice([1, 5, 22, 24, 47]))
        self.plan()

    def plan(self) -> None:
        """Plan what is due, and have it composed."""
        plan_due(now=self.now)
        plan_ahead(now=self.now)
        planned = Delivery.objects.filter(state=State.PLANNED, slot_at__lte=self.now)
        planned.update(
            state=State.COMPOSED,
            subject="news",
            fragments=store(CARD, FOOTER),
            composed_at=self.now,
            next_attempt_at=timezone.now(),
        )

    def mails_go(self) -> None:
        verdicts = [Verdict.ACCEPTED] * 5 + [Verdict.RETRY, Verdict.UNKNOWN, Verdict.NOT_TRIED]
        answers = {email: answer(self.chance.choice(verdicts)) for email in READERS}
        self.send(Smtp(answers=answers), limit=self.chance.choice([1, 3, None]))

    def a_worker_dies(self) -> None:
        moment = self.chance.choice(["before_begin", "in_body", "before_answer"])
        hook: dict[str, Callable[[Outgoing], None]] = {moment: at_message(self.chance.randrange(3), die)}
        with suppress(Killed):
            self.send(Smtp(**hook))
        if self.chance.random() < 0.7:
            reconcile_now(Smtp(), now=self.now, dead_owners=[HERE])

    def send(self, mailer: Smtp, *, limit: int | None = None) -> None:
        try:
            deliver(mailer, now=self.now, owner=HERE, clock=later(days=1), limit=limit)
        finally:
            keys = dict(Delivery.objects.values_list("pk", "slot_key"))
            for message in mailer.sent:
                key = next(key for pk, key in keys.items() if str(pk) == message.delivery_id)
                self.left_us.append((message.recipient, message.delivery_id, key))

    def somebody_leaves(self) -> None:
        if (reader := self.reader()) is not None:
            unsubscribe(reader, source="test", now=self.now)
            self.gone[reader.email] = len(self.left_us)

    def somebody_complains(self) -> None:
        about = Delivery.objects.filter(recipient__gt="", subscriber__status=Status.ACTIVE).first()
        if about is not None and about.subscriber is not None:
            complained(about, about.subscriber, at=self.now)
            self.gone[about.subscriber.email] = len(self.left_us)

    def somebody_is_erased(self) -> None:
        if (reader := self.reader()) is not None:
            erase(reader, now=self.now)
            self.gone[reader.email] = len(self.left_us)

    def somebody_returns(self) -> None:
        away = Subscriber.objects.exclude(status=Status.ACTIVE).order_by("pk").first()
        if away is not None:
            lift(away.email_key)
            Subscriber.objects.filter(pk=away.pk).update(status=Status.ACTIVE)
            reschedule(Subscriber.objects.get(pk=away.pk), now=self.now)
            del self.gone[away.email]

    def step(self) -> None:
        happens = self.chance.choices(
            [
                self.time_passes,
                self.mails_go,
                self.a_worker_dies,
                self.somebody_leaves,
                self.somebody_complains,
                self.somebody_is_erased,
                self.somebody_returns,
            ],
            weights=[6, 6, 2, 1, 0.5, 0.5, 1],
        )[0]
        happens()


def no_passphrase() -> str:
    raise AssertionError("it is not encrypted")


@pytest.mark.parametrize("lost", ["nothing", "journals", "everything"])
@pytest.mark.parametrize("seed", range(3))
def test_no_mail_goes_twice_and_none_after_goodbye(seed: int, lost: str, tmp_path: Path) -> None:
    world = World(random.Random(f"{seed} {lost}"))  # noqa: S311 - the same history each time
    world.begin()
    world.time_passes()
    at, path = world.chance.randrange(STEPS - 3), tmp_path / "backup"
    for number in range(STEPS):
        if number == at:
            back_up(path)
        world.step()
    if lost == "journals":
        shutil.rmtree(settings.CONFIG.journal_folder, ignore_errors=True)
    if lost == "everything":
        shutil.rmtree(settings.CONFIG.data_dir)
    restore(path, now=world.now, replace=True, passphrase_for=no_passphrase)
    restored_at = len(world.left_us)
    world.send(Smtp())
    assert len(world.left_us) == restored_at  # paused
    resume_sending(without_log=lost == "everything")
    for _ in range(5):
        world.plan()
        reconcile_now(Smtp(), now=world.now, real_now=timezone.now() + timedelta(days=2), dead_owners=[HERE])
        world.send(Smtp())
        world.now += timedelta(hours=24)
    assert [key for key, times in Counter(each[1] for each in world.left_us).items() if times > 1] == []
    dates = Counter((recipient, key) for recipient, _, key in world.left_us)
    assert [each for each, times in dates.items() if times > 1] == []
    if lost != "everything":
        afterwards = [
            each for email, at in world.gone.items() for each in world.left_us[at:] if each[0] == email
        ]
        assert afterwards == []
    served = {recipient for recipient, _, _ in world.left_us[restored_at:]}
    stayed = {each.email for each in Subscriber.objects.filter(status=Status.ACTIVE)}
    assert stayed <= served
    assert stayed or world.gone
