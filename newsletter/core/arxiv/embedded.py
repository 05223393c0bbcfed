"""A paper as its page tells it to reference managers: ``citation_*`` tags (Google Scholar's) and COinS.

Zotero reads the tags by its translator "Embedded Metadata", the other by ``parseContextObject``.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from newsletter.core.arxiv.citations import doi_of
from newsletter.core.arxiv.cite import one_line
from newsletter.core.arxiv.links import abstract_url, pdf_url
from newsletter.core.arxiv.papers import PaperRecord


def meta_tags(paper: PaperRecord) -> Iterator[tuple[str, str]]:
    """Yield name and content of each tag; an author has one, as printed and in order."""
    yield "citation_title", one_line(paper.title)
    yield from (("citation_author", one_line(name)) for name in paper.authors)
    yield "citation_publication_date", f"{paper.published_at:%Y/%m/%d}"
    yield "citation_arxiv_id", paper.versioned_id
    if doi := doi_of(paper):
        yield "citation_doi", doi
    yield "citation_pdf_url", pdf_url(paper)
    yield "citation_abstract_html_url", abstract_url(paper)
    yield "citation_public_url", abstract_url(paper)  # else Zotero would file this page, by og:url
    yield "citation_abstract", one_line(paper.abstract)
    yield "citation_language", "en"
    yield "z:itemType", "preprint"  # Zotero would guess a journal's article


def coins(paper: PaperRecord) -> str:
    """Return the ContextObject of OpenURL 1.0 (Z39.88) in Dublin Core, to stand in a ``title``."""
    pairs = [
        ("ctx_ver", "Z39.88-2004"),
        ("rft_val_fmt", "info:ofi/fmt:kev:mtx:dc"),
        ("rft.type", "preprint"),
        ("rft.title", one_line(paper.title)),
        *(("rft.au", one_line(name)) for name in paper.authors),
        ("rft.date", f"{paper.published_at:%Y-%m-%d}"),
        ("rft.publisher", "arXiv"),
        ("rft.identifier", abstract_url(paper)),
        *([("rft_id", f"info:doi/{doi}")] if (doi := doi_of(paper)) else []),
    ]
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)
