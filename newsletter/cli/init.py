"""``newsletter init``: ask for the settings, try them, write ``.env``, say what remains."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.session import Session, one_line_errors

if TYPE_CHECKING:
    from newsletter.cli.questions import Answers


@click.command()
@click.option(
    "--answers",
    "answers_path",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    metavar="FILE",
    help="Answers as TOML, where there is no terminal to ask on.",
)
@click.option(
    "--env-file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    metavar="PATH",
    help="The file to write, instead of the .env that is in use.",
)
@click.option("--no-test", is_flag=True, help="Log in nowhere, and send no test mail.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
def init(answers_path: Path | None, env_file: Path | None, no_test: bool, as_json: bool) -> None:
    """Ask for the settings, try them, write .env, send a test mail, add the first topics.

    Every answer is checked at once. An .env that is there is kept: the answers take the place of the lines
    that they are about, and a copy of it stays beside it. Nothing is written before all is answered.

    \b
    Without a terminal: newsletter init --answers answers.toml
        sender = "Our digest <digest@example.org>"
        postal_address = "Example Lab, 1 Main Street, Town"
        operator = "you@example.org"
        base_url = "https://digest.example.org"
        mailer = "smtp"                      # outbox, smtp or sendgrid
        smtp_url = "smtp://user:password@mail.example.org:587"
        model_key = ""                       # of Gemini; empty: sentences of the abstracts
        topics = "starter"                   # or a list of slugs of them, or []
    Other settings stand there under their own names, such as NEWSLETTER_SPREAD = 0.
    """
    session = Session(as_json=as_json, now=None)
    with one_line_errors(session):
        from newsletter.cli.questions import ask, read_answers
        from newsletter.config.env_write import write_env
        from newsletter.config.locations import ENV_FILE
        from newsletter.config.locations import env_file as find_env_file

        path = (env_file or find_env_file(os.environ)).absolute()
        if answers_path:
            answers = read_answers(answers_path, path, tries=not no_test)
        elif has_terminal() and not as_json:
            answers = ask(path, tries=not no_test)
        else:
            raise click.UsageError("there is no terminal to ask on: give --answers FILE")
        copy = write_env(path, answers.settings)
        os.environ[ENV_FILE] = str(path)
        session.say(f"Wrote {path}, for your eyes only{f'; the earlier one is {copy}' if copy else ''}.")
        _finish(session, path, answers, tries=not no_test)


def has_terminal() -> bool:
    return sys.stdin.isatty()


def _finish(session: Session, path: Path, answers: Answers, *, tries: bool) -> None:
    from newsletter.cli.start import start_django

    start_django()
    from newsletter.cli.first_steps import add_topics, remaining, send_test_mail, try_model

    added = add_topics(answers.topics, now=session.now)
    session.say(f"Added {added} topics.")
    sent = send_test_mail(now=session.now) if tries else None
    if sent is not None:
        session.say(sent.words)
    if tries and (said := try_model()):
        session.say(said)
    steps = remaining()
    session.say("What remains:")
    for number, (what, lines) in enumerate(steps, start=1):
        session.say(f"  {number}. {what}")
        for line in lines:
            session.say(f"       {line}")
    failed = sent is not None and not sent.is_accepted
    session.finish(
        {
            "env_file": str(path),
            "written": sorted(answers.settings),
            "topics": added,
            "test_mail": None if sent is None else {"accepted": sent.is_accepted, "answer": sent.words},
            "remains": [{"what": what, "type": list(lines)} for what, lines in steps],
        },
        failed=failed,
    )
