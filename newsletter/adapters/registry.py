"""Settings → adapters: the only place that chooses between them."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from newsletter.adapters.arxiv.api import ArxivApi
from newsletter.adapters.arxiv.full_text import ArxivFullTexts
from newsletter.adapters.arxiv.gate import CRAWL_DELAY, DatabaseGate
from newsletter.adapters.arxiv.oai import ArxivOai
from newsletter.adapters.infra.figure_store import FigureStore
from newsletter.adapters.llm.calls import ModelSummariser
from newsletter.adapters.llm.extractive import ExtractiveSummariser
from newsletter.adapters.llm.rate_limit import ModelGate
from newsletter.adapters.ports import (
    EventReader,
    FullTextSource,
    Mailer,
    PaperFinder,
    PaperSource,
    Summariser,
    TokenBudget,
)
from newsletter.config import Config

PATIENCE = 40.0
"""Seconds that reading a paper waits for each turn at arXiv: a task has five minutes for it all."""


def paper_source(config: Config) -> PaperSource:
    return ArxivApi(url=config.arxiv_api_url, gate=DatabaseGate(interval=config.arxiv_interval))


def paper_finder(config: Config) -> PaperFinder:
    """Return the same service, behind the same gate."""
    return ArxivApi(url=config.arxiv_api_url, gate=DatabaseGate(interval=config.arxiv_interval))


def full_texts(config: Config) -> FullTextSource:
    """Return the source of full texts, behind the same gate as the API; arxiv.org itself asks for more."""
    interval = config.arxiv_interval
    is_arxiv = urlsplit(config.arxiv_html_url).hostname in {"arxiv.org", "www.arxiv.org"}
    crawl_delay = max(CRAWL_DELAY, interval) if is_arxiv else interval
    return ArxivFullTexts(
        url=config.arxiv_html_url,
        gate=DatabaseGate(interval=interval, crawl_delay=crawl_delay, patience=PATIENCE),
        oai=ArxivOai(url=config.arxiv_oai_url, gate=DatabaseGate(interval=interval)),
    )


def figure_store(config: Config) -> FigureStore:
    return FigureStore(config.figure_folder)


def summariser(config: Config, *, budget: TokenBudget | None = None) -> Summariser:
    """A model's package is imported only when chosen: each takes a second to import."""
    chosen: type[ModelSummariser]
    match config.summariser_name:
        case "gemini":
            from newsletter.adapters.llm.gemini import GeminiSummariser

            chosen = GeminiSummariser
        case "genai":
            from newsletter.adapters.llm.genai import GenaiSummariser

            chosen = GenaiSummariser
        case _:
            return ExtractiveSummariser()
    return chosen(
        api_key=config.gemini_api_key,
        model=config.gemini_model,
        endpoint=config.gemini_endpoint,
        budget=budget,
        rate=ModelGate(
            config.gemini_model,
            requests=config.gemini_rpm,
            tokens=config.gemini_tpm,
            redis_url=config.redis_url,
        ),
    )


def mailer(config: Config) -> Mailer:
    match config.mailer:
        case "smtp":
            from newsletter.adapters.mailers.smtp import SmtpMailer

            return SmtpMailer(config.smtp_url, sign=_signer(config), ehlo_name=_own_name(config))
        case "sendgrid":
            from newsletter.adapters.mailers.sendgrid import SendgridMailer

            return SendgridMailer(
                config.sendgrid_api_key,
                host=config.sendgrid_host,
                is_dry_run=config.sendgrid_sandbox == "on",
            )
        case _:
            from newsletter.adapters.mailers.outbox import OutboxMailer

            return OutboxMailer(config.outbox_folder)


def event_reader(provider: str, config: Config) -> EventReader | None:
    """Return what reads the reports that this mailer posts to us; None for one that posts none."""
    match provider:
        case "sendgrid":
            from newsletter.adapters.mailers.sendgrid_events import SendgridEvents

            return SendgridEvents(config.sendgrid_webhook_key)
        case _:
            return None


def _own_name(config: Config) -> str | None:
    """Return the name to say in EHLO: the site's if it is a public name, else the machine's."""
    host = urlsplit(config.base_url).hostname or ""
    return host if "." in host and not host.replace(".", "").isdigit() else None


def _signer(config: Config) -> Callable[[bytes], bytes] | None:
    if not config.dkim_key:
        return None
    from newsletter.adapters.mailers.dkim import DkimSigner

    return DkimSigner(config.dkim_key, selector=config.dkim_selector, domain=config.signing_domain)
