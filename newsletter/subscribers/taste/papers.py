"""Papers by the ids that somebody typed: ours, or fetched from arXiv without gathering them."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.adapters.ports import PaperFinder
from newsletter.core.arxiv.papers import PaperRecord, parse_id
from newsletter.errors import BadInput, NotFound, TemporaryError
from newsletter.subscribers.taste.lookup import Reason, Search, Sought


def find_papers(ids: Sequence[str], *, finder: PaperFinder) -> list[PaperRecord]:
    """Return the papers, each once. A fetched one is not stored: it is too old for any digest.

    Raises BadInput for what is no id, NotFound, or TemporaryError where arXiv cannot be asked.
    """
    search = Search([Sought(base_id(text), "", "", ()) for text in ids])
    search.look_by_id()
    while search.sought:
        search.ask(finder)
    for arxiv_id, reason in search.missing:
        if reason is Reason.UNANSWERED:
            raise TemporaryError(f"arXiv refused to look for {arxiv_id}")
        raise NotFound(f"arXiv has no paper {arxiv_id}")
    return search.papers()


def base_id(text: str) -> str:
    """Return an id without version. Raises BadInput."""
    found = parse_id(text)
    if found is None:
        raise BadInput(f"{text[:80]!r} is not an arXiv id: write one such as 2406.01234")
    return found.base
