"""A reader whose address is beyond ASCII, from joining to the mail server."""

from __future__ import annotations

import pytest

from newsletter.adapters.mailers.smtp import SmtpMailer
from newsletter.audience.suppression import suppressed
from newsletter.errors import BadInput
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.preferences import Preferences, checked_address
from newsletter.subscribers.signup import checked_mailbox
from tests.fakes.smtp_server import SmtpServer
from tests.pipeline.deliveries import NOW, deliver, digest, topic

pytestmark = pytest.mark.django_db

ADDRESS = "读者@例子.测试"


def a_subscriber() -> Subscriber:
    topic()
    return add_by_operator(
        ADDRESS, topics=["heads"], preferences=Preferences.checked(), source="test", now=NOW
    )


def send(server: SmtpServer) -> Delivery:
    mailer = SmtpMailer(server.url, ehlo_name="test.example")
    deliver(mailer)
    mailer.close()
    return Delivery.objects.select_related("subscriber").get()


def test_it_is_mailed_where_the_server_offers_smtputf8() -> None:
    digest(a_subscriber())
    with SmtpServer(smtputf8=True) as server:
        row = send(server)
    assert row.state == State.ACCEPTED
    assert server.messages[0].recipients == ("读者@xn--fsqu00a.xn--0zwm56d",)


def test_elsewhere_the_delivery_fails_in_words_and_the_subscriber_stays() -> None:
    subscriber = a_subscriber()
    digest(subscriber)
    with SmtpServer() as server:
        row = send(server)
    assert row.state == State.FAILED
    assert "SMTPUTF8" in row.last_detail
    assert row.subscriber is not None
    assert (row.subscriber.status, row.subscriber.soft_bounces) == (Status.ACTIVE, 0)
    assert not suppressed([subscriber.email_key])
    assert not server.messages


@pytest.mark.parametrize("address", [ADDRESS, "jürgen.müller@bücher.example", "o'brien@example.org"])
def test_the_operator_may_add_any_address_that_can_be_written(address: str) -> None:
    assert checked_address(f" {address} ") == address


@pytest.mark.parametrize(
    "address",
    [
        "读 者@example.org",
        "读\u200b者@example.org",
        "读者",
        "读者@",
        "@例子.测试",
        "读者@-x.example",
        "读" * 22 + "@a.de",
    ],
)
def test_nobody_may_add_what_cannot(address: str) -> None:
    with pytest.raises(BadInput, match="is not an e-mail address"):
        checked_address(address)


def test_the_public_form_asks_for_ascii_before_the_at() -> None:
    assert checked_mailbox("reader@例子.测试") == "reader@例子.测试"
    with pytest.raises(BadInput, match="not ASCII"):
        checked_mailbox(ADDRESS)
