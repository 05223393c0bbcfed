"""``newsletter``: the command line. Help is built without starting Django, so that it answers at once."""

from __future__ import annotations

import importlib
import sys

import click

from newsletter.cli.usage import OneLineGroup

COMMANDS = {
    "demo": ("newsletter.cli.demo:demo", "A sample newsroom, end to end, in var/demo."),
    "up": ("newsletter.cli.up:up", "Web, workers and scheduler in one go."),
    "run": ("newsletter.cli.run:run", "One pass of everything that is due, then exit."),
    "gather": ("newsletter.cli.run:gather", "New papers from arXiv, or from saved answers."),
    "topic": ("newsletter.cli.topic:topic", "Add, list, try out and change topics."),
    "subscriber": ("newsletter.cli.subscriber:subscriber", "Add, show, import, export and erase readers."),
    "pause": ("newsletter.cli.brake:pause", "Stop sending: no mail begins after it."),
    "recompose": ("newsletter.cli.brake:recompose", "Render waiting digests anew."),
    "resume": ("newsletter.cli.brake:resume", "Send again."),
    "bounce": ("newsletter.cli.bounce:bounce", "Read a mail that came back, from a mail server's pipe."),
    "key": ("newsletter.cli.key:key", "Which secret key this database is used with; accept another."),
    "evaluate": ("newsletter.cli.evaluate:evaluate", "Measure a summariser over a fixed set of papers."),
    "preview": ("newsletter.cli.preview:preview", "The digest that would go out to a reader."),
}


class LazyGroup(OneLineGroup):
    """Imports a command's module when it is called or asked for its own help, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return ours, or else Django's of that name."""
        if cmd_name.startswith("-"):
            return None
        if cmd_name == "help":
            return _help
        if cmd_name not in COMMANDS:
            from newsletter.cli.passing_on import django_command

            return django_command(cmd_name, ours=COMMANDS)
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])
        with formatter.section("Django's own, under the same name"):
            formatter.write_text("migrate, createadmin, collectstatic, shell, …")


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="arxiv-newsletter", prog_name="newsletter")
def cli() -> None:
    """A newsletter service for people who follow arXiv.

    \b
    A first look:        newsletter demo
    The whole service:   newsletter up
    By hand:             newsletter topic starter
                         newsletter subscriber add you@example.org --topics talking-head-generation
                         newsletter run
    Settings come from the environment or .env; .env.example lists them.
    """


@click.command(context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def _help(words: tuple[str, ...]) -> None:
    """Print the help of the whole program, or of one command."""
    cli.main([*words, "--help"], prog_name="newsletter")


def main() -> None:
    sys.exit(cli(prog_name="newsletter"))
