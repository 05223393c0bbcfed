"""An attack: a copy of everything that is stored is searched for links that would work. There are none."""

from __future__ import annotations

import importlib
import json
import logging
import re
from datetime import datetime

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.test import Client
from django.utils import timezone

from newsletter.adapters.ports import Verdict
from newsletter.audience.tokens import Purpose
from newsletter.core.delivery.redaction import redacted
from newsletter.models import AddressChange, Delivery, RevokedKey, Subscriber
from newsletter.models.delivery import Kind, State
from newsletter.pipeline.context import Context
from newsletter.pipeline.run import run_once
from newsletter.subscribers.account import mail_fresh_link
from newsletter.subscribers.export import export_everything
from tests.fakes.mailer import ScriptedMailer, answer
from tests.pipeline.deliveries import deliver
from tests.traces import database_files, every_table
from tests.web.conftest import Service
from tests.web.links import mailed_path
from tests.web.test_account import fresh, press
from tests.web.test_signup import FORM

LINK = re.compile(r"/(?:confirm|preferences|account|address|unsubscribe|digests)/[\w.-]{20,}")
PERSONAL = ("confirm-", "link-", "fresh-", "address-")


def ask_for_every_letter(visitor: Client, service: Service) -> list[str]:
    """Have each kind of link mailed; return the paths that were."""
    visitor.post("/", FORM)
    visitor.post("/preferences/", {"email": "ada@example.org"})
    mail_fresh_link(service.subscriber, now=timezone.now())
    press(visitor, fresh(service), email="quuxley@elsewhere.example")
    return [mailed_path(key) for key in PERSONAL]


def test_no_table_holds_a_link_before_or_after_it_was_mailed(visitor: Client, service: Service) -> None:
    paths = ask_for_every_letter(visitor, service)
    for path in paths:
        assert LINK.fullmatch(path)
        assert visitor.get(path).status_code == 200
    for _ in range(2):
        stored = json.dumps(every_table(), cls=DjangoJSONEncoder, default=str)
        assert not LINK.search(stored)
        for path in paths:
            assert path.rpartition("/")[2] not in stored
        run_once(Context(settings.CONFIG), now=timezone.now(), gather=False)
    mails = b"".join(path.read_bytes() for path in settings.CONFIG.outbox_folder.glob("*.eml"))
    plain = mails.replace(b"=\r\n", b"").replace(b"=3D", b"=").decode()
    assert [path for path in paths if path not in plain] == []


@pytest.mark.django_db(transaction=True)
def test_the_database_s_files_hold_none_either(visitor: Client, service: Service) -> None:
    paths = ask_for_every_letter(visitor, service)
    content = b"".join(path.read_bytes() for path in database_files())
    for path in paths:
        assert path.rpartition("/")[2].encode() not in content


def test_a_subscribers_export_and_the_admin_show_no_link(visitor: Client, service: Service) -> None:
    paths = ask_for_every_letter(visitor, service)
    shown = json.dumps(export_everything(service.subscriber, now=timezone.now()), cls=DjangoJSONEncoder)
    operator = Client(SERVER_NAME="localhost")
    operator.force_login(User.objects.create_superuser("operator", last_login=timezone.now()))
    pages = [f"/admin/newsletter/subscriber/{service.subscriber.pk}/change/"]
    pages += [f"/admin/newsletter/delivery/{each.pk}/change/" for each in Delivery.objects.all()]
    for page in pages:
        response = operator.get(page)
        assert response.status_code == 200
        shown += response.content.decode()
    for path in paths:
        assert path.rpartition("/")[2] not in shown
    assert not LINK.search(shown)


def test_a_retry_mails_the_same_link(visitor: Client, service: Service) -> None:
    visitor.post("/preferences/", {"email": "ada@example.org"})
    mail_fresh_link(service.subscriber, now=timezone.now())
    first = [mailed_path(key) for key in ("link-", "fresh-")]
    refusing = ScriptedMailer(answers={"ada@example.org": answer(Verdict.RETRY, code="451")})
    deliver(refusing, now=timezone.now(), transactional=True)
    assert set(Delivery.objects.filter(kind=Kind.LINK).values_list("state", flat=True)) == {State.RETRY_WAIT}
    assert [mailed_path(key) for key in ("link-", "fresh-")] == first


def test_what_a_server_quotes_of_a_mail_is_kept_without_the_link(service: Service) -> None:
    path = service.link(Purpose.UNSUBSCRIBE)
    words = f"554 5.7.1 blocked: http://localhost:8000{path}/heads is listed"
    mail_fresh_link(service.subscriber, now=timezone.now())
    deliver(
        ScriptedMailer(answers={"ada@example.org": answer(Verdict.BAD_MESSAGE, code="554", detail=words)}),
        now=timezone.now(),
        transactional=True,
    )
    row = Delivery.objects.get(kind=Kind.LINK)
    assert row.last_detail == "554 5.7.1 blocked: http://localhost:8000/unsubscribe/…/heads is listed"


def test_what_a_provider_reports_is_kept_without_the_link(service: Service) -> None:
    url = f"http://localhost:8000{service.link(Purpose.PREFERENCES)}"
    said = redacted(f"blocked: {url} for ada@example.org", names=["ada"], by="…")
    assert said == "blocked: http://localhost:8000/preferences/… for …"


def test_no_log_line_holds_a_link(
    visitor: Client, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in ask_for_every_letter(visitor, service):
        logging.getLogger("newsletter.test").warning("asked for %s", path)
        assert path.rpartition("/")[2] not in capsys.readouterr().err


# --- what 0.1 stored --------------------------------------------------------------------------------------


NOW = datetime.fromisoformat("2026-06-16T09:00:00+00:00")


def upgrade(name: str) -> None:
    migration = importlib.import_module("newsletter.migrations.0017_revocable_links")
    getattr(migration, name)(apps, None)


def test_an_upgrade_revokes_the_links_of_who_moved_before(visitor: Client, service: Service) -> None:
    moved = AddressChange(subscriber=service.subscriber, email="a@b.example", email_key="a@b.example")
    moved.requested_at = moved.confirmed_at = NOW
    moved.save()
    old, way_out = service.link(Purpose.PREFERENCES), service.link(Purpose.UNSUBSCRIBE)
    upgrade("revoke_links_of_who_moved")
    assert visitor.get(old).status_code == 404
    assert visitor.post(way_out, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert RevokedKey.objects.get().revoked_at == NOW
    assert Subscriber.objects.get().status == "unsubscribed"
