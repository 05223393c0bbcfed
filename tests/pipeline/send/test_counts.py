"""What sending costs the database: statements and commits a mail, counted, so that neither grows unseen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection

from newsletter.models import Subscription, Topic
from newsletter.models.delivery import Kind
from tests.fakes.mailer import ScriptedMailer
from tests.pipeline.deliveries import NOW, deliver, digest, new_subscriber, topic, transactional_mail

pytestmark = pytest.mark.django_db(transaction=True)

MAILS = 300
_BEGINS = ("BEGIN", "SAVEPOINT", "RELEASE")


@dataclass
class Counts:
    statements: int = 0
    commits: int = 0

    def wrapper(self, execute: Any, sql: str, *arguments: Any) -> Any:
        if not sql.startswith(_BEGINS):
            self.statements += 1
            self.commits += not connection.in_atomic_block  # it commits by itself, and if it only reads
        return execute(sql, *arguments)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counts]:
    """Count on this thread's connection. Django's own test tools do not see commits."""
    counts, commit = Counts(), connection.commit

    def counted_commit() -> None:
        counts.commits += 1
        commit()

    monkeypatch.setattr(connection, "commit", counted_commit)
    with connection.execute_wrapper(counts.wrapper):
        yield counts


def due(heads: Topic, *, papers: int, **fields: Any) -> None:
    person = new_subscriber()
    Subscription.objects.create(subscriber=person, topic=heads, position=0, created_at=NOW)
    digest(person, papers={"summarised": [papers]}, topics=[heads.pk], **fields)


@pytest.mark.parametrize("retries", [0, 1])
def test_a_mail_of_a_large_batch_takes_half_a_statement_and_a_twelfth_of_a_commit(
    retries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads, mailer = topic(), ScriptedMailer()
    for number in range(MAILS):
        due(heads, papers=number, retries=retries, state="RETRY_WAIT" if retries else "COMPOSED")
    with counted(monkeypatch) as counts:
        assert deliver(mailer).states == {"ACCEPTED": MAILS}
    print(f"{connection.vendor}: {counts.statements / MAILS:.2f}, {counts.commits / MAILS:.3f}")  # noqa: T201 - for `pytest -s`
    assert counts.statements / MAILS <= 0.45
    assert counts.commits / MAILS <= 0.1


def test_a_single_mail_takes_few(monkeypatch: pytest.MonkeyPatch) -> None:
    transactional_mail(new_subscriber(), Kind.LINK)
    with counted(monkeypatch) as counts:
        assert deliver(ScriptedMailer(), transactional=True).states == {"ACCEPTED": 1}
    print(f"{connection.vendor}: {counts.statements}, {counts.commits}")  # noqa: T201 - for `pytest -s`
    assert (counts.statements, counts.commits) <= (24, 8)
