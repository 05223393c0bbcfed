"""``newsletter evaluate``: a summariser measured over a fixed set, beside another; nothing is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django import Settings

from newsletter.models import Paper, Quota, Summary
from newsletter.pipeline.summarize.budget import KIND
from tests.cli.runner import done, newsletter, rows
from tests.fakes.arxiv_server import entry, feed
from tests.fakes.gemini_server import Fault, GeminiServer

pytestmark = pytest.mark.django_db(transaction=True)

ABSTRACT = (
    "Harbour levels are widely forecast from gauges that are costly to maintain. "
    "We propose TideNet, which forecasts harbour levels from the motion of moored ships. "
    "On 14 harbours it reduces the mean error by 31% and runs 5 times faster than GaugeFormer."
)


@pytest.fixture
def gemini(settings: Settings) -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        settings.CONFIG = settings.CONFIG.model_copy(
            update={"gemini_api_key": "k", "gemini_endpoint": server.url, "gemini_rpm": 10_000}
        )
        yield server


@pytest.fixture
def week(tmp_path: Path) -> str:
    """A saved answer with three papers."""
    path = tmp_path / "week.xml"
    submitted = datetime(2026, 6, 15, tzinfo=UTC)
    papers = [
        entry(f"2606.0000{number}v1", title=f"Tides {number}", abstract=ABSTRACT, submitted=submitted)
        for number in (1, 2, 3)
    ]
    path.write_text(feed(papers), encoding="utf-8")
    return str(path)


def test_the_sample_papers_are_measured_without_a_key() -> None:
    said = done("evaluate", "--summariser", "extractive", "--limit", "20").out
    assert "papers                20" in said
    assert "no price given" in said
    [found] = done("evaluate", "--summariser", "extractive", "--json").json["evaluations"]
    assert (found["papers"], found["grounded"], found["failed"], found["cost"]) == (60, 1.0, {}, None)


def test_a_model_is_measured_over_a_file_with_its_cost(gemini: GeminiServer, week: str) -> None:
    before = rows()
    result = done("evaluate", "--summariser", "genai:pro", "--papers", week, "--price", "1,10", "--json").json
    [found] = result["evaluations"]
    assert (found["summariser"], found["model"], found["papers"], gemini.calls) == ("genai:pro", "pro", 3, 3)
    assert {asked.model for asked in gemini.requests} == {"pro"}
    assert (found["complete"], found["refused"], found["language"]) == (3, 0, "en")
    assert found["cost"] == pytest.approx((found["input_tokens"] + 10 * found["output_tokens"]) / 1e6)
    # Nothing is kept but the tokens of the day.
    changed = {name for name, count in rows().items() if count != before[name]}
    assert changed == {"Quota"}
    assert not Summary.objects.exists()
    assert not Paper.objects.exists()
    assert Quota.objects.get(kind=KIND).count == found["input_tokens"] + found["output_tokens"]


def test_two_stand_side_by_side(gemini: GeminiServer, week: str) -> None:
    gemini.answer_next(Fault.INVENTED_TAKEAWAY, Fault.SAFETY, Fault.INVENTED_QUOTE)
    said = done("evaluate", "--summariser", "gemini", "--summariser", "extractive", "--papers", week).out
    lines = {line[:22].strip(): line[22:].split() for line in said.splitlines()}
    assert lines[""] == ["gemini", "extractive"]
    assert lines["headline refused"] == ["1", "0"]
    assert lines["safety"] == ["1", "0"]
    assert lines["number_not_in_quote"] == ["1", "0"]
    assert lines["papers"] == ["3", "3"]


def test_saved_results_are_shown_side_by_side(gemini: GeminiServer, week: str, tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in ("one.json", "other.json")]
    for name, file in zip(("extractive", "gemini"), files, strict=True):
        done("evaluate", "--summariser", name, "--papers", week, "--language", "zh", "--save", file)
    calls = gemini.calls
    said = done("evaluate", "--show", files[0], "--show", files[1]).out
    assert said.split()[:2] == ["extractive", "gemini"]
    # The extractive one keeps the paper's language.
    [written] = [line for line in said.splitlines() if line.startswith("written in")]
    assert written.split()[2:] == ["en,", "takeaways", "zh-hans,", "takeaways"]
    assert gemini.calls == calls
    assert json.loads(Path(files[0]).read_text())["evaluations"][0]["summariser"] == "extractive"


def test_a_reading_of_made_up_papers_asks_nobody_for_their_text(gemini: GeminiServer) -> None:
    words = ("--limit", "2", "--depth", "reading")
    [found] = done("evaluate", "--summariser", "genai", *words, "--json").json["evaluations"]
    assert (found["complete"], found["shallower"]) == (0, 2)
    assert gemini.calls == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--summariser", "gpt"), 2, "extractive, gemini, genai"),
        (("--summariser", "extractive", "--price", "cheap"), 2, "0.30,2.50"),
        (("--summariser", "extractive", "--price", "1,2", "--price", "3,4"), 2, "one price for each"),
        (("--summariser", "extractive", "--language", "klingon!"), 2, "language"),
        (("--summariser", "gemini"), 2, "GEMINI_API_KEY is needed by --summariser gemini"),
        (("--summariser", "extractive", "--papers", "nowhere.xml"), 1, "nowhere.xml"),
        (("--show", "/dev/null"), 1, "no results of newsletter evaluate"),
    ],
)
def test_a_mistake_is_one_line(words: tuple[str, ...], code: int, said: str) -> None:
    result = newsletter("evaluate", *words)
    assert result.code == code
    assert said in result.line


def test_a_wrong_key_ends_it_with_one_line(gemini: GeminiServer, week: str) -> None:
    gemini.answer_always(Fault.BAD_KEY)
    result = newsletter("evaluate", "--summariser", "genai", "--papers", week)
    assert result.code == 1
    assert "Check GEMINI_API_KEY" in result.line
