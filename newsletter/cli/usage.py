"""Usage errors in one line: what is wrong, and how to get help."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

AS_JSON = "newsletter.as_json"
MEANT: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("delete", "del", "rm", "drop", "remove", "erase"), ("remove", "erase", "unsubscribe")),
    **dict.fromkeys(("new", "create", "subscribe", "invite"), ("add",)),
    **dict.fromkeys(("ls", "all"), ("list",)),
    **dict.fromkeys(("get", "info", "view", "print"), ("show",)),
    **dict.fromkeys(("update", "change", "set", "modify", "rename"), ("edit",)),
    **dict.fromkeys(("copy", "clone", "cp"), ("duplicate",)),
    **dict.fromkeys(("stop", "hold", "suspend", "disable"), ("pause",)),
    **dict.fromkeys(("continue", "unpause", "enable", "restart"), ("resume",)),
    **dict.fromkeys(("start", "serve", "server", "runserver"), ("up",)),
    **dict.fromkeys(("setup", "configure", "config", "install"), ("init",)),
    **dict.fromkeys(("diagnose", "diagnostics", "health", "healthcheck", "verify"), ("doctor",)),
    **dict.fromkeys(("send", "testmail", "sendtestemail"), ("send-test", "run")),
    **dict.fromkeys(("fetch", "pull"), ("gather",)),
    **dict.fromkeys(("try", "dry-run"), ("test", "preview")),
    "why": ("explain",),
    "unsub": ("unsubscribe",),
}
"""Words that people try, and the commands they may mean; a group offers those it has."""


class BadUse(click.ClickException):
    """A usage error as one line; exit code 2."""

    exit_code = 2

    def __init__(self, message: str, *, as_json: bool) -> None:
        super().__init__(message)
        self.as_json = as_json

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line on stderr, and with ``--json`` the object on stdout."""
        if self.as_json:
            click.echo(json.dumps({"error": self.message}, ensure_ascii=False))
        click.echo(f"newsletter: {self.message}", err=True, file=file)


class OneLineGroup(click.Group):
    """A group under which every usage error, its subcommands' too, is one line."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        # Look at the raw arguments: options are not parsed yet when parsing fails.
        as_json = "--json" in args
        with _one_line(as_json=as_json):
            context = super().make_context(info_name, args, parent, **extra)
        context.meta[AS_JSON] = as_json
        return context

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word = args[0]
        if not word.startswith("-") and self.get_command(ctx, word) is None:
            found = self.meant(ctx, word)
            hint = f": did you mean {' or '.join(map(repr, found))}?" if found else ""
            ctx.fail(f"No such command {word!r}{hint}")
        return super().resolve_command(ctx, args)

    def meant(self, ctx: click.Context, word: str) -> list[str]:
        """Return the commands that an unknown word may stand for: by its meaning, else by its letters."""
        names = self.list_commands(ctx)
        if found := [name for name in MEANT.get(word.lower(), ()) if name in names]:
            return found
        return difflib.get_close_matches(word, names, n=1, cutoff=0.6)

    def invoke(self, ctx: click.Context) -> Any:
        with _one_line(as_json=bool(ctx.meta.get(AS_JSON))):
            return super().invoke(ctx)


@contextmanager
def _one_line(*, as_json: bool) -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # help was asked for
    except click.UsageError as error:
        message = " ".join(error.format_message().split()).rstrip(".")
        path = error.ctx.command_path if error.ctx else "newsletter"
        raise BadUse(f"{message} (help: {path} --help)", as_json=as_json) from error
