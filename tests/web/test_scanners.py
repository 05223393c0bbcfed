"""Scanners open every link of a mail, again and again: ten thousand requests change not one row."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import cycle, islice

import pytest
import time_machine
from django.test import Client

from newsletter.audience.tokens import Purpose, make_timed_token
from newsletter.subscribers.account import mail_fresh_link
from tests.pipeline.deliveries import message_bytes
from tests.traces import every_table
from tests.web.conftest import SENT, Service

REQUESTS = [600, pytest.param(10_000, marks=pytest.mark.slow)]
_OURS = re.compile(rb'http://localhost:8000(/[^\s"<>\]]*)')


def links_of(service: Service) -> list[str]:
    """Return the path of every link to the service that the mail holds, and those mailed besides."""
    mail = message_bytes(service.delivery).replace(b"=\r\n", b"").replace(b"=3D", b"=")
    found = sorted({path.decode().partition("#")[0] for path in _OURS.findall(mail)})
    fresh = make_timed_token(Purpose.FRESH, subject=service.subscriber.fresh_links.get().key, now=SENT)
    return [*found, service.link(Purpose.SHARE), f"/account/{fresh}", f"/account/{fresh}/erase"]


@time_machine.travel(SENT + timedelta(hours=2), tick=True)
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("requests", REQUESTS)
def test_requests_for_every_link_of_a_digest_change_no_row(
    visitor: Client, service: Service, requests: int
) -> None:
    assert mail_fresh_link(service.subscriber, now=SENT)
    links = links_of(service)
    for purpose in (Purpose.PREFERENCES, Purpose.UNSUBSCRIBE, Purpose.DIGEST):
        assert service.link(purpose) in links
    before = every_table()
    answers = set()
    for number, path in enumerate(islice(cycle(links), requests)):
        ask = visitor.head if number // len(links) % 2 else visitor.get
        answers.add((path, ask(path).status_code))
    assert len(answers) == len(links)
    # The fresh link is an hour old by now; everything else answers.
    assert {path for path, status in answers if status != 200} == set(links[-2:])
    assert every_table() == before
