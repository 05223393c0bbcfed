"""Queries of every kind, made from the words of real papers, so that some match and some do not."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from newsletter.core.arxiv.papers import PaperRecord

_WORD = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]+)?")
_ODD = ("the", "zebrafishes", "C++", "naïve", "ﬁeld", "x-ray", "2606.14173", "cs.CV", "of_the", "a", "'s")
_PATTERNS = ("cs.*", "math.*", "cs*", "hep-*", "hep-th.*", "quant-ph", "q-bio.*", "cs.C*", "econ.EM")


class Queries:
    """Makes one query after another; the same ones for the same seed and papers."""

    def __init__(self, papers: Sequence[PaperRecord], *, seed: int) -> None:
        self._papers = papers
        self._chance = random.Random(seed)  # noqa: S311  # the same queries in every run

    def make(self, depth: int = 2) -> str:
        """Return a query in arXiv's language, with groups of at most ``depth`` within one another."""
        chance = self._chance
        if depth == 0 or chance.random() < 0.25:
            return self._term()
        several = [self._operand(depth - 1) for _ in range(chance.choice((2, 2, 2, 3, 4)))]
        text = several[0]
        for operand in several[1:]:
            text += chance.choice((" AND ", " AND ", " AND ", " OR ", " OR ", " ANDNOT ", " ")) + operand
        return f"ANDNOT {text}" if chance.random() < 0.03 else text

    def ordinary(self) -> str:
        """Return a query as readers write them: a phrase, a name or alternatives, often in a category."""
        chance = self._chance
        asked = " OR ".join(self._subject() for _ in range(chance.choice((1, 1, 1, 2, 3))))
        if chance.random() < 0.6:
            asked = f"({asked}) AND cat:{chance.choice(self._paper().categories)}"
        return f"{asked} ANDNOT {self._subject()}" if chance.random() < 0.1 else asked

    def _subject(self) -> str:
        chance, paper = self._chance, self._paper()
        if chance.random() < 0.15 and paper.authors:
            return f'au:"{chance.choice(paper.authors)}"'.replace('""', '"')
        words = _WORD.findall(paper.title) or ["nothing"]
        start = chance.randrange(len(words))
        asked = words[start : start + 2] if chance.random() < 0.7 else [max(words, key=len)]
        return f'{chance.choice(("", "", "ti:", "abs:"))}"{" ".join(asked)}"'

    def _operand(self, depth: int) -> str:
        chance = self._chance
        inner = self.make(depth)
        if " " not in inner or (inner.count('"') == 2 and inner.endswith('"') and inner.index('"') < 5):
            return inner
        field = chance.choice(("", "", "", "ti:", "abs:", "all:"))
        return f"{field}({inner})"

    def _term(self) -> str:
        chance = self._chance
        kind = chance.random()
        if kind < 0.15:
            return f"cat:{chance.choice((*self._paper().categories, chance.choice(_PATTERNS)))}"
        if kind < 0.25:
            name = chance.choice(self._paper().authors or ("Nobody",)).replace('"', "")
            return f'au:"{name}"' if chance.random() < 0.5 else f"au:{self._word(name)}"
        if kind < 0.28:
            paper = self._paper()
            return f"id:{chance.choice((paper.arxiv_id, paper.versioned_id))}"
        return self._words()

    def _words(self) -> str:
        chance = self._chance
        field = chance.choice(("", "", "", "ti:", "abs:", "abs:", "all:", "co:", "jr:"))
        paper = self._paper()
        text = chance.choice((paper.title, paper.abstract, paper.abstract, paper.comment or "pages"))
        shape = chance.random()
        if shape < 0.05:
            return f"{field}{chance.choice(_ODD)}" if ":" not in field else f'{field}"{chance.choice(_ODD)}"'
        if shape < 0.2:
            return f"{field}{self._word(text)[: chance.randint(3, 9)].rstrip('-')}*"
        words = _WORD.findall(text) or ["nothing"]
        start = chance.randrange(len(words))
        length = chance.choice((1, 1, 2, 2, 3))
        if shape < 0.25:  # words of a paper, but in no paper beside one another
            return f'{field}"{" ".join(chance.sample(words, min(2, len(words))))}"'
        if shape < 0.3:
            return f"{field}{'_'.join(words[start : start + 2])}*"
        return f'{field}"{" ".join(words[start : start + length])}"'

    def _word(self, text: str) -> str:
        words: list[str] = _WORD.findall(text) or ["nothing"]
        return self._chance.choice(words)

    def _paper(self) -> PaperRecord:
        return self._chance.choice(self._papers)
