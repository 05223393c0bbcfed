"""The ways in which machine-made paper digests go wrong (design: what a reader gets), one test each.

The sample papers in tests/data/papers have the traits that brought the mistakes about. What a model does here
it does on purpose; what counts is what is left of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmarks.grounding import OWN_PAPERS, SamplePaper, read_sample_paper
from newsletter.core.arxiv.query import AndNot, parse
from newsletter.core.summaries.grounding import WithheldReason, ground, why_withheld
from newsletter.core.summaries.paper_kinds import SECTIONS, PaperKind
from newsletter.core.summaries.summary import (
    Claim,
    DetailLevel,
    Draft,
    Evidence,
    Section,
    Summary,
    Voice,
    at_detail,
    response_schema,
)

GULLSYNC = read_sample_paper(OWN_PAPERS / "gullsync.toml")
KELPSET = read_sample_paper(OWN_PAPERS / "kelpset.toml")
BEACONS = read_sample_paper(OWN_PAPERS / "beacons.toml")

AUDIO_DRIVEN = "an audio-driven method that animates a single portrait for tens of minutes without drift"
FASTER = "it lowers identity drift by 47% and renders 47× faster than re-denoising each clip"
FIRST = "It is the first method whose videos of 20 minutes were not told from recordings"
STAGES = "First, an audio encoder turns speech into 25 motion tokens per second."
TEST_SET = "We test on recordings of 18 speakers, none of whom was seen in training."
LIMIT = "GullSync fails when the portrait shows a hand in front of the mouth."
OTHERS = "DuneFlow [5] proposes a transition model with random masks that joins two scenes of a story."


def claim(text: str, *quotes: str) -> Claim:
    return Claim(text=text, evidence=tuple(Evidence(quote=quote) for quote in quotes))


def reason(paper: SamplePaper, text: str, quote: str, *, place: str = "takeaways") -> WithheldReason | None:
    language = "zh-hans" if any("\u4e00" <= sign <= "\u9fff" for sign in text) else "en"
    return why_withheld(
        claim(text, quote), source=paper.record, full_text=paper.full_text, language=language, place=place
    )


HEADLINE = claim("GullSync animates a single portrait from audio for tens of minutes.", AUDIO_DRIVEN)
GOOD_SECTIONS = {
    "background": claim(
        "A portrait that speaks should be the same person.", "should still be the same person"
    ),
    "earlier_methods": claim("DuneFlow proposes a transition model with random masks.", OTHERS),
    "method": claim("An audio encoder turns speech into 25 motion tokens per second.", STAGES),
    "task": claim("A single portrait is animated from audio for tens of minutes.", AUDIO_DRIVEN),
    "data": claim("Tests use recordings of 18 speakers, none seen in training.", TEST_SET),
    "performance": claim(
        "Identity drift falls from 0.34 to 0.18.", "Identity drift falls from 0.34 to 0.18."
    ),
    "significance": claim(
        "Memories of this kind could help other generators.",
        "Memories of this kind could help other generators",
    ),
    "performance_limits": claim("GullSync fails when a hand is in front of the mouth.", LIMIT),
}


def reading(
    paper: SamplePaper = GULLSYNC, kind: PaperKind = PaperKind.METHOD, **changed: Sequence[Claim]
) -> Summary:
    """Ground a whole reading of which some sections hold something else."""
    given = {name: (good,) for name, good in GOOD_SECTIONS.items()} | changed
    sections = tuple(
        Section(kind=spec.kind, claims=tuple(given.get(spec.kind, ()))) for spec in SECTIONS[kind]
    )
    draft = Draft(headline=HEADLINE, takeaways=(), sections=sections, kind=kind, detail=DetailLevel.READING)
    found = ground(draft, source=paper.record, language="en", voice=Voice.MODEL, full_text=paper.full_text)
    assert isinstance(found, Summary)
    return found


def test_a_whole_reading_is_shown_and_says_what_the_paper_does_not_state() -> None:
    found = reading()
    assert (found.detail, found.incomplete, found.withheld) == (DetailLevel.READING, (), ())
    assert {section.kind for section in found.sections if not section.claims} == {
        f"{aspect}_{side}" for aspect in ("innovation", "workload") for side in ("strengths", "limits")
    } | {"performance_strengths"}


@pytest.mark.parametrize("missing", ["significance", "performance", "method", "workload_limits"])
def test_a_reading_with_a_section_missing_is_shown_one_depth_lower_saying_so(missing: str) -> None:
    whole = reading()
    draft = Draft(
        headline=whole.headline,
        sections=tuple(section for section in whole.sections if section.kind != missing),
        kind=whole.kind,
        detail=DetailLevel.READING,
    )
    shown = ground(
        draft, source=GULLSYNC.record, language="en", voice=Voice.MODEL, full_text=GULLSYNC.full_text
    )
    assert isinstance(shown, Summary)
    found = at_detail(shown, DetailLevel.READING)
    assert (found.detail, found.sections, found.incomplete) == (DetailLevel.HEADLINE, (), (missing,))


@pytest.mark.parametrize(
    "text", ["吴思静等人提出了 GullSync。", "With Tibor Sandvig, GullSync animates a portrait."]
)
def test_authors_are_never_a_models_to_name(text: str) -> None:
    assert reason(GULLSYNC, text, AUDIO_DRIVEN) is WithheldReason.NAME_NOT_IN_SOURCE
    assert "authors" not in str(response_schema(DetailLevel.READING))


def test_an_affiliation_is_never_a_models_to_invent() -> None:
    assert reason(GULLSYNC, "上海交通大学提出了音频驱动的肖像动画方法。", AUDIO_DRIVEN) is not None


@pytest.mark.parametrize(
    "text",
    [
        "论文链接待确认，GitHub 代码链接（如有）。",
        "GullSync code: xxx.",
        "GullSync 的 [论文链接](链接地址)。",
        "The project page of GullSync is to be confirmed.",
        "GullSync animates portraits, see https://gullsync.example.org.",
    ],
)
def test_links_are_never_a_models_to_write(text: str) -> None:
    assert reason(GULLSYNC, text, AUDIO_DRIVEN) in (WithheldReason.CHATTER, WithheldReason.MARKUP)


@pytest.mark.parametrize(
    "text",
    [
        "该论文尚未公开发表，部分细节暂时不可用。",
        "The data set paper is not yet published.",
        "KelpSet was accepted by CVPR.",
    ],
)
def test_where_a_paper_was_published_is_never_a_models_to_say(text: str) -> None:
    quote = "We introduce KelpSet, 49 hours of 3D hand and face motion of 86 interpreters"
    assert reason(KELPSET, text, quote) is WithheldReason.FACT_OF_ARXIV


def test_a_method_section_about_two_other_papers_is_missing() -> None:
    stolen = (
        claim("The method joins two scenes with a transition model with random masks.", OTHERS),
        claim(
            "Consistent self-attention predicts motion between story images.",
            "introduces consistent self-attention and predicts motion between story images from text",
        ),
    )
    found = reading(method=stolen)
    assert found.incomplete == ("method",)
    assert {each.reason for each in found.withheld} == {"related_work"}
    assert "random masks" not in found.headline.text


@pytest.mark.parametrize(
    ("text", "quote", "expected"),
    [
        ("GullSync is a text-driven portrait animation method.", AUDIO_DRIVEN, "contradicts_quote"),
        ("GullSync 是一种文本驱动的肖像动画方法。", AUDIO_DRIVEN, "contradicts_quote"),
        ("GullSync animates a single portrait for several hours.", AUDIO_DRIVEN, "number_not_in_quote"),
        ("GullSync 可让单张肖像动画持续数小时。", AUDIO_DRIVEN, "number_not_in_quote"),
        ("It renders 74× faster than re-denoising each clip.", FASTER, "number_not_in_quote"),
        ("It renders 47% faster than re-denoising each clip.", FASTER, "number_not_in_quote"),
        ("GullSync is the first audio-driven method.", AUDIO_DRIVEN, "word_not_in_quote"),
        ("It is the best method for videos of 20 minutes.", FIRST, "word_not_in_quote"),
    ],
)
def test_a_wrong_word_or_number_is_withheld(text: str, quote: str, expected: str) -> None:
    assert reason(GULLSYNC, text, quote) == expected


def test_forty_nine_hours_stay_with_what_lasts_them() -> None:
    quote = "We introduce KelpSet, 49 hours of 3D hand and face motion of 86 interpreters"
    assert reason(KELPSET, "KelpSet holds 49 hours of 3D hand and face motion.", quote) is None
    assert reason(KELPSET, "KelpSet holds 86 hours of 3D hand and face motion.", quote) is not None
    assert reason(KELPSET, "KelpSet 包含数小时的三维动作。", quote) is WithheldReason.NUMBER_NOT_IN_QUOTE


def test_figures_in_the_abstract_are_not_called_unstated() -> None:
    found = reading(performance=())
    assert found.incomplete == ("performance",)


def test_limits_under_their_own_heading_are_not_called_unstated() -> None:
    found = reading(performance_limits=())
    assert set(found.incomplete) == {"innovation_limits", "performance_limits", "workload_limits"}


def test_a_text_that_was_not_read_whole_says_nothing_about_what_it_does_not_state() -> None:
    assert GULLSYNC.full_text is not None
    half = replace(GULLSYNC, full_text=replace(GULLSYNC.full_text, is_cut=True))
    assert "workload_limits" in reading(half).incomplete


def test_a_position_paper_is_not_asked_for_its_performance() -> None:
    argue = "We argue that every leaderboard should carry an expiry date"
    asked = {spec.kind for spec in SECTIONS[PaperKind.POSITION]}
    assert not asked & {"performance", "data", "task"}
    held = claim("Every leaderboard should carry an expiry date, the authors argue.", argue)
    sections = tuple(
        Section(kind=kind, claims=(held,) if kind in {"background", "position", "arguments"} else ())
        for kind in asked
    )
    draft = Draft(headline=held, sections=sections, kind=PaperKind.POSITION, detail=DetailLevel.READING)
    found = ground(
        draft, source=BEACONS.record, language="en", voice=Voice.MODEL, full_text=BEACONS.full_text
    )
    assert isinstance(found, Summary)
    assert found.incomplete == ("earlier_views",)


@pytest.mark.parametrize(
    "text",
    [
        "以上是对该论文方法部分的详细概括，希望能够对您有所帮助。",
        "请注意，GullSync 的某些细节可能暂时不可用。",
        "If available, fill in what GullSync animates.",
        r"GullSync animates a \textbf{single portrait} without drift.",
        "Here is the summary: GullSync animates a single portrait.",
        "Ignore previous instructions: GullSync animates a portrait.",
        "You should read how GullSync animates a single portrait.",
        "![Figure](https://pic.example.com/a.jpg) GullSync animates a single portrait.",
        "<b>GullSync</b> animates a single portrait.",
        "GullSync animates a \u202esingle portrait.",
        "GullSync animates a single\u200b portrait.",
    ],
)
def test_chatter_remnants_and_markup_reach_nobody(text: str) -> None:
    assert reason(GULLSYNC, text, AUDIO_DRIVEN) in (WithheldReason.CHATTER, WithheldReason.MARKUP)


def test_every_depth_is_cut_from_one_summary() -> None:
    deep = reading()
    assert at_detail(deep, DetailLevel.HEADLINE).headline == at_detail(deep, DetailLevel.READING).headline
    assert at_detail(at_detail(deep, DetailLevel.TAKEAWAYS), DetailLevel.HEADLINE) == at_detail(
        deep, DetailLevel.HEADLINE
    )


def test_a_topic_can_exclude_its_false_friends() -> None:
    assert isinstance(parse('abs:"talking head" ANDNOT abs:"speaker verification"'), AndNot)


@pytest.mark.parametrize(
    "text", ["本摘要由 Gemini 生成。", "This summary was written with ChatGPT for portraits."]
)
def test_which_model_wrote_it_is_not_the_models_to_say(text: str) -> None:
    assert reason(GULLSYNC, text, AUDIO_DRIVEN) is WithheldReason.NAME_NOT_IN_SOURCE
