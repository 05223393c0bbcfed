"""The templates of the mail, compiled and split into fragments, and how data gets into them.

A comment such as ``{# fragment: card #}`` begins a fragment; text before the first one is the fragment
``start``. The HTML form is compiled MJML, filled with autoescape; the text form has the same comments. Every
printed value goes through ``literal``, so that no data can forge a placeholder; ``Markup`` is trusted.

MJML is compiled once with its Jinja tags inside and filled afterwards. Data never passes through its
compiler, which does not re-escape attribute values. It also reports no errors (its ``errors`` stays empty),
so what comes out is checked.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from newsletter.core.digests.message import Fragment, literal
from newsletter.errors import ConfigurationError
from newsletter.mail.text import unbroken, underline, whole, wrap

_FRAGMENT = re.compile(r"\{# fragment: (\w+) #\}")
_INCLUDE = re.compile(r"\{# include (\w+\.\w+) #\}")
_PHONE_RULES = re.compile(r"<style>\s*@media only screen and \(max-width:.*?</style>\s*", re.DOTALL)
_PACKAGE = Path(__file__).resolve().parents[1]
_CONTROL = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_OUTPUT = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_REMOTE = re.compile(r"<link\b|@import|\bsrc=(?!\"\{\{ )|\bsrcset=|url\(", re.IGNORECASE)
"""Remote resources, forbidden in a template. A figure's address is filled in later and is our own."""


def _safe(value: object) -> object:
    """Keep data from forging a placeholder; called by Jinja for every printed value."""
    return literal(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def trusted(text: str) -> Markup:
    """Return a sentence of ours unescaped, with its placeholders. Never for text from outside."""
    return Markup(text)  # noqa: S704 - only called with sentences of ``MailWords``


_HTML = Environment(
    autoescape=True, undefined=StrictUndefined, finalize=_safe, trim_blocks=True, lstrip_blocks=True
)
_TEXT = Environment(
    autoescape=False,  # noqa: S701 - plain text has nothing to escape
    undefined=StrictUndefined,
    finalize=_safe,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_HTML.globals["filler"] = "\u200c\u00a0" * 60
"""Filler after the preheader, so that a mail program's preview does not show the masthead."""
_TEXT.filters |= {"wrap": wrap, "unbroken": unbroken, "whole": whole, "underline": underline}


class MailTemplate:
    """One mail's templates, ready to be filled fragment by fragment."""

    def __init__(self, html: str, text: str) -> None:
        self._html = {name: _HTML.from_string(part) for name, part in _split(html).items()}
        self._text = {name: _TEXT.from_string(part) for name, part in _split(text).items()}

    def render(self, kind: str, /, **values: object) -> Fragment:
        """Fill one fragment; both forms end in a line break or are empty."""
        return Fragment(
            html=_filled(self._html.get(kind), values), text=_filled(self._text.get(kind), values)
        )


def _filled(template: Template | None, values: dict[str, object]) -> str:
    if template is None:
        return ""
    text = template.render(values)
    return text if not text or text.endswith("\n") else f"{text}\n"


@lru_cache(maxsize=4)
def load_template(name: str) -> MailTemplate:
    """Compile ``templates/email/<name>.mjml`` and ``.txt`` once a process. Raises ConfigurationError."""
    source = _INCLUDE.sub(lambda found: _read(found[1]).rstrip(), _read(f"{name}.mjml"))
    html = re.sub(r"\s*\n\s*", "\n", compile_mjml(source, name=f"{name}.mjml"))
    # Gmail drops a style block that it cannot parse, so the rules for phones come first, in their own block.
    [phone_rules] = _PHONE_RULES.findall(html)
    html = html.replace(phone_rules, "", 1).replace("<style", f"{phone_rules}<style", 1)
    # A mail is a whole document, so its landmark is "main" (accessibility).
    html = html.replace('role="article"', 'role="main"', 1)
    return MailTemplate(html, _INCLUDE.sub(lambda found: _read(found[1]).rstrip(), _read(f"{name}.txt")))


def _read(name: str) -> str:
    """Read a mail template, from the installed package or from the checkout."""
    for folder in (_PACKAGE / "templates", _PACKAGE.parent / "templates"):
        if (path := folder / "email" / name).is_file():
            return path.read_text(encoding="utf-8")
    raise ConfigurationError(f"mail template {name} is missing from this installation")


def _split(source: str) -> dict[str, str]:
    first, *rest = _FRAGMENT.split(source)
    parts = {"start": first} if first.strip() else {}
    for name, part in zip(rest[::2], rest[1::2], strict=True):
        if name in parts:
            raise ConfigurationError(f"the mail template has two fragments named {name}")
        parts[name] = part.removeprefix("\n")
    return parts


@lru_cache(maxsize=8)
def compile_mjml(source: str, *, name: str = "template") -> str:
    """Return the HTML of ``source``, every Jinja tag as it was. The same source is compiled once a process.

    Control tags and comments must stand inside ``<mj-raw>`` or ``<mj-text>``, and no tag may hold ``<`` or
    ``>``. Raises ConfigurationError with ``name`` and the problem.
    """
    from mjml import mjml_to_html  # not in processes that write no mail

    html, problem = "", "it has no <mjml> with an <mj-body>"
    if "<mjml" in source and "<mj-body" in source:
        try:
            html = str(mjml_to_html(source).html)
            problem = _problem(source, html)
        except KeyError as error:
            problem = f"{error.args[0]} is not an MJML tag or attribute"
        except (ValueError, AssertionError, AttributeError, NotImplementedError, TypeError) as error:
            problem = f"it cannot be compiled: {error}"
    if problem:
        raise ConfigurationError(f"mail template {name}: {problem}")
    return html


def _problem(source: str, html: str) -> str:
    """Return what the compiler got wrong without saying so, or an empty string."""
    if left := re.search(r"<mj-[a-z-]+", html):
        return f"{left[0]}> was not compiled"
    if changed := Counter(_CONTROL.findall(source)) - Counter(_CONTROL.findall(html)):
        return f"{next(iter(changed))} was lost or changed: put it inside <mj-raw>, without < and >"
    if missing := set(_OUTPUT.findall(source)) - set(_OUTPUT.findall(html)):
        return f"{min(missing)} was lost or changed: it may not hold < or >"
    if 'lang="und"' in html:
        return "<mjml> has no lang"
    if not re.search(r"<title>\s*[^\s<]", html):
        return "it has no <mj-title>"
    if remote := _REMOTE.search(html):
        return f"{remote[0]!r} would load something from another host"
    return ""
