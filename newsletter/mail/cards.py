"""Template values of a card, a line and a listed paper: chosen, cut, labelled, without markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from newsletter.core.arxiv.links import abstract_url, code_url, page_url, pdf_url, project_url
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.revisions import Revision
from newsletter.core.arxiv.venues import venue_in
from newsletter.core.digests.digest import DigestCard
from newsletter.core.digests.languages import is_han, is_right_to_left, tag
from newsletter.core.digests.typography import author_line, cut, ends_line, short_name, typeset
from newsletter.core.summaries.clipping import clipped
from newsletter.core.summaries.marks import bold_span, made_next, marked_spans, result_span
from newsletter.core.summaries.paper_kinds import SECTIONS, Part
from newsletter.core.summaries.rules.quantities import quantities
from newsletter.core.summaries.summary import Claim, DetailLevel, Evidence, Summary, Voice
from newsletter.mail.layout import Form
from newsletter.mail.styles import styles
from newsletter.mail.words import Words, words_for

MOST_TAKEAWAYS, MOST_OF_LEAD = 3, 2
"""The paper's page has all seven."""
MOST_SENTENCES, MOST_STEPS = 2, 3
"""Of one part of a reading; what is more stands on the paper's page."""
PARTS = (Part.PROBLEM, Part.METHOD, Part.RESULTS, Part.LIMITS)
LONGEST_VENUE = 72
LONGEST_ALT = 60
LONGEST_NAME = 40
TEASER = (96, 64)
"""Pixels that a teaser figure has at most."""

Runs = tuple[tuple[str, str], ...]
"""A text in runs: plain (empty), marked (``m``) or bold (``b``)."""


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class SectionView:
    """One heading of a reading: sentences, then steps. Neither: not stated in the paper."""

    label: str
    said: tuple[Runs, ...]
    steps: tuple[Runs, ...]

    @property
    def is_silent(self) -> bool:
        return not self.said and not self.steps


@dataclass(frozen=True, slots=True)
class Teaser:
    url: str
    alt: str
    width: int
    height: int


def card_values(
    card: DigestCard, *, form: Form, language: str, base_url: str, has_why: bool
) -> dict[str, object]:
    """Return the values of the fragment ``card``; nothing in it is personal."""
    words, css, summary = words_for(language), styles(language), made_next(card.summary)
    is_quoted = summary.voice is Voice.AUTHORS
    is_brief = form in (Form.BRIEF, Form.NEAR)
    is_reading = card.detail is DetailLevel.READING and bool(summary.sections) and not is_brief
    evidence = summary.headline.evidence[:1] if not (is_quoted or is_brief) else ()
    sizes = {Form.LEAD: "lead", Form.BRIEF: "brief", Form.NEAR: "near"}
    where = words.where(evidence[0].where) if evidence else ""
    title = css[f"{sizes[form]}_title" if form in sizes else "title"]
    return {
        **_own(card, words),
        "words": words,
        "css": css,
        "form": form.value,
        "is_lead": form is Form.LEAD,
        "paper": card.paper,
        "title_style": title,
        "authors": words.authors(ends_line(card.paper.authors)),
        "venue": venue_of(card.paper),
        "finding": () if form is Form.CARD else finding_of(card.summary, card.language, paper=card.paper),
        "finding_style": css[{Form.LEAD: "lead_finding", Form.NEAR: "near_finding"}.get(form, "line")],
        "quote": quote_of(evidence[0]) if evidence else (),
        "where": where,
        "takeaways": () if is_brief or is_reading else _takeaways(card, summary, form=form),
        "sections": tuple(_sections(card, words)) if is_reading else (),
        "teaser": None if is_brief else _teaser(card, base_url=base_url),
        "withheld": "" if is_brief or is_quoted else words.withheld(len(summary.withheld)),
        "has_why": has_why,
        "url": abstract_url(card.paper),
        "links": _links(card.paper, words, base_url=base_url),
    }


def line_values(card: DigestCard, *, language: str, base_url: str, has_card: bool) -> dict[str, object]:
    """Return the values of the fragment ``line``: a name that leads to its card, and its finding."""
    paper = card.paper
    return {
        **_own(card, words_for(language)),
        "words": words_for(language),
        "css": styles(language),
        "id": paper.arxiv_id,
        "name": short_name(paper.title, limit=LONGEST_NAME),
        "finding": finding_of(card.summary, card.language, paper=card.paper),
        "venue": venue_of(paper),
        "versioned_id": paper.versioned_id,
        "has_card": has_card,
        "page_url": page_url(paper, base_url=base_url),
    }


def revised_values(
    paper: PaperRecord, revision: Revision, *, language: str, base_url: str
) -> dict[str, object]:
    """Return the values of the fragment ``revised_paper``: a short name, what happened, where to see it."""
    return {
        "name": short_name(paper.title, limit=LONGEST_NAME),
        "versioned_id": paper.versioned_id,
        "happened": words_for(language).happened(revision),
        "page_url": f"{page_url(paper, base_url=base_url)}#changes",
    }


def listed_values(paper: PaperRecord, *, language: str) -> dict[str, object]:
    """Return the values of the fragment ``listed``: title, first author and how many more, id."""
    return {
        "css": styles(language),
        "paper": paper,
        "authors": words_for(language).authors(author_line(paper.authors, shown=1)),
        "url": abstract_url(paper),
    }


def text_of(runs: Runs) -> str:
    return "".join(text for text, _ in runs)


def finding_of(summary: Summary, language: str, *, paper: PaperRecord) -> Runs:
    """Return what came of a paper: a model's sentence, a number bold, or the authors', the result marked.

    Where the abstract has no number at all, a model's finding says so.
    """
    claim = made_next(summary).headline
    if summary.voice is Voice.AUTHORS:
        text, mark = clipped(claim.text, mark=result_span(claim.text))
        return _runs(text, (mark,) if mark else (), kind="m")
    found, words = _in_bold(claim, language), words_for(language)
    if words.lang != tag(language) or quantities(claim.text) or quantities(paper.abstract):
        return found
    return (*found, (words.labels["gap"] + words.labels["no_numbers"], ""))


def plain(card: DigestCard) -> str:
    """Return the finding of ``card`` as text: what a mail program shows before the mail is opened."""
    claim = made_next(card.summary).headline
    if card.summary.voice is Voice.AUTHORS:
        return clipped(claim.text, mark=result_span(claim.text))[0]
    return typeset(claim.text, language=card.language)


def venue_of(paper: PaperRecord) -> str:
    """Return where it was published or accepted, as its journal reference or its comment says."""
    return cut(" ".join(paper.journal_ref.split()) or venue_in(paper.comment), limit=LONGEST_VENUE)


def checked(card: DigestCard, *, form: Form) -> int:
    """Return how many checked claims of ``card`` the mail shows."""
    summary = card.summary
    if summary.voice is Voice.AUTHORS:
        return 0
    if form in (Form.BRIEF, Form.NEAR):
        return 1
    if card.detail is DetailLevel.READING and summary.sections:
        return 1 + sum(len(said) + len(steps) for _, said, steps in _parts(summary))
    return 1 + (len(summary.takeaways[: _most(form)]) if card.detail is not DetailLevel.HEADLINE else 0)


def _own(card: DigestCard, words: Words) -> dict[str, object]:
    """Return how the summary's words are set: serif where they are the authors', else by language."""
    css, is_quoted = styles(card.language), card.summary.voice is Voice.AUTHORS
    is_guest = tag(card.language) != words.lang
    family = css["serif"] if is_quoted else css["sans"] if is_guest else ""
    is_rtl = is_right_to_left(card.language)
    side = "direction:rtl;text-align:right;" if is_rtl else ""
    return {
        "own": Markup(family),  # noqa: S704 - a constant of ``styles``
        "own_lang": tag(card.language),
        "own_space": "" if is_han(card.language) else " ",
        "side": Markup(side),  # noqa: S704 - as above
        "is_rtl": is_rtl,
        "indent": Markup(f"{side}margin-{'right' if is_rtl else 'left'}:18px"),  # noqa: S704 - as above
        "is_quoted": is_quoted,
    }


def _takeaways(card: DigestCard, summary: Summary, *, form: Form) -> tuple[Runs, ...]:
    """Return those that a card or the lead shows."""
    if summary.voice is Voice.MODEL and card.detail is DetailLevel.HEADLINE:
        return ()
    return takeaways_of(summary, card.language, most=_most(form))


def takeaways_of(summary: Summary, language: str, *, most: int) -> tuple[Runs, ...]:
    """Return the first ``most`` takeaways: of an authors' summary one further sentence, unchanged."""
    if summary.voice is Voice.AUTHORS:
        return tuple(((clipped(each.text, mark=None)[0], ""),) for each in summary.takeaways[:1])
    return tuple(_in_bold(claim, language) for claim in summary.takeaways[:most])


def _in_bold(claim: Claim, language: str) -> Runs:
    text = typeset(claim.text, language=language)
    bold = bold_span(text, quotes=[each.quote for each in claim.evidence])
    return _runs(text, (bold,) if bold else (), kind="b")


def quote_of(evidence: Evidence) -> Runs:
    """Return a quote with the words marked that carry its claim."""
    return _runs(evidence.quote, marked_spans(evidence.quote, evidence.highlights), kind="m")


def _runs(text: str, spans: Sequence[tuple[int, int]], *, kind: str) -> Runs:
    return tuple(run for run in _cut_up(text, spans, kind=kind) if run[0])


def _cut_up(text: str, spans: Sequence[tuple[int, int]], *, kind: str) -> Iterator[tuple[str, str]]:
    done = 0
    for start, end in spans:
        yield text[done:start], ""
        yield text[start:end], kind
        done = end
    yield text[done:], ""


def _sections(card: DigestCard, words: Words) -> Iterator[SectionView]:
    """Group the sections of the paper's kind under the four headings of a mail."""
    kind = card.summary.kind
    if kind is None:
        return
    for part, said, steps in _parts(card.summary):
        yield SectionView(
            words.head(part, kind=kind), said=_all(said, card.language), steps=_all(steps, card.language)
        )


def _parts(summary: Summary) -> Iterator[tuple[Part, list[Claim], list[Claim]]]:
    """Yield what is shown of each part: its sentences, and its steps."""
    specs = {spec.kind: spec for spec in SECTIONS[summary.kind]} if summary.kind else {}
    for part in PARTS:
        held = [
            (claim, specs[section.kind].is_steps)
            for section in summary.sections
            if section.kind in specs and specs[section.kind].part is part
            for claim in (_new(section.claims, summary) if part is Part.RESULTS else section.claims)
        ]
        # What was measured comes last, and counts most.
        held = held[::-1] if part is Part.RESULTS and len(held) > MOST_SENTENCES else held
        steps = [claim for claim, is_step in held if is_step][:MOST_STEPS]
        said = [claim for claim, is_step in held if not is_step][: 1 if steps else MOST_SENTENCES]
        yield part, said, steps


def _most(form: Form) -> int:
    return MOST_OF_LEAD if form is Form.LEAD else MOST_TAKEAWAYS


def _new(claims: tuple[Claim, ...], summary: Summary) -> tuple[Claim, ...]:
    """Leave out what rests on the same words as the finding above, if anything is left then."""
    quotes = {each.quote for each in summary.headline.evidence}
    return tuple(claim for claim in claims if not quotes & {each.quote for each in claim.evidence}) or claims


def _all(claims: Iterable[Claim], language: str) -> tuple[Runs, ...]:
    return tuple(_in_bold(claim, language) for claim in claims)


def _teaser(card: DigestCard, *, base_url: str) -> Teaser | None:
    """Return the figure as large as a teaser may be, in its own proportions."""
    figure = card.figure
    image = figure.mail_image if figure else None
    if figure is None or image is None:
        return None
    scale = min(1, TEASER[0] / max(1, image.width), TEASER[1] / max(1, image.height))
    return Teaser(
        url=f"{base_url.rstrip('/')}{image.path}",
        alt=cut(" ".join(figure.caption.split()), limit=LONGEST_ALT),
        width=max(1, round(image.width * scale)),
        height=max(1, round(image.height * scale)),
    )


def _links(paper: PaperRecord, words: Words, *, base_url: str) -> tuple[Link, ...]:
    """Return what leads to reading on; the title leads to arXiv, and no link leads where another does."""
    found = [
        Link(words.labels["read_on"], page_url(paper, base_url=base_url)),
        Link(words.labels["pdf"], pdf_url(paper)),
    ]
    named = {"project": project_url(paper), "code": code_url(paper)}
    return (*found, *(Link(words.labels[name], url) for name, url in named.items() if url))
