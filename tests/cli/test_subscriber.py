"""``newsletter subscriber``: what each subcommand says and does, and what it refuses."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from newsletter.models import RevokedKey, Subscriber
from tests.cli.runner import DUE, JOINED, add_subscriber, add_topic, done, newsletter, rows

pytestmark = pytest.mark.django_db
ADDRESS = "a@example.org"


@pytest.fixture(autouse=True)
def _topics() -> None:
    add_topic("heads")
    add_topic("graphs", "cat:cs.LG")


def test_a_subscriber_is_added_with_the_documented_defaults() -> None:
    added = done("subscriber", "add", ADDRESS, "--topics", "graphs,heads", "--now", JOINED)
    assert added.out == "Added a@example.org; the first digest is due 2026-06-15 08:00 UTC.\n"
    shown = done("subscriber", "show", ADDRESS, "--json").json
    expected = {
        "email": ADDRESS,
        "status": "active",
        "cadence": "weekly:mon",
        "at": "08:00",
        "timezone": "UTC",
        "language": "en",
        "depth": "takeaways",
        "max_papers": 10,
        "next_slot_at": "2026-06-15T08:00:00+00:00",
        "joined_at": "2026-06-14T12:00:00+00:00",
        "deliveries": [],
    }
    assert {name: shown[name] for name in expected} == expected
    assert [each["topic"] for each in shown["subscriptions"]] == ["graphs", "heads"]


def test_what_is_shown_changes_only_when_something_changed() -> None:
    add_subscriber(ADDRESS)
    before = done("subscriber", "show", ADDRESS, "--json").out
    assert done("run", "--no-gather", "--now", "2026-06-15T07:59:59Z", "--json").json["deliveries"] == {}
    assert done("subscriber", "show", ADDRESS, "--json", "--now", DUE).out == before
    done("run", "--no-gather", "--now", DUE)
    after = done("subscriber", "show", ADDRESS, "--json")
    assert [each["state"] for each in after.json["deliveries"]] == ["ACCEPTED"]
    assert after.json["next_slot_at"] == "2026-06-22T08:00:00+00:00"


@pytest.mark.parametrize("written", ["zh", "zh-CN", "zh-hans", "ZH_CN"])
def test_simplified_chinese_may_be_written_in_several_ways(written: str) -> None:
    add_subscriber(ADDRESS, "--language", written)
    assert done("subscriber", "show", ADDRESS, "--json").json["language"] == "zh-hans"


@pytest.mark.parametrize("cadence", ["daily", "weekdays", "weekly:mon,thu", "biweekly:mon", "monthly:last"])
def test_every_cadence_is_taken(cadence: str) -> None:
    add_subscriber(ADDRESS, "--cadence", cadence)
    assert done("subscriber", "show", ADDRESS, "--json").json["cadence"] == cadence


@pytest.mark.parametrize(
    ("email", "options", "fragments"),
    [
        ("nobody", {}, ["'nobody'", "e-mail address"]),
        ("Ada <a@example.org>", {}, ["e-mail address"]),
        (f"{'a' * 60}@{'.'.join(['b' * 60] * 4)}.org", {}, ["254"]),
        (ADDRESS, {"timezone": "Europe/Berlni"}, ["Europe/Berlni", "Europe/Berlin"]),
        (ADDRESS, {"timezone": "CET-1"}, ["CET-1", "IANA"]),
        (ADDRESS, {"cadence": "weekly"}, ["'weekly'", "weekly:mon"]),
        (ADDRESS, {"cadence": "monthly:31"}, ["monthly:31", "monthly:28", "monthly:last"]),
        (ADDRESS, {"at": "25:00"}, ["25:00", "HH:MM"]),
        (ADDRESS, {"language": "fr"}, ["'fr'", "zh-hans"]),
        (ADDRESS, {"depth": "deep"}, ["'deep'", "takeaways"]),
        (ADDRESS, {"max-papers": "0"}, ["0", "1 to 50"]),
        (ADDRESS, {"max-papers": "51"}, ["51", "1 to 50"]),
        (ADDRESS, {"topics": ","}, ["at least one topic"]),
    ],
)
def test_a_bad_value_is_bad_use_and_adds_nobody(
    email: str, options: dict[str, str], fragments: list[str]
) -> None:
    before = rows()
    given = {"topics": "heads"} | options
    result = newsletter("subscriber", "add", email, *(f"--{name}={value}" for name, value in given.items()))
    assert (result.code, result.out) == (2, "")
    for part in fragments:
        assert part in result.line
    assert rows() == before


def test_an_unknown_topic_is_a_failure_and_adds_nobody() -> None:
    before = rows()
    result = newsletter("subscriber", "add", ADDRESS, "--topics", "heads,haeds", "--json")
    assert result.code == 1
    assert "no topic 'haeds'" in result.json["error"]
    assert rows() == before


def test_an_address_is_added_once_however_it_is_written() -> None:
    add_subscriber(ADDRESS)
    before = rows()
    result = newsletter("subscriber", "add", "A@Example.ORG", "--topics", "graphs")
    assert result.code == 1
    assert "is a reader already" in result.line
    assert rows() == before


@pytest.mark.parametrize("words", [["show"], ["erase"]])
def test_an_unknown_subscriber_is_a_failure_that_names_the_address(words: list[str]) -> None:
    result = newsletter("subscriber", *words, "b@example.org")
    assert result.code == 1
    assert "no reader b@example.org" in result.line


def test_the_list_names_every_subscriber_with_the_next_slot() -> None:
    assert "newsletter subscriber add" in done("subscriber", "list").out
    add_subscriber(ADDRESS)
    assert done("subscriber", "list").out == "a@example.org  active  weekly:mon  2026-06-15 08:00 UTC\n"
    [only] = done("subscriber", "list", "--json").json["subscribers"]
    assert only == {
        "email": ADDRESS,
        "name": "",
        "status": "active",
        "next_slot_at": "2026-06-15T08:00:00+00:00",
    }


def test_the_export_has_the_columns_of_an_import_on_stdout_and_in_a_file(tmp_path: Path) -> None:
    add_subscriber(ADDRESS, "--timezone", "Europe/Berlin", "--max-papers", "5", topics="graphs,heads")
    path = tmp_path / "readers.csv"
    assert done("subscriber", "export", "--out", str(path)).out == f"Wrote 1 reader to {path}.\n"
    with path.open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file)
    assert row == {
        "email": ADDRESS,
        "topics": "graphs;heads",
        "cadence": "weekly:mon",
        "at": "08:00",
        "timezone": "Europe/Berlin",
        "language": "en",
        "depth": "takeaways",
        "max_papers": "5",
        "consent_source": "newsletter subscriber add",
        "name": "",
    }
    assert done("subscriber", "export").out == path.read_bytes().decode().replace("\r\n", "\n")
    assert done("subscriber", "export", "--json").json["subscribers"] == [row]


def test_an_export_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "no such folder" / "readers.csv"
    result = newsletter("subscriber", "export", "--out", str(path))
    assert (result.code, result.out) == (1, "")
    assert result.line == f"{path}: No such file or directory"


def test_an_erased_subscriber_is_gone_and_cannot_be_added_back_by_the_operator() -> None:
    add_subscriber(ADDRESS)
    assert done("subscriber", "erase", ADDRESS).out == "Erased.\n"
    assert not Subscriber.objects.exists()
    result = newsletter("subscriber", "add", ADDRESS, "--topics", "heads")
    assert result.code == 1
    assert "opted out" in result.line


def test_the_links_of_one_subscriber_or_of_all_are_revoked() -> None:
    for email in (ADDRESS, "b@example.org"):
        add_subscriber(email)
    before = dict(Subscriber.objects.values_list("email", "link_key"))
    said = done("subscriber", "revoke-links", ADDRESS.upper())
    assert said.out == "Links of 1 reader revoked.\n"
    between = dict(Subscriber.objects.values_list("email", "link_key"))
    assert (between[ADDRESS] != before[ADDRESS], between["b@example.org"]) == (True, before["b@example.org"])
    assert done("subscriber", "revoke-links", "--all", "--json").json == {"revoked": 2}
    assert before.items().isdisjoint(Subscriber.objects.values_list("email", "link_key"))
    assert set(RevokedKey.objects.values_list("key", flat=True)) == {*before.values(), between[ADDRESS]}


@pytest.mark.parametrize("words", [(), (ADDRESS, "--all")])
def test_whose_links_must_be_said(words: tuple[str, ...]) -> None:
    add_subscriber(ADDRESS)
    refused = newsletter("subscriber", "revoke-links", *words)
    assert refused.code == 2
    assert "EMAIL, or --all" in refused.err
    assert not RevokedKey.objects.exists()


def test_the_operator_changes_pauses_resumes_and_ends() -> None:
    add_subscriber(ADDRESS, "--name", "Ada")
    changed = done(
        "subscriber", "edit", ADDRESS, "--cadence", "weekdays", "--topics", "heads,graphs", "--now", JOINED
    )
    assert changed.out == "Changed: cadence, topics.\nThe next digest is due 2026-06-15 08:00 UTC.\n"
    same = done("subscriber", "edit", ADDRESS, "--cadence", "weekdays", "--now", JOINED)
    assert same.out.startswith("Nothing changed")
    paused = done("subscriber", "pause", ADDRESS, "--until", "2026-07-01", "--now", JOINED, "--json").json
    assert (paused["status"], paused["name"]) == ("paused", "Ada")
    assert done("subscriber", "resume", ADDRESS, "--now", JOINED, "--json").json["status"] == "active"
    left = done("subscriber", "unsubscribe", ADDRESS, "--topic", "heads", "--now", JOINED)
    assert left.out == "Unsubscribed from heads; the other topics stay.\n"
    assert done("subscriber", "unsubscribe", ADDRESS, "--now", JOINED).out == "Unsubscribed.\n"
    assert "unsubscribed already" in done("subscriber", "unsubscribe", ADDRESS, "--now", JOINED).out
    refused = newsletter("subscriber", "pause", ADDRESS, "--now", JOINED)
    assert (refused.code, refused.line) == (1, f"{ADDRESS} is unsubscribed, and gets no digests")


def test_an_edit_without_a_change_is_bad_use() -> None:
    add_subscriber(ADDRESS)
    result = newsletter("subscriber", "edit", ADDRESS)
    assert (result.code, "nothing to change" in result.line) == (2, True)


def test_a_name_goes_out_and_comes_in_again_with_the_others(tmp_path: Path) -> None:
    add_subscriber(ADDRESS, "--name", "=Ada, of London")
    out = tmp_path / "readers.csv"
    done("subscriber", "export", "--out", str(out))
    assert done("subscriber", "list", "--json").json["subscribers"][0]["name"] == "=Ada, of London"
    done("subscriber", "erase", ADDRESS)
    assert not Subscriber.objects.filter(name__contains="Ada").exists()
    out.write_text(out.read_text().replace(ADDRESS, "b@example.org"))
    done("subscriber", "import", str(out), "--now", JOINED, "--json")
    assert Subscriber.objects.get().name == "=Ada, of London"


def test_a_digest_can_be_sent_now_and_once_a_day() -> None:
    add_subscriber(ADDRESS)
    add_subscriber("b@example.org")
    done("subscriber", "pause", "b@example.org", "--now", JOINED)
    planned = done("subscriber", "send-now", "--all", "--now", JOINED, "--json").json
    assert planned == {"planned": 1, "under_way": 0, "had_today": 0, "not_mailed": 1}
    assert done("run", "--no-gather", "--now", JOINED, "--json").json["deliveries"] == {"ACCEPTED": 1}
    again = newsletter("subscriber", "send-now", ADDRESS, "--now", JOINED)
    assert (again.code, again.out.strip()) == (1, "1 had today's before")
    assert newsletter("subscriber", "send-now").code == 2
    assert newsletter("subscriber", "send-now", ADDRESS, "--all").code == 2
