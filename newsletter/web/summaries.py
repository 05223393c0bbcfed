"""The one summary a list shows of each paper, for any number of papers with one query; and who wrote it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext, ngettext

from newsletter.core.digests.languages import is_checked_in_words
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.core.summaries.summary import Voice, summary_from_json
from newsletter.models import Paper, Summary
from newsletter.web.jinja import day
from newsletter.web.pages import current_language, sentence_gap


@dataclass(frozen=True, slots=True)
class Written:
    row: Summary
    content: SummaryValue

    @property
    def is_model(self) -> bool:
        return self.content.voice is Voice.MODEL


def written_by(row: Summary, content: SummaryValue) -> str:
    """Say which model wrote it, when, what was checked, and what it is for."""
    checked = ngettext(
        "%(num)s claim checked against the paper.",
        "%(num)s claims checked against the paper.",
        content.checked,
    )
    sentences = [checked % {"num": content.checked}, gettext("For a first screening, not for citing.")]
    if row.written_at is not None:
        made = {"model": row.model, "prompt": row.prompt_version, "day": day(row.written_at)}
        sentences.insert(0, gettext("Written by %(model)s (prompt %(prompt)s) on %(day)s.") % made)
    limits = gettext(
        "In this language quotes, numbers in digits, links and markup are checked; the wording is not."
    )
    if not is_checked_in_words(row.language):
        sentences.append(limits)
    return sentence_gap(current_language()).join(sentences)


def summaries_of(papers: Sequence[Paper], *, language: str) -> dict[int, Written]:
    """Return a summary of each paper's present version: a model's in ``language`` if there is, else any."""
    versions = {paper.pk: paper.version for paper in papers}
    found: dict[int, Written] = {}
    for row in Summary.objects.shown().filter(paper__in=papers).order_by("pk"):
        if row.paper_version != versions[row.paper_id]:
            continue
        new, known = Written(row, summary_from_json(row.content or {})), found.get(row.paper_id)
        if known is None or _rank(new, language) >= _rank(known, language):
            found[row.paper_id] = new
    return found


def _rank(written: Written, language: str) -> tuple[bool, bool]:
    return written.row.language == language, written.is_model
