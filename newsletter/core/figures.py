"""What a page and a mail show of a paper beyond arXiv's fields: its figures, and the facts printed on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.core.licences import licence_name


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
    """The paper's own words; also the text alternative."""
    page: int
    credit: str
    """To stand beside it (the licences ask for it)."""
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
    pages: int = 0
    licence_url: str = ""
    has_full_text: bool = False
    reason: str = ""
    """Why there is no full text, as a code; empty where there is, and where nobody has asked yet."""


def credit_line(*, number: str, title: str, authors: Sequence[str], licence_url: str) -> str:
    """Return ``Figure 2 from <title>, <first author> et al., CC BY 4.0, resized``.

    That it was changed has to be said (CC BY 4.0 §3(a)(1)(B)).
    """
    names = [*authors[:1], "et al."] if len(authors) > 2 else [" and ".join(authors)]
    parts = [
        f"Figure {number} from {title}",
        " ".join(filter(None, names)),
        licence_name(licence_url),
        "resized",
    ]
    return ", ".join(filter(None, parts))
