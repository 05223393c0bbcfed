"""The adapters that a pass or a worker uses, made from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from newsletter.adapters import registry
from newsletter.adapters.infra.send_journal import SendJournal
from newsletter.adapters.ports import FullTextSource, Mailer, PaperFinder, PaperSource, Summariser
from newsletter.config import Config
from newsletter.core.arxiv.full_text import FullText
from newsletter.models import Paper
from newsletter.pipeline.compose.render import DigestRenderer, FragmentStore
from newsletter.pipeline.search_index import IndexKeeper
from newsletter.pipeline.send.rate_limit import RateLimit
from newsletter.pipeline.summarize.budget import DailyBudget
from newsletter.pipeline.summarize.full_text import full_text_for


@dataclass(frozen=True)
class Context:
    """Each adapter is made when it is first used: a pass that sends nothing needs no mailer."""

    config: Config

    @cached_property
    def source(self) -> PaperSource:
        return registry.paper_source(self.config)

    @cached_property
    def finder(self) -> PaperFinder:
        return registry.paper_finder(self.config)

    @cached_property
    def full_texts(self) -> FullTextSource:
        return registry.full_texts(self.config)

    def full_text_for(self, paper: Paper, *, now: datetime) -> FullText | None:
        """Return what a reading is written from. Raises FullTextLater."""
        return full_text_for(paper, source=self.full_texts, now=now)

    @cached_property
    def summariser(self) -> Summariser:
        return registry.summariser(self.config, budget=DailyBudget(daily=self.config.gemini_daily_tokens))

    @cached_property
    def index_keeper(self) -> IndexKeeper:
        return IndexKeeper(registry.paper_index(self.config))

    @cached_property
    def mailer(self) -> Mailer:
        return registry.mailer(self.config)

    @cached_property
    def journal(self) -> SendJournal:
        return SendJournal(self.config.journal_folder)

    @cached_property
    def rate_limit(self) -> RateLimit:
        return RateLimit.of(self.config, transport=self.config.mailer)

    def renderer(self, fragment_store: FragmentStore) -> DigestRenderer:
        return DigestRenderer(
            name=self.config.name,
            base_url=self.config.base_url,
            postal_address=self.config.postal_address,
            fragment_store=fragment_store,
        )
