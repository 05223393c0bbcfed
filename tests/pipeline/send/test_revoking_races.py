"""Links are revoked while mails are under way, and by two requests at once."""

from __future__ import annotations

import pytest

from newsletter.adapters.ports import Outgoing
from newsletter.models import AddressChange, FreshLink, RevokedKey, Subscriber
from newsletter.models.delivery import Kind, State
from newsletter.subscribers.account import ask_to_move, mail_fresh_link
from newsletter.subscribers.revoke_links import revoke_links
from tests.fakes.mailer import ScriptedMailer
from tests.pipeline.deliveries import NOW, deliver, digest, new_subscriber
from tests.pipeline.send.test_deliver_races import run_together

pytestmark = pytest.mark.django_db(transaction=True)


def revoking_once(person: Subscriber) -> ScriptedMailer:
    """Return a mailer before whose first body the reader's links are revoked."""
    mailer = ScriptedMailer()

    def revoke(_message: Outgoing) -> None:
        if not RevokedKey.objects.exists():
            run_together(lambda: revoke_links(Subscriber.objects.get(pk=person.pk), now=NOW))

    mailer.before_begin = revoke
    return mailer


def test_a_digest_that_was_written_with_the_old_links_is_written_anew() -> None:
    person = new_subscriber("ada@example.org")
    old, row = person.link_key, digest(person)
    mailer = revoking_once(person)
    deliver(mailer)
    person.refresh_from_db()
    [sent] = mailer.sent
    text = sent.message.replace(b"=\r\n", b"").decode()
    assert old not in text
    assert person.link_key in text
    row.refresh_from_db()
    assert (row.state, row.attempt) == (State.ACCEPTED, 1)


def test_a_letter_that_was_written_with_the_old_links_is_not_sent() -> None:
    person = new_subscriber("ada@example.org")
    mail_fresh_link(person, now=NOW)
    mailer = revoking_once(person)
    deliver(mailer, transactional=True)
    assert mailer.sent == []
    assert person.deliveries.get(kind=Kind.LINK).state == State.CANCELLED


def test_one_link_used_by_many_requests_at_once_changes_something_once() -> None:
    person = new_subscriber("ada@example.org")
    mail_fresh_link(person, now=NOW)
    key = person.fresh_links.get().pk
    answers = []

    def use(number: int) -> None:
        link = FreshLink.objects.select_related("subscriber").get(pk=key)
        answers.append(ask_to_move(link, email=f"n{number}@example.org", ip="", now=NOW))

    run_together(*(lambda number=number: use(number) for number in range(6)))
    assert sorted(answers) == [False] * 5 + [True]
    assert AddressChange.objects.count() == 1


def test_links_revoked_by_many_at_once_leave_each_old_key_revoked() -> None:
    person = new_subscriber("ada@example.org")
    first = person.link_key
    run_together(*[lambda: revoke_links(Subscriber.objects.get(pk=person.pk), now=NOW)] * 6)
    person.refresh_from_db()
    keys = set(RevokedKey.objects.values_list("key", flat=True))
    assert (len(keys), first in keys, person.link_key in keys) == (6, True, False)
