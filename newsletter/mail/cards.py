"""Template values of a card and of a listed paper: chosen, cut, labelled, without markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup

from newsletter.core.arxiv.links import abstract_url, code_url, page_url, pdf_url, project_url
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.revisions import Revision
from newsletter.core.digests.digest import DigestCard
from newsletter.core.digests.languages import is_han, is_right_to_left, tag
from newsletter.core.digests.typography import author_line, cut, short_name, typeset
from newsletter.core.summaries.paper_kinds import SECTIONS, Part
from newsletter.core.summaries.summary import Claim, DetailLevel, Evidence, Summary, Voice
from newsletter.mail.styles import styles
from newsletter.mail.text import width
from newsletter.mail.words import Words, words_for

MOST_TAKEAWAYS = 5
"""In the mail; the paper's page has all seven."""
LONGEST_COMMENT = 140
LONGEST_CAPTION = 240
LONGEST_NAME = 60
"""Of a revised paper."""
PART_BUDGETS = {Part.PROBLEM: 350, Part.METHOD: 550, Part.RESULTS: 400, Part.LIMITS: 300}
"""Columns (a Han character takes two), in the order shown. The first claim of a part is always shown, and
none is ever cut: what does not fit is on the paper's page."""
WIDEST_FIGURE = 560
LONGEST_UNBROKEN = 24
"""Characters of a citation's place that fit on one line of the narrowest phone."""
_UNBROKEN = Markup(";white-space:nowrap")


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class SectionView:
    """One heading of a reading: claims, then steps. Neither: not stated in the paper."""

    label: str
    said: tuple[str, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FigureView:
    url: str
    alt: str
    """Only the figure's number: a screen reader reads the caption below too."""
    caption: str
    credit: str
    width: int
    height: int


def card_values(card: DigestCard, *, language: str, base_url: str) -> dict[str, object]:
    """Return the values of the fragment ``card``; nothing in it is personal."""
    words, summary = words_for(language), card.summary
    is_quoted = summary.voice is Voice.AUTHORS
    deeper = card.detail.rank >= DetailLevel.TAKEAWAYS.rank
    citation = (
        summary.headline.evidence[0] if deeper and not is_quoted and summary.headline.evidence else None
    )
    is_reading = card.detail is DetailLevel.READING and bool(summary.sections)
    sections = tuple(_sections(card, words)) if is_reading else ()
    where = words.where(citation.where) if citation else ""
    own = words_for(card.language)
    shown = summary.takeaways[:MOST_TAKEAWAYS] if deeper else ()
    return {
        "words": words,
        "css": styles(language),
        "own": _own_styles(card.language, is_quoted=is_quoted, is_guest=own.lang != words.lang),
        "own_lang": tag(card.language),
        "own_space": "" if is_han(own.lang) else " ",
        "paper": card.paper,
        "authors": words.authors(author_line(card.paper.authors)),
        "comment": cut(" ".join(card.paper.comment.split()), limit=LONGEST_COMMENT),
        "headline": typeset(summary.headline.text, language=card.language),
        "quote": tuple(_highlighted(citation)) if citation else (),
        "where": where,
        "near": _UNBROKEN if len(where) <= LONGEST_UNBROKEN else "",
        "takeaways": _texts(shown, card.language),
        "sections": sections,
        "figure": _figure(card, words, base_url=base_url) if is_reading else None,
        "links": _links(card, words, base_url=base_url, is_cut=is_reading),
        "meta": words.meta(card.paper),
        "notes": tuple(_notes(card, words)),
    }


def near_values(card: DigestCard, *, language: str) -> dict[str, object]:
    """Return the values of the fragment ``near_card``: title, headline and id of a paper near the topics."""
    words, summary = words_for(language), card.summary
    own = words_for(card.language)
    styled = _own_styles(
        card.language, is_quoted=summary.voice is Voice.AUTHORS, is_guest=own.lang != words.lang
    )
    return {
        "css": styles(language),
        "own": styled,
        "own_lang": tag(card.language),
        "paper": card.paper,
        "authors": words.authors(author_line(card.paper.authors, shown=2)),
        "headline": typeset(summary.headline.text, language=card.language),
        "url": abstract_url(card.paper),
        "meta": words.meta(card.paper),
    }


def revised_values(
    paper: PaperRecord, revision: Revision, *, language: str, base_url: str
) -> dict[str, object]:
    """Return the values of the fragment ``revised_paper``: a short name, what happened, where to see it."""
    return {
        "name": short_name(paper.title, limit=LONGEST_NAME),
        "versioned_id": paper.versioned_id,
        "happened": words_for(language).happened(revision),
        "url": abstract_url(paper),
        "page_url": f"{page_url(paper, base_url=base_url)}#changes",
    }


def listed_values(paper: PaperRecord, *, language: str) -> dict[str, object]:
    """Return the values of the fragment ``listed``: title, first author and how many more, id."""
    return {
        "css": styles(language),
        "paper": paper,
        "authors": words_for(language).authors(author_line(paper.authors, shown=2)),
        "url": abstract_url(paper),
    }


def _own_styles(language: str, *, is_quoted: bool, is_guest: bool) -> dict[str, Markup]:
    css = styles(language)
    is_rtl = is_right_to_left(language)
    indent = css["list_rtl" if is_rtl else "list"]
    if is_quoted:
        return {
            "headline": css["printed_headline"],
            "takeaways": css["printed_takeaways"],
            "list": indent,
        }
    family = css["sans_family"] + ";" if is_guest else Markup("")
    side = Markup("direction:rtl;text-align:right;") if is_rtl else Markup("")
    own = {name: side + family + css[name] for name in ("headline", "takeaways")}
    return own | {"list": indent}


def _texts(claims: Iterable[Claim], language: str) -> tuple[str, ...]:
    return tuple(typeset(claim.text, language=language) for claim in claims)


def _highlighted(evidence: Evidence) -> Iterator[tuple[str, bool]]:
    """Yield the quote in parts: text, and whether its words carry the claim."""
    done = 0
    for start, end in evidence.highlights:
        if start > done:
            yield evidence.quote[done:start], False
        yield evidence.quote[start:end], True
        done = end
    if done < len(evidence.quote):
        yield evidence.quote[done:], False


def _sections(card: DigestCard, words: Words) -> Iterator[SectionView]:
    """Group the sections of the paper's kind under the four headings of a mail."""
    kind = card.summary.kind
    if kind is None:
        return
    specs = {spec.kind: spec for spec in SECTIONS[kind]}
    for part, budget in PART_BUDGETS.items():
        held = [
            section
            for section in card.summary.sections
            if section.kind in specs and specs[section.kind].part is part
        ]
        claims = [(claim, specs[section.kind].is_steps) for section in held for claim in section.claims]
        texts = list(_within(_texts((claim for claim, _ in claims), card.language), budget))
        kept = list(zip(texts, (is_step for _, is_step in claims), strict=False))
        yield SectionView(
            words.head(part, kind=kind),
            said=tuple(text for text, is_step in kept if not is_step),
            steps=tuple(text for text, is_step in kept if is_step),
        )


def _within(texts: Iterable[str], budget: int) -> Iterator[str]:
    """Yield the first text, and those after it up to the one that does not fit."""
    left = budget
    for number, text in enumerate(texts):
        left -= width(text)
        if number and left < 0:
            return
        yield text


def _figure(card: DigestCard, words: Words, *, base_url: str) -> FigureView | None:
    figure = card.figure
    image = figure.mail_image if figure else None
    if figure is None or image is None:
        return None
    shown = min(image.width, WIDEST_FIGURE)
    return FigureView(
        url=f"{base_url.rstrip('/')}{image.path}",
        alt=words.figure(figure.number),
        caption=cut(figure.caption, limit=LONGEST_CAPTION),
        credit=words.credit(figure, paper=card.paper),
        width=shown,
        height=max(1, round(image.height * shown / max(1, image.width))),
    )


def _links(card: DigestCard, words: Words, *, base_url: str, is_cut: bool) -> tuple[Link, ...]:
    citations = "continue" if is_cut else "citations"
    page = "page" if card.summary.voice is Voice.AUTHORS else citations
    found = [
        Link(words.labels[page], page_url(card.paper, base_url=base_url)),
        Link(words.labels["abstract"], abstract_url(card.paper)),
        Link(words.labels["pdf"], pdf_url(card.paper)),
    ]
    named = {"code": code_url(card.paper), "project": project_url(card.paper)}
    found += [Link(words.labels[name], url) for name, url in named.items() if url]
    return tuple(found)


def _notes(card: DigestCard, words: Words) -> Iterator[str]:
    """Yield how many claims were checked and withheld, or whose words they are; then why it is less."""
    summary = card.summary
    if summary.voice is Voice.AUTHORS:
        yield words.own_words(language=card.language, reason=summary.fallback_reason)
    elif card.detail is not DetailLevel.HEADLINE:
        claims = _checked(summary, detail=card.detail)
        quotes = (evidence for claim in claims for evidence in claim.evidence)
        only = all(evidence.where == "abstract" for evidence in quotes)
        yield words.checked(len(claims), withheld=len(summary.withheld), abstract_only=only)
    if card.lacks is not None:
        yield words.shallower(card.lacks, reason=card.lacks_reason)


def _checked(summary: Summary, *, detail: DetailLevel) -> tuple[Claim, ...]:
    """Return the claims that belong to ``detail``; the paper's page shows every one of them."""
    sections = summary.sections if detail is DetailLevel.READING else ()
    return (
        summary.headline,
        *summary.takeaways,
        *(claim for section in sections for claim in section.claims),
    )
