"""A topic's papers as one Markdown document: front matter, facts, abstracts, summaries with their quotes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext, ngettext

from newsletter.core.arxiv.figures import PaperDetails, ShownFigure
from newsletter.core.arxiv.links import abstract_url, code_url, page_url, pdf_url, project_url
from newsletter.core.digests.languages import is_checked_in_words
from newsletter.core.digests.markdown import as_text, front_matter
from newsletter.core.summaries.paper_kinds import SECTIONS
from newsletter.core.summaries.summary import Claim, DetailLevel, Evidence
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.models import Paper
from newsletter.web.jinja import day
from newsletter.web.places import place_in_words
from newsletter.web.section_names import part_name, part_on_page, section_name
from newsletter.web.summaries import Written

MOST_KEYWORDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What goes into the document."""

    name: str
    group: str
    url: str
    """Of the topic's page."""
    updated_at: datetime
    papers: Sequence[Paper]
    """Newest first."""
    written: dict[int, Written]
    details: dict[int, PaperDetails]
    figures: dict[int, tuple[ShownFigure, ...]]


def notice(written: Iterable[Written]) -> str:
    """Return the notice about who writes the summaries, and what they are for."""
    if settings.CONFIG.summariser_name == "extractive" and not any(each.is_model for each in written):
        return gettext(
            "Summaries are whole sentences of the abstract, chosen by a program for a first screening. "
            "No model writes anything here."
        )
    return gettext(
        "Summaries are machine-made and meant for a first screening: decide by them what to read, and cite "
        "the papers. Every claim stands with the sentence of the paper behind it."
    )


def as_markdown(export: Export) -> str:
    """Return the document, in the language that is active."""
    return "\n\n".join([_front_matter(export), *_opening(export), *_papers(export)]) + "\n"


def _front_matter(export: Export) -> str:
    words = (word for each in export.details.values() for word in each.keywords)
    covers = (f"{settings.CONFIG.base_url}{each[0].image.path}" for each in export.figures.values() if each)
    number = len(export.papers)
    return front_matter(
        {
            "title": export.name,
            "date": f"{export.updated_at:%Y-%m-%d}",
            "cover": next(covers, ""),
            "categories": [export.group] if export.group else [],
            "tags": list(dict.fromkeys(code for paper in export.papers for code in paper.categories)),
            "description": ngettext(
                "%(num)s new paper of arXiv on %(topic)s", "%(num)s new papers of arXiv on %(topic)s", number
            )
            % {"num": number, "topic": export.name},
            "keywords": list(dict.fromkeys(words))[:MOST_KEYWORDS],
            "link": export.url,
        }
    )


def _opening(export: Export) -> Iterator[str]:
    yield f"# {as_text(export.name)}"
    yield f"> {as_text(notice(export.written.values()))}"
    yield f"## {as_text(gettext('Updated on %(day)s') % {'day': day(export.updated_at)})}"


def _papers(export: Export) -> Iterator[str]:
    for paper in export.papers:
        yield from _facts(paper, export.details.get(paper.pk, PaperDetails()))
        if written := export.written.get(paper.pk):
            yield from _summary(written)


def _facts(paper: Paper, details: PaperDetails) -> Iterator[str]:
    record = paper.record
    yield f"### [{as_text(record.title)}](<{abstract_url(record)}>)"
    lines = {
        gettext("Authors"): as_text(", ".join(record.authors)),
        gettext("Affiliations"): as_text("; ".join(details.affiliations)),
        gettext("Keywords"): as_text(", ".join(details.keywords)),
        gettext("Comment"): as_text(record.comment),
        gettext("Published"): as_text(record.journal_ref),
        gettext("PDF"): f"<{pdf_url(record)}>",
        gettext("Code"): _address(code_url(record)),
        gettext("Project page"): _address(project_url(record)),
        gettext("Quotes and figures"): f"<{page_url(record, base_url=settings.CONFIG.base_url)}>",
    }
    yield "\n".join(f"- **{name}**: {value}" for name, value in lines.items() if value)
    yield f"**{gettext('The abstract')}**: {as_text(record.abstract)}"


def _address(url: str) -> str:
    return f"<{url}>" if url else ""


def _summary(written: Written) -> Iterator[str]:
    content = written.content
    yield f"#### {gettext('Headline') if written.is_model else gettext('In the authors’ words')}"
    yield _claim(content.headline, is_quoted=written.is_model)
    if content.takeaways:
        yield f"#### {gettext('Takeaways')}"
        yield _list(content.takeaways, is_quoted=written.is_model)
    if content.detail is DetailLevel.READING:
        yield from _reading(content)
    yield f"*{as_text(_made_by(written))}*"


def _reading(content: SummaryValue) -> Iterator[str]:
    if content.kind is None:
        return
    stated = {section.kind: section.claims for section in content.sections}
    part = ""
    for spec in SECTIONS[content.kind]:
        name = part_name(part_on_page(spec.part), kind=content.kind)
        if name != part:
            part = name
            yield f"#### {as_text(name)}"
        yield f"##### {as_text(section_name(spec.kind))}"
        claims = stated[spec.kind]
        yield _list(claims, is_numbered=spec.is_steps) if claims else gettext("Not stated in the paper.")


def _list(claims: Iterable[Claim], *, is_numbered: bool = False, is_quoted: bool = True) -> str:
    marks = (f"{number}." if is_numbered else "-" for number, _ in enumerate(claims, start=1))
    return "\n".join(
        f"{mark} {_claim(claim, indent=' ' * (len(mark) + 1), is_quoted=is_quoted)}"
        for mark, claim in zip(marks, claims, strict=True)
    )


def _claim(claim: Claim, *, indent: str = "", is_quoted: bool = True) -> str:
    """Return a claim, then its quotes as block quotes; the authors' own words are their own quote."""
    quotes = [_quote(each) for each in claim.evidence] if is_quoted else []
    return f"\n{indent}\n".join([as_text(claim.text), *(f"{indent}> {each}" for each in quotes)])


def _quote(evidence: Evidence) -> str:
    return f"“{as_text(evidence.quote)}” ({as_text(place_in_words(evidence))})"


def _made_by(written: Written) -> str:
    if not written.is_model:
        return gettext("No model wrote anything here.")
    row, content = written.row, written.content
    checked = ngettext(
        "%(num)s claim checked against the paper.",
        "%(num)s claims checked against the paper.",
        content.checked,
    ) % {"num": content.checked}
    withheld = ngettext(
        "%(num)s claim withheld for lack of evidence",
        "%(num)s claims withheld for lack of evidence",
        len(content.withheld),
    ) % {"num": len(content.withheld)}
    made = gettext(
        "Machine-made, for a first screening and not for citing: written by %(model)s (prompt %(prompt)s) on "
        "%(day)s."
    ) % {
        "model": row.model,
        "prompt": row.prompt_version,
        "day": day(row.written_at) if row.written_at else "",
    }
    limits = gettext(
        "In this language quotes, numbers in digits, links and markup are checked; the wording is not."
    )
    notes = [limits] if not is_checked_in_words(row.language) else []
    return " ".join([made, checked, *notes, *([f"{withheld}."] if content.withheld else [])])
