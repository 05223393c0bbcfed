"""Settings from the environment and ``.env``: read, checked and typed before Django starts.

A wrong value stops the start with one line that names the setting, what was given and what is allowed.
"""

from __future__ import annotations

import difflib
import logging
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, ValidationError, model_validator

from newsletter.config.env_file import read_env_file
from newsletter.config.locations import ENV_FILE, data_folder
from newsletter.config.locations import env_file as found_env_file
from newsletter.config.mailers import MailerSettings, missing_settings
from newsletter.config.values import (
    IN_ANY_CASE,
    SLOWEST,
    Address,
    BaseUrl,
    BounceAddress,
    DatabaseUrl,
    DomainRates,
    HttpUrl,
    Keys,
    Languages,
    RedisUrl,
    ReplyTo,
    Secret,
    Sender,
    Token,
    is_local_domain,
)
from newsletter.errors import ConfigurationError

log = logging.getLogger(__name__)

ARXIV_API = "https://export.arxiv.org/api/query"
ARXIV_HTML = "https://arxiv.org/html"
ARXIV_OAI = "https://oaipmh.arxiv.org/oai"
ZOTERO_API = "https://api.zotero.org"
ORCID_API = "https://pub.orcid.org/v3.0"
GEMINI_ENDPOINT = "https://generativelanguage.googleapis.com"
RETIRED = {"NEWSLETTER_ARXIV_PDF_URL": "full texts are read at NEWSLETTER_ARXIV_HTML_URL"}
"""Settings of earlier versions, each with what there is instead."""
CENTURY = 36_500
"""Days; a larger number would overflow dates."""


class Config(MailerSettings):
    """One field a setting, with those of ``mailers``; the alias is its public name (``.env.example``)."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    database_url: DatabaseUrl = Field("", alias="DATABASE_URL")
    postgres_password: Secret = Field("", alias="POSTGRES_PASSWORD", repr=False)
    redis_url: RedisUrl = Field("", alias="REDIS_URL")
    data_dir: Path = Field(default_factory=data_folder, alias="NEWSLETTER_DATA_DIR")
    search_dir: Path | None = Field(None, alias="NEWSLETTER_SEARCH_DIR")
    secret_key: Keys = Field("", alias="NEWSLETTER_SECRET_KEY")
    base_url: BaseUrl = Field("http://localhost:8000", alias="NEWSLETTER_BASE_URL")
    sender: Sender = Field("arXiv digest <digest@localhost>", alias="NEWSLETTER_FROM")
    reply_to: ReplyTo = Field("", alias="NEWSLETTER_REPLY_TO")
    postal_address: str = Field("", alias="NEWSLETTER_POSTAL_ADDRESS")
    name: str = Field("arXiv digest", alias="NEWSLETTER_NAME", min_length=1, max_length=60)
    operator_email: Address = Field("", alias="NEWSLETTER_OPERATOR_EMAIL")
    arxiv_api_url: HttpUrl = Field(ARXIV_API, alias="NEWSLETTER_ARXIV_API_URL")
    arxiv_html_url: HttpUrl = Field(ARXIV_HTML, alias="NEWSLETTER_ARXIV_HTML_URL")
    arxiv_oai_url: HttpUrl = Field(ARXIV_OAI, alias="NEWSLETTER_ARXIV_OAI_URL")
    arxiv_interval: float = Field(3.0, alias="NEWSLETTER_ARXIV_INTERVAL", ge=0, allow_inf_nan=False)
    arxiv_lookback_days: int = Field(14, alias="NEWSLETTER_ARXIV_LOOKBACK_DAYS", ge=1, le=365)
    zotero_url: HttpUrl = Field(ZOTERO_API, alias="NEWSLETTER_ZOTERO_URL")
    orcid_url: HttpUrl = Field(ORCID_API, alias="NEWSLETTER_ORCID_URL")
    summariser: Literal["", "extractive", "gemini", "genai"] = Field("", alias="NEWSLETTER_SUMMARISER")
    gemini_api_key: Secret = Field("", alias="GEMINI_API_KEY")
    gemini_model: str = Field(
        "gemini-flash-latest", alias="NEWSLETTER_GEMINI_MODEL", min_length=1, max_length=80
    )
    gemini_endpoint: HttpUrl = Field(GEMINI_ENDPOINT, alias="NEWSLETTER_GEMINI_ENDPOINT")
    gemini_daily_tokens: int = Field(2_000_000, alias="NEWSLETTER_GEMINI_DAILY_TOKENS", ge=0)
    subscriber_daily_tokens: int = Field(300_000, alias="NEWSLETTER_READER_DAILY_TOKENS", ge=0)
    gemini_rpm: int = Field(60, alias="NEWSLETTER_GEMINI_RPM", ge=1)
    gemini_tpm: int | None = Field(None, alias="NEWSLETTER_GEMINI_TPM", ge=1000)
    bounce_address: BounceAddress = Field("", alias="NEWSLETTER_BOUNCE_ADDRESS")
    dkim_key: Secret = Field("", alias="NEWSLETTER_DKIM_KEY", repr=False)
    dkim_selector: str = Field("", alias="NEWSLETTER_DKIM_SELECTOR")
    dkim_domain: str = Field("", alias="NEWSLETTER_DKIM_DOMAIN")
    metrics_token: Token = Field("", alias="NEWSLETTER_METRICS_TOKEN", repr=False)
    send_rate: float | None = Field(None, alias="NEWSLETTER_SEND_RATE", ge=SLOWEST, allow_inf_nan=False)
    send_daily: int | None = Field(None, alias="NEWSLETTER_SEND_DAILY", ge=1)
    domain_rates: DomainRates = Field(default_factory=dict, alias="NEWSLETTER_DOMAIN_RATES")
    warmup: int | None = Field(None, alias="NEWSLETTER_WARMUP", ge=1)
    spread: float = Field(5, alias="NEWSLETTER_SPREAD", ge=0, le=30, allow_inf_nan=False)
    retention_events_days: int = Field(90, alias="NEWSLETTER_RETENTION_EVENTS_DAYS", ge=1, le=CENTURY)
    retention_digests_days: int = Field(365, alias="NEWSLETTER_RETENTION_DIGESTS_DAYS", ge=30, le=CENTURY)
    canary_email: Address = Field("", alias="NEWSLETTER_CANARY_EMAIL")
    languages: Languages = Field((), alias="NEWSLETTER_LANGUAGES")
    figures: Annotated[Literal["off", "licensed", "all"], IN_ANY_CASE] = Field(
        "licensed", alias="NEWSLETTER_FIGURES"
    )

    @property
    def outbox_folder(self) -> Path:
        return self.outbox_dir or self.data_dir / "outbox"

    @property
    def longest_delay(self) -> timedelta:
        """Over how long after a slot its digests are spread."""
        return timedelta(minutes=self.spread)

    @property
    def journal_folder(self) -> Path:
        return self.data_dir / "journals"

    @property
    def sender_domain(self) -> str:
        return parseaddr(self.sender)[1].rpartition("@")[2]

    @property
    def signing_domain(self) -> str:
        return self.dkim_domain or self.sender_domain

    @property
    def figure_folder(self) -> Path:
        return self.data_dir / "media" / "figures"

    @property
    def search_folder(self) -> Path:
        return self.search_dir or self.data_dir / "search"

    @property
    def canary_address(self) -> str:
        """The canary's address; empty without an operator's address, since nobody would be told."""
        local, at, domain = self.operator_email.rpartition("@")
        return self.canary_email or (f"{local}+canary@{domain}" if at else "")

    @property
    def summariser_name(self) -> str:
        return self.summariser or ("gemini" if self.gemini_api_key else "extractive")

    @model_validator(mode="after")
    def _settings_agree(self) -> Config:
        for refusal in _disagreements(self):
            raise ValueError(refusal)
        if self.dkim_key:
            # Imported only by those who sign: it takes a tenth of a second.
            from newsletter.config.dkim_key import read_dkim_key

            read_dkim_key(self.dkim_key, selector=self.dkim_selector, domain=self.signing_domain)
        return self


def _known_here_only(config: Config) -> list[str]:
    """Return a line for each address that only this machine knows, and that is to be used elsewhere."""
    leaves = config.leaves_machine
    names = {"NEWSLETTER_FROM": config.sender, "NEWSLETTER_REPLY_TO": config.reply_to} if leaves else {}
    names |= {"NEWSLETTER_BOUNCE_ADDRESS": config.bounce_address} if leaves else {}
    if not config.stays_with_a_relay:
        names |= {
            "NEWSLETTER_OPERATOR_EMAIL": config.operator_email,
            "NEWSLETTER_CANARY_EMAIL": config.canary_email,
        }
    found = [
        f"{name} is {value!r}, which no other machine can reach: give an address such as digest@example.org"
        for name, value in names.items()
        if "@" in value and is_local_domain(parseaddr(value)[1].rpartition("@")[2])
    ]
    if leaves and is_local_domain(urlsplit(config.base_url).hostname or ""):
        found.append(
            f"NEWSLETTER_BASE_URL is {config.base_url!r}, which readers of mail sent by "
            f"{config.mailer!r} cannot reach: give the address of the site, such as https://digest.example.org"
        )
    return found


def _disagreements(config: Config) -> list[str]:
    """Return a line for each pair of settings that contradict each other."""
    asks_arxiv = any(
        f".{urlsplit(url).hostname}".endswith(".arxiv.org")
        for url in (config.arxiv_api_url, config.arxiv_html_url, config.arxiv_oai_url)
    )
    found = {
        "DATABASE_URL is set, so NEWSLETTER_SECRET_KEY must be given: every process needs the same one "
        "(make one with: openssl rand -base64 48)": bool(config.database_url and not config.secret_key),
        "NEWSLETTER_DKIM_SELECTOR is needed by NEWSLETTER_DKIM_KEY: the key's name in DNS": (
            bool(config.dkim_key and not config.dkim_selector)
        ),
        f"GEMINI_API_KEY is needed by NEWSLETTER_SUMMARISER={config.summariser}": (
            config.summariser in {"gemini", "genai"} and not config.gemini_api_key
        ),
        f"NEWSLETTER_BASE_URL is {config.base_url!r}, but links in mail sent by {config.mailer!r} must start "
        "with https://": (config.mailer_facts.is_service or config.leaves_machine)
        and not config.base_url.startswith("https://"),
        f"NEWSLETTER_ARXIV_INTERVAL is {config.arxiv_interval:g}, but arXiv asks for 3 seconds or more": (
            asks_arxiv and config.arxiv_interval < 3
        ),
        f"NEWSLETTER_ZOTERO_URL is {config.zotero_url!r}, but readers' keys must go by https://": (
            config.zotero_url.startswith("http://")
            and not is_local_domain(urlsplit(config.zotero_url).hostname or "")
        ),
    }
    disagree = [line for line, applies in found.items() if applies]
    return [*missing_settings(config), *disagree, *_known_here_only(config)]


def load_config(environ: Mapping[str, str] | None = None, *, env_file: Path | None = None) -> Config:
    """Read the settings; the environment overrides ``.env``. Raises ConfigurationError, one line."""
    environ = os.environ if environ is None else environ
    given = read_env_file(env_file or found_env_file(environ))
    given.update(environ)
    given.pop(ENV_FILE, None)
    known = {str(field.alias) for field in Config.model_fields.values()}
    for name, why in RETIRED.items():
        if given.pop(name, ""):
            log.warning("%s does nothing any more: %s", name, why)
    _refuse_unknown(given, known)
    values = {
        name: value.strip() for name, value in _with_secret_files(given, known).items() if value.strip()
    }
    _refuse_unfilled(values)
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigurationError(_one_line(error)) from None


def checked(name: str, text: str) -> str:
    """Return one setting's value as it was typed, if it may stand there by itself.

    Raises ConfigurationError, one line. What two settings say together is looked at by ``load_config``.
    """
    text = text.strip()
    _refuse_unfilled({name: text})
    try:
        Config.model_validate({name: text} if text else {})
    except ValidationError as error:
        if any(problem["loc"] == (name,) for problem in error.errors(include_url=False)):
            raise ConfigurationError(_one_line(error)) from None
    return text


def _refuse_unfilled(values: Mapping[str, str]) -> None:
    for name, value in sorted(values.items()):
        if found := re.search(r"\$\{[^}]*\}", value):
            raise ConfigurationError(f"{name} still holds {found[0]}: write the value that is meant there")


def _refuse_unknown(given: Mapping[str, str], known: set[str]) -> None:
    for name in sorted(given):
        if name.startswith("NEWSLETTER_") and name.removesuffix("_FILE") not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
            hint = f": did you mean {close[0]}?" if close else "; .env.example lists every setting"
            raise ConfigurationError(f"{name} is not a setting{hint}")


def _with_secret_files(given: Mapping[str, str], known: set[str]) -> dict[str, str]:
    """Return the known settings; ``NAME_FILE`` names a file that holds ``NAME`` (Docker secrets)."""
    values = {name: given[name] for name in known if name in given}
    for name in sorted(known):
        path = given.get(f"{name}_FILE", "")
        if path and not values.get(name):
            try:
                values[name] = Path(path).read_text(encoding="utf-8")
            except OSError as error:
                raise ConfigurationError(
                    f"{name}_FILE is {path!r}, which cannot be read: {error.strerror}"
                ) from None
    return values


_SECRET = ("KEY", "TOKEN", "PASSWORD", "SMTP_URL", "DATABASE_URL", "REDIS_URL")


def _one_line(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    said = problem["msg"].removeprefix("Value error, ").replace("\n", " ")
    if not problem["loc"]:
        return said
    name, given = str(problem["loc"][0]), repr(problem.get("input"))
    expected = str(problem.get("ctx", {}).get("expected", "")).removeprefix("'', ")
    # Shorten pydantic's messages ("Input should be …, unable to …"); keep ours whole.
    own = said.removeprefix("Input should be ").removesuffix(", unable to parse string as a number")
    allowed = expected or own.removesuffix(", unable to parse string as an integer")
    if name.endswith(_SECRET):
        return f"{name} has a value that cannot be used: it must be {allowed}"
    return f"{name} is {given}, but must be {allowed}"
