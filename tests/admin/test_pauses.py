"""Pauses in the admin."""

from __future__ import annotations

from django.test import Client

from newsletter.models import SendPause
from newsletter.pipeline.send.pause import pause_sending
from tests.admin.conftest import NOW

PAUSES = "/admin/newsletter/sendpause/"


def test_adding_a_pause_stops_everything_and_deleting_it_resumes(operator: Client) -> None:
    assert operator.post(f"{PAUSES}add/", {"reason": "a typo"}).status_code == 302
    standing = SendPause.objects.get()
    assert (standing.transport, standing.reason, standing.cause) == ("*", "a typo", "operator")
    again = operator.post(f"{PAUSES}add/", {"reason": "twice"})
    said = again.content.decode()
    assert f"Sending is paused already, since {standing.since:%Y-%m-%d %H:%M} UTC: a typo." in said
    assert SendPause.objects.get().reason == "a typo"
    operator.post(f"{PAUSES}{standing.pk}/delete/", {"post": "yes"})
    assert not SendPause.objects.exists()


def test_every_page_of_the_admin_says_what_stands(operator: Client) -> None:
    assert "No mail goes out" not in operator.get("/admin/").content.decode()
    pause_sending("a typo <in> the footer", now=NOW)
    pages = [operator.get(path).content.decode() for path in ("/admin/", PAUSES)]
    assert all("No mail goes out" in page and "a typo &lt;in&gt; the footer" in page for page in pages)
    assert "a typo" not in Client(SERVER_NAME="localhost").get("/admin/login/").content.decode()
