"""Claim against source: what passes, what is withheld, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from newsletter.core.arxiv.full_text import FullText, Role, TextSection
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.extraction import extract
from newsletter.core.summaries.grounding import Refusal, WithheldReason, ground
from newsletter.core.summaries.lengths import is_finding_too_long
from newsletter.core.summaries.normalize import find_quote, normalize
from newsletter.core.summaries.paper_kinds import SECTIONS, PaperKind
from newsletter.core.summaries.summary import (
    NO_FULL_TEXT,
    NO_KIND,
    Claim,
    DetailLevel,
    Draft,
    Evidence,
    Section,
    Summary,
    Voice,
)

METHOD = "We propose TideNet-2, which forecasts harbour levels from the motion of moored ships."
RESULT = (
    "On 14 harbours it reduces the mean error by 31% and runs 47× faster than GaugeFormer, within 10 minutes."
)
DATA = "Training takes 300K--600K steps on 1,383 recordings; large language models (LLMs) are not used."
CLAIM_TO_FAME = "It is the first model to outperform the state of the art without gauges."
LAYOUT = "The “multi-view” ﬁlter handles 10³ frames — a two-fold gain."
PAPER = PaperRecord(
    arxiv_id="2606.00001",
    version=1,
    title="TideNet-2: Harbour Levels from Ship Motion",
    abstract=f"{METHOD} {RESULT} {DATA} {CLAIM_TO_FAME} {LAYOUT}",
    authors=("Ada Roe",),
    primary_category="cs.LG",
    categories=("cs.LG",),
    published_at=datetime(2026, 6, 15, tzinfo=UTC),
    updated_at=datetime(2026, 6, 15, tzinfo=UTC),
)


def claim(text: str, *quotes: str) -> Claim:
    return Claim(text=text, evidence=tuple(Evidence(quote=quote) for quote in quotes))


def judged(text: str, *quotes: str, language: str = "en") -> Summary | Refusal:
    return ground(Draft(headline=claim(text, *quotes)), source=PAPER, language=language, voice=Voice.MODEL)


@pytest.mark.parametrize(
    ("text", "quotes", "language"),
    [
        ("TideNet-2 forecasts harbour levels from moored ships.", [METHOD], "en"),
        ("The mean error falls by 31 percent on 14 harbours.", [RESULT], "en"),
        ("It runs 47 times faster than GaugeFormer.", ["runs 47× faster than GaugeFormer"], "en"),
        ("Fourteen harbours were used.", [RESULT], "en"),
        ("Training takes up to 600,000 steps.", ["Training takes 300K--600K steps"], "en"),
        ("1383 recordings are used, and no LLM.", [DATA], "en"),
        ("It is the first to beat the state of the art without gauges.", [CLAIM_TO_FAME], "en"),
        ("The gain is two times on the multi-view filter.", [LAYOUT], "en"),
        ("TideNet-2 由系泊船只的运动预测港口水位。", [METHOD], "zh-hans"),
        ("在14个港口上，平均误差降低了31%，速度是 GaugeFormer 的47倍。", [RESULT], "zh-hans"),
        ("训练需要30万到60万步。", [DATA], "zh-hans"),
        ("它首次在没有潮位计的情况下超越了最先进的方法。", [CLAIM_TO_FAME], "zh-hans"),
        ("The error falls by 31%, with 1,383 recordings.", [RESULT, DATA], "en"),
    ],
)
def test_it_shows_what_the_source_bears_out(text: str, quotes: list[str], language: str) -> None:
    found = judged(text, *quotes, language=language)
    assert isinstance(found, Summary)
    assert found.headline.text == text


@pytest.mark.parametrize(
    ("text", "quotes", "reason"),
    [
        ("", [METHOD], WithheldReason.EMPTY),
        ("It forecasts levels. " * 40, [METHOD], WithheldReason.TOO_LONG),
        ("TideNet-2 forecasts harbour levels.", [], WithheldReason.NO_QUOTE),
        (
            "TideNet-2 forecasts levels.",
            ["We propose TideNet-2, which predicts levels"],
            WithheldReason.QUOTE_NOT_FOUND,
        ),
        ("TideNet-2 forecasts levels.", [METHOD, "not in the paper at all"], WithheldReason.QUOTE_NOT_FOUND),
        ("TideNet-2 forecasts levels.", ["TideNet-2"], WithheldReason.QUOTE_TOO_SHORT),
        ("TideNet-2 forecasts levels.", [METHOD] * 4, WithheldReason.TOO_MANY_QUOTES),
        ("Cats sleep.", [METHOD], WithheldReason.QUOTE_UNRELATED),
        ("The mean error falls by 13%.", [RESULT], WithheldReason.NUMBER_NOT_IN_QUOTE),
        ("The mean error falls by 31.", [RESULT], WithheldReason.NUMBER_NOT_IN_QUOTE),
        ("The mean error falls 47%.", [RESULT], WithheldReason.NUMBER_NOT_IN_QUOTE),
        ("TideNet-2 cuts the harbour error by 31%.", [METHOD], WithheldReason.NUMBER_NOT_IN_QUOTE),
        ("It runs within 10 hours, faster than GaugeFormer.", [RESULT], WithheldReason.NUMBER_NOT_IN_QUOTE),
        ("It runs within hours, faster than GaugeFormer.", [RESULT], WithheldReason.WORD_NOT_IN_QUOTE),
        ("Three harbours have a lower mean error.", [RESULT], WithheldReason.NUMBER_NOT_IN_QUOTE),
        ("It handles 103 frames per filter.", [LAYOUT], WithheldReason.NUMBER_NOT_IN_QUOTE),
        ("TideNet-3 forecasts harbour levels.", [METHOD], WithheldReason.NAME_NOT_IN_SOURCE),
        ("TideNet-2 forecasts harbour levels with CNNs.", [METHOD], WithheldReason.NAME_NOT_IN_SOURCE),
        ("The authors of Stanford propose TideNet-2.", [METHOD], WithheldReason.NAME_NOT_IN_SOURCE),
        ("TideNet-2 is the first to forecast harbour levels.", [METHOD], WithheldReason.WORD_NOT_IN_QUOTE),
        ("TideNet-2 is a state-of-the-art forecast.", [METHOD], WithheldReason.WORD_NOT_IN_QUOTE),
        ("TideNet-2 outperforms ships.", [METHOD], WithheldReason.WORD_NOT_IN_QUOTE),
        ("TideNet-2 forecasts harbour levels, see https://example.org.", [METHOD], WithheldReason.MARKUP),
        ("TideNet-2 forecasts harbour levels at example.com.", [METHOD], WithheldReason.MARKUP),
        ("TideNet-2 <b>forecasts</b> harbour levels.", [METHOD], WithheldReason.MARKUP),
        ("TideNet-2 **forecasts** harbour levels.", [METHOD], WithheldReason.MARKUP),
        (r"\textbf{TideNet-2} forecasts harbour levels.", [METHOD], WithheldReason.MARKUP),
        ("TideNet-2 forecasts $x^2$ levels.", [METHOD], WithheldReason.MARKUP),
        ("As an AI, I see TideNet-2 forecast harbour levels.", [METHOD], WithheldReason.CHATTER),
        ("You should read how ships forecast harbour levels.", [METHOD], WithheldReason.CHATTER),
        ("TideNet-2 预测港口水位。", [METHOD], WithheldReason.WRONG_LANGUAGE),
    ],
)
def test_it_withholds_what_the_source_does_not_say(
    text: str, quotes: list[str], reason: WithheldReason
) -> None:
    found = judged(text, *quotes)
    assert isinstance(found, Refusal)
    assert found.reason is reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("平均误差降低了三成五。", WithheldReason.NUMBER_NOT_IN_QUOTE),
        ("在十五个港口上降低了误差。", WithheldReason.NUMBER_NOT_IN_QUOTE),
        ("速度提高到4.7倍。", WithheldReason.NUMBER_NOT_IN_QUOTE),
        ("十小时内即可完成。", WithheldReason.NUMBER_NOT_IN_QUOTE),
        ("首个在港口上降低误差的模型。", WithheldReason.WORD_NOT_IN_QUOTE),
        ("由 Stanford 提出的模型降低了误差。", WithheldReason.NAME_NOT_IN_SOURCE),
        ("The mean error falls by 31%.", WithheldReason.WRONG_LANGUAGE),
        ("作为一个人工智能，我认为误差降低了。", WithheldReason.CHATTER),
    ],
)
def test_it_withholds_in_chinese_too(text: str, reason: WithheldReason) -> None:
    found = judged(text, RESULT, language="zh-hans")
    assert isinstance(found, Refusal)
    assert found.reason is reason


def test_the_quote_is_the_sources_own_characters() -> None:
    found = judged(
        "The filter handles frames.", 'the "multi- view" filter handles 10³ frames - a two-fold gain'
    )
    assert isinstance(found, Summary)
    assert found.headline.evidence[0].quote == "The “multi-view” ﬁlter handles 10³ frames — a two-fold gain"


@pytest.mark.parametrize(
    "quote", ["1.5 dB", "gains 5 dB", "00 more items", "gains 1", "dB and 50", "10 3 frames"]
)
def test_a_quote_never_cuts_a_number_or_a_word(quote: str) -> None:
    assert find_quote(quote, source=normalize("It gains 1.25 dB and 500 more items of 10³ frames")) is None


def test_the_highlights_are_the_words_that_carry_the_claim() -> None:
    found = judged("The mean error is reduced by 31%.", RESULT)
    assert isinstance(found, Summary)
    evidence = found.headline.evidence[0]
    assert [evidence.quote[start:end] for start, end in evidence.highlights] == [
        "reduces the mean error by 31%"
    ]


def test_a_chinese_claim_marks_numbers_and_names() -> None:
    found = judged("误差降低31%，快于 GaugeFormer。", RESULT, language="zh-hans")
    assert isinstance(found, Summary)
    evidence = found.headline.evidence[0]
    assert [evidence.quote[start:end] for start, end in evidence.highlights] == ["31%", "GaugeFormer"]


def test_a_chinese_claim_without_either_marks_the_most_telling_clause() -> None:
    found = judged("该模型预测港口水位。", METHOD, language="zh-hans")
    assert isinstance(found, Summary)
    evidence = found.headline.evidence[0]
    marked = [evidence.quote[start:end] for start, end in evidence.highlights]
    assert marked == ["which forecasts harbour levels from the motion of moored ships"]


def test_highlights_are_in_order_within_the_quote_and_do_not_overlap() -> None:
    found = judged("Harbours: 14; error: 31%; speed: 47×; minutes: 10 minutes.", RESULT)
    assert isinstance(found, Summary)
    (evidence,) = found.headline.evidence
    edges = [edge for mark in evidence.highlights for edge in mark]
    assert edges == sorted(edges)
    assert 0 <= edges[0] < edges[-1] <= len(evidence.quote)


def test_a_failed_takeaway_is_counted_and_its_text_dropped() -> None:
    good, bad = claim("The mean error falls by 31%.", RESULT), claim("The mean error falls by 99%.", RESULT)
    draft = Draft(headline=claim("TideNet-2 forecasts harbour levels.", METHOD), takeaways=(bad, good))
    found = ground(draft, source=PAPER, language="en", voice=Voice.MODEL)
    assert isinstance(found, Summary)
    assert [kept.text for kept in found.takeaways] == [good.text]
    assert [withheld.reason for withheld in found.withheld] == ["number_not_in_quote"]
    assert "99" not in repr(found)


def test_nothing_is_said_twice() -> None:
    headline = claim("TideNet-2 forecasts harbour levels.", METHOD)
    found = ground(
        Draft(headline=headline, takeaways=(headline,)), source=PAPER, language="en", voice=Voice.MODEL
    )
    assert isinstance(found, Summary)
    assert found.takeaways == ()
    assert [withheld.reason for withheld in found.withheld] == ["repeated"]


def test_an_eighth_takeaway_is_not_shown() -> None:
    words = ("ships", "levels", "motion", "harbour", "moored", "forecasts", "harbour levels", "moored ships")
    takeaways = tuple(claim(f"It is about {word}.", METHOD) for word in words)
    draft = Draft(
        headline=claim("TideNet-2 forecasts harbour levels.", METHOD),
        takeaways=takeaways,
    )
    found = ground(draft, source=PAPER, language="en", voice=Voice.MODEL)
    assert isinstance(found, Summary)
    assert len(found.takeaways) == 7
    assert [withheld.reason for withheld in found.withheld] == ["too_many"]


def test_a_section_that_loses_every_claim_is_not_shown_as_unstated() -> None:
    sections = (
        Section(kind="results", claims=(claim("The error falls by 99%.", RESULT),)),
        Section(kind="limits"),
        Section(kind="method", claims=(claim("TideNet-2 forecasts harbour levels.", METHOD),)),
    )
    draft = Draft(headline=claim("TideNet-2 forecasts harbour levels.", METHOD), sections=sections)
    found = ground(draft, source=PAPER, language="en", voice=Voice.MODEL)
    assert isinstance(found, Summary)
    assert [section.kind for section in found.sections] == ["limits", "method"]


def test_a_section_is_bounded_however_much_a_model_writes() -> None:
    words = [
        "harbour",
        "levels",
        "moored",
        "ships",
        "motion",
        "model",
        "forecasts",
        "of",
        "the",
        "from",
        "which",
        "propose",
        "we",
    ]
    claims = tuple(claim(f"It is about {word} of moored ships.", METHOD) for word in words)
    headline = claim("TideNet-2 forecasts harbour levels.", METHOD)
    draft = Draft(headline=headline, sections=(Section(kind="method", claims=claims),))
    found = ground(draft, source=PAPER, language="en", voice=Voice.MODEL)
    assert isinstance(found, Summary)
    assert len(found.sections[0].claims) == 8
    assert [each.reason for each in found.withheld] == ["too_many"] * (len(words) - 8)


def test_a_refusal_counts_everything_that_failed() -> None:
    bad = claim("The error falls by 99%.", RESULT)
    found = ground(Draft(headline=bad, takeaways=(bad,)), source=PAPER, language="en", voice=Voice.MODEL)
    assert isinstance(found, Refusal)
    assert found.reason is WithheldReason.NUMBER_NOT_IN_QUOTE
    assert len(found.withheld) == 2


def test_the_authors_own_sentences_pass_as_they_are() -> None:
    chosen = extract(PAPER.abstract, title=PAPER.title)
    assert chosen is not None
    draft = Draft(
        headline=claim(chosen.headline, chosen.headline),
        takeaways=tuple(claim(sentence, sentence) for sentence in chosen.takeaways),
    )
    found = ground(draft, source=PAPER, language="en", voice=Voice.AUTHORS)
    assert isinstance(found, Summary)
    assert found.withheld == ()
    assert all(evidence.highlights == () for kept in found.takeaways for evidence in kept.evidence)


def test_the_authors_voice_is_verbatim_or_nothing() -> None:
    draft = Draft(headline=claim("TideNet-2 forecasts harbour levels.", METHOD))
    found = ground(draft, source=PAPER, language="en", voice=Voice.AUTHORS)
    assert isinstance(found, Refusal)
    assert found.reason is WithheldReason.NOT_VERBATIM


TEXT = FullText(
    sections=(
        TextSection(
            title="Method",
            text="Each hull is a filter of its own. The filter learns the response of each hull.",
            anchor="S3",
        ),
        TextSection(
            title="Related Work",
            text="GaugeFormer reads gauges with two encoders. It needs a gauge in every harbour.",
            role=Role.RELATED,
            anchor="S2",
        ),
    )
)


def read(
    *sections: Section, kind: PaperKind | None = PaperKind.METHOD, text: FullText | None = TEXT
) -> Summary:
    headline = claim("TideNet-2 forecasts harbour levels.", METHOD)
    draft = Draft(headline=headline, sections=sections, kind=kind, detail=DetailLevel.READING)
    found = ground(draft, source=PAPER, language="en", voice=Voice.MODEL, full_text=text)
    assert isinstance(found, Summary)
    return found


def test_a_quote_is_shown_where_it_stands_whatever_the_model_said() -> None:
    quote = Evidence(quote="The filter learns the response of each hull", where="abstract")
    takeaway = Claim(text="The filter learns the response of each hull.", evidence=(quote,))
    draft = Draft(headline=claim("TideNet-2 forecasts harbour levels.", METHOD), takeaways=(takeaway,))
    found = ground(draft, source=PAPER, language="en", voice=Voice.MODEL, full_text=TEXT)
    assert isinstance(found, Summary)
    (evidence,) = found.takeaways[0].evidence
    assert (evidence.where, evidence.anchor) == ("Method", "S3")


@pytest.mark.parametrize("voice", Voice)
def test_a_headline_rests_on_the_abstract_and_the_title_alone(voice: Voice) -> None:
    text = "The filter learns the response of each hull."
    found = ground(
        Draft(headline=claim(text, text)), source=PAPER, language="en", voice=voice, full_text=TEXT
    )
    assert isinstance(found, Refusal)
    assert found.reason is WithheldReason.QUOTE_NOT_FOUND


def test_a_name_that_only_the_full_text_has_makes_no_headline() -> None:
    text = FullText(sections=(TextSection(title="Method", text="HarbourGPT forecasts harbour levels, too."),))
    draft = Draft(headline=claim("HarbourGPT forecasts harbour levels.", METHOD))
    found = ground(draft, source=PAPER, language="en", voice=Voice.MODEL, full_text=text)
    assert isinstance(found, Refusal)
    assert found.reason is WithheldReason.NAME_NOT_IN_SOURCE


def test_a_reading_without_full_text_falls_back_and_says_so() -> None:
    found = read(Section(kind="background"), text=None)
    assert (found.detail, found.sections, found.incomplete) == (DetailLevel.HEADLINE, (), (NO_FULL_TEXT,))


def test_a_reading_of_no_kind_falls_back_and_says_so() -> None:
    assert read(kind=None).incomplete == (NO_KIND,)


def test_a_reading_with_sections_missing_names_them_and_shows_none() -> None:
    kinds = [spec.kind for spec in SECTIONS[PaperKind.METHOD] if spec.kind != "task"]
    found = read(*(Section(kind=kind) for kind in kinds))
    assert "task" in found.incomplete
    assert found.sections == ()


def test_subscribers_may_want_more_than_the_model_was_asked_for() -> None:
    draft = Draft(headline=claim("TideNet-2 forecasts harbour levels.", METHOD), detail=DetailLevel.TAKEAWAYS)
    found = ground(draft, source=PAPER, language="en", voice=Voice.MODEL, asked=DetailLevel.READING)
    assert isinstance(found, Summary)
    assert found.incomplete == (NO_FULL_TEXT,)


@pytest.mark.parametrize(
    "text", ["该方法利用运动预测器来分析场景中的动作。", "通过这种逻辑能够合成连贯的场景。"]
)
def test_a_chinese_claim_whose_terms_are_nowhere_in_its_quote_is_about_something_else(text: str) -> None:
    found = judged(text, DATA, language="zh-hans")
    assert isinstance(found, Refusal)
    assert found.reason == WithheldReason.QUOTE_UNRELATED


LONG = (
    "TideNet-2 forecasts harbour levels from the motion of the moored ships of many a harbour, and it "
    "forecasts the levels of harbours."
)
SHORT, OTHER = "TideNet-2 forecasts harbour levels.", "The mean error falls by 31% on 14 harbours."


def test_a_finding_that_is_only_too_long_is_replaced_by_a_takeaway_with_a_number() -> None:
    assert (len(LONG) > 110, len(LONG.split()) > 18) == (True, True)
    others = (claim(SHORT, METHOD), claim(OTHER, RESULT))
    draft = Draft(headline=claim(LONG, METHOD), takeaways=others)
    found = ground(draft, source=PAPER, language="en", voice=Voice.MODEL)
    assert isinstance(found, Summary)
    assert found.headline.text == OTHER
    assert [each.text for each in found.takeaways] == [SHORT]
    assert [each.reason for each in found.withheld] == [WithheldReason.TOO_LONG]


def test_a_finding_may_be_long_in_few_words_or_have_many_short_ones() -> None:
    many, few = "it is as it is " * 5, "multidimensional " * 18
    assert (len(many.split()), len(few)) == (25, 306)
    assert not is_finding_too_long(many, language="en")
    assert not is_finding_too_long(few, language="en")
    assert is_finding_too_long(few + "x", language="en")


def _reasons(found: Summary | Refusal) -> list[str]:
    return [each.reason for each in found.withheld]


def test_nothing_unfounded_becomes_the_finding() -> None:
    """A refusal costs the whole summary, so the finding stays, but never longer than an authors' sentence."""
    false = claim("The error falls by 77%.", RESULT)
    found = ground(
        Draft(headline=claim(LONG, METHOD), takeaways=(false,)),
        source=PAPER,
        language="en",
        voice=Voice.MODEL,
    )
    assert isinstance(found, Summary)
    assert (found.headline.text, found.takeaways) == (LONG, ())
    longer = LONG.removesuffix(".") + ", and it forecasts the levels of many a harbour."
    assert len(longer) > 160
    found = ground(
        Draft(headline=claim(longer, METHOD), takeaways=(false,)),
        source=PAPER,
        language="en",
        voice=Voice.MODEL,
    )
    assert isinstance(found, Refusal)
    assert found.reason is WithheldReason.TOO_LONG


@pytest.mark.parametrize("text", ["The error falls by 77%.", f"{LONG} The error falls by 77%."])
def test_a_false_finding_is_not_replaced(text: str) -> None:
    draft = Draft(headline=claim(text, RESULT), takeaways=(claim(SHORT, METHOD),))
    assert isinstance(ground(draft, source=PAPER, language="en", voice=Voice.MODEL), Refusal)


def test_a_takeaway_beyond_its_length_is_withheld_and_counted() -> None:
    long = "TideNet-2 forecasts the levels of harbours from the motion of ships, of ships that are moored."
    assert 90 < len(long) < 110
    draft = Draft(headline=claim(OTHER, RESULT), takeaways=(claim(long, METHOD), claim(SHORT, METHOD)))
    found = ground(draft, source=PAPER, language="en", voice=Voice.MODEL)
    assert isinstance(found, Summary)
    assert [each.text for each in found.takeaways] == [SHORT]
    assert _reasons(found) == [WithheldReason.TOO_LONG]


def test_chinese_lengths_count_characters() -> None:
    long = "TideNet-2 由系泊船只的运动预测港口水位" + "，由系泊船只的运动预测港口水位" * 3 + "。"
    assert len(long) > 60
    short = "TideNet-2 由系泊船只的运动预测港口水位。"
    draft = Draft(headline=claim(long, METHOD), takeaways=(claim(short, METHOD),))
    found = ground(draft, source=PAPER, language="zh-hans", voice=Voice.MODEL)
    assert isinstance(found, Summary)
    assert found.headline.text == short


def test_the_authors_own_sentences_may_be_as_long_as_they_are() -> None:
    long = " ".join([METHOD.removesuffix("."), RESULT])
    source = replace(PAPER, abstract=long)
    draft = Draft(headline=claim(long, long))
    assert isinstance(ground(draft, source=source, language="en", voice=Voice.AUTHORS), Summary)
