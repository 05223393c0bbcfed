"""``newsletter export``: which weeks and files, that every format is read back, and what is refused."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client

from newsletter.audience.topics import add_topic
from newsletter.cli.export import FORMATS as OFFERED
from newsletter.core.summaries.summary import Claim, DetailLevel, Evidence, Voice, summary_to_json
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.models import Match, Paper, Subscriber, Summary, Topic
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.preferences import Preferences
from newsletter.web.export_formats import FORMATS
from tests.cli.runner import done, newsletter
from tests.fakes import readings
from tests.fakes.papers import paper_record

pytestmark = pytest.mark.django_db
WEDNESDAY = datetime(2026, 6, 17, 9, 30, tzinfo=UTC)
NOW = "2026-06-26T08:00Z"
FILES = {
    "hexo": "source/_posts/boats-2026-W25.md",
    "jekyll": "_posts/2026-06-17-boats-2026-W25.md",
    "hugo": "content/posts/boats-2026-W25.md",
    "json": "boats-2026-W25.json",
    "html": "boats-2026-W25.html",
}
MAKERS = ("hexo", "jekyll", "hugo")
HOSTILE = (
    "{{ 7*7 }} {% raw %}",
    "---\ntitle: stolen\n---",
    '"; - [x](javascript:alert(1)) <script>alert(1)</script>',
    "<details></details><img src=x onerror=alert(1)>",
    "\u2028\u0085 \x7f \ufeff*bold* `code` # head",
    "{{< rawhtml >}} <!-- more --> $x$ ```",
    "]]> &lt;b&gt; &#x3c;b&#x3e; \u202egnp",
)


@pytest.fixture
def boats() -> Topic:
    """A topic with a reading and a paper nobody summarised in one week, and a paper two weeks before."""
    boats = add_topic("boats", name="Boats", group="Robotics", query="cat:cs.RO", now=WEDNESDAY)
    rows = [readings.store("harbornet", "en"), readings.store("ledgers")]
    Paper.objects.update(first_seen_at=WEDNESDAY)
    Summary.objects.update(written_at=WEDNESDAY)
    rows.append(Paper.from_record(paper_record(1), first_seen_at=WEDNESDAY - timedelta(days=14)))
    rows[-1].save()
    for row in rows:
        Match.objects.create(topic=boats, paper=row, score=1.0, created_at=WEDNESDAY)
    return boats


def export(form: str, out: Path, *options: str) -> Any:
    return done("export", "boats", "--format", form, "--out", str(out), "--now", NOW, "--json", *options).json


def front_and_body(path: Path) -> tuple[dict[str, Any], str]:
    opening, front, body = path.read_text(encoding="utf-8").split("---\n", 2)
    assert opening == ""
    return yaml.safe_load(front), body


def say_everywhere(text: str, topic: Topic) -> None:
    """Let everything that others write say ``text``."""
    Topic.objects.filter(pk=topic.pk).update(group=text.replace("\n", " ")[:80])
    Paper.objects.filter(arxiv_id="2606.90001").update(
        title=text, abstract=text, comment=text, journal_ref=text, authors=[text, text]
    )
    claim = Claim(text=text, evidence=(Evidence(quote=text, where=text),))
    said = SummaryValue(voice=Voice.MODEL, headline=claim, takeaways=(claim,))
    Summary.objects.update(content=summary_to_json(said), detail=DetailLevel.TAKEAWAYS.value)


def test_every_format_that_is_offered_can_be_written() -> None:
    assert set(OFFERED) == set(FORMATS) == set(FILES)


@pytest.mark.parametrize("form", OFFERED)
def test_each_week_with_papers_is_a_file(boats: Topic, tmp_path: Path, form: str) -> None:  # noqa: ARG001
    result = export(form, tmp_path)
    assert (result["weeks"], result["papers"]) == (["2026-W23", "2026-W25"], 3)
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {str(Path(path).relative_to(tmp_path)) for path in result["files"]} == written
    assert FILES[form] in written
    assert len(written) == 2 + (form == "html")
    text = (tmp_path / FILES[form]).read_text(encoding="utf-8")
    for words in ("HarborNet", "2606.90001", "2606.90002"):
        assert words in text


@pytest.mark.parametrize(
    ("options", "weeks"),
    [
        (["--from", "2026-06-15"], ["2026-W25"]),
        (["--from", "2026-06-21", "--to", "2026-06-21"], ["2026-W25"]),
        (["--to", "2026-06-14"], ["2026-W23"]),
        (["--from", "2026-06-22"], []),
    ],
)
def test_days_choose_the_weeks_that_hold_them(
    boats: Topic,  # noqa: ARG001
    tmp_path: Path,
    options: list[str],
    weeks: list[str],
) -> None:
    assert export("json", tmp_path, *options)["weeks"] == weeks


def test_what_was_written_is_said_in_a_line(boats: Topic, tmp_path: Path) -> None:  # noqa: ARG001
    out = done("export", "boats", "--format", "hexo", "--out", str(tmp_path), "--now", NOW).out
    assert out == f"Wrote 2 weeks of boats with 3 papers to {tmp_path}\n"
    out = done("export", "boats", "--format", "hexo", "--out", str(tmp_path), "--from", "2027-01-01").out
    assert "No week of these days has a paper" in out


def test_an_export_again_is_the_same_to_the_byte(boats: Topic, tmp_path: Path) -> None:  # noqa: ARG001
    for form in OFFERED:
        for folder in ("one", "two"):
            export(form, tmp_path / folder)
        path = FILES[form]
        assert (tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes()


# --- what stands in them ---------------------------------------------------------------------------------


def test_hexo_gets_what_the_page_it_replaces_has(boats: Topic, tmp_path: Path) -> None:  # noqa: ARG001
    readings.store_details("harbornet", image=b"an image")
    export("hexo", tmp_path)
    front, body = front_and_body(tmp_path / FILES["hexo"])
    assert front["title"] == "Boats, 15 to 21 June 2026"
    assert front["date"] == "2026-06-17 09:30:00"
    assert front["categories"] == ["Robotics"]
    assert front["tags"] == ["Boats", "cs.RO", "cs.SD"]
    assert front["description"] == "2 new papers of arXiv on Boats"
    assert "marine robotics" in front["keywords"]
    assert front["cover"].startswith("http://localhost:8000/figures/")
    flags = ("toc", "toc_number", "toc_style_simple", "copyright", "mathjax")
    assert [front[flag] for flag in flags] == [True, False, True, False, False]
    fold = body.partition("<details>\n<summary>Figures</summary>\n")[2].partition("\n</details>")[0]
    assert "![2](<http://localhost:8000/figures/" in fold
    assert "Figure 2: Echoes become a map" in fold
    assert "CC BY 4.0, resized <https://creativecommons.org/licenses/by/4.0/>" in fold
    assert body.index("> Summaries are machine-made") < body.index("## Updated on 17 June 2026")
    assert "#### Takeaways" in body
    assert "##### Steps" in body


def test_jekyll_and_hugo_get_their_own_names(boats: Topic, tmp_path: Path) -> None:  # noqa: ARG001
    readings.store_details("harbornet", image=b"an image")
    for form in MAKERS:
        export(form, tmp_path)
    jekyll, _ = front_and_body(tmp_path / FILES["jekyll"])
    assert (jekyll["layout"], jekyll["render_with_liquid"]) == ("post", False)
    assert jekyll["image"].startswith("http://localhost:8000/figures/")
    assert datetime.strptime(jekyll["date"], "%Y-%m-%d %H:%M:%S %z") == WEDNESDAY
    hugo, body = front_and_body(tmp_path / FILES["hugo"])
    assert datetime.fromisoformat(hugo["date"]) == WEDNESDAY
    assert hugo["images"] == [jekyll["image"]]
    assert "<details>" not in body
    assert "![2](<http" in body


def test_json_has_every_field_as_arxiv_has_it(boats: Topic, tmp_path: Path) -> None:  # noqa: ARG001
    export("json", tmp_path)
    document = json.loads((tmp_path / FILES["json"]).read_text(encoding="utf-8"))
    assert (document["week"], document["from"], document["to"]) == ("2026-W25", "2026-06-15", "2026-06-21")
    first, second = document["papers"]
    record = readings.paper("harbornet")
    assert (first["title"], tuple(first["authors"])) == (record.title, record.authors)
    assert first["abstract"] == record.abstract
    assert first["summary"]["finding"]["quotes"][0]["quote"] in record.abstract
    assert len(first["summary"]["takeaways"]) == 7
    assert second["summary"] is None
    assert document["url"] == "http://localhost:8000/topics/boats/2026-W25/"


# --- hostile text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", MAKERS)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_markdown(boats: Topic, tmp_path: Path, form: str, text: str) -> None:
    plain = export_again(form, tmp_path / "plain")
    say_everywhere(text, boats)
    export(form, tmp_path)
    front, body = front_and_body(tmp_path / FILES[form])
    assert front.keys() == plain.keys()
    assert front["title"] == "Boats, 15 to 21 June 2026"
    assert all(isinstance(each, str) for each in (*front["categories"], *front["tags"]))
    bare = re.sub(r"\\.", "", body)
    for bad in ("{{", "{%", "<script", "<img", "](javascript", "<!--", "<b>", "`", "$", "\u2028", "&#x3c"):
        assert bad not in bare, bad
    tags = re.findall(r"</?[a-z]+[^>]*>", re.sub(r"<https?://[^<>\s]+>", "", bare))
    assert set(tags) <= {"<details>", "</details>", "<summary>", "</summary>"}
    assert len(re.findall(r"(?m)^---$", body)) == 0


def export_again(form: str, folder: Path) -> dict[str, Any]:
    export(form, folder)
    return front_and_body(folder / FILES[form])[0]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_json_and_html(boats: Topic, tmp_path: Path, text: str) -> None:
    say_everywhere(text, boats)
    for form in ("json", "html"):
        export(form, tmp_path)
    document = json.loads((tmp_path / FILES["json"]).read_text(encoding="utf-8"))
    assert text in {paper["title"] for paper in document["papers"]}
    tags = Tags()
    tags.feed((tmp_path / FILES["html"]).read_text(encoding="utf-8"))
    assert tags.names.isdisjoint({"script", "iframe", "object", "form", "base"})
    assert not any(name.startswith("on") for name in tags.attributes)
    assert all(url.startswith(("http://localhost:8000/", "https://arxiv.org/")) for url in tags.urls)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names, self.attributes, self.urls = set[str](), set[str](), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.urls += [value or "" for name, value in attrs if name in ("href", "src")]


# --- what is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["export", "nothing", "--format", "json", "--out", "x"], 1, "no topic 'nothing'"),
        (["export", "boats", "--format", "word", "--out", "x"], 2, "'word' is not one of"),
        (["export", "boats", "--format", "json"], 2, "--out"),
        (["export", "boats", "--format", "json", "--out", "x", "--from", "June"], 2, "not a date such as"),
        (
            ["export", "boats", "--format", "json", "--out", "x", "--from", "0001-01-01"],
            2,
            "not in the years",
        ),
        (
            [
                "export",
                "boats",
                "--format",
                "json",
                "--out",
                "x",
                "--from",
                "2026-06-02",
                "--to",
                "2026-06-01",
            ],
            2,
            "comes after",
        ),
        (["export", "boats", "--format", "json", "--out", "x", "--language", "xx"], 2, "xx"),
    ],
)
def test_a_mistake_gets_a_line(boats: Topic, words: list[str], code: int, says: str) -> None:  # noqa: ARG001
    result = newsletter(*words)
    assert result.code == code
    assert says in result.line


def test_a_folder_that_is_a_file_gets_a_line(boats: Topic, tmp_path: Path) -> None:  # noqa: ARG001
    (tmp_path / "source").write_text("in the way")
    result = newsletter("export", "boats", "--format", "hexo", "--out", str(tmp_path))
    assert result.code == 1
    assert str(tmp_path / "source") in result.line


def test_a_readers_own_topic_is_not_exported(boats: Topic, tmp_path: Path) -> None:  # noqa: ARG001
    add_by_operator(
        "ada@example.org", topics=["boats"], preferences=Preferences.checked(), source="test", now=WEDNESDAY
    )
    add_topic("secret", name="Secret", query="cat:cs.CV", owner=Subscriber.objects.get(), now=WEDNESDAY)
    result = newsletter("export", "secret", "--format", "json", "--out", str(tmp_path))
    assert (result.code, list(tmp_path.iterdir())) == (1, [])
    assert "reader's own" in result.line


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_on_the_pages(boats: Topic, client: Client, text: str) -> None:
    say_everywhere(text, boats)
    for path in ("/topics/boats/2026-W25/", "/topics/boats/", "/topics/"):
        tags = Tags()
        tags.feed(client.get(path, SERVER_NAME="localhost").content.decode())
        assert tags.names.isdisjoint({"script", "iframe", "object"})
        assert not any(name.startswith("on") for name in tags.attributes)
