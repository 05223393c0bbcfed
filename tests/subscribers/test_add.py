"""Asking to join and confirming: who is mailed what, how often, and what a confirmation makes of a reader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from newsletter.audience.end_mailing import end_mailing
from newsletter.audience.suppression import Reason, address_key, is_suppressed, suppress
from newsletter.audience.tokens import Purpose, make_timed_token
from newsletter.audience.topics import add_topic
from newsletter.errors import BadInput
from newsletter.models import ConsentEvent, Delivery, Quota, SignUp, Subscriber, Suppression, Topic
from newsletter.models.delivery import FIRST, Kind, State
from newsletter.models.subscriber import Status
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.confirm import confirm, find_sign_up, forget_unconfirmed
from newsletter.subscribers.preferences import Preferences
from newsletter.subscribers.quotas import Limit, hashed
from newsletter.subscribers.signup import JoinRequest, checked_mailbox, request_link, request_to_join
from newsletter.subscribers.unsubscribe import erase, unsubscribe
from tests.web.links import mailed_url

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
PREFERENCES = Preferences.checked(cadence="weekly:fri", at="07:30", timezone="Europe/Berlin")
QUERY = 'cat:cs.CV AND abs:"talking heads"'


@pytest.fixture(autouse=True)
def topics() -> None:
    add_topic("heads", name="Talking heads", query="cat:cs.CV", now=NOW)
    add_topic("quiet", name="Quiet corner", query="cat:math.CO", now=NOW)


def ask(email: str = "ada@example.org", *, now: datetime = NOW, ip: str = "192.0.2.1", **fields: Any) -> None:
    given: dict[str, Any] = {
        "preferences": PREFERENCES,
        "topics": ["quiet", "heads"],
        "form": "sign-up page",
        "text_shown": "I ask for digests.",
    }
    request_to_join(JoinRequest(email=email, ip=ip, **(given | fields)), now=now)


def transactional() -> list[Delivery]:
    return list(Delivery.objects.exclude(kind=Kind.DIGEST).order_by("planned_at"))


def kinds() -> list[str]:
    return [row.kind for row in transactional()]


def join(email: str = "ada@example.org", *, now: datetime = NOW, **fields: Any) -> Subscriber:
    ask(email, now=now, **fields)
    confirm(SignUp.objects.latest("pk"), ip="192.0.2.2", now=now)
    return Subscriber.objects.get(email_key=address_key(email))


def test_who_asks_is_pending_and_gets_one_mail() -> None:
    ask()
    subscriber = Subscriber.objects.get()
    assert (subscriber.status, subscriber.subscriptions.count(), subscriber.next_slot_at) == (
        Status.PENDING,
        0,
        None,
    )
    assert kinds() == [Kind.CONFIRMATION]
    assert "/confirm/" in mailed_url(transactional()[0])


def test_a_confirmation_applies_the_preferences_and_plans_the_first_digest() -> None:
    subscriber = join(query=QUERY)
    assert (subscriber.status, subscriber.cadence, f"{subscriber.at:%H:%M}") == (
        Status.ACTIVE,
        "weekly:fri",
        "07:30",
    )
    assert subscriber.next_slot_at == datetime(2026, 6, 19, 5, 30, tzinfo=UTC)
    subscribed = [each.topic for each in subscriber.subscriptions.select_related("topic")]
    assert [topic.query for topic in subscribed] == ["cat:math.CO", "cat:cs.CV", QUERY]
    assert [topic.owner_id for topic in subscribed] == [None, None, subscriber.pk]
    first = Delivery.objects.get(kind=Kind.DIGEST)
    assert (first.slot_key, first.state, first.slot_at) == (FIRST, State.PLANNED, NOW)


def test_the_consent_says_when_what_and_from_where_without_the_ip_itself() -> None:
    subscriber = join()
    asked, confirmed = ConsentEvent.objects.order_by("pk")
    assert (asked.action, confirmed.action) == ("requested", "confirmed")
    assert {asked.subscriber_id, confirmed.subscriber_id} == {subscriber.pk}
    assert asked.text_shown == confirmed.text_shown == "I ask for digests."
    assert asked.ip_hmac == hashed("consent", "192.0.2.1") != confirmed.ip_hmac
    assert "192.0.2" not in asked.ip_hmac + confirmed.ip_hmac


def test_confirming_again_changes_nothing() -> None:
    subscriber = join()
    sign_up = SignUp.objects.get()
    unsubscribe(subscriber, source="test", now=NOW)
    confirm(sign_up, ip="", now=NOW + DAY)
    subscriber.refresh_from_db()
    assert subscriber.status == Status.UNSUBSCRIBED
    assert Delivery.objects.filter(kind=Kind.DIGEST).count() == 1


def test_a_request_from_before_the_confirmed_one_no_longer_works() -> None:
    ask(topics=["heads"])
    old = SignUp.objects.get()
    join(now=NOW + DAY)
    token = make_timed_token(Purpose.CONFIRM, subject=old.key, now=NOW)
    assert find_sign_up(token, now=NOW + DAY) is None


def test_a_link_works_for_seven_days() -> None:
    ask()
    token = make_timed_token(Purpose.CONFIRM, subject=SignUp.objects.get().key, now=NOW)
    assert find_sign_up(token, now=NOW + 7 * DAY)
    assert find_sign_up(token, now=NOW + 7 * DAY + timedelta(seconds=1)) is None


def test_a_subscriber_who_asks_again_is_told_so_and_nothing_is_changed() -> None:
    add_by_operator(
        "ada@example.org",
        topics=["heads"],
        preferences=Preferences.checked(language="zh"),
        source="test",
        now=NOW,
    )
    ask("Ada@Example.org")
    assert kinds() == [Kind.LINK]
    assert transactional()[0].subject == "你已在接收文摘"
    assert "/preferences/" in mailed_url(transactional()[0])
    assert not SignUp.objects.exists()
    assert Subscriber.objects.get().cadence == "weekly:mon"


def test_the_confirmation_is_in_the_language_asked_for() -> None:
    ask(preferences=Preferences.checked(language="zh-hans"))
    assert transactional()[0].subject == "请确认：用邮件接收 arXiv 新论文"


@pytest.mark.parametrize("reason", list(Reason))
def test_whoever_is_suppressed_comes_back_by_confirming_and_not_before(reason: Reason) -> None:
    suppress("ada@example.org", reason=reason, at=NOW)
    ask()
    assert is_suppressed("ada@example.org")
    confirm(SignUp.objects.get(), ip="", now=NOW)
    assert not is_suppressed("ada@example.org")
    assert Subscriber.objects.get().status == Status.ACTIVE


def test_a_subscriber_who_comes_back_gets_a_first_digest_again_and_keeps_what_they_had() -> None:
    subscriber = join(query=QUERY)
    Subscriber.objects.update(seen_papers=b"something")
    unsubscribe(subscriber, source="test", now=NOW + DAY)
    again = join(now=NOW + 2 * DAY, topics=["heads"], query=QUERY)
    assert (again.pk, again.joined_at, bytes(again.seen_papers)) == (
        subscriber.pk,
        NOW + 2 * DAY,
        b"something",
    )
    assert [each.topic.query for each in again.subscriptions.all()] == ["cat:cs.CV", QUERY]
    assert Topic.objects.filter(owner=again).count() == 1
    keys = Delivery.objects.filter(kind=Kind.DIGEST).values_list("slot_key", "state")
    assert dict(keys) == {"first-20260616T090000000000": State.CANCELLED, FIRST: State.PLANNED}


def test_after_erasing_a_new_sign_up_begins_a_new_record() -> None:
    erase(join(), now=NOW + DAY)
    assert join(now=NOW + 2 * DAY).joined_at == NOW + 2 * DAY
    assert not Suppression.objects.exists()


def test_an_unproven_address_gets_one_a_day_three_in_30_days_and_is_then_free_again() -> None:
    for day in range(40):
        for _ in range(3):
            ask(now=NOW + day * DAY)
    assert [(row.slot_at - NOW).days for row in transactional()] == [0, 1, 2, 30, 31, 32]


def test_the_count_starts_anew_with_a_confirmation() -> None:
    for day in range(3):
        subscriber = join(now=NOW + day * DAY)
        unsubscribe(subscriber, source="test", now=NOW + day * DAY)
    ask(now=NOW + 5 * DAY)
    assert kinds() == [Kind.CONFIRMATION] * 4


def test_who_leaves_by_mistake_can_join_again_at_once() -> None:
    unsubscribe(join(), source="test", now=NOW)
    ask()
    assert kinds() == [Kind.CONFIRMATION] * 2


def test_a_subscriber_who_was_told_that_digests_come_can_leave_and_join_again_the_next_day() -> None:
    subscriber = join()
    for _ in range(3):
        ask()
    assert kinds() == [Kind.CONFIRMATION, Kind.LINK]
    unsubscribe(subscriber, source="test", now=NOW)
    ask()
    assert kinds() == [Kind.CONFIRMATION, Kind.LINK]
    ask(now=NOW + DAY)
    assert kinds() == [Kind.CONFIRMATION, Kind.LINK, Kind.CONFIRMATION]


def test_ten_thousand_requests_for_one_address_use_up_its_own_quota_only() -> None:
    for number in range(10_000):
        ask(ip=f"10.{number % 7}.{number // 250}.{number % 250}", now=NOW + (number % 5) * DAY)
    assert len(transactional()) == 3
    assert Subscriber.objects.count() == 1
    assert SignUp.objects.count() == 3
    service = Quota.objects.filter(kind=Limit.BY_THE_SERVICE.value.kind)
    assert sum(row.count for row in service) == 3
    ask("bob@example.org")
    assert len(transactional()) == 4


@pytest.mark.parametrize(
    ("limit", "address", "ip"),
    [
        (Limit.FROM_AN_IP, "reader{}@d{}.example.org", "192.0.2.1"),
        (Limit.TO_A_DOMAIN, "reader{}@example.org", "10.0.{}.{}"),
        (Limit.BY_THE_SERVICE, "reader{}@d{}.example.org", "10.0.{}.{}"),
    ],
)
def test_the_wider_caps_hold_too(
    limit: Limit, address: str, ip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit, "_value_", type(limit.value)(limit.value.kind, 5))
    for number in range(9):
        ask(address.format(number, number), ip=ip.format(number, number))
    assert len(transactional()) == 5
    ask(address.format(8, 8), ip=ip.format(8, 8), now=NOW + DAY)
    assert len(transactional()) == 6


def test_counts_hold_no_address_and_no_ip_and_are_forgotten_once_no_cap_looks_at_them() -> None:
    ask()
    kept = " ".join(f"{row.kind} {row.key}" for row in Quota.objects.all())
    assert "@" not in kept
    assert "example" not in kept
    assert "192.0" not in kept
    forget_unconfirmed(now=NOW + DAY)
    assert [row.kind for row in Quota.objects.all()] == [Limit.UNREQUESTED.value.kind]
    forget_unconfirmed(now=NOW + 29 * DAY)
    assert Quota.objects.exists()
    forget_unconfirmed(now=NOW + 30 * DAY)
    assert not Quota.objects.exists()


def test_an_address_that_never_confirmed_is_forgotten() -> None:
    ask()
    ask("late@example.org", now=NOW + DAY)
    join("bob@example.org")
    assert forget_unconfirmed(now=NOW + 8 * DAY) == 0
    assert forget_unconfirmed(now=NOW + 9 * DAY) == 1
    assert set(Subscriber.objects.values_list("email", flat=True)) == {"late@example.org", "bob@example.org"}


def test_whoever_asks_once_more_is_not_forgotten_meanwhile() -> None:
    ask()
    ask(now=NOW + 6 * DAY)
    assert forget_unconfirmed(now=NOW + 9 * DAY) == 0
    confirm(SignUp.objects.latest("pk"), ip="", now=NOW + 9 * DAY)


def test_a_link_goes_to_whoever_reads_or_has_left_and_once_a_day() -> None:
    join()
    ask("pending@example.org")
    left = join("left@example.org")
    unsubscribe(left, source="test", now=NOW)
    for status in (Status.BOUNCED, Status.COMPLAINED):
        end_mailing(join(f"{status}@example.org"), status=status, now=NOW)
    before = len(transactional())
    for name in ("ada", "pending", "left", "bounced", "complained", "nobody"):
        for second in range(5):
            request_link(f"{name}@example.org", ip="", now=NOW + timedelta(seconds=second))
    assert [row.kind for row in transactional()][before:] == [Kind.LINK] * 2
    went_to = [row.subscriber.email for row in transactional()[before:] if row.subscriber]
    assert sorted(went_to) == ["ada@example.org", "left@example.org"]
    left.refresh_from_db()
    assert (left.status, left.next_slot_at) == (Status.UNSUBSCRIBED, None)


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "ada@[127.0.0.1]",
        "ada@[IPv6:::1]",
        "ada@example.org\r\nBcc: bob@example.org",
        "ada@example.org\nbob@example.org",
        "ada@example.org, bob@example.org",
        "Ada <ada@example.org>",
        "ada@exa\x00mple.org",
        "ada@example..org",
        "ada@-example.org",
        "ädä@example.org",
        "ada@example.org@example.org",
        "a" * 65 + "@example.org",
        "a" * 388 + "@example.org",
        "a@" + ".".join(["a" * 60] * 6) + ".org",
    ],
)
def test_a_mailbox_that_cannot_be_is_refused(email: str) -> None:
    with pytest.raises(BadInput):
        checked_mailbox(email)


def test_a_look_alike_is_an_address_of_its_own() -> None:
    latin = join("ada@example.org")
    ask(checked_mailbox("ada@ex\N{CYRILLIC SMALL LETTER A}mple.org"), now=NOW + DAY)
    other = Subscriber.objects.exclude(pk=latin.pk).get()
    assert other.email_key == "ada@xn--exmple-4nf.org"
    assert other.status == Status.PENDING
    assert address_key("ada@EXAMPLE.org") == latin.email_key
