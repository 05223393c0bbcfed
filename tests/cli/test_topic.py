"""``newsletter topic``: what each subcommand says and does, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.audience.starter_topics import starter_topics
from newsletter.models import Subscription, Topic
from tests.cli.runner import DUE, JOINED, add_subscriber, add_topic, done, newsletter, rows

pytestmark = pytest.mark.django_db


def test_an_added_topic_is_listed_and_shown() -> None:
    added = done("topic", "add", "heads", "--name", "Heads", "--query", "cat:cs.CV", "--group", "Vision")
    assert added.out == "Added topic heads: cat:cs.CV\n"
    expected = {"slug": "heads", "name": "Heads", "group": "Vision", "query": "cat:cs.CV", "private_to": None}
    assert done("topic", "list", "--json").json == {"topics": [{**expected, "readers": 0}]}
    assert done("topic", "show", "heads", "--json").json == {**expected, "matched": 0, "readers": 0}
    assert "0 readers  Heads" in done("topic", "list").out


def test_without_topics_it_says_where_to_get_some() -> None:
    assert "newsletter topic starter" in done("topic", "list").out


def test_it_records_the_clock_it_was_given() -> None:
    add_topic()
    assert f"{Topic.objects.get().created_at:%Y-%m-%dT%H:%MZ}" == JOINED


def test_the_starter_topics_are_added_once() -> None:
    count = len(starter_topics())
    assert done("topic", "starter", "--json").json == {"added": count, "present": 0}
    assert done("topic", "starter", "--json").json == {"added": 0, "present": count}


@pytest.mark.parametrize(
    ("slug", "options", "fragments"),
    [
        ("x", {"query": "cat:cs.QQ"}, ["cs.QQ", "character 5"]),
        ("x", {"query": "ti:a AND (ti:b"}, ["'('", "character 10"]),
        ("x", {"query": "ti:a and ti:b"}, ["character 6", "AND"]),
        ("x", {"query": 'ti:"open'}, ["character 4"]),
        ("x", {"query": "subject:a"}, ["subject", "character 1"]),
        ("x", {"query": ""}, ["empty"]),
        ("x", {"query": "a" * 1001}, ["1000"]),
        ("x", {"name": " "}, ["name", "1 to 120"]),
        ("x", {"name": "n" * 121}, ["name", "1 to 120"]),
        ("x", {"group": "g" * 81}, ["group", "80"]),
        ("x", {"name": "Bel\x07l"}, ["name", "control"]),
        ("x", {"group": "g\x01"}, ["group", "control"]),
        ("new", {}, ["slug 'new'"]),
        ("Talking Heads", {}, ["slug", "'Talking Heads'", "talking-heads"]),
        ("-x", {}, []),
        ("x" * 81, {}, ["slug"]),
        ("x", {"private-to": "nobody"}, ["'nobody'", "e-mail address"]),
    ],
)
def test_a_bad_value_is_bad_use_and_changes_nothing(
    slug: str, options: dict[str, str], fragments: list[str]
) -> None:
    before = rows()
    given = {"name": "X", "query": "cat:cs.CV"} | options
    result = newsletter("topic", "add", slug, *(f"--{name}={value}" for name, value in given.items()))
    assert (result.code, result.out) == (2, "")
    for part in fragments:
        assert part in result.line
    assert rows() == before


def test_with_json_a_malformed_query_comes_with_its_position() -> None:
    result = newsletter("topic", "test", "cat:cs.CV AND (ti:b", "--json")
    assert result.code == 2
    assert result.json["position"] == len("cat:cs.CV AND ")


def test_a_taken_slug_is_refused_and_the_topic_stays_as_it_was() -> None:
    add_topic()
    result = newsletter("topic", "add", "heads", "--name", "Other", "--query", "cat:cs.LG")
    assert result.code == 1
    assert "'heads' exists already" in result.line
    assert "newsletter topic edit heads" in result.line
    assert done("topic", "show", "heads", "--json").json["query"] == "cat:cs.CV"


@pytest.mark.parametrize("words", [["show"], ["remove"], ["edit", "--name", "X"]])
def test_an_unknown_topic_is_a_failure_that_names_it(words: list[str]) -> None:
    result = newsletter("topic", *words, "nothing")
    assert (result.code, result.out) == (1, "")
    assert "no topic 'nothing'" in result.line


def test_an_edit_changes_what_is_given_and_only_that() -> None:
    add_topic()
    edited = done("topic", "edit", "heads", "--name", "Talking heads", "--json").json
    assert (edited["name"], edited["query"]) == ("Talking heads", "cat:cs.CV")


def test_an_edit_of_nothing_says_what_could_be_given() -> None:
    add_topic()
    result = newsletter("topic", "edit", "heads")
    assert result.code == 2
    assert "--name, --query, --group or --slug" in result.line


def test_a_topic_gets_another_slug_and_is_found_by_both() -> None:
    add_topic()
    edited = done("topic", "edit", "heads", "--slug", "faces", "--name", "Faces", "--json").json
    assert (edited["slug"], edited["name"]) == ("faces", "Faces")
    assert done("topic", "show", "heads", "--json").json["slug"] == "faces"
    assert done("topic", "edit", "heads", "--slug", "heads", "--json").json["slug"] == "heads"
    assert done("topic", "show", "faces", "--json").json["slug"] == "heads"


def test_readers_may_still_be_added_and_imported_with_a_former_slug(tmp_path: Path) -> None:
    add_topic()
    done("topic", "edit", "heads", "--slug", "faces")
    done("subscriber", "add", "ada@example.org", "--topics", "heads")
    csv = tmp_path / "readers.csv"
    csv.write_text("email,topics,consent_source\nalan@example.org,heads,a form\n")
    assert newsletter("subscriber", "import", str(csv)).code == 0  # it warns: nobody is suppressed
    rows = Subscription.objects.values_list("subscriber__email", "topic__slug")
    assert set(rows) == {("ada@example.org", "faces"), ("alan@example.org", "faces")}


def test_a_former_slug_is_given_to_no_other_topic() -> None:
    add_topic()
    done("topic", "edit", "heads", "--slug", "faces")
    result = newsletter("topic", "add", "heads", "--name", "Other", "--query", "cat:cs.CL")
    assert (result.code, "topic 'faces' was called 'heads' before" in result.line) == (1, True)
    done("topic", "add", "other", "--name", "Other", "--query", "cat:cs.CL")
    for slug in ("heads", "faces", "No Slug"):
        assert newsletter("topic", "edit", "other", "--slug", slug).code in (1, 2)
    assert set(Topic.objects.values_list("slug", flat=True)) == {"faces", "other"}


def test_a_starter_topic_with_another_slug_is_not_added_again() -> None:
    done("topic", "starter")
    slug = starter_topics()[0].slug
    done("topic", "edit", slug, "--slug", "renamed")
    assert done("topic", "starter", "--json").json == {"added": 0, "present": len(starter_topics())}


def test_a_refused_edit_leaves_the_topic_as_it_was() -> None:
    add_topic()
    for refused in (["--query", "cat:nope"], ["--slug", "No slug"]):
        assert newsletter("topic", "edit", "heads", "--name", "New", *refused).code == 2
    shown = done("topic", "show", "heads", "--json").json
    assert (shown["name"], shown["query"]) == ("Heads", "cat:cs.CV")


def test_a_private_topic_is_its_subscribers_alone() -> None:
    add_topic()
    add_subscriber("a@example.org")
    private = ["--name", "Own", "--query", "cat:cs.LG", "--private-to", "a@example.org"]
    assert done("topic", "add", "own", *private, "--json").json["private_to"] == "a@example.org"
    result = newsletter("subscriber", "add", "b@example.org", "--topics", "own")
    assert (result.code, result.line.split(":")[0]) == (1, "no topic 'own'")


def test_a_removed_topic_leaves_its_subscribers_their_others() -> None:
    add_topic("heads")
    add_topic("graphs", "cat:cs.LG")
    add_subscriber("a@example.org", topics="heads,graphs")
    add_subscriber("b@example.org", topics="heads")
    removed = done("topic", "remove", "heads")
    assert removed.out.splitlines() == [
        "Removed topic heads, which 2 readers had.",
        "1 reader left without any topic: no digest goes to them.",
    ]
    subscriber = done("subscriber", "show", "a@example.org", "--json").json
    assert [each["topic"] for each in subscriber["subscriptions"]] == ["graphs"]


def test_a_subscriber_whose_every_topic_is_gone_gets_no_mail() -> None:
    add_topic()
    add_subscriber("a@example.org")
    done("topic", "remove", "heads")
    report = done("run", "--no-gather", "--now", DUE, "--json").json
    assert report["deliveries"] == {"SKIPPED": 1}


def test_a_query_is_tried_on_nothing_and_says_so() -> None:
    tried = done("topic", "test", 'cat:cs.CV AND ti:"lip sync"')
    first, second = tried.out.splitlines()
    assert first == "It looks for papers in cs.CV and with “lip sync” in the title."
    assert second.startswith("Nothing was gathered yet")
    assert done("topic", "test", "cat:cs.CV", "--json").json["gathered"] is False


def test_a_duplicate_has_the_same_query_and_no_readers() -> None:
    add_topic()
    done("topic", "edit", "heads", "--group", "Vision")
    add_subscriber()
    done("topic", "duplicate", "heads", "heads2", "--now", JOINED)
    copy = done("topic", "show", "heads2", "--json").json
    assert (copy["name"], copy["query"], copy["group"], copy["readers"]) == (
        "Heads (copy)",
        "cat:cs.CV",
        "Vision",
        0,
    )
    other = done("topic", "duplicate", "heads", "own", "--name", "Own", "--query", "ti:own", "--json").json
    assert (other["name"], other["query"]) == ("Own", "ti:own")
    assert newsletter("topic", "duplicate", "heads", "own").code == 1
    assert newsletter("topic", "duplicate", "nothing", "new").code == 1
    assert newsletter("topic", "duplicate", "heads", "Not A Slug").code == 2


TOML = """
[[topic]]
slug = "heads"
name = "Heads"
query = '''
cat:cs.CV
AND ti:head
'''
[[topic]]
slug = "graphs"
name = "Graphs"
group = "Learning"
query = "cat:cs.LG"
"""


def test_topics_come_from_files_and_change_with_them(tmp_path: Path) -> None:
    add_topic()
    add_topic("mine", "cat:cs.AI")
    (tmp_path / "a.toml").write_text(TOML)
    assert done("topic", "load", str(tmp_path), "--json").json == {"added": 1, "changed": 1, "same": 0}
    assert done("topic", "load", str(tmp_path / "a.toml"), "--json").json["same"] == 2
    queries = dict(Topic.objects.values_list("slug", "query"))
    assert queries == {"heads": "cat:cs.CV AND ti:head", "graphs": "cat:cs.LG", "mine": "cat:cs.AI"}


@pytest.mark.parametrize(
    ("written", "named"),
    [
        (TOML.replace("cat:cs.LG", "cat:cs.XX"), "graphs: unknown category"),
        (TOML.replace('name = "Graphs"', ""), "graphs: it lacks 'name'"),
        (TOML.replace("group", "gruop"), "graphs: 'gruop' is none of"),
        (TOML.replace('slug = "graphs"', ""), "a topic without a slug"),
        ("topics = 1", "has no [[topic]]"),
        ("[[topic", "is no TOML"),
    ],
)
def test_a_file_with_a_mistake_changes_nothing(tmp_path: Path, written: str, named: str) -> None:
    path = tmp_path / "topics.toml"
    path.write_text(written)
    result = newsletter("topic", "load", str(path))
    assert (result.code, named in result.line) == (1, True), result
    assert not Topic.objects.exists()


def test_an_empty_folder_may_mean_the_starter_topics_once(tmp_path: Path) -> None:
    assert newsletter("topic", "load", str(tmp_path)).code == 1
    assert done("topic", "load", str(tmp_path), "--or-starter", "--json").json["added"] > 30
    assert done("topic", "load", str(tmp_path), "--or-starter", "--json").json["added"] == 0


def test_a_topic_is_tried_by_its_slug() -> None:
    add_topic("heads", "cat:cs.CV AND ti:heads")
    said = done("topic", "test", "heads").out
    assert said.startswith("heads: cat:cs.CV AND ti:heads\n")
    by_query = done("topic", "test", "cat:cs.CV AND ti:heads", "--json").json
    assert done("topic", "test", "heads", "--json").json == by_query
    assert "No topic is called faces, so it is read as a query." in done("topic", "test", "faces").out
