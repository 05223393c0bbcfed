"""Digests to render in tests: small, made up, and one for every voice, depth and language."""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.digests.digest import Digest, DigestCard, DigestTopic
from newsletter.core.digests.message import Fragment, html_value, plain_value
from newsletter.core.summaries.paper_kinds import SECTIONS, PaperKind
from newsletter.core.summaries.summary import Claim, DetailLevel, Evidence, Section, Summary, Voice, Withheld
from newsletter.pipeline.compose.message import with_text_forms
from newsletter.pipeline.compose.render import DigestRenderer, RenderedDigest
from tests.fakes import readings

BASE_URL = "https://digest.example.org"
READER = {
    "feedback_url": f"{BASE_URL}/r/abc0123456789de",
    "preferences_url": f"{BASE_URL}/preferences/Token",
    "saved_url": f"{BASE_URL}/preferences/Token/saved",
    "taste_url": f"{BASE_URL}/preferences/Token/taste",
    "unsubscribe_url": f"{BASE_URL}/unsubscribe/Token",
    "digest_url": f"{BASE_URL}/digests/Token",
    "email": "ada@example.org",
}
QUOTE = "LampNet reads lamp labels with 4.2 % fewer errors than before"


class MemoryFragments(dict[Hashable, Fragment]):
    """A fragment store that counts what was rendered."""

    def __init__(self) -> None:
        super().__init__()
        self.rendered = 0

    def put(self, key: Hashable, fragment: Fragment) -> None:
        self.rendered += 1
        self[key] = fragment


def make_paper(number: int = 1, **fields: Any) -> PaperRecord:
    day = datetime(2026, 6, 16, 10, tzinfo=UTC)
    base = PaperRecord(
        arxiv_id=f"2606.{number:05}",
        version=1,
        title=f"LampNet-{number}: Reading Lamp Labels in the Dark",
        abstract="Lamps are dim. LampNet reads them.",
        authors=("Ada Ray", "Ben Os", "Cy Quill", "Di Rho", "Ed Sol"),
        primary_category="cs.CV",
        categories=("cs.CV", "cs.LG"),
        published_at=day,
        updated_at=day,
        comment="8 pages, code at https://lamps.example.org/net.",
    )
    return replace(base, **fields)


def claim(text: str, *, quote: str = QUOTE, where: str = "abstract", marked: str = "") -> Claim:
    start = quote.find(marked)
    marks = ((start, start + len(marked)),) if marked else ()
    return Claim(text=text, evidence=(Evidence(quote=quote, where=where, highlights=marks),))


STATED = {
    "background": (claim("Labels are hard to read at night."),),
    "method": (claim("Photograph the lamp."), claim("Read its label.")),
    "performance": (claim("Errors fall by 4.2 %.", where="Table 2"),),
}
"""The sections of the sample reading that state something."""


def model_summary(*, deep: bool = False) -> Summary:
    sections = tuple(
        Section(kind=spec.kind, claims=STATED.get(spec.kind, ())) for spec in SECTIONS[PaperKind.METHOD]
    )
    return Summary(
        voice=Voice.MODEL,
        headline=claim("LampNet makes 4.2 % fewer errors on lamp labels.", marked="4.2 % fewer errors"),
        takeaways=tuple(claim(f"Lamp finding number {n} is stated plainly.") for n in range(1, 8)),
        sections=sections if deep else (),
        kind=PaperKind.METHOD if deep else None,
        withheld=(Withheld(reason="number"),),
    )


def authors_summary(*, fallback_reason: str = "") -> Summary:
    return Summary(
        voice=Voice.AUTHORS,
        headline=claim("LampNet reads lamps."),
        takeaways=(claim("Lamps are dim."), claim("Nobody had read them.")),
        fallback_reason=fallback_reason,
    )


def make_card(paper: PaperRecord | None = None, **fields: Any) -> DigestCard:
    base = DigestCard(
        paper=paper or make_paper(),
        summary=model_summary(),
        summary_key="summary-1",
        language="en",
        detail=DetailLevel.TAKEAWAYS,
        model="lamp-model-1",
        written_at=datetime(2026, 6, 16, 12, tzinfo=UTC),
    )
    return replace(base, **fields)


def reading_card(name: str = "harbornet", language: str = "en", **fields: Any) -> DigestCard:
    """Return a whole reading as a card, with its figure."""
    base = make_card(
        readings.paper(name),
        summary=readings.reading(name, "zh" if language.startswith("zh") else "en"),
        summary_key=f"{name} {language}",
        language=language,
        detail=DetailLevel.READING,
        figure=readings.FIGURE,
    )
    return replace(base, **fields)


def make_digest(*cards: DigestCard, language: str = "en", **fields: Any) -> Digest:
    ranked = tuple(replace(card, rank=card.rank or rank) for rank, card in enumerate(cards))
    topic = DigestTopic(slug="lamps", name="Lamps & <lights>", cards=ranked, week="2026-W25")
    base = Digest(
        language=language,
        slot_date=date(2026, 6, 22),
        covers_days=7,
        topics=(topic,) if cards else (),
        listed=(),
        counted=0,
        scanned=311,
        email="ada@example.org",
        confirmed_on=date(2026, 6, 2),
        cadence="weekly:mon",
        at="08:00",
        timezone="Europe/Berlin",
    )
    return replace(base, **fields)


def make_renderer(fragment_store: MemoryFragments | None = None) -> DigestRenderer:
    return DigestRenderer(
        name="arXiv digest",
        base_url=BASE_URL,
        postal_address="Example Lab, 1 Example Street",
        fragment_store=MemoryFragments() if fragment_store is None else fragment_store,
    )


def joined(rendered: RenderedDigest) -> tuple[str, str]:
    """Return the whole HTML and text with the reader's strings in place."""
    topics = {
        f"unsubscribe_topic_url:{slug}": f"{BASE_URL}/u/{slug}" for slug, _ in rendered.digest.subscribed
    }
    placeholders = {**with_text_forms(rendered.placeholders), **READER, **topics}

    def fill(form: str, *, is_html: bool) -> str:
        return re.sub(
            r"\[\[([^\[\]]+)\]\]",
            lambda found: (html_value if is_html else plain_value)(placeholders[found[1]]),
            form,
        )

    return (
        fill("".join(fragment.html for fragment in rendered.fragments), is_html=True),
        fill("".join(fragment.text for fragment in rendered.fragments), is_html=False),
    )


def mail(digest: Digest) -> tuple[str, str]:
    return joined(make_renderer().render(digest))


def four_cards(language: str = "en") -> Digest:
    quoted = make_card(make_paper(3), summary=authors_summary(), summary_key="q", model="")
    cards = (
        make_card(make_paper(1)),
        make_card(make_paper(2), detail=DetailLevel.HEADLINE),
        quoted,
        make_card(
            make_paper(4), detail=DetailLevel.READING, summary=model_summary(deep=True), summary_key="deep"
        ),
    )
    return make_digest(*cards, language=language, listed=(make_paper(5), make_paper(6)), counted=23)


ALL = [
    pytest.param(four_cards(), id="english"),
    pytest.param(four_cards("zh-hans"), id="chinese"),
    pytest.param(make_digest(reading_card()), id="reading"),
    pytest.param(make_digest(reading_card(language="zh-hans"), language="zh-hans"), id="reading, chinese"),
    pytest.param(make_digest(reading_card("ledgers", figure=None)), id="position"),
    pytest.param(make_digest(), id="empty"),
    pytest.param(make_digest(language="zh-hans", scanned=0), id="nothing new, chinese"),
]
