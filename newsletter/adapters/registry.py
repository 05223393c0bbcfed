"""Settings → adapters: the only place that chooses between them. A mailer is found by its name."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from urllib.parse import urlsplit

from newsletter.adapters.arxiv.api import ArxivApi
from newsletter.adapters.arxiv.full_text import ArxivFullTexts
from newsletter.adapters.arxiv.gate import CRAWL_DELAY, DatabaseGate
from newsletter.adapters.arxiv.oai import ArxivOai
from newsletter.adapters.infra.figure_store import FigureStore
from newsletter.adapters.library.orcid import OrcidRecords
from newsletter.adapters.library.zotero import ZoteroLibraries
from newsletter.adapters.llm.calls import REQUEST_SECONDS, ModelSummariser
from newsletter.adapters.llm.extractive import ExtractiveSummariser
from newsletter.adapters.llm.rate_limit import ModelGate
from newsletter.adapters.ports import (
    EventReader,
    FullTextSource,
    Mailer,
    PaperFinder,
    PaperSource,
    QueryWriter,
    Summariser,
    TokenBudget,
)
from newsletter.config import Config
from newsletter.config.mailers import MAILERS

PATIENCE = 40.0
"""Seconds that reading a paper waits for each turn at arXiv: a task has five minutes for it all."""
QUERY_SECONDS = 20.0
"""Time-out of a request for a query: a person waits for the page."""


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


def zotero(config: Config) -> ZoteroLibraries:
    return ZoteroLibraries(url=config.zotero_url)


def orcid(config: Config) -> OrcidRecords:
    return OrcidRecords(url=config.orcid_url)


def figure_store(config: Config) -> FigureStore:
    return FigureStore(config.figure_folder)


def summariser(config: Config, *, budget: TokenBudget | None = None) -> Summariser:
    return _model(config, budget=budget, timeout=REQUEST_SECONDS) or ExtractiveSummariser()


def query_writer(config: Config, *, budget: TokenBudget | None = None) -> QueryWriter | None:
    """Return the model of the summaries, for queries; None where there is none."""
    return _model(config, budget=budget, timeout=QUERY_SECONDS)


def _model(config: Config, *, budget: TokenBudget | None, timeout: float) -> ModelSummariser | None:
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
            return None
    return chosen(
        api_key=config.gemini_api_key,
        model=config.gemini_model,
        endpoint=config.gemini_endpoint,
        timeout=timeout,
        budget=budget,
        rate=ModelGate(
            config.gemini_model,
            requests=config.gemini_rpm,
            tokens=config.gemini_tpm,
            redis_url=config.redis_url,
        ),
    )


def mailer(config: Config) -> Mailer:
    made: Mailer = _module_of(config.mailer).mailer(config)
    return made


def check_login(config: Config) -> str:
    """Try the configured mailer without sending anything; return what was reached in words.

    Raises TemporaryError where it does not answer, PermanentError or ConfigurationError where it refuses.
    """
    check = getattr(_module_of(config.mailer), "check_login", None)
    return str(check(config)) if check else f"{config.mailer} cannot be tried without sending"


def model(config: Config, *, budget: TokenBudget | None = None) -> ModelSummariser | None:
    """Return the model itself, to try it; None where there is none."""
    return _model(config, budget=budget, timeout=QUERY_SECONDS)


def event_reader(provider: str, config: Config) -> EventReader | None:
    """Return what reads the reports that this mailer posts to us; None for one that posts none."""
    if provider not in MAILERS:
        return None
    make = getattr(_module_of(provider), "event_reader", None)
    reader: EventReader | None = make(config) if make else None
    return reader


def _module_of(name: str) -> ModuleType:
    """A provider's package is imported only when chosen."""
    return import_module(f"newsletter.adapters.mailers.{name}")
