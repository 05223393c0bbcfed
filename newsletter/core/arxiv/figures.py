"""What a page and a mail show beyond arXiv's fields: figures, and facts printed on the paper."""

from __future__ import annotations

from dataclasses import dataclass


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
