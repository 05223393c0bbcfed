"""Files of other services as they are: nobody who left there is mailed here."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.audience.suppression import Reason, suppressed
from newsletter.errors import BadInput, NewsletterError
from newsletter.models import ConsentEvent, Delivery, Subscriber, Suppression
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.import_subscribers import SubscriberImport, import_subscribers
from newsletter.subscribers.import_suppressions import SuppressionImport, import_suppressions
from newsletter.subscribers.preferences import Preferences
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.subscribers.conftest import NOW, Write
from tests.subscribers.test_import_suppressions import _due

pytestmark = pytest.mark.usefixtures("topics")
EXPORTS = Path(__file__).parent.parent / "data" / "exports"
LEFT, BOUNCED, SPAM, OTHER = Reason.UNSUBSCRIBED, Reason.BOUNCED, Reason.COMPLAINED, Reason.IMPORTED
NAMES = [f"{kind}{number}" for kind in ("reads", "left", "dead", "spam", "asked") for number in range(1, 8)]


def _suppressed() -> dict[str, Reason]:
    keys = {f"{name}@example.org": name for name in [*NAMES, "shop"]} | {"dead4@example.invalid": "dead4"}
    return {keys[key]: reason for key, reason in suppressed(keys).items()}


def _active() -> list[str]:
    subscribers = Subscriber.objects.filter(status=Status.ACTIVE).order_by("email_key")
    return [subscriber.email.partition("@")[0] for subscriber in subscribers]


def _subscribers(name: str, *, dry_run: bool = False) -> SubscriberImport:
    return import_subscribers(
        EXPORTS / name,
        now=NOW,
        topics=["heads", "quiet"],
        consent_source="the lab's list",
        dry_run=dry_run,
    )


READERS = [
    ("subscribed_email_audience_export.csv", ["reads1", "reads2"], {}, 0),
    ("unsubscribed_email_audience_export.csv", [], {"left1": LEFT, "left2": LEFT}, 0),
    ("cleaned_email_audience_export.csv", [], {"dead1": BOUNCED}, 0),
    ("nonsubscribed_email_audience_export.csv", [], {}, 1),
    ("substack_email_list.csv", ["reads1", "reads2"], {"left1": LEFT, "left2": LEFT}, 0),
    ("substack_subscribers_page.csv", ["reads1"], {"left1": LEFT}, 0),
    (
        "buttondown_subscribers.csv",
        ["reads1", "reads2"],
        {"left1": LEFT, "left2": OTHER, "dead1": BOUNCED, "spam1": SPAM},
        1,
    ),
    ("ghost_members.csv", ["reads1", "reads2"], {"left1": LEFT, "left2": LEFT}, 0),
    ("listmonk_subscribers.csv", ["reads1", "reads2"], {"left1": OTHER, "left2": OTHER}, 0),
]


@pytest.mark.parametrize(
    ("name", "subscribers", "gone", "pending"), READERS, ids=[each[0] for each in READERS]
)
def test_subscribers_of_another_service_keep_their_status(
    name: str, subscribers: list[str], gone: dict[str, Reason], pending: int
) -> None:
    dry = _subscribers(name, dry_run=True)
    assert not Subscriber.objects.exists()
    assert not Suppression.objects.exists()
    done = _subscribers(name)
    assert done == dry
    assert (done.imported, done.left, done.pending, done.faults) == (len(subscribers), len(gone), pending, [])
    assert (_active(), _suppressed()) == (subscribers, gone)
    assert Subscriber.objects.count() == len(subscribers)
    assert not Delivery.objects.exists()
    for subscriber in Subscriber.objects.all():
        assert [each.topic.slug for each in subscriber.subscriptions.all()] == ["heads", "quiet"]
    again = _subscribers(name)
    assert (again.imported, again.left) == (0, 0)
    assert (_active(), _suppressed()) == (subscribers, gone)


@pytest.mark.parametrize(
    ("name", "subscribers", "gone", "pending"), READERS, ids=[each[0] for each in READERS]
)
def test_the_same_file_as_suppressions_leaves_its_subscribers_alone(
    name: str, subscribers: list[str], gone: dict[str, Reason], pending: int
) -> None:
    done = import_suppressions(EXPORTS / name, now=NOW)
    assert (done.added, done.active, done.faults) == (len(gone), len(subscribers) + pending, [])
    assert _suppressed() == gone


@pytest.mark.parametrize(
    ("name", "gone", "faults"),
    [
        ("sendgrid_suppression_bounces.csv", {"dead1": BOUNCED, "dead2": BOUNCED}, []),
        ("sendgrid_suppression_blocks.csv", {"dead3": BOUNCED}, []),
        ("sendgrid_suppression_spam_reports.csv", {"spam1": SPAM}, []),
        ("sendgrid_suppression_invalid_emails.csv", {"dead4": BOUNCED}, [3]),
        ("sendgrid_suppression_unsubscribes.csv", {"left1": LEFT}, []),
        ("bare_list.txt", {f"left{number}": OTHER for number in range(1, 8)}, []),
    ],
)
def test_suppressions_of_another_service_are_read(
    name: str, gone: dict[str, Reason], faults: list[int]
) -> None:
    done = import_suppressions(EXPORTS / name, now=NOW)
    assert _suppressed() == gone
    assert (done.added, [fault.line for fault in done.faults]) == (len(gone), faults)


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("sendgrid_suppression_unsubscribes.csv", datetime(2024, 3, 1, 5, 10, 6, tzinfo=UTC)),
        ("cleaned_email_audience_export.csv", datetime(2024, 4, 5, 6, 7, 8, tzinfo=UTC)),
        ("substack_subscribers_page.csv", datetime(2024, 3, 4, 5, 6, 7, tzinfo=UTC)),
    ],
)
def test_it_is_known_since_when(name: str, since: datetime) -> None:
    import_suppressions(EXPORTS / name, now=NOW)
    assert Suppression.objects.get().at == since


def test_the_consent_names_the_service_and_its_date() -> None:
    _subscribers("subscribed_email_audience_export.csv")
    sources = ConsentEvent.objects.order_by("subscriber__email_key").values_list("source", flat=True)
    assert list(sources) == [
        "the lab's list (Mailchimp: since 2019-01-02)",
        "the lab's list (Mailchimp: since 2020-02-03)",
    ]


@pytest.mark.parametrize(
    "name", ["sendgrid_suppression_bounces.csv", "sendgrid_suppression_unsubscribes.csv"]
)
def test_a_list_of_suppressions_makes_no_subscribers(name: str) -> None:
    with pytest.raises(NewsletterError, match="--suppressions"):
        _subscribers(name)
    assert not Subscriber.objects.exists()


def test_an_export_needs_topics_and_consent_and_says_so() -> None:
    with pytest.raises(NewsletterError, match=r"export of Ghost: .*--topics.*--consent-source"):
        import_subscribers(EXPORTS / "ghost_members.csv", now=NOW, topics=["heads"])
    with pytest.raises(BadInput, match="no topic 'nothing'"):
        import_subscribers(EXPORTS / "ghost_members.csv", now=NOW, topics=["nothing"], consent_source="list")
    assert not Suppression.objects.exists()


def test_nobody_who_left_here_is_revived() -> None:
    subscriber = add_by_operator(
        "reads1@example.org", topics=["heads"], preferences=Preferences.checked(), source="test", now=NOW
    )
    unsubscribe(subscriber, source="test", now=NOW)
    done = _subscribers("ghost_members.csv")
    assert [fault.line for fault in done.faults] == [2]
    assert _active() == ["reads2"]
    subscriber.refresh_from_db()
    assert subscriber.status == Status.UNSUBSCRIBED


def test_a_subscriber_here_who_left_there_is_ended() -> None:
    subscriber = add_by_operator(
        "left1@example.org", topics=["heads"], preferences=Preferences.checked(), source="test", now=NOW
    )
    due = _due(subscriber)
    done = _subscribers("ghost_members.csv")
    subscriber.refresh_from_db()
    due.refresh_from_db()
    assert (done.unsubscribed, subscriber.status, due.state) == (1, Status.UNSUBSCRIBED, State.CANCELLED)
    assert ConsentEvent.objects.get(action="unsubscribed").source == "subscriber import"


def test_one_address_that_reads_and_left_in_the_same_file_has_left(write: Write) -> None:
    path = write("email,subscribed_to_emails\nreads1@example.org,true\nREADS1@example.org,false\n")
    for dry_run in (True, False):
        done = import_subscribers(path, now=NOW, topics=["heads"], consent_source="list", dry_run=dry_run)
        assert (done.imported, [fault.line for fault in done.faults]) == (0, [2])
    assert (_active(), _suppressed()) == ([], {"reads1": LEFT})


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("email,subscribed_to_emails\nreads1@example.org,maybe\n", 2),
        ("email,subscribed_to_emails\nreads1@example.org\n", 2),
        ("email,type,creation_date\nreads1@example.org,wizard,2021-01-01\n", 2),
        ("email,uuid,status\nreads1@example.org,5f0a,\n", 2),
        ("email,active_subscription,email_disabled\nreads1@example.org,true,perhaps\n", 2),
    ],
)
def test_a_status_that_is_not_known_is_nobodys_consent(write: Write, content: str, line: int) -> None:
    done = import_subscribers(write(content), now=NOW, topics=["heads"], consent_source="list")
    assert (done.imported, [fault.line for fault in done.faults]) == (0, [line])
    assert not Subscriber.objects.exists()


def test_every_row_counts_where_the_operator_says_so() -> None:
    """listmonk calls everybody enabled who has left one of its lists."""
    assert "enabled" in _subscribers("listmonk_subscribers.csv", dry_run=True).caution
    done = import_suppressions(EXPORTS / "listmonk_subscribers.csv", now=NOW, every_row=True)
    assert (done.added, done.active) == (4, 0)
    assert set(_suppressed()) == {"reads1", "reads2", "left1", "left2"}


@pytest.mark.parametrize("header", ["E-Mail", "Email Address", "email_address", "address"])
def test_the_column_of_addresses_may_be_called_otherwise(write: Write, header: str) -> None:
    done = import_suppressions(write(f"{header}\nleft1@example.org\n"), now=NOW)
    assert done == SuppressionImport(added=1, known=0, active=0, unsubscribed=0, faults=[])


def test_a_list_of_addresses_alone_becomes_subscribers_with_what_the_operator_says(write: Write) -> None:
    done = import_subscribers(
        write("reads1@example.org\nTwo <reads2@example.org>\n"),
        now=NOW,
        topics=["heads"],
        consent_source="asked at the meeting",
    )
    assert (done.imported, done.faults) == (2, [])
    assert _active() == ["reads1", "reads2"]


@pytest.mark.parametrize(
    "content",
    ["uuid,status\n1,enabled\n", "email,topics,colour\n", "name,created\nAda,1\n", "email,email,created\n"],
)
def test_a_file_that_is_none_of_them_is_refused_whole(write: Write, content: str) -> None:
    for read in (import_subscribers, import_suppressions):
        with pytest.raises(NewsletterError):
            read(write(content), now=NOW)


def test_a_date_that_cannot_be_is_no_reason_to_stop(write: Write) -> None:
    rows = "".join(
        f"left{number}@example.org,{date}\n"
        for number, date in enumerate(["0001-01-01T00:00+05:00", "9" * 30, "1" * 12, "soon"], 1)
    )
    assert import_suppressions(write(f"email,date\n{rows}"), now=NOW).added == 4
