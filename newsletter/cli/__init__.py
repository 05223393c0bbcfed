"""``newsletter``: the command line. Help is built without starting Django, so that it answers at once."""

from __future__ import annotations

import importlib
import sys

import click

COMMANDS = {
    "demo": ("newsletter.cli.demo:demo", "A sample newsroom, end to end, in var/demo."),
    "up": ("newsletter.cli.up:up", "Web, workers and scheduler in one go."),
    "run": ("newsletter.cli.run:run", "One pass of everything that is due, then exit."),
    "gather": ("newsletter.cli.run:gather", "New papers from arXiv, or from saved answers."),
    "topic": ("newsletter.cli.topic:topic", "Add, list, try out and change topics."),
    "subscriber": ("newsletter.cli.subscriber:subscriber", "Add, show, import, export and erase readers."),
    "preview": ("newsletter.cli.preview:preview", "The digest that would go out to a reader."),
}
DJANGO_COMMANDS = {"createadmin": "createsuperuser"}
"""Ours for Django's; every other unknown word goes to Django as it is (migrate, shell, collectstatic)."""


class LazyGroup(click.Group):
    """Imports a command's module when it is called or asked for its own help, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return _django_command(cmd_name)
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])
            formatter.write_dl([("migrate, createadmin, shell, …", "Django's own, under the same name.")])


def _django_command(name: str) -> click.Command | None:
    """Return a command that hands everything after its name to Django."""
    if name.startswith("-"):
        return None

    @click.command(
        name,
        context_settings={"ignore_unknown_options": True},
        add_help_option=False,
        help="Django's own command.",
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def passed_on(arguments: tuple[str, ...]) -> None:
        from newsletter.cli.session import django_command

        django_command(DJANGO_COMMANDS.get(name, name), arguments)

    return passed_on


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="arxiv-newsletter", prog_name="newsletter")
def cli() -> None:
    """A newsletter service for people who follow arXiv."""


def main() -> None:
    sys.exit(cli(prog_name="newsletter"))
