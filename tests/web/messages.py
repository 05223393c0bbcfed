"""Every message that pages and their modules ask gettext for, read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from jinja2 import Environment

Message = str | tuple[str, str]
"""A sentence, or its singular and plural."""
FUNCTIONS = {"_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2}
"""Function → how many of its arguments are messages."""


def used_messages() -> set[Message]:
    return {*_in_templates(), *_in_modules()}


def _in_templates() -> Iterator[Message]:
    env = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    for path in sorted((settings.TEMPLATE_DIR / "web").glob("*.html")):
        for _, function, found in env.extract_translations(path.read_text(encoding="utf-8")):  # type: ignore[attr-defined]  # added by the extension
            texts = found[: FUNCTIONS[function]] if isinstance(found, tuple) else (found,)
            yield (str(texts[0]), str(texts[1])) if len(texts) == 2 else str(texts[0])


def _in_modules() -> Iterator[Message]:
    for path in sorted(Path(settings.PACKAGE_DIR).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
                texts = [str(each.value) for each in node.args if isinstance(each, ast.Constant)]
                if texts:
                    yield (str(texts[0]), str(texts[1])) if FUNCTIONS[node.func.id] == 2 else str(texts[0])
