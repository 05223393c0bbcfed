"""The full texts of arXiv: its PDFs, read here, and its licences, behind one gate."""

from __future__ import annotations

from dataclasses import dataclass

from newsletter.adapters.arxiv.oai import ArxivOai
from newsletter.adapters.arxiv.pdf import ArxivPdf
from newsletter.adapters.arxiv.pdf_text import PdfReader
from newsletter.adapters.ports import PaperText
from newsletter.core.arxiv.papers import PaperRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class ArxivFullTexts:
    """A FullTextSource. The gate is free again while a PDF is being read."""

    pdf: ArxivPdf
    oai: ArxivOai
    reader: PdfReader

    def licence(self, paper: PaperRecord) -> str:
        return self.oai.licence(paper)

    def read(self, paper: PaperRecord, *, figures: int) -> PaperText:
        return self.reader.read(self.pdf.fetch(paper), paper=paper, figures=figures)
