"""What was read from papers, for pages and mails: facts, and figures as far as they may be shown now."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.conf import settings

from newsletter.adapters import registry
from newsletter.core.arxiv.figures import PaperDetails, Picture, ShownFigure, may_show_figures
from newsletter.models import Figure, FullTextRecord, Paper

CHUNK = 500
"""Rows a statement; below SQLite's limit on variables."""


def figures_for(papers: Iterable[Paper]) -> dict[int, tuple[ShownFigure, ...]]:
    """Return the figures of each paper's present version by the paper's key, where it has any."""
    present = {paper.pk: paper for paper in papers if not paper.is_withdrawn}
    shown = {record.paper_id: _shown_of(record) for record in _records(present)}
    return {key: figures for key, figures in shown.items() if figures}


def mail_figures(paper_ids: Collection[int]) -> dict[int, ShownFigure]:
    """Return the first figure of each paper that a mail may show, by the paper's key."""
    papers = Paper.objects.in_bulk(paper_ids).values()
    small = {
        key: [each for each in figures if each.mail_image] for key, figures in figures_for(papers).items()
    }
    return {key: figures[0] for key, figures in small.items() if figures}


def read_for(
    papers: Iterable[Paper],
) -> tuple[dict[int, PaperDetails], dict[int, tuple[ShownFigure, ...]]]:
    """Return what was read of each paper's present version, and its figures, by the paper's key."""
    present = {paper.pk: paper for paper in papers}
    records = _records(present)
    figures = {each.paper_id: _shown_of(each) for each in records if not present[each.paper_id].is_withdrawn}
    details = {each.paper_id: _details(each) for each in records}
    return details, {key: shown for key, shown in figures.items() if shown}


def read_of(paper: Paper) -> tuple[PaperDetails, tuple[ShownFigure, ...]]:
    """Return both of one paper."""
    for record in _records({paper.pk: paper}):
        return _details(record), () if paper.is_withdrawn else _shown_of(record)
    return PaperDetails(), ()


def may_serve(name: str) -> bool:
    """Say whether a figure of that file name may be shown now: by setting, licence, and no withdrawal."""
    rows = Figure.objects.filter(image=name) | Figure.objects.filter(mail_image=name)
    licences = rows.filter(record__paper__is_withdrawn=False).values_list("record__licence", flat=True)
    return any(may_show_figures(licence, policy=settings.CONFIG.figures) for licence in licences)


def remove_figures() -> int:
    """Forget figures that may be shown no longer, and their files; return how many figures."""
    rows = Figure.objects.values_list("pk", "record__licence", "record__paper__is_withdrawn")
    gone = [
        key
        for key, licence, is_withdrawn in rows.iterator()
        if is_withdrawn or not may_show_figures(licence, policy=settings.CONFIG.figures)
    ]
    for start in range(0, len(gone), CHUNK):
        Figure.objects.filter(pk__in=gone[start : start + CHUNK]).delete()
    names = {name for pair in Figure.objects.values_list("image", "mail_image").iterator() for name in pair}
    registry.figure_store(settings.CONFIG).remove_all_but(names)
    return len(gone)


def _records(papers: dict[int, Paper]) -> list[FullTextRecord]:
    keys = list(papers)
    found: list[FullTextRecord] = []
    for start in range(0, len(keys), CHUNK):
        rows = FullTextRecord.objects.filter(paper_id__in=keys[start : start + CHUNK])
        found += rows.prefetch_related("figures")
    return [record for record in found if record.paper_version == papers[record.paper_id].version]


def _shown_of(record: FullTextRecord) -> tuple[ShownFigure, ...]:
    if not may_show_figures(record.licence, policy=settings.CONFIG.figures):
        return ()
    return tuple(_shown(figure, record) for figure in record.figures.all())


def _shown(figure: Figure, record: FullTextRecord) -> ShownFigure:
    return ShownFigure(
        number=figure.number,
        caption=figure.caption,
        licence_url=record.licence,
        image=_picture(figure.image, figure.width, figure.height),
        mail_image=_picture(figure.mail_image, figure.mail_width, figure.mail_height)
        if figure.mail_image
        else None,
    )


def _picture(name: str, width: int, height: int) -> Picture:
    return Picture(path=f"/figures/{name}", width=width, height=height)


def _details(record: FullTextRecord) -> PaperDetails:
    return PaperDetails(
        affiliations=tuple(record.affiliations),
        keywords=tuple(record.keywords),
        links=tuple(record.links),
        licence_url=record.licence,
        has_full_text=record.read_at is not None,
        reason=record.reason,
    )
