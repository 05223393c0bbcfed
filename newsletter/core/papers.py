"""What arXiv says of a paper: its id and version, its fields, and TeX turned into readable text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRecord:
    """One version of a paper as arXiv describes it, already mended and readable.

    Every field is copied from arXiv; nothing in here is ever written by a model.
    """

    arxiv_id: str
    """Without version: ``2606.14173`` or, old style, ``quant-ph/0201082``."""
    version: int
    title: str
    abstract: str
    """Plain text; paragraphs are separated by one line break."""
    authors: tuple[str, ...]
    primary_category: str
    categories: tuple[str, ...]
    """The primary one first."""
    published_at: datetime
    """When version 1 was submitted (UTC)."""
    updated_at: datetime
    """When this version was submitted (UTC)."""
    comment: str = ""
    journal_ref: str = ""
    doi: str = ""
    is_withdrawn: bool = False

    @property
    def versioned_id(self) -> str:
        return f"{self.arxiv_id}v{self.version}"
