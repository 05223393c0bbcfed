"""The daily cap on a model's tokens: a database row, so that no number of workers passes it together.

What a paper may cost at most is reserved before the model is asked and settled after. A worker that dies in
between leaves its reservation counted: the cap holds all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import F
from django.utils import timezone

from newsletter.adapters.model_calls import ModelSummariser
from newsletter.core.fulltext import FullText
from newsletter.core.papers import PaperRecord
from newsletter.core.reading import Depth, Draft, Voice
from newsletter.errors import TemporaryError, UnusableAnswer
from newsletter.models import Allowance

KIND = "model tokens"


class DailyCapReached(TemporaryError):
    """Nothing was asked: the model's tokens of the day are used up."""


@dataclass(frozen=True)
class CappedSummariser:
    """A model's summariser that stops before ``daily`` tokens (UTC day, input and output) are passed."""

    inner: ModelSummariser
    daily: int

    @property
    def model(self) -> str:
        return self.inner.model

    @property
    def prompt_version(self) -> str:
        return self.inner.prompt_version

    @property
    def voice(self) -> Voice:
        return self.inner.voice

    def language_for(self, language: str) -> str:
        return self.inner.language_for(language)

    def summarise(
        self, paper: PaperRecord, *, language: str, depth: Depth, full_text: FullText | None = None
    ) -> Draft:
        """Ask the model within the cap. Raises DailyCapReached, and what the model's summariser raises."""
        today = timezone.now().date()
        most = self.inner.most_tokens(paper, language=language, depth=depth, full_text=full_text)
        if not self._reserve(most, day=today):
            raise DailyCapReached(f"NEWSLETTER_GEMINI_DAILY_TOKENS: the {self.daily:,} of today are used up")
        try:
            draft = self.inner.summarise(paper, language=language, depth=depth, full_text=full_text)
        except UnusableAnswer as error:
            self._settle(reserved=most, spent=error.input_tokens + error.output_tokens, day=today)
            raise
        except TemporaryError as error:
            # An HTTP error is not billed. Whether a request without an answer was, nobody knows.
            if error.status is not None:
                self._settle(reserved=most, spent=0, day=today)
            raise
        self._settle(reserved=most, spent=draft.input_tokens + draft.output_tokens, day=today)
        return draft

    def _reserve(self, tokens: int, *, day: date) -> bool:
        Allowance.objects.bulk_create([Allowance(kind=KIND, key="", day=day)], ignore_conflicts=True)
        free = Allowance.objects.filter(kind=KIND, key="", day=day, count__lte=self.daily - tokens)
        return bool(free.update(count=F("count") + tokens))

    def _settle(self, *, reserved: int, spent: int, day: date) -> None:
        row = Allowance.objects.filter(kind=KIND, key="", day=day)
        row.update(count=F("count") - reserved + spent)
