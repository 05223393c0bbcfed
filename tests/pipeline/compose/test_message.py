"""A delivery's row becomes the same message every time, in the forms each transport wants."""

from __future__ import annotations

import re
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.adapters.ports import Verdict
from newsletter.audience.tokens import Purpose, delivery_id, read_token
from newsletter.core.digests.message import Fragment, join_text, placeholder
from newsletter.errors import PermanentError
from newsletter.models import Delivery, FragmentRow
from newsletter.models.delivery import Kind
from newsletter.pipeline.compose.fragments import FragmentCache
from newsletter.pipeline.compose.message import outgoing
from tests.fakes.mailer import ScriptedMailer, answer
from tests.pipeline.deliveries import (
    CARD,
    NOW,
    deliver,
    digest,
    later,
    message_bytes,
    new_subscriber,
    store,
    transactional_mail,
)

pytestmark = pytest.mark.django_db


def parsed(content: bytes) -> EmailMessage:
    message = BytesParser(policy=policy.default).parsebytes(content)
    assert isinstance(message, EmailMessage)
    assert not [defect for part in message.walk() for defect in part.defects]
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_digest_has_the_headers_that_mail_programs_act_on() -> None:
    row = digest(new_subscriber("ann@example.org"))
    message = parsed(message_bytes(row))
    assert message["To"] == "ann@example.org"
    assert message["From"] == settings.CONFIG.sender
    assert message["Subject"] == row.subject
    assert message["Message-ID"] == row.message_id
    assert message["Date"].datetime == NOW
    assert message["MIME-Version"] == "1.0"
    assert message["List-Id"] == f"<digests.{settings.BASE_HOST}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Newsletter-Delivery"] == str(row.pk)
    assert re.fullmatch(r"2026-06-19:digest:[0-9a-f]{12}", message["Feedback-ID"])


def test_the_one_click_address_is_the_subscribers_own_and_short() -> None:
    ann = new_subscriber()
    url = parsed(message_bytes(digest(ann)))["List-Unsubscribe"].partition(",")[0].strip("<>")
    token = url.removeprefix(f"{settings.CONFIG.base_url}/unsubscribe/")
    assert read_token(token, purpose=Purpose.UNSUBSCRIBE) == ann.link_key
    assert read_token(token, purpose=Purpose.PREFERENCES) is None
    assert len(url) <= 74


def test_whoever_knows_no_one_click_may_write_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    row = digest(new_subscriber())
    content = message_bytes(row)
    url, mailto = parsed(content)["List-Unsubscribe"].split(", ")
    assert url.startswith("<http")
    assert mailto.startswith("<mailto:bounces+u")
    head = content.partition(b"\r\n\r\n")[0]
    assert b"=?" not in head
    [line] = [line for line in head.split(b"\r\n") if b"mailto:" in line]
    assert len(line) <= 78
    for changes in ({"bounce_address": "off"}, {"mailer": "sendgrid"}):
        config = settings.CONFIG.model_copy(update=changes)
        with monkeypatch.context() as patched:
            patched.setattr(settings, "CONFIG", config)
            assert parsed(message_bytes(row))["List-Unsubscribe"] == url


def test_both_forms_carry_the_subscribers_links() -> None:
    ann = new_subscriber("ann@example.org")
    row = digest(ann)
    message = parsed(message_bytes(row))
    said, address, preferences, unsubscribe, page = body(message, "plain").splitlines()
    assert said == "Zwölf papers, by Müller & 李"
    assert address == "For ann@example.org"
    base = settings.CONFIG.base_url
    token = preferences.removeprefix(f"{base}/preferences/")
    assert read_token(token, purpose=Purpose.PREFERENCES) == ann.link_key
    token = page.removeprefix(f"{base}/digests/")
    subject = read_token(token, purpose=Purpose.DIGEST, holder=ann.link_key)
    assert subject is not None
    assert delivery_id(subject) == row.pk
    html = body(message, "html")
    assert f'<a href="{preferences}">' in html
    assert f'<a href="{unsubscribe}">' in html


def test_a_link_for_one_topic_is_made_from_its_name() -> None:
    fragments = store(
        Fragment(html="<p>[[unsubscribe_topic_url:heads]]</p>\n", text="[[unsubscribe_topic_url:heads]]\n")
    )
    text = body(parsed(message_bytes(digest(fragments=fragments))), "plain")
    assert text.rstrip().endswith("/heads")
    assert "/unsubscribe/" in text


def test_a_stored_string_fills_its_placeholder_and_cannot_replace_a_made_one() -> None:
    fragments = store(Fragment(html="<p>[[greeting]] [[email]]</p>\n", text="[[greeting]] [[email]]\n"))
    row = digest(
        new_subscriber("ann@example.org"),
        fragments=fragments,
        placeholders={"greeting": "Hé", "email": "eve@example.org"},
    )
    assert body(parsed(message_bytes(row)), "plain") == "Hé ann@example.org\n"


def test_a_transactional_mail_has_no_list_headers() -> None:
    names = parsed(message_bytes(transactional_mail(new_subscriber(), Kind.LINK))).keys()
    assert not [name for name in names if name.startswith("List-")]


def test_a_transactional_mails_own_key_is_no_campaign() -> None:
    """Gmail counts complaints by campaign: a key that only one reader has says nothing, and of whom."""
    message = parsed(message_bytes(transactional_mail(new_subscriber(), Kind.LINK)))
    assert re.fullmatch(r"notice:link:[0-9a-f]{12}", message["Feedback-ID"])


def test_a_retry_and_a_later_look_give_the_same_bytes() -> None:
    row = digest(new_subscriber("ann@example.org"))
    refusing = ScriptedMailer(answers={"ann@example.org": answer(Verdict.RETRY)})
    seen: list[bytes] = []
    refusing.in_body = lambda message: seen.append(message.message)
    deliver(refusing)
    mailer = ScriptedMailer()
    deliver(mailer, now=NOW + timedelta(days=1), clock=later(hours=1))
    assert [message.message for message in mailer.sent] == seen
    assert message_bytes(Delivery.objects.get(pk=row.pk)) == seen[0]


def test_a_past_message_names_the_address_it_went_to() -> None:
    ann = new_subscriber("old@example.org")
    row = digest(ann)
    mailer = ScriptedMailer()
    deliver(mailer)
    type(ann).objects.filter(pk=ann.pk).update(email="new@example.org")
    assert message_bytes(Delivery.objects.get(pk=row.pk)) == mailer.sent[0].message


def test_identical_digests_share_a_key_and_differ_in_their_substitutions_only() -> None:
    rows = [
        digest(new_subscriber("ann@example.org")),
        digest(new_subscriber("bob@example.org")),
        digest(subject="Another"),
    ]
    ann, bob, other = outgoing(rows, with_bytes=False)[0]
    assert ann.shared_key == bob.shared_key != other.shared_key
    assert (ann.fragments, ann.headers.shared()) == (bob.fragments, bob.headers.shared())
    assert ann.values.keys() == bob.values.keys()
    filled = join_text(ann.fragments)
    for name, value in ann.values.items():
        filled = filled.replace(placeholder(name), value)
    [written, *_] = outgoing(rows)[0]
    assert filled == body(parsed(written.message), "plain")


def test_many_messages_take_one_query_for_their_fragments_and_the_next_none() -> None:
    fragments = [Fragment(html=f"<p>only here {n}</p>\n", text=f"only here {n}\n") for n in range(40)]
    checksums = store(*fragments)
    rows = list(
        Delivery.objects.select_related("subscriber").filter(
            pk__in=[digest(fragments=checksums).pk for _ in range(20)]
        )
    )
    for expected in (1, 0):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            messages, refused = outgoing(rows)
        assert (len(messages), refused, len(queries)) == (20, [], expected)


def test_the_cache_keeps_what_was_used_last_within_its_memory() -> None:
    cache = FragmentCache(max_bytes=50)
    digests = store(*(Fragment(html=f"<p>{n}</p>\n", text=f"{n}\n") for n in range(3)))
    for each in (digests[0], digests[1], digests[0], digests[2]):
        assert cache.take([each])[each].checksum == each
        assert 0 < cache.kept_bytes <= 50
    FragmentRow.objects.all().delete()
    assert set(cache.take(digests)) == {digests[0], digests[2]}


def test_a_fragment_is_encoded_once_however_often_it_is_taken() -> None:
    cache = FragmentCache()
    digests = store(Fragment(html="<p>once</p>\n", text="once\n"))
    first, again = (cache.take(digests)[digests[0]] for _ in range(2))
    assert first.encoded is again.encoded


def test_a_fragment_larger_than_the_memory_is_read_all_the_same() -> None:
    cache = FragmentCache(max_bytes=10)
    digests = store(Fragment(html="<p>large</p>\n", text="large\n"))
    assert set(cache.take(digests)) == set(digests)
    assert cache.kept_bytes == 0


@pytest.mark.parametrize(
    ("fragments", "reason"),
    [
        ([], "it has no pieces"),
        (["0" * 64], "1 of 1 pieces are gone"),
        ([CARD.checksum, "0" * 64], "1 of 2 pieces are gone"),
    ],
)
def test_it_refuses_a_message_with_a_fragment_missing(fragments: list[str], reason: str) -> None:
    store(CARD)
    with pytest.raises(PermanentError, match=reason):
        message_bytes(digest(fragments=fragments))


def test_a_message_with_a_hole_or_a_bad_address_has_an_outcome_instead() -> None:
    hole = store(Fragment(html="<p>[[nobody_knows]]</p>\n", text="\n"))
    rows = [digest(), digest(fragments=hole), digest(new_subscriber("a..b@example.org"))]
    messages, refused = outgoing(rows)
    assert [message.delivery_id for message in messages] == [str(rows[0].pk)]
    assert [(each.delivery_id, each.verdict) for each in refused] == [
        (str(rows[1].pk), Verdict.BAD_MESSAGE),
        (str(rows[2].pk), Verdict.BAD_MESSAGE),
    ]
