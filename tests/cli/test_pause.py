"""``newsletter pause`` and ``newsletter resume``."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from newsletter.models import SendPause
from newsletter.models.delivery import Cause
from newsletter.pipeline.send.pause import pause_sending
from tests.cli.runner import done, newsletter
from tests.pipeline.deliveries import digest

pytestmark = pytest.mark.django_db


def test_it_pauses_and_resumes_and_says_what_waits() -> None:
    digest()
    paused = done("pause", "a typo in the footer", "--now", "2026-06-15T08:00Z")
    assert paused.out.splitlines() == [
        "Paused since 2026-06-15 08:00 UTC: a typo in the footer",
        "1 mail composed and waiting. Go on with: newsletter resume",
    ]
    resumed = done("resume")
    assert resumed.out.splitlines() == [
        "Ended the pause of all sending since 2026-06-15 08:00 UTC: a typo in the footer",
        "1 mail composed and waiting.",
    ]
    assert not SendPause.objects.exists()


def test_it_answers_in_json() -> None:
    assert done("pause", "moving house", "--json", "--now", "2026-06-15T08:00Z").json == {
        "paused": True,
        "transport": "*",
        "reason": "moving house",
        "since": "2026-06-15T08:00:00+00:00",
        "cause": "operator",
        "waiting": 0,
    }
    ended = done("resume", "--json").json
    assert (ended["paused"], [each["reason"] for each in ended["ended"]]) == (False, ["moving house"])


def test_a_second_pause_leaves_the_first_ones_reason_and_says_so() -> None:
    done("pause", "a typo in the footer", "--now", "2026-06-15T08:00Z")
    again = newsletter("pause", "a second look", "--now", "2026-06-15T09:00Z")
    assert again.code == 1
    assert "paused already, since 2026-06-15 08:00 UTC: a typo in the footer" in again.line
    assert "newsletter resume" in again.line
    assert "a typo" in newsletter("pause", "a second look", "--json").json["error"]
    assert SendPause.objects.get().reason == "a typo in the footer"


def test_a_persons_pause_takes_over_the_services_and_says_what_it_was() -> None:
    pause_sending("the canary got mail", cause=Cause.CANARY, now=datetime(2026, 6, 15, 8, tzinfo=UTC))
    said = done("pause", "looking into it").out
    assert "your reason takes the place of: the canary got mail" in said
    assert "Paused since 2026-06-15 08:00 UTC: looking into it" in said


def test_resuming_what_is_not_paused_changes_nothing() -> None:
    assert done("resume").out == "Sending was not paused.\n"


@pytest.mark.parametrize("words", [["pause"], ["pause", "  "]])
def test_a_pause_without_a_reason_is_bad_use(words: list[str]) -> None:
    assert newsletter(*words).code == 2
    assert not SendPause.objects.exists()


def test_recomposing_wants_ids_or_all_and_says_what_became_of_them() -> None:
    assert newsletter("recompose").code == 2
    assert newsletter("recompose", "--all", str(uuid.uuid4())).code == 2
    assert newsletter("recompose", "no-id").code == 2
    assert done("recompose", "--all").out == "     0 recomposed\n"
    unknown = newsletter("recompose", str(uuid.uuid4()), "--json")
    assert (unknown.code, unknown.json["claimed"], unknown.json["unknown"]) == (1, 0, 1)
