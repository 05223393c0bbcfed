"""The files of an export: a topic's weeks for Hexo, Jekyll and Hugo, as JSON, and as plain HTML pages.

The three site makers read Markdown with front matter, each from folders and under names of its own. What a
paper says reaches none of their template languages: braces are escaped (``core/digests/markdown.py``).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from django.template import loader
from django.utils.translation import get_language

from newsletter.core.arxiv.figures import PaperDetails
from newsletter.core.arxiv.links import abstract_url, code_url, page_url, pdf_url, project_url
from newsletter.core.digests.languages import tag
from newsletter.core.digests.markdown import FrontMatterValue
from newsletter.core.digests.weeks import Week
from newsletter.core.summaries.summary import Claim
from newsletter.languages import interface_language
from newsletter.mail.words import words_for
from newsletter.models import Paper
from newsletter.web.cards import card_of
from newsletter.web.exporting import Export, as_markdown, base_url, notice, url_of
from newsletter.web.pages import sentence_gap, service_name
from newsletter.web.summaries import Written
from newsletter.web.weeks import week_in_words


@dataclass(frozen=True, slots=True)
class Format:
    path: Callable[[Export], PurePosixPath]
    """Of a week's file, below the folder of the export."""
    write: Callable[[Export], str]
    index: Callable[[list[Export]], Mapping[PurePosixPath, str]] = lambda _: {}
    """Files about all weeks together: path → content."""


def _name(export: Export) -> str:
    return f"{export.topic.slug}-{export.week}"


def _hexo(export: Export) -> str:
    """The seed's flags of a theme are kept: they say that there is nothing to number or to typeset."""
    return as_markdown(export, front={"toc_number": False, "toc_style_simple": True, "copyright": False})


def _jekyll(export: Export) -> str:
    front: dict[str, FrontMatterValue] = {
        "layout": "post",
        "image": export.cover,
        "cover": "",
        "render_with_liquid": False,
    }
    return as_markdown(export, front={**front, "date": f"{export.updated_at:%Y-%m-%d %H:%M:%S} +0000"})


def _hugo(export: Export) -> str:
    """Hugo drops HTML from Markdown unless told otherwise, so nothing is folded."""
    images = [export.cover] if export.cover else []
    front: dict[str, FrontMatterValue] = {
        "date": f"{export.updated_at:%Y-%m-%dT%H:%M:%SZ}",
        "images": images,
        "cover": "",
        "link": "",
    }
    return as_markdown(export, front=front, has_folds=False)


def _json(export: Export) -> str:
    week: Week = export.week
    document = {
        "topic": {
            "slug": export.topic.slug,
            "name": export.name,
            "group": export.group,
            "query": export.topic.query,
        },
        "week": str(week),
        "from": f"{week.starts_on}",
        "to": f"{week.ends_on}",
        "language": export.language,
        "updated_at": export.updated_at.isoformat(),
        "url": export.url,
        "notice": notice(export.written.values()),
        "papers": [_paper(export, paper) for paper in export.papers],
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _paper(export: Export, paper: Paper) -> dict[str, Any]:
    record, details = paper.record, export.details.get(paper.pk, PaperDetails())
    written = export.written.get(paper.pk)
    return {
        "arxiv_id": record.arxiv_id,
        "version": record.version,
        "title": record.title,
        "authors": list(record.authors),
        "abstract": record.abstract,
        "categories": list(record.categories),
        "published_at": record.published_at.isoformat(),
        "comment": record.comment,
        "journal_ref": record.journal_ref,
        "doi": record.doi,
        "is_withdrawn": record.is_withdrawn,
        "abs": abstract_url(record),
        "pdf": pdf_url(record),
        "page": page_url(record, base_url=base_url()),
        "code": code_url(record),
        "project": project_url(record),
        "affiliations": list(details.affiliations),
        "keywords": list(details.keywords),
        "later": export.later.get(paper.pk, []),
        "summary": _summary(written) if written else None,
        "figures": [
            {"number": each.number, "caption": each.caption, "licence": each.licence_url, "url": url_of(each)}
            for each in export.figures.get(paper.pk, ())
        ],
    }


def _summary(written: Written) -> dict[str, Any]:
    content, row = written.content, written.row
    return {
        "language": row.language,
        "voice": content.voice.value,
        "model": row.model if written.is_model else None,
        "written_at": row.written_at.isoformat() if row.written_at else None,
        "finding": _claim(content.headline),
        "takeaways": [_claim(claim) for claim in content.takeaways],
        "sections": [
            {"kind": section.kind, "claims": [_claim(claim) for claim in section.claims]}
            for section in content.sections
        ],
    }


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "text": claim.text,
        "quotes": [{"quote": each.quote, "where": each.where} for each in claim.evidence],
    }


def _html(export: Export) -> str:
    papers = []
    for paper in export.papers:
        written = export.written.get(paper.pk)
        card = card_of(
            paper.record,
            written.content if written else None,
            language=export.language,
            said_in=written.row.language if written else "",
        )
        papers.append((card, export.later.get(paper.pk, []), export.figures.get(paper.pk, ())))
    return _page("export-week.html", export=export, papers=papers, notice=notice(export.written.values()))


def _html_index(exports: list[Export]) -> dict[PurePosixPath, str]:
    return {PurePosixPath("index.html"): _page("export-weeks.html", export=exports[0], exports=exports)}


def _page(template: str, **values: Any) -> str:
    language = interface_language(get_language() or "")
    values |= {"lang": tag(language), "service": service_name(), "gap": sentence_gap(language)}
    values |= {"url_of": url_of, "base_url": base_url(), "week_in_words": week_in_words}
    values |= {"words": words_for(language)}
    return loader.render_to_string(template, values, using="jinja2") + "\n"


FORMATS: dict[str, Format] = {
    "hexo": Format(lambda export: PurePosixPath("source", "_posts", f"{_name(export)}.md"), _hexo),
    "jekyll": Format(
        lambda export: PurePosixPath("_posts", f"{export.updated_at:%Y-%m-%d}-{_name(export)}.md"), _jekyll
    ),
    "hugo": Format(lambda export: PurePosixPath("content", "posts", f"{_name(export)}.md"), _hugo),
    "json": Format(lambda export: PurePosixPath(f"{_name(export)}.json"), _json),
    "html": Format(lambda export: PurePosixPath(f"{_name(export)}.html"), _html, _html_index),
}


def files_of(exports: Iterable[Export], *, form: str) -> Iterable[tuple[PurePosixPath, str]]:
    """Yield the files of an export, week by week, then those about all weeks."""
    made = FORMATS[form]
    seen = []
    for export in exports:
        yield made.path(export), made.write(export)
        seen.append(export)
    if seen:
        yield from made.index(seen).items()
