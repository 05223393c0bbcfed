"""``newsletter``: the command line. Help is built without starting Django, which takes half a second."""

from __future__ import annotations

import difflib
import importlib
import sys
from collections import defaultdict

import click

from newsletter.cli import django_commands as passing_on
from newsletter.cli.usage import MEANT, OneLineGroup

COMMANDS = {
    "demo": ("newsletter.cli.demo:demo", "A sample newsroom, end to end, in var/demo."),
    "init": ("newsletter.cli.init:init", "Ask for the settings, try them, write .env, say what remains."),
    "doctor": ("newsletter.cli.doctor:doctor", "What is wrong with this installation, and what to type."),
    "up": ("newsletter.cli.up:up", "Web, workers and scheduler in one go."),
    "run": ("newsletter.cli.run:run", "One pass of everything that is due, then exit."),
    "gather": ("newsletter.cli.run:gather", "New papers from arXiv, or from saved answers."),
    "status": ("newsletter.cli.status:status", "One screen: what happened today, what waits and why."),
    "topic": ("newsletter.cli.topic:topic", "Add, list, try out and change topics."),
    "subscriber": (
        "newsletter.cli.subscriber:subscriber",
        "Add, show, change, import, export and erase readers.",
    ),
    "taste": ("newsletter.cli.taste:taste", "What a reader likes: like, save, follow, import, forget."),
    "deliveries": ("newsletter.cli.delivery:deliveries", "What became of each mail, and why."),
    "delivery": ("newsletter.cli.delivery:delivery", "Give a mail up, try it now, or release one."),
    "pause": ("newsletter.cli.pause:pause", "Stop sending: no mail begins after it."),
    "recompose": ("newsletter.cli.pause:recompose", "Render waiting digests anew."),
    "resume": ("newsletter.cli.pause:resume", "Send again."),
    "bounce": ("newsletter.cli.bounce:bounce", "Read a mail that came back, from a mail server's pipe."),
    "key": ("newsletter.cli.key:key", "Which secret key this database is used with; accept another."),
    "evaluate": ("newsletter.cli.evaluate:evaluate", "Measure a summariser over a fixed set of papers."),
    "explain": ("newsletter.cli.explain:explain", "Why a reader got, or did not get, a paper."),
    "send-test": ("newsletter.cli.send_test:send_test", "The real digest, marked TEST, to your own address."),
    "preview": ("newsletter.cli.preview:preview", "The digest that would go out to a reader."),
}


class LazyGroup(OneLineGroup):
    """Imports a command's module only when it is called or its help is shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return our command, or one of Django's that is offered."""
        if cmd_name == "help":
            return _help
        if cmd_name in passing_on.COMMANDS:
            return passing_on.django_command(cmd_name)
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def meant(self, ctx: click.Context, word: str) -> list[str]:
        """Return a group's command of exactly this name, one that means the same, or one like it."""
        shown = {name: [name] for name in (*COMMANDS, *passing_on.COMMANDS)}
        shown |= {theirs: [ours] for ours, theirs in passing_on.OTHER_NAMES.items()}
        parts = defaultdict[str, list[str]](list)
        for group in COMMANDS:
            command = self.get_command(ctx, group)
            for part in command.commands if isinstance(command, click.Group) else ():
                parts[part].append(f"{group} {part}")
        if word in parts:
            return parts[word]
        meant = MEANT.get(word.lower(), ())
        of_groups = [each for name in meant for each in parts.get(name, ())]
        if found := [name for name in meant if name in COMMANDS] or of_groups:
            return found
        for names, cutoff in ((shown, 0.65), (parts, 0.75)):
            if close := difflib.get_close_matches(word, names, n=1, cutoff=cutoff):
                return names[close[0]]
        return []

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])
        with formatter.section("Django's own"):
            formatter.write_dl(list(passing_on.COMMANDS.items()))


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
