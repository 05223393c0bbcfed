"""A topic's week as one Markdown document: front matter, facts, abstracts, summaries with quotes, figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.utils.translation import gettext, ngettext

from newsletter.audience.topics import find_topic
from newsletter.core.arxiv.figures import PaperDetails, ShownFigure, licence_name
from newsletter.core.arxiv.links import abstract_url, code_url, page_url, pdf_url, project_url
from newsletter.core.digests.markdown import FrontMatterValue, as_text, front_matter
from newsletter.core.digests.weeks import Week
from newsletter.core.summaries.paper_kinds import SECTIONS
from newsletter.core.summaries.summary import Claim, DetailLevel, Evidence
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.errors import NotFound
from newsletter.mail.words import words_for
from newsletter.models import Paper, Topic
from newsletter.pipeline.summarize.figures import read_for
from newsletter.pipeline.weeks import counts_by_week
from newsletter.web.jinja import day
from newsletter.web.pages import public_url, service_name
from newsletter.web.places import place_in_words
from newsletter.web.section_names import part_name, part_on_page, section_name
from newsletter.web.summaries import Written, summaries_of, written_by
from newsletter.web.weeks import contents_of, week_in_words, what_came_later

MOST_KEYWORDS, MOST_TAGS = 20, 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What goes into the document."""

    topic: Topic
    name: str
    group: str
    week: Week
    url: str
    """Of the week's page."""
    updated_at: datetime
    """When the newest of its papers came, so that it stays the same."""
    papers: Sequence[Paper]
    """As the week's page has them: the summarised ones, best first; then the others by title."""
    more: int
    """Papers of the week that are left out."""
    written: dict[int, Written]
    details: dict[int, PaperDetails]
    figures: dict[int, tuple[ShownFigure, ...]]
    later: dict[int, list[str]]
    """What came after the week."""
    language: str
    knows_all_changes: bool
    """``WeekContents.knows_all_changes``."""

    @property
    def title(self) -> str:
        return gettext("%(topic)s, %(days)s") % {
            "topic": self.name,
            "days": week_in_words(self.week),
        }

    @property
    def description(self) -> str:
        number = len(self.papers) + self.more
        return ngettext(
            "%(num)s new paper of arXiv on %(topic)s", "%(num)s new papers of arXiv on %(topic)s", number
        ) % {"num": number, "topic": self.name}

    @property
    def keywords(self) -> list[str]:
        words = (word for each in self.details.values() for word in each.keywords)
        return list(dict.fromkeys(words))[:MOST_KEYWORDS]

    @property
    def tags(self) -> list[str]:
        codes = (code for paper in self.papers for code in paper.categories)
        return list(dict.fromkeys([self.name, *codes]))[:MOST_TAGS]

    @property
    def cover(self) -> str:
        shown = (self.figures.get(paper.pk) for paper in self.papers)
        return next((url_of(each[0]) for each in shown if each), "")


def export_of(topic: Topic, week: Week, *, language: str, now: datetime, most: int | None = None) -> Export:
    """Read what is to be exported, in the language that is active; at most so many papers."""
    contents = contents_of(topic, week, now=now)
    rows = Paper.objects.in_bulk(contents.papers[:most])
    papers = [rows[pk] for pk in contents.papers[:most] if pk in rows]
    details, figures = read_for(papers)
    written = summaries_of([paper for paper in papers if not paper.is_withdrawn], language=language)
    return Export(
        topic=topic,
        name=topic.name_in(language),
        group=topic.group_in(language),
        week=week,
        url=public_url("topic_week", slug=topic.slug, week=str(week)),
        updated_at=max((paper.first_seen_at for paper in papers), default=week.begins_at),
        papers=papers,
        more=len(contents.papers) - len(papers),
        written=written,
        details=details,
        figures=figures,
        later=what_came_later(contents, papers, language=language),
        language=language,
        knows_all_changes=contents.knows_all_changes,
    )


@dataclass(slots=True)
class Exports:
    """The weeks to be exported, read one after the other."""

    topic: Topic
    weeks: list[Week]
    """Oldest first."""
    language: str
    now: datetime
    papers: int = 0
    """How many were read so far."""

    def each(self, step: Callable[[], None]) -> Iterator[Export]:
        for week in self.weeks:
            export = export_of(self.topic, week, language=self.language, now=self.now)
            self.papers += len(export.papers)
            yield export
            step()


def exports_of(
    slug: str, *, since: date | None = None, until: date | None = None, language: str, now: datetime
) -> Exports:
    """Return the weeks with papers that hold a day from ``since`` to ``until``. Raises NotFound."""
    topic = find_topic(slug)
    if topic.owner_id is not None:
        raise NotFound(f"topic {topic.slug!r} is a reader's own: only everyone's are exported")
    weeks = [
        week
        for week, count in counts_by_week(topic, now=now).items()
        if count and not (since and week.ends_on < since) and not (until and week.starts_on > until)
    ]
    return Exports(topic, sorted(weeks), language, now)


def base_url() -> str:
    return str(settings.CONFIG.base_url)


def url_of(figure: ShownFigure) -> str:
    return f"{base_url()}{figure.image.path}"


def notice(written: Iterable[Written]) -> str:
    """Return the notice about who writes the summaries, and what they are for."""
    return notice_of_models(has_any=any(each.is_model for each in written))


def notice_of_models(*, has_any: bool) -> str:
    """Return the notice where a model wrote some of the summaries, or none."""
    if settings.CONFIG.summariser_name == "extractive" and not has_any:
        return gettext(
            "Summaries are whole sentences of the abstract, chosen by a program for a first screening. "
            "No model writes anything here."
        )
    return gettext(
        "Summaries are machine-made and meant for a first screening: decide by them what to read, and cite "
        "the papers. Every claim stands with the sentence of the paper behind it."
    )


def as_markdown(
    export: Export, *, front: Mapping[str, FrontMatterValue] | None = None, has_folds: bool = True
) -> str:
    """Return the document, in the language that is active.

    ``front``: for a site maker, what its front matter has besides, or instead; its themes print the title.
    ``has_folds``: whether HTML may stand in it.
    """
    values = {**_front_matter(export), **(front or {})}
    papers = _papers(export, has_folds=has_folds)
    title = [] if front else [f"# {as_text(export.title)}"]
    return "\n\n".join([front_matter(values), *title, *_opening(export), *papers, *_closing(export)]) + "\n"


def _front_matter(export: Export) -> dict[str, FrontMatterValue]:
    return {
        "title": export.title,
        "date": f"{export.updated_at:%Y-%m-%d %H:%M:%S}",
        "author": service_name(),
        "cover": export.cover,
        "categories": [export.group] if export.group else [],
        "tags": export.tags,
        "description": export.description,
        "keywords": export.keywords,
        "toc": True,
        "mathjax": False,
        "link": export.url,
    }


def _opening(export: Export) -> Iterator[str]:
    yield f"> {as_text(notice(export.written.values()))}"
    yield f"## {as_text(gettext('Updated on %(day)s') % {'day': day(export.updated_at)})}"
    if not export.papers:
        yield as_text(gettext("No paper in this week."))


def _closing(export: Export) -> Iterator[str]:
    if export.more:
        left = ngettext("%(num)s more paper", "%(num)s more papers", export.more) % {"num": export.more}
        yield f"[{as_text(left)}](<{export.url}>)"


def _papers(export: Export, *, has_folds: bool) -> Iterator[str]:
    for paper in export.papers:
        yield from _facts(paper, export.details.get(paper.pk, PaperDetails()))
        yield from (f"*{as_text(note)}*" for note in export.later.get(paper.pk, ()))
        if written := export.written.get(paper.pk):
            yield from _summary(written)
        if figures := export.figures.get(paper.pk):
            yield from _figures(figures, paper=paper, language=export.language, has_folds=has_folds)


def _figures(
    figures: Sequence[ShownFigure], *, paper: Paper, language: str, has_folds: bool
) -> Iterator[str]:
    """Yield the figures with captions and licences, folded where HTML may stand."""
    name = as_text(gettext("Figures"))
    # The tags are ours: what a paper says stands between them as escaped Markdown.
    yield f"<details>\n<summary>{name}</summary>" if has_folds else f"#### {name}"
    for figure in figures:
        credit = as_text(words_for(language).credit(figure, paper=paper.record))
        licence = f" <{figure.licence_url}>" if licence_name(figure.licence_url) else ""
        yield f"![{as_text(figure.number)}](<{url_of(figure)}>)"
        yield f"{as_text(figure.caption)} {credit}{licence}"
    if has_folds:
        yield "</details>"


def _facts(paper: Paper, details: PaperDetails) -> Iterator[str]:
    record = paper.record
    # No link around what a paper says: Hexo's renderer parses the text of a link twice.
    yield f"### {as_text(record.title)}"
    lines = {
        "arXiv": f"[{record.versioned_id}](<{abstract_url(record)}>)",
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
    withheld = ngettext(
        "%(num)s claim withheld for lack of evidence",
        "%(num)s claims withheld for lack of evidence",
        len(written.content.withheld),
    ) % {"num": len(written.content.withheld)}
    said = written_by(written.row, written.content)
    return f"{said} {withheld}." if written.content.withheld else said
