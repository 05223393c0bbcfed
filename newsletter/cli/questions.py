"""What ``newsletter init`` asks, on a terminal or from a file; its setting's rule checks each answer."""

from __future__ import annotations

import difflib
import io
import secrets
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from dotenv import dotenv_values

from newsletter.config import Config, checked, load_config
from newsletter.config.env_write import merged
from newsletter.config.mailers import MAILERS
from newsletter.errors import BadInput, ConfigurationError, NewsletterError

ALL_STARTERS = "starter"


@dataclass(frozen=True, slots=True)
class Question:
    key: str
    """In a file of answers."""
    setting: str
    text: str
    example: str
    is_secret: bool = False
    of_mailer: str = ""
    """Asked only where this mailer was chosen."""
    is_needed: bool = False
    default: str = ""


QUESTIONS = (
    Question("sender", "NEWSLETTER_FROM", "Who sends, as Name <address>", "Our digest <digest@example.org>"),
    Question(
        "postal_address",
        "NEWSLETTER_POSTAL_ADDRESS",
        "Your postal address, for every footer (many countries' law)",
        "Example Lab, 1 Main Street, Town",
    ),
    Question("operator", "NEWSLETTER_OPERATOR_EMAIL", "Your own address, for alerts", "you@example.org"),
    Question(
        "base_url",
        "NEWSLETTER_BASE_URL",
        "The site's public address, without a path (https, unless mails stay here)",
        "https://digest.example.org",
    ),
    Question(
        "mailer",
        "NEWSLETTER_MAILER",
        f"How mails leave: {', '.join(MAILERS)}",
        "smtp",
        is_needed=True,
        default="outbox",
    ),
    Question(
        "smtp_url",
        "NEWSLETTER_SMTP_URL",
        "Your mail server",
        "smtp://user:password@host:587",
        is_secret=True,
        of_mailer="smtp",
        is_needed=True,
    ),
    Question(
        "sendgrid_api_key",
        "SENDGRID_API_KEY",
        "SendGrid's API key, with the right Mail Send",
        "SG.…",
        is_secret=True,
        of_mailer="sendgrid",
        is_needed=True,
    ),
    Question(
        "sendgrid_webhook_key",
        "NEWSLETTER_SENDGRID_WEBHOOK_KEY",
        "The verification key of its signed event webhook (may come later)",
        "MFkw…",
        of_mailer="sendgrid",
    ),
    Question(
        "model_key",
        "GEMINI_API_KEY",
        "A key for Gemini; empty: summaries are sentences of the abstracts",
        "",
        is_secret=True,
    ),
)
TOPICS = "topics"
BY_KEY = {question.key: question for question in QUESTIONS}


@dataclass(slots=True)
class Answers:
    settings: dict[str, str] = field(default_factory=dict)
    """By name."""
    topics: list[str] | None = None
    """Slugs of starter topics; None: all of them."""


def read_answers(path: Path, env_path: Path, *, tries: bool) -> Answers:
    """Read answers from TOML. Raises BadInput for an unknown or wrong one, NewsletterError for a bad file.

    ``tries``: log in at the mailer, and raise what it says.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NewsletterError(f"{path} is no TOML: {error}") from None
    answers = Answers(topics=_topics(given.pop(TOPICS, ALL_STARTERS)))
    known = {str(each.alias) for each in Config.model_fields.values()}
    for key, value in given.items():
        name = BY_KEY[key].setting if key in BY_KEY else key
        if name.removesuffix("_FILE") not in known:
            close = difflib.get_close_matches(key, [*BY_KEY, TOPICS, *known], n=1, cutoff=0.6)
            raise BadInput(f"{key} is no answer{f': did you mean {close[0]}?' if close else ''}")
        if isinstance(value, dict | list):
            raise BadInput(f"{key} must be one value")
        text = ("on" if value else "off") if isinstance(value, bool) else " ".join(str(value).split())
        answers.settings[name] = checked(name, text) if name in known else text
    answers.settings |= _made_up(answers.settings, env_path)
    config = agreed(answers.settings, env_path)
    if tries:
        check_login(config)
    return answers


def _topics(given: object) -> list[str] | None:
    from newsletter.audience.starter_topics import starter_topics

    if given == ALL_STARTERS:
        return None
    slugs = given.replace(",", " ").split() if isinstance(given, str) else given
    if not isinstance(slugs, list) or not all(isinstance(slug, str) for slug in slugs):
        raise BadInput(f"topics is {given!r}, but must be {ALL_STARTERS} or a list of slugs")
    known = [topic.slug for topic in starter_topics()]
    for slug in slugs:
        if slug not in known:
            close = difflib.get_close_matches(slug, known, n=1)
            raise BadInput(f"no starter topic {slug!r}{f': did you mean {close[0]}?' if close else ''}")
    return slugs


def _made_up(settings: Mapping[str, str], env_path: Path) -> dict[str, str]:
    """Return a secret key where the settings need one: with DATABASE_URL, or with Compose's database."""
    present = _present(env_path) | dict(settings)
    needs = present.get("DATABASE_URL") or present.get("POSTGRES_PASSWORD")
    has = present.get("NEWSLETTER_SECRET_KEY") or present.get("NEWSLETTER_SECRET_KEY_FILE")
    return {"NEWSLETTER_SECRET_KEY": secrets.token_hex(32)} if needs and not has else {}


def compose_secrets(settings: Mapping[str, str], env_path: Path) -> dict[str, str]:
    """Return the secrets that docker-compose.yml needs and that nobody has given, new and random."""
    present = _present(env_path) | dict(settings)
    return {
        name: secrets.token_hex(32)
        for name in ("POSTGRES_PASSWORD", "NEWSLETTER_SECRET_KEY")
        if not present.get(name) and not present.get(f"{name}_FILE")
    }


def agreed(settings: Mapping[str, str], env_path: Path) -> Config:
    """Return the settings as the service will read them from the file. Raises ConfigurationError."""
    text = merged(env_path.read_text(encoding="utf-8") if env_path.is_file() else "", settings)
    env_path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=env_path.parent, prefix=".env-", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        return load_config({}, env_file=Path(file.name))


def check_login(config: Config) -> str:
    """Log in at the mailer; return what was reached. Raises NewsletterError.

    Not through the registry, which needs Django, which needs the settings.
    """
    module = import_module(f"newsletter.adapters.mailers.{config.mailer}")
    check: Callable[[Config], str] | None = getattr(module, "check_login", None)
    return check(config) if check else config.mailer


def _present(env_path: Path) -> dict[str, str]:
    """Return what the file sets, as far as it can be read: a half-written one is mended by writing it."""
    try:
        text = env_path.read_text(encoding="utf-8") if env_path.is_file() else ""
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{env_path} is not UTF-8 at byte {error.start}: save it as UTF-8"
        ) from error
    found = dotenv_values(stream=io.StringIO(merged(text, {})))
    return {name: value for name, value in found.items() if value}


# --- on a terminal ---------------------------------------------------------------------------------------


def ask(env_path: Path, *, tries: bool) -> Answers:
    """Ask one after the other, with what is there already as the default."""
    present, answers = _present(env_path), Answers()
    click.echo("Return keeps what stands in brackets. Nothing is written before the last answer.\n")
    mailer = present.get("NEWSLETTER_MAILER", "outbox")
    for question in QUESTIONS:
        if question.of_mailer and question.of_mailer != mailer:
            continue
        answers.settings[question.setting] = _asked(question, present)
        if question.key == "mailer":
            mailer = answers.settings[question.setting].lower()
        if question.of_mailer and question.is_needed and tries:
            _try_login(question, answers, env_path)
    answers.settings = {name: value for name, value in answers.settings.items() if value or name in present}
    answers.topics = click.prompt(
        "First topics: starter for all of them, or slugs with commas, or none",
        default=ALL_STARTERS,
        value_proc=_in_prompt(lambda text: _topics([] if text == "none" else text)),
    )
    answers.settings |= _made_up(answers.settings, env_path)
    while (disagreement := _disagreement(answers, env_path)) is not None:
        click.echo(f"These do not go together: {disagreement}")
        question = _blamed(disagreement)
        answers.settings[question.setting] = _asked(question, present)
    return answers


def _asked(question: Question, present: Mapping[str, str]) -> str:
    default = present.get(question.setting, question.default)
    hint = f" (such as {question.example})" if question.example and not default else ""

    def check(text: str) -> str:
        if question.is_needed and not text.strip():
            raise BadInput("this one is needed")
        return checked(question.setting, text)

    found: str = click.prompt(
        f"{question.text}{hint}",
        default=default,
        show_default=bool(default) and not question.is_secret,
        hide_input=question.is_secret,
        value_proc=_in_prompt(check),
    )
    return found


def _in_prompt(check: Callable[[str], Any]) -> Callable[[str], Any]:
    """Have click ask again where a value is refused, with the reason."""

    def converted(text: str) -> Any:
        try:
            return check(text)
        except NewsletterError as error:
            raise click.UsageError(str(error)) from None

    return converted


def _try_login(question: Question, answers: Answers, env_path: Path) -> None:
    while True:
        try:
            config = agreed(answers.settings, env_path)
        except ConfigurationError:
            return  # it is said once all is answered
        try:
            click.echo(f"  {check_login(config)}")
        except NewsletterError as error:
            click.echo(f"  It does not work: {error}")
        else:
            return
        if not click.confirm("  Give another one?", default=True):
            return
        answers.settings[question.setting] = _asked(question, {})


def _disagreement(answers: Answers, env_path: Path) -> str | None:
    try:
        agreed(answers.settings, env_path)
    except ConfigurationError as error:
        return str(error)
    return None


def _blamed(line: str) -> Question:
    """Return the question of the first setting that a line names."""
    named: Iterator[Question] = (each for each in QUESTIONS if each.setting in line)
    first = min(named, key=lambda each: line.index(each.setting), default=None)
    if first is None:
        raise ConfigurationError(line)
    return first
