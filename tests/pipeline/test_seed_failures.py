"""Every failure of the page this service replaces, made by a model for such a paper: what is shown instead.

The mistakes are those of the table in the design of readings; the paper is made up.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from newsletter.adapters.llm.genai import GenaiSummariser
from newsletter.adapters.ports import PaperText
from newsletter.core.arxiv.full_text import FullText, Role, TextSection
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.paper_kinds import SECTIONS, PaperKind
from newsletter.models import Summary
from newsletter.pipeline.context import Context
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom, body

pytestmark = pytest.mark.django_db(transaction=True)

DRIVES = "We present EchoFace, an audio-driven method that animates a portrait with a Gaussian head."
TRAINS = "It trains in tens of minutes on one graphics card."
RENDERS = "Rendering is 47 times faster than PoseTalk, the best earlier method."
FOOTAGE = "The training footage is 49 hours long."
LOWERS = "On three benchmarks it lowers the landmark error by 12%."
ABSTRACT = (
    "Talking portraits are slow to train and slow to render. "
    f"{DRIVES} {TRAINS} {RENDERS} {FOOTAGE} {LOWERS} "
    "Project page: https://echoface.example.org"
)
AUTHORS = ("Ingrid Sølheim", "Mei-Ling Hsu", "Tadeo Quiroga", "Oluwaseun Adeyemi", "Petra Novotná", "Ken Ito")
PAPER = paper_record(
    1,
    title="EchoFace: Portraits That Speak, Driven by Audio",
    abstract=ABSTRACT,
    authors=AUTHORS,
    comment="Accepted by ACMMM 2024. 12 pages",
)
SLOW = "Earlier portraits need a day of training for every new person."
STEPS = "We encode the audio into visemes and move the Gaussians of the mouth with them."
LIMITS = "The method fails for profiles beyond 60 degrees."
OTHERS = "SEINE generates transitions between scenes with a random mask."
TEXT = FullText(
    sections=(
        TextSection(title="Introduction", text=f"{SLOW} We close this gap."),
        TextSection(
            title="Related Work", text=f"{OTHERS} StoryDiffusion keeps a hero the same.", role=Role.RELATED
        ),
        TextSection(title="Method", text=f"{STEPS} The head is refined in ten steps."),
        TextSection(title="Discussion", text=f"{LIMITS} It was tested with four people."),
    ),
)
GOOD = {
    "drives": ("EchoFace animates a portrait from audio with a Gaussian head.", DRIVES),
    "trains": ("It trains in tens of minutes on one graphics card.", TRAINS),
    "renders": ("It renders 47 times faster than PoseTalk.", RENDERS),
    "footage": ("The training footage is 49 hours long.", FOOTAGE),
    "lowers": ("It lowers the landmark error by 12% on three benchmarks.", LOWERS),
    "slow": ("Earlier portraits need a day of training for every new person.", SLOW),
    "steps": ("The audio becomes visemes, which move the Gaussians of the mouth.", STEPS),
    "limits": ("The method fails for profiles beyond 60 degrees.", LIMITS),
}
READING = {
    "background": "slow",
    "earlier_methods": "slow",
    "method": "steps",
    "task": "drives",
    "data": "footage",
    "performance": "lowers",
    "significance": "trains",
    "innovation_strengths": "drives",
    "innovation_limits": "",
    "performance_strengths": "renders",
    "performance_limits": "limits",
    "workload_strengths": "trains",
    "workload_limits": "",
}

Answer = dict[str, Any]


def claim(text: str, quote: str) -> Answer:
    return {"text": text, "quotes": [quote]}


def good_answer() -> Answer:
    claims = {name: claim(*said) for name, said in GOOD.items()}
    return {
        "headline": claims["drives"],
        "takeaways": [claims["trains"], claims["renders"], claims["lowers"]],
        "kind": "method",
        "sections": [
            {"kind": kind, "claims": [claims[name]] if name else []} for kind, name in READING.items()
        ],
    }


@dataclass(frozen=True)
class PrintedPaper:
    """A source that has the text of every paper."""

    def licence(self, paper: PaperRecord) -> str:  # noqa: ARG002
        return ""

    def read(self, paper: PaperRecord, *, figures: int) -> PaperText:  # noqa: ARG002
        return PaperText(text=TEXT)


@dataclass
class Readingroom(Newsroom):
    """A newsroom in which full texts can be had."""

    @property
    def context(self) -> Context:
        context = super().context
        context.__dict__["full_texts"] = PrintedPaper()
        return context


@dataclass
class Shown:
    """What readers see."""

    text: str
    html: str
    page: str
    withheld: list[str] = field(default_factory=list)

    def says(self, words: str) -> list[bool]:
        return [words in view for view in (self.text, self.html, self.page)]


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


@pytest.fixture
def room(tmp_path: Path, gemini: GeminiServer) -> Readingroom:
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    model = GenaiSummariser(api_key="k", model="gemini-test", endpoint=gemini.url, max_attempts=1)
    room = Readingroom(tmp_path, summariser=model)
    room.topic("heads", "cat:cs.CV AND ti:portraits")
    return room


Show = Callable[..., Shown]


@pytest.fixture
def show(room: Readingroom, gemini: GeminiServer) -> Show:
    """Let a model answer about a paper, and return what a reader of readings is shown."""

    def show(answer: Answer, *, paper: PaperRecord = PAPER, language: str = "en") -> Shown:
        gemini.says = lambda _: json.dumps(answer, ensure_ascii=False)
        room.subscriber("a@example.org", "heads", depth="reading", language=language)
        room.take_in(paper, now=SUNDAY + timedelta(hours=1))
        assert set(room.run(MONDAY).deliveries) == {"ACCEPTED"}
        [mail] = [mail for mail in room.mails() if mail["To"] == "a@example.org"]
        page = Client(SERVER_NAME="localhost").get(f"/papers/{paper.arxiv_id}/")
        assert page.status_code == 200
        row = Summary.objects.filter(model="gemini-test").first()
        withheld = (row.content or {}).get("withheld", []) if row else []
        flat = " ".join(body(mail, "plain").replace("\r\n", " ").split())
        return Shown(
            flat, " ".join(body(mail, "html").split()), " ".join(page.content.decode().split()), withheld
        )

    return show


def spoiled(kind: str, text: str, quote: str) -> Answer:
    """Return the good answer with one claim of one section replaced."""
    answer = copy.deepcopy(good_answer())
    next(section for section in answer["sections"] if section["kind"] == kind)["claims"] = [
        claim(text, quote)
    ]
    return answer


def assert_shorter_form(shown: Shown) -> None:
    """The summary is there without its sections, and says that it is not the reading."""
    assert shown.says(GOOD["drives"][0]) == [True, True, True]
    assert GOOD["steps"][0] not in shown.text + shown.html + shown.page
    assert "the shorter form" in shown.text


def test_a_good_reading_is_shown_whole(show: Show) -> None:
    """Without this, none of the others would prove anything."""
    shown = show(good_answer())
    assert shown.withheld == []
    assert shown.says(GOOD["steps"][0]) == [True, True, True]
    assert "Not stated in the paper" in shown.page
    assert "shorter form" not in shown.text


def test_a_reading_with_sections_missing_is_shown_one_depth_lower_and_says_so(show: Show) -> None:
    answer = good_answer()
    answer["sections"] = answer["sections"][:6]
    assert_shorter_form(show(answer))


def test_authors_are_those_of_arxiv_whatever_the_model_calls_them(show: Show) -> None:
    answer = good_answer() | {"authors": ["王小明", "李华", "Ingrid Solheim"]}
    answer["takeaways"].append(claim("Wang Xiaoming and Li Hua present EchoFace.", DRIVES))
    shown = show(answer)
    assert "name_not_in_source" in shown.withheld
    for invented in ("王小明", "Wang Xiaoming", "Ingrid Solheim"):
        assert shown.says(invented) == [False, False, False]
    assert "Ingrid Sølheim" in shown.text
    assert all(name in shown.page for name in AUTHORS)


def test_a_link_that_is_not_known_leaves_no_line_and_a_known_one_is_there(show: Show) -> None:
    answer = good_answer() | {"links": {"project": "https://echoface.invented.example"}}
    answer["takeaways"] += [
        claim("Code: link to be confirmed.", DRIVES),
        claim("The code is at xxx.", DRIVES),
        claim("[论文链接](链接地址)", DRIVES),
    ]
    shown = show(answer)
    assert len(shown.withheld) == 3
    for remnant in ("to be confirmed", "xxx", "链接地址", "invented.example"):
        assert shown.says(remnant) == [False, False, False]
    assert shown.says("https://echoface.example.org") == [True, True, True]


def test_where_it_appeared_is_what_the_comment_says(show: Show) -> None:
    answer = good_answer()
    answer["takeaways"].append(claim("The paper has not been published yet.", DRIVES))
    shown = show(answer)
    assert shown.withheld
    assert shown.says("not been published") == [False, False, False]
    assert shown.says("ACMMM 2024") == [True, True, True]


def test_the_method_of_other_papers_is_not_this_papers_method(show: Show) -> None:
    shown = show(spoiled("method", "SEINE generates transitions between scenes with a random mask.", OTHERS))
    assert shown.withheld == ["related_work"]
    assert shown.says("random mask") == [False, False, False]
    assert_shorter_form(shown)


@pytest.mark.parametrize(
    ("text", "quote", "gone"),
    [
        ("EchoFace is a text-driven method that animates a portrait.", DRIVES, "text-driven"),
        ("It trains in several hours on one graphics card.", TRAINS, "several hours"),
        ("It trains in 49 hours on one graphics card.", TRAINS, "trains in 49 hours"),
        ("Training is 47 times faster than PoseTalk.", TRAINS, "Training is 47 times"),
        ("It lowers the landmark error by 47%.", LOWERS, "by 47%"),
        ("EchoFace is the first to animate a portrait from audio.", DRIVES, "the first to"),
    ],
)
def test_every_number_and_every_first_stands_in_its_own_quote(
    show: Show, text: str, quote: str, gone: str
) -> None:
    answer = good_answer()
    answer["takeaways"].append(claim(text, quote))
    shown = show(answer)
    assert len(shown.withheld) == 1
    assert shown.says(gone) == [False, False, False]
    # What the paper does state is there, with its quote.
    assert shown.says(GOOD["drives"][0]) == [True, True, True]
    assert GOOD["renders"][0] in shown.page


def test_no_figures_given_is_not_said_of_a_paper_that_gives_them(show: Show) -> None:
    shown = show(spoiled("performance", "No figures are given for its performance.", LOWERS))
    assert shown.withheld
    assert shown.says("No figures are given") == [False, False, False]
    assert_shorter_form(shown)


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("Sure! Here is the summary of the paper you asked for.", "Here is the summary"),
        ("If available, fill in the affiliation of the authors.", "fill in"),
        (r"The portrait is \textbf{animated} from audio.", "textbf"),
        ("As an AI language model, I cannot judge this.", "language model"),
    ],
)
def test_chatter_remnants_of_a_prompt_and_raw_tex_do_not_pass(show: Show, text: str, gone: str) -> None:
    answer = good_answer()
    answer["takeaways"].append(claim(text, DRIVES))
    shown = show(answer)
    assert len(shown.withheld) == 1
    assert shown.says(gone) == [False, False, False]


def test_a_paper_of_two_topics_is_summarised_once_for_all_subscribers(
    room: Readingroom, gemini: GeminiServer, show: Show
) -> None:
    room.topic("audio", "cat:cs.CV AND ti:audio")
    room.subscriber("b@example.org", "audio,heads", depth="headline")
    show(good_answer())
    assert gemini.calls == 1
    mails = {str(mail["To"]): body(mail, "plain") for mail in room.mails()}
    assert all(GOOD["drives"][0][:40] in text.replace("\r\n", " ") for text in mails.values())


def test_a_paper_beside_the_topic_is_kept_out_by_its_query(room: Readingroom, show: Show) -> None:
    room.topic("faces", "cat:cs.CV AND ti:speak ANDNOT abs:speaker")
    room.subscriber("c@example.org", "faces")
    beside = replace(
        PAPER, arxiv_id="2606.00077", title="Speak Up", abstract="We tell one speaker from another by voice."
    )
    room.take_in(beside, now=SUNDAY + timedelta(hours=1))
    show(good_answer())
    [mail] = [mail for mail in room.mails() if mail["To"] == "c@example.org"]
    assert PAPER.arxiv_id in body(mail, "plain")
    assert beside.arxiv_id not in body(mail, "plain")


def test_no_picture_is_loaded_from_anywhere(show: Show) -> None:
    answer = good_answer() | {"figures": ["https://pictures.example/1.png"]}
    answer["takeaways"].append(claim("![](https://pictures.example/1.png)", DRIVES))
    shown = show(answer)
    assert shown.says("pictures.example") == [False, False, False]
    assert "<img" not in shown.html


def test_the_model_that_wrote_it_is_the_one_that_is_named(
    room: Readingroom, gemini: GeminiServer, show: Show
) -> None:
    shown = show(good_answer() | {"model": "GPT-9"})
    assert shown.says("gemini-test") == [True, True, True]
    assert shown.says("GPT-9") == [False, False, False]
    # Another model's summary does not pass under this one's name.
    room.summariser = GenaiSummariser(api_key="k", model="gemini-next", endpoint=gemini.url)
    room.subscriber("d@example.org", "heads", depth="reading")
    room.run(MONDAY + timedelta(days=7))
    [later] = [mail for mail in room.mails() if mail["To"] == "d@example.org"]
    assert "gemini-next" in body(later, "plain")
    assert "gemini-test" not in body(later, "plain")


def test_the_sections_of_the_good_reading_are_all_that_its_kind_has() -> None:
    assert list(READING) == [spec.kind for spec in SECTIONS[PaperKind.METHOD]]
