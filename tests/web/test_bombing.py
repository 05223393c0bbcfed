"""An attack: one mailbox is to be filled with mail nobody asked for, by every form that sends some."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from newsletter.audience.tokens import Purpose, make_timed_token
from newsletter.audience.topics import add_topic
from newsletter.models import Delivery, FreshLink, Quota, SignUp, Subscriber
from newsletter.models.delivery import Kind
from newsletter.models.subscriber import Status
from newsletter.pipeline.compose.message import recipient
from newsletter.subscribers.confirm import forget_unconfirmed
from tests.web.links import mailed_path

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
VICTIM = "adalace@gmail.com"
DISGUISES = (
    "adalace@gmail.com",
    "AdaLace@Gmail.com",
    "ada.lace@gmail.com",
    "a.d.a.l.a.c.e@gmail.com",
    "adalace@googlemail.com",
    "adalace+1@gmail.com",
    "adalace+2@gmail.com",
    "ada.lace+3@googlemail.com",
    '"adalace"@gmail.com',
    '"a\\dalace"@gmail.com',
    '"ada..lace"@gmail.com',
)
MEANT = frozenset(map(str.casefold, DISGUISES))
_networks = itertools.count()


@pytest.fixture(autouse=True)
def topic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.web.constant_time.AT_LEAST", 0.0)  # hundreds of forms are sent here
    add_topic("heads", name="Talking heads", query="cat:cs.CV", now=NOW)


def stranger() -> Client:
    """Somebody from a network of their own each time."""
    number = next(_networks)
    address = f"10.{number // 62500 % 250}.{number // 250 % 250}.{number % 250}"
    return Client(SERVER_NAME="localhost", REMOTE_ADDR=address)


def sign_up(email: str) -> None:
    assert stranger().post("/", {"email": email, "topics": "heads"}).status_code == 200


def ask_for_link(email: str) -> None:
    assert stranger().post("/preferences/", {"email": email}).status_code == 200


def move_there(email: str) -> None:
    """Have a reader of the attacker's own give the victim's address as a new one."""
    number = next(_networks)
    own = f"attacker{number}@d{number}.example.org"
    subscriber = Subscriber.objects.create(email=own, email_key=own, status=Status.ACTIVE, joined_at=NOW)
    now = datetime.now(tz=UTC)
    link = FreshLink.objects.create(subscriber=subscriber, requested_at=now)
    token = make_timed_token(Purpose.FRESH, subject=link.key, now=now)
    assert stranger().post(f"/account/{token}", {"email": email}).status_code == 200


FORMS: list[Callable[[str], None]] = [sign_up, ask_for_link, move_there]


def mails_to_the_victim() -> dict[str, int]:
    """Return the day of each, counted from the first one."""
    letters = Delivery.objects.exclude(kind=Kind.DIGEST).select_related("subscriber")
    return {
        letter.message_id: (letter.planned_at.date() - NOW.date()).days
        for letter in letters
        if recipient(letter).casefold() in MEANT
    }


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("victim", [None, Status.PENDING, Status.ACTIVE, Status.UNSUBSCRIBED])
def test_one_form_fills_no_mailbox(form: Callable[[str], None], victim: Status | None) -> None:
    if victim is not None:
        Subscriber.objects.create(email=VICTIM, email_key=VICTIM, status=victim, joined_at=NOW)
    for day in range(4):
        with time_machine.travel(NOW + day * DAY):
            for email in DISGUISES:
                form(email)
    is_told = form is not ask_for_link or victim in (Status.ACTIVE, Status.UNSUBSCRIBED)
    days = sorted(mails_to_the_victim().values())
    assert days == ([0, 1, 2] if is_told else [])


def test_all_forms_together_send_one_a_day_and_three_in_30_days_and_then_it_is_free_again() -> None:
    mails: dict[str, int] = {}
    with time_machine.travel(NOW, tick=False) as clock:
        for day in range(64):
            for form in FORMS:
                form(DISGUISES[day % len(DISGUISES)])
                form(VICTIM)
            mails |= mails_to_the_victim()
            forget_unconfirmed(now=datetime.now(tz=UTC))
            clock.shift(DAY)
    assert sorted(mails.values()) == [0, 1, 2, 30, 31, 32, 60, 61, 62]


def test_whoever_was_bombed_can_join_once_the_days_are_over_and_anew_once_confirmed() -> None:
    for day in (0, 1, 2):
        with time_machine.travel(NOW + day * DAY):
            sign_up(VICTIM)
    for day, mails in ((3, 3), (29, 3), (30, 4)):
        with time_machine.travel(NOW + day * DAY):
            sign_up(VICTIM)
            assert Delivery.objects.count() == mails
    with time_machine.travel(NOW + 30 * DAY + timedelta(hours=1)):
        path = mailed_path("confirm-")
        assert stranger().post(path).status_code == 200
        ask_for_link(VICTIM)
    letters = Delivery.objects.filter(kind=Kind.LINK)
    assert [recipient(each) for each in letters.select_related("subscriber")] == [VICTIM]


def test_a_confirmed_owner_is_mailed_again_that_day() -> None:
    with time_machine.travel(NOW):
        sign_up(VICTIM)
        stranger().post(mailed_path("confirm-"))
        assert Subscriber.objects.get().status == Status.ACTIVE
        ask_for_link(VICTIM)
    assert Delivery.objects.filter(kind=Kind.LINK).count() == 1


def test_a_link_that_is_not_sent_counts_nothing() -> None:
    with time_machine.travel(NOW):
        ask_for_link(VICTIM)
        sign_up(VICTIM)
    assert Delivery.objects.count() == 1


def test_a_network_of_ipv6_is_one_visitor() -> None:
    for number in range(100):
        visitor = Client(SERVER_NAME="localhost", REMOTE_ADDR=f"2001:db8:0:1::{number:x}")
        visitor.post("/", {"email": f"r{number}@d{number}.example.org", "topics": "heads"})
    assert SignUp.objects.count() == 20
    other = Client(SERVER_NAME="localhost", REMOTE_ADDR="2001:db8:0:2::1")
    other.post("/", {"email": "other@example.org", "topics": "heads"})
    assert SignUp.objects.count() == 21


def test_one_visitor_moves_to_no_more_mailboxes_than_they_may_sign_up() -> None:
    """The caps by network and by domain count a question at a new address like any other mail."""
    with time_machine.travel(NOW):
        for number in range(30):
            own = f"own{number}@e{number}.example.org"
            subscriber = Subscriber.objects.create(email=own, email_key=own, status="active", joined_at=NOW)
            link = FreshLink.objects.create(subscriber=subscriber, requested_at=NOW)
            token = make_timed_token(Purpose.FRESH, subject=link.key, now=NOW)
            visitor = Client(SERVER_NAME="localhost", REMOTE_ADDR="192.0.2.7")
            visitor.post(f"/account/{token}", {"email": f"victim{number}@v{number}.example.org"})
    assert Delivery.objects.filter(kind=Kind.LINK).count() == 20
    assert "victim" not in str(list(Quota.objects.values()))
