"""The summariser that writes nothing: whole sentences of the abstract, by ``core.summaries.extraction``.

It needs no key and no network and takes about 3 ms a paper.
"""

from __future__ import annotations

from newsletter.core.arxiv.full_text import FullText
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.extraction import extract
from newsletter.core.summaries.openings import CUT
from newsletter.core.summaries.summary import Claim, DetailLevel, Draft, Evidence, Voice


class ExtractiveSummariser:
    """Quotes the authors. Each claim is its own evidence."""

    model = "extractive"
    prompt_version = "5"
    """Of the rules in ``core/summaries/extraction.py``: a change of them is a new version."""
    voice = Voice.AUTHORS

    def language_for(self, language: str) -> str:  # noqa: ARG002 - an extract cannot be translated
        """Always English: arXiv requires an abstract in English."""
        return "en"

    def summarize(
        self,
        paper: PaperRecord,
        *,
        language: str,  # noqa: ARG002
        detail: DetailLevel,  # noqa: ARG002
        full_text: FullText | None = None,  # noqa: ARG002
    ) -> Draft:
        """Choose from the abstract. Every level gets the takeaways: they are free and can be cut later.

        Without an abstract the title stands for it.
        """
        chosen = extract(paper.abstract, title=paper.title)
        if chosen is None:
            return Draft(
                headline=Claim(text=paper.title, evidence=(Evidence(quote=paper.title, where="title"),))
            )
        return Draft(headline=_verbatim(chosen.headline), takeaways=tuple(map(_verbatim, chosen.takeaways)))


def _verbatim(words: str) -> Claim:
    """Return the words as a claim, and what of them is the paper's as its quote."""
    return Claim(text=words, evidence=(Evidence(quote=words.removeprefix(CUT)),))
