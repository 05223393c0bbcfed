"""What others see: the site by its public name, one-click unsubscribe, reports, the model, arXiv."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from newsletter.adapters import registry
from newsletter.adapters.arxiv.gate import DatabaseGate
from newsletter.adapters.infra import own_site
from newsletter.adapters.infra.http import USER_AGENT
from newsletter.adapters.ports import Refusal
from newsletter.audience.tokens import Purpose, make_token
from newsletter.config import Config
from newsletter.doctor.finding import Finding, fine, look, mend, sentence
from newsletter.doctor.installation import clock
from newsletter.errors import NewsletterError, TemporaryError
from newsletter.pipeline.preview import NOBODYS_KEY
from newsletter.pipeline.summarize.budget import DailyBudget

TIMEOUT = (5.0, 10.0)


def site(config: Config) -> Iterator[Finding]:
    """Ask the site by its public name, as a reader's browser and mail program do."""
    where = config.base_url
    why = "Every link in every mail leads there: confirming, reading and leaving need it."
    try:
        answer = requests.get(f"{where}/healthz", timeout=TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        typed = "newsletter up" if where.startswith("http://localhost") else f"curl -v {where}/healthz"
        says = mend if config.leaves_machine else look
        yield says("site", f"{where} does not answer: {_reason(error)}.", why=why, type=typed)
        return
    if answer.status_code != 200 or answer.text.strip() != "ok":
        moved = f", and leads to {answer.headers['Location'][:80]}" if "Location" in answer.headers else ""
        yield mend(
            "site",
            f"{where}/healthz is answered by something else (HTTP {answer.status_code}{moved}).",
            why=why,
            type="NEWSLETTER_BASE_URL=https://digest.example.org",
        )
        return
    yield fine("site", f"{where} answers.")
    yield _one_click(config)
    if where.startswith("https://"):
        yield _metrics(where)


def _one_click(config: Config) -> Finding:
    """Leave in the name of nobody: the site must answer as to a reader, and change nothing."""
    url = f"{config.base_url}/unsubscribe/{make_token(Purpose.UNSUBSCRIBE, subject=NOBODYS_KEY)}"
    why = "Mail programs leave by such a request; where it fails they report spam, and Gmail hides the mail."
    try:
        status, body = own_site.post(url, {"List-Unsubscribe": "One-Click"})
    except TemporaryError as error:
        return mend("one-click", sentence(error), why=why, type=f"curl -v {config.base_url}/healthz")
    if status == 404:
        return mend(
            "one-click",
            "The site refuses a link that was made with this secret key.",
            why=f"It runs with another key or another program than this one. {why}",
            type="newsletter key show",
        )
    if status != 200 or body:
        return mend(
            "one-click",
            f"One-click unsubscribe is answered with HTTP {status} and {len(body)} bytes, not 200 and none.",
            why=why,
            type=f"curl -v -d List-Unsubscribe=One-Click {url}",
        )
    return fine("one-click", "One-click unsubscribe works through the public address.")


def _metrics(where: str) -> Finding:
    try:
        status = requests.get(f"{where}/metrics", timeout=TIMEOUT, allow_redirects=False).status_code
    except requests.RequestException:
        status = 0
    if status == 200:
        return look(
            "metrics",
            f"Anybody can read {where}/metrics.",
            why="It says how many readers there are and how much is sent.",
            type="respond /metrics 403   (Caddy; docs/operating.md has it for nginx and Traefik)",
        )
    return fine("metrics", "Numbers of the service are not public.")


def webhook(config: Config) -> Iterator[Finding]:
    """Look at the key by which the provider's reports are checked."""
    reader = registry.event_reader(config.mailer, config)
    if reader is None:
        return
    typed = f"{reader.setting}=MFkwEwYH…"
    if not reader.has_key:
        yield mend(
            "webhook",
            f"{reader.setting} is not set, so no report of the provider is taken.",
            why="Bounces and complaints are not heard of, and dead addresses are mailed for ever.",
            type=typed,
        )
    elif reader.refusal(b"[]", headers={}, now=datetime.now(UTC)) is Refusal.KEY:
        yield mend(
            "webhook",
            f"{reader.setting}: {Refusal.KEY}.",
            why="No report of the provider can be checked, so none is taken.",
            type=typed,
        )
    else:
        yield fine("webhook", "The provider's reports can be checked.")


def model(config: Config) -> Iterator[Finding]:
    """Make one request of a few words; it counts towards the day's tokens."""
    tried = registry.model(config, budget=DailyBudget(daily=config.gemini_daily_tokens))
    if tried is None:
        yield fine("model", "No model is configured: summaries are sentences of the abstracts.")
        return
    why = "Without it digests carry the authors' sentences, and say so."
    try:
        tried.try_out()
    except NewsletterError as error:
        reason = getattr(error, "reason", "")
        typed = {
            "bad_key": "GEMINI_API_KEY=AIza…",
            "unknown_model": "NEWSLETTER_GEMINI_MODEL=gemini-flash-latest",
        }
        yield mend("model", sentence(error), why=why, type=typed.get(reason, "newsletter doctor"))
    else:
        yield fine("model", f"{config.gemini_model} answers.")


def arxiv(config: Config, *, now: Callable[[], datetime]) -> Iterator[Finding]:
    """Ask arXiv for nothing but its date: is it reachable, and does our clock agree?"""
    try:
        with DatabaseGate(interval=config.arxiv_interval, patience=20)():
            answer = requests.head(
                config.arxiv_api_url,
                timeout=TIMEOUT,
                headers={"User-Agent": USER_AGENT},
                allow_redirects=False,
            )
        there = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (requests.RequestException, TemporaryError) as error:
        yield look(
            "arxiv",
            f"{config.arxiv_api_url} does not answer: {_reason(error)}.",
            why="New papers come from there; it is asked again every hour.",
            type=f"curl -I {config.arxiv_api_url}",
        )
    except (TypeError, ValueError):
        yield fine("arxiv", "arXiv answers.")
    else:
        yield fine("arxiv", "arXiv answers.")
        yield clock((there - now()).total_seconds(), whose="arXiv's")


def _reason(error: Exception) -> str:
    """Return the innermost words of a failed request: what is around them are names of classes."""
    if isinstance(error, requests.exceptions.SSLError):
        return f"its certificate is not accepted ({' '.join(str(error).split())[-120:]})"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        text = str(error)
        known = {"NameResolutionError": "its name is not in DNS", "refused": "nothing listens there"}
        return next((said for word, said in known.items() if word in text), "no connection")
    return " ".join(str(error).split())[:160]
