"""What happened to papers after somebody had read them, and the requests to arXiv that found it out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import models

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.revisions import Change, Revision, revision_between
from newsletter.models.paper import Paper
from newsletter.models.summary import Summary
from newsletter.models.taste import IS_LIKED, PaperFeedback

CHUNK = 500


class PaperRevision(models.Model):
    """Never changed: what a digest says of it is copied into the digest's selection."""

    paper = models.ForeignKey(Paper, on_delete=models.CASCADE, related_name="revisions", db_index=False)
    from_version = models.PositiveSmallIntegerField()
    to_version = models.PositiveSmallIntegerField()
    """The same as before where a journal reference was added."""
    changes = models.JSONField()
    """Values of ``core.arxiv.revisions.Change``."""
    venue = models.TextField(blank=True)
    """Copied from arXiv's record."""
    found_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("paper", "to_version", "changes"), name="paper_revision_once"),
        )

    def __str__(self) -> str:
        return f"{self.paper_id} v{self.from_version} to v{self.to_version}: {', '.join(self.changes)}"

    @property
    def value(self) -> Revision:
        return Revision(self.to_version, tuple(map(Change, self.changes)), self.venue)


def keep_revisions(changed: Iterable[tuple[Paper, PaperRecord]], *, now: datetime) -> int:
    """Keep what happened to papers that somebody has read, given their rows before it; return how many."""
    found = {
        paper.arxiv_id: PaperRevision(
            paper=paper,
            from_version=paper.version,
            to_version=revision.version,
            changes=list(revision.changes),
            venue=revision.venue,
            found_at=now,
        )
        for paper, record in changed
        if (revision := revision_between(paper.record, record))
    }
    rows = [found[arxiv_id] for arxiv_id in sorted(_read(found))]
    PaperRevision.objects.bulk_create(rows, ignore_conflicts=True, batch_size=CHUNK)
    return len(rows)


def _read(arxiv_ids: Iterable[str]) -> set[str]:
    """Return those of which a summary was written, or that somebody likes."""
    ids, read = list(arxiv_ids), set[str]()
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        summaries = Summary.objects.filter(paper__arxiv_id__in=chunk, content__isnull=False)
        read.update(summaries.values_list("paper__arxiv_id", flat=True))
        liked = PaperFeedback.objects.filter(IS_LIKED, arxiv_id__in=chunk)
        read.update(liked.values_list("arxiv_id", flat=True))
    return read


class RevisionAsk(models.Model):
    """One request for the present state of papers that were read. A failure is tried again, and no alarm."""

    started_at = models.DateTimeField(db_index=True)
    asked = models.PositiveSmallIntegerField()
    received = models.PositiveSmallIntegerField(default=0)
    """Fewer than asked for: an answer says nothing about a paper that it lacks."""
    updated = models.PositiveSmallIntegerField(default=0)
    refused = models.JSONField(default=list, blank=True)
    """One line for each entry that could not be read or saved."""
    error = models.TextField(blank=True)
    """Empty when it succeeded."""
    retry_at = models.DateTimeField(null=True, blank=True)
    """Not before: arXiv asked to wait that long."""

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.asked} papers"
