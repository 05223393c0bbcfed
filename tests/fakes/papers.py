"""Papers for tests, and a source that hands them out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any

from newsletter.adapters.ports import Answer, Window
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.errors import NewsletterError

PUBLISHED = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
ABSTRACT = (
    "Talking heads are hard to animate from speech alone. "
    "We propose a training-free method that drives a Gaussian avatar with 20 action units. "
    "On three benchmarks it lowers the landmark error by 12% against the best baseline."
)


def paper_record(number: int = 1, **fields: Any) -> PaperRecord:
    """Return a paper with the id ``2606.0000N`` and whatever else is asked for."""
    categories = tuple(fields.pop("categories", ("cs.CV",)))
    published = fields.pop("published_at", PUBLISHED)
    defaults: dict[str, Any] = {
        "arxiv_id": f"2606.{number:05d}",
        "version": 1,
        "title": f"Avatar {number}: Talking Heads from Speech",
        "abstract": ABSTRACT,
        "authors": ("Ada Lovelace", "Alan Turing"),
        "primary_category": categories[0],
        "categories": categories,
        "published_at": published,
        "updated_at": published,
    }
    return PaperRecord(**(defaults | fields))


class ListSource:
    """A PaperSource that answers with the papers it was given, or fails as it was told."""

    def __init__(self, *papers: PaperRecord, error: NewsletterError | None = None) -> None:
        self.papers = papers
        self.error = error
        self.asked: list[tuple[frozenset[str], Window]] = []
        self.probed: list[tuple[frozenset[str], Window]] = []

    def fetch(
        self,
        categories: Collection[str],
        *,
        window: Window,
        most_missing: int = 0,  # noqa: ARG002
    ) -> Iterator[Answer]:
        self.asked.append((frozenset(categories), window))
        if self.papers:
            yield Answer(query="all", total_results=len(self.papers), papers=self.papers)
        if self.error:
            raise self.error

    def newest(self, categories: Collection[str], *, window: Window) -> Answer:
        self.probed.append((frozenset(categories), window))
        if self.error:
            raise self.error
        return Answer(query="newest", total_results=len(self.papers), papers=self.papers)

    def read_file(self, path: str) -> Answer:
        if self.error:
            raise self.error
        return Answer(query=path, total_results=len(self.papers), papers=self.papers)
