"""The pipeline bound to the settings: which adapters a pass or a worker uses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from newsletter.adapters import registry
from newsletter.adapters.model_calls import ModelSummariser
from newsletter.adapters.ports import Mailer, PaperSource, Summariser
from newsletter.config import Config
from newsletter.pipeline.budget import CappedSummariser
from newsletter.pipeline.pace import Pace
from newsletter.pipeline.render import DigestRenderer, FragmentStore


@dataclass(frozen=True)
class Stages:
    """Each adapter is made when it is first used: a pass that sends nothing needs no mailer."""

    config: Config

    @cached_property
    def source(self) -> PaperSource:
        return registry.paper_source(self.config)

    @cached_property
    def summariser(self) -> Summariser:
        chosen = registry.summariser(self.config)
        if isinstance(chosen, ModelSummariser):
            return CappedSummariser(chosen, daily=self.config.gemini_daily_tokens)
        return chosen

    @cached_property
    def mailer(self) -> Mailer:
        return registry.mailer(self.config)

    @cached_property
    def pace(self) -> Pace:
        return Pace.of(self.config, transport=self.config.mailer)

    def renderer(self, fragments: FragmentStore) -> DigestRenderer:
        return DigestRenderer(
            name=self.config.name,
            base_url=self.config.base_url,
            postal_address=self.config.postal_address,
            fragments=fragments,
        )
