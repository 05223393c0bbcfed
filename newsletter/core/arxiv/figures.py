"""What a page and a mail show beyond arXiv's fields: figures, if their licence allows it, and printed facts.

An unknown licence allows nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

FigurePolicy = Literal["off", "licensed", "all"]

_CC = re.compile(
    r"https?://(?:www\.)?creativecommons\.org/(?:licenses/(?P<kind>[a-z-]+)/(?P<version>\d\.\d)"
    r"|publicdomain/zero/(?P<zero>\d\.\d))(?:/\S*)?",
    re.IGNORECASE,
)
_ALLOWING = frozenset({"CC BY", "CC BY-SA", "CC0"})
_ARXIVS_OWN = re.compile(r"https?://(?:www\.)?arxiv\.org/licenses/nonexclusive-distrib/\S*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An image that this service serves itself."""

    path: str
    """``/figures/…``, to be put behind the base URL."""
    width: int
    height: int
    """Both in pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFigure:
    """A figure that may be shown."""

    number: str
    """As printed: ``2``, ``S1``."""
    caption: str
    """The paper's own words; on a page also the text alternative."""
    licence_url: str
    image: Picture
    mail_image: Picture | None
    """Under 60 KB; None where it could not be made that small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperDetails:
    """The facts read from one version of a paper, as printed."""

    affiliations: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    licence_url: str = ""
    has_full_text: bool = False
    reason: str = ""
    """Why there is no full text, as a code; empty if there is, or if it was not asked for yet."""


def licence_name(url: str) -> str:
    """Return what a licence is called (``CC BY 4.0``); empty for one that is not known."""
    kind, version = _creative_commons(url)
    if kind:
        return f"{kind} {version}"
    return "arXiv licence" if _ARXIVS_OWN.fullmatch(url) else ""


def may_show_figures(url: str, *, policy: FigurePolicy) -> bool:
    """Say whether figures of a paper under this licence may be shown: CC BY, CC BY-SA and CC0 allow it."""
    return policy == "all" or (policy == "licensed" and _creative_commons(url)[0] in _ALLOWING)


def _creative_commons(url: str) -> tuple[str, str]:
    found = _CC.fullmatch(url)
    if not found:
        return "", ""
    if found["zero"]:
        return "CC0", found["zero"]
    return f"CC {found['kind'].upper()}", found["version"]
