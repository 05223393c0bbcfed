"""The made-up papers of ``tests/data/readings.toml`` with their readings, as values."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

from newsletter.adapters.ports import Image
from newsletter.adapters.registry import figure_store
from newsletter.core.arxiv.figures import Picture, ShownFigure
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.paper_kinds import SECTIONS, PaperKind
from newsletter.core.summaries.summary import (
    Claim,
    Evidence,
    Section,
    Summary,
    Voice,
    Withheld,
    summary_to_json,
)
from newsletter.models import Figure, FullTextRecord
from newsletter.models import Paper as PaperRow
from newsletter.models import Summary as SummaryRow

PUBLISHED = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)
IDS = {"harbornet": "2606.90001", "ledgers": "2606.90002"}
PICTURE = Picture(path="/figures/0123abcd", width=1120, height=420)
FIGURE = ShownFigure(
    number="2",
    caption="Figure 2: Echoes become a map of free water. Left: four recordings. Right: the polar grid.",
    licence_url="https://creativecommons.org/licenses/by/4.0/",
    image=PICTURE,
    mail_image=PICTURE,
)


@cache
def _data() -> dict[str, Any]:
    path = Path(__file__).resolve().parents[1] / "data" / "readings.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def details(name: str) -> dict[str, Any]:
    """Return what the full text brings: affiliations and keywords."""
    return {key: tuple(_data()[name][key]) for key in ("affiliations", "keywords")}


def paper(name: str) -> PaperRecord:
    data = _data()[name]
    return PaperRecord(
        arxiv_id=IDS[name],
        version=1,
        title=data["title"],
        abstract=data["abstract"],
        authors=tuple(data["authors"]),
        primary_category="cs.RO",
        categories=("cs.RO", "cs.SD"),
        published_at=PUBLISHED,
        updated_at=PUBLISHED,
        comment=data["comment"],
    )


def reading(name: str, language: str = "en") -> Summary:
    """Return the whole reading in ``en`` or ``zh``."""
    data, said = _data()[name], _data()[name][language]
    kind = PaperKind(data["kind"])
    quotes = data["quotes"]
    return Summary(
        voice=Voice.MODEL,
        headline=_claim(said["headline"], quotes),
        takeaways=_claims(said["takeaways"], quotes),
        sections=tuple(
            Section(kind=spec.kind, claims=_claims(said["sections"][spec.kind], quotes))
            for spec in SECTIONS[kind]
        ),
        kind=kind,
        withheld=tuple(Withheld(reason=reason) for reason in data["withheld"]),
    )


def _claims(given: Iterable[tuple[str, str]], quotes: Mapping[str, Any]) -> tuple[Claim, ...]:
    return tuple(_claim(each, quotes) for each in given)


def _claim(given: tuple[str, str], quotes: Mapping[str, Any]) -> Claim:
    text, name = given
    quote, marked, *place = quotes[name]
    where, anchor = place or ("abstract", "")
    marks: list[tuple[int, int]] = []
    for words in marked.split(" | "):
        start = quote.index(words, marks[-1][1] if marks else 0)
        marks.append((start, start + len(words)))
    return Claim(
        text=text, evidence=(Evidence(quote=quote, where=where, anchor=anchor, highlights=tuple(marks)),)
    )


def store(name: str, *languages: str, summary: Summary | None = None) -> PaperRow:
    """Save the paper with its readings (or with ``summary`` instead), as the service would have."""
    row = PaperRow.objects.filter(arxiv_id=IDS[name]).first()
    if row is None:
        row = PaperRow.from_record(paper(name), first_seen_at=PUBLISHED)
        row.save()
    for language in languages:
        written = summary or reading(name, "zh" if language.startswith("zh") else "en")
        SummaryRow.objects.create(
            paper=row,
            paper_version=row.version,
            language=language,
            prompt_version="4",
            model="gemini-flash-latest",
            detail=written.detail.value,
            content=summary_to_json(written),
            written_at=PUBLISHED,
        )
    return row


def store_details(name: str, *, image: bytes) -> FullTextRecord:
    """Save what its full text would have brought: affiliations, keywords, an address, a figure."""
    row, printed = PaperRow.objects.get(arxiv_id=IDS[name]), details(name)
    kept = figure_store(settings.CONFIG).put(
        Image(data=image, extension="png", width=PICTURE.width, height=PICTURE.height)
    )
    record = FullTextRecord.objects.create(
        paper=row,
        paper_version=row.version,
        read_at=PUBLISHED,
        fetched_at=PUBLISHED,
        licence=FIGURE.licence_url,
        affiliations=list(printed["affiliations"]),
        keywords=list(printed["keywords"]),
        links=["https://recordings.example.org/harbour-echoes/"],
    )
    Figure.objects.create(
        record=record,
        position=0,
        number=FIGURE.number,
        caption=FIGURE.caption,
        image=kept,
        width=PICTURE.width,
        height=PICTURE.height,
        mail_image=kept,
        mail_width=PICTURE.width,
        mail_height=PICTURE.height,
    )
    return record
