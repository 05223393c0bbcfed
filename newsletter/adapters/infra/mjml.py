"""MJML → HTML, for static templates only: the one importer of ``mjml``.

A template is compiled once with its Jinja tags inside and filled afterwards. Data never passes through it,
because the compiler does not re-escape attribute values. It also reports no errors (its ``errors`` stays
empty), so the output is checked before use.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

from mjml import mjml_to_html

from newsletter.errors import ConfigurationError

_CONTROL = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_OUTPUT = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_REMOTE = re.compile(r"<link\b|@import|\bsrc=(?!\"\{\{ )|\bsrcset=|url\(", re.IGNORECASE)
"""Remote resources, forbidden in a template. A figure's address is filled in later and is our own."""


def compile_mjml(source: str, *, name: str = "template") -> str:
    """Return the HTML of ``source``, every Jinja tag as it was. The same source is compiled once a process.

    Control tags and comments must stand inside ``<mj-raw>`` or ``<mj-text>``, and no tag may hold ``<`` or
    ``>``. Raises ConfigurationError with ``name`` and the problem.
    """
    html, problem = _compile(source)
    if problem:
        raise ConfigurationError(f"mail template {name}: {problem}")
    return html


@lru_cache(maxsize=32)
def _compile(source: str) -> tuple[str, str]:
    if "<mjml" not in source or "<mj-body" not in source:
        return "", "it has no <mjml> with an <mj-body>"
    try:
        html = str(mjml_to_html(source).html)
    except KeyError as error:
        return "", f"{error.args[0]} is not an MJML tag or attribute"
    except (ValueError, AssertionError, AttributeError, NotImplementedError, TypeError) as error:
        return "", f"it cannot be compiled: {error}"
    return html, _problem(source, html)


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
