"""What a person sees of an element of LaTeXML's HTML, as text. What nobody can see is no evidence.

Hidden is what an attribute, an inline style or a class of LaTeXML's and arXiv's own style sheets hides, and
text in the colour of its ground or too small to be read. Mathematics is its TeX, written as text.
"""

from __future__ import annotations

import math
import re
import time
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from lxml.etree import _Element
from PIL import ImageColor

from newsletter.core.arxiv.sentences import word_set
from newsletter.core.arxiv.tex import readable
from newsletter.errors import PermanentError

BLOCKS = word_set(
    """address article aside blockquote center dd div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li main
    ol p pre section table tbody td tfoot th thead tr ul"""
)
LONGEST_FORMULA = 2_000
"""Characters of TeX; of a longer one the characters shown are taken as they come."""
LEAST_SIZE = 0.2
"""Of the text's size, which is ten points: two points can be read by nobody."""
LEAST_CONTRAST = 32
"""Of 255, in the colour channel that differs most."""
_TAGS = word_set(
    """annotation annotation-xml button dialog form head iframe input mphantom nav noscript object script
    select style svg template textarea title"""
)
_CLASSES = word_set(
    """ltx_phantom ltx_rdf ltx_nodisplay ltx_ERROR ltx_contact_name ltx_note_type ltx_TOC ltx_toclist
    sr-only visually-hidden d-none hidden"""
)
_SAYS_NOTHING = frozenset({"annotation", "annotation-xml", "merror"})
"""In a formula: another writing of it, or a command that was not converted."""
_LEFT_OUT = frozenset({"ltx_note", "ltx_eqn_eqno", "ltx_tag_equation"})
"""Shown, but not where it stands: it would divide a sentence."""
_STYLE = re.compile(r"([a-z-]+)\s*:\s*([^;]+)", re.I)
_HIDING = {
    "display": re.compile(r"none"),
    "visibility": re.compile(r"hidden|collapse"),
    "opacity": re.compile(r"0?\.0\d*|0(?:\.0\d*)?%?"),
    "clip": re.compile(r"rect\(\s*(?:0|1px).*"),
    "clip-path": re.compile(r"inset\(\s*(?:50|100)%.*"),
    "transform": re.compile(r".*\b(?:scale[xy]?|matrix)\(\s*-?0?\.?0\d*\s*[,)].*"),
    "text-indent": re.compile(r"-\d{3,}.*"),
    "left": re.compile(r"-\d{3,}.*"),
    "top": re.compile(r"-\d{3,}.*"),
    "right": re.compile(r"-\d{4,}.*"),
}
_NOTHING = re.compile(r"0(?:\.0*)?(?:pt|px|em|rem|%)?")
_UNITS = {"%": 0.01, "em": 1.0, "rem": 1.0, "ex": 0.5, "pt": 0.1, "px": 0.075}
_RELATIVE = frozenset({"%", "em", "ex"})
_LENGTH = re.compile(r"(\d*\.?\d+)\s*(%|r?em|ex|pt|px)")
_DOLLAR = re.compile(r"(?<!\\)\$")
_CHARACTER = re.compile(r"\\char\s*(\d{1,5})\s?")
_PHANTOM = re.compile(r"\\[vh]?phantom|\\lx@\w*hidden")

RGB = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """How text looks at a place in the document, and until when it may be read."""

    ink: RGB | None = (0, 0, 0)
    """None for a colour that is not understood: taken for one that can be seen."""
    ground: RGB | None = (255, 255, 255)
    size: float = 1.0
    ends: float = math.inf
    """On the monotonic clock."""

    @property
    def shows(self) -> bool:
        """Whether a person can see the text."""
        if self.size < LEAST_SIZE:
            return False
        if self.ink is None or self.ground is None:
            return True
        return (
            max(abs(ink - ground) for ink, ground in zip(self.ink, self.ground, strict=True))
            >= LEAST_CONTRAST
        )

    def inside(self, element: _Element) -> Look | None:
        """Return how text looks inside ``element``, or None where all of it is hidden.

        Raises PermanentError with reason ``timed_out``.
        """
        if time.monotonic() > self.ends:
            raise PermanentError("reading arXiv's HTML took too long", reason="timed_out")
        attributes = element.attrib
        if element.tag in _TAGS or not attributes:
            return None if element.tag in _TAGS else self
        if "hidden" in attributes or attributes.get("aria-hidden", "").strip().lower() == "true":
            return None
        if not _CLASSES.isdisjoint(classes(element)):
            return None
        style = _declared(element)
        if any(pattern.fullmatch(style[name]) for name, pattern in _HIDING.items() if name in style):
            return None
        is_clipped = "hidden" in style.get("overflow", "")
        if is_clipped and any(
            _NOTHING.fullmatch(style.get(side, "")) for side in ("width", "height", "max-height")
        ):
            return None
        return self._styled(style) if style else self

    def _styled(self, style: dict[str, str]) -> Look | None:
        look = self
        if ink := style.get("--ltx-fg-color") or style.get("color"):
            if ink == "transparent":
                return None
            look = replace(look, ink=_colour(ink))
        if ground := style.get("--ltx-bg-color") or style.get("background-color") or style.get("background"):
            look = replace(look, ground=_colour(ground))
        if size := style.get("font-size"):
            look = replace(look, size=_size(size, within=look.size))
        if look.ink is not None and len(look.ink) == 4:
            return None if look.ink[3] < LEAST_CONTRAST else replace(look, ink=look.ink[:3])
        return look


def classes(element: _Element) -> frozenset[str]:
    return frozenset(element.get("class", "").split())


def visible(element: _Element, look: Look, *, skip: str = "") -> Iterator[tuple[_Element, Look]]:
    """Yield the elements inside ``element`` that are not hidden, in the document's order.

    What has the class ``skip`` is left out with all that is in it.
    """
    for child in element:
        if isinstance(child.tag, str) and (inner := look.inside(child)) and skip not in classes(child):
            yield child, inner
            yield from visible(child, inner, skip=skip)


def text_of(element: _Element, look: Look) -> str:
    """Return what a person reads in ``element``, on one line, without its footnotes."""
    return joined("".join(seen(element, look)))


def seen(element: _Element, look: Look) -> Iterator[str]:
    """Yield the text inside ``element``; a line break is a newline, the edge of a block a space."""
    if look.shows and element.text:
        yield element.text.replace("\n", " ")
    for child in element:
        if isinstance(child.tag, str) and (inner := look.inside(child)):
            yield from _seen_child(child, inner)
        if look.shows and child.tail:
            yield child.tail.replace("\n", " ")


def _seen_child(child: _Element, look: Look) -> Iterator[str]:
    marks = classes(child)
    if child.tag == "math" or "ltx_Math" in marks:
        yield math_of(child, look)
    elif child.tag == "br":
        yield "\n"
    elif _LEFT_OUT.isdisjoint(marks):
        edge = " " if child.tag in BLOCKS else ""
        yield edge
        yield from seen(child, look)
        yield edge


def math_of(element: _Element, look: Look) -> str:
    """Return a formula as text: its TeX written out, or its characters where some of it is hidden."""
    if not look.shows:
        return ""
    tex = (element.get("alttext") or element.get("alt") or "").replace("%\n", "").strip()
    if tex and len(tex) <= LONGEST_FORMULA and not _PHANTOM.search(tex) and _all_shows(element, look):
        return formula(tex)
    return "".join(joined(part) for part in seen(element, look))


def joined(text: str) -> str:
    """Return ``text`` with single spaces, without characters that have no shape."""
    if not text.isascii():
        text = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return " ".join(text.split())


@lru_cache(maxsize=4_096)
def formula(tex: str) -> str:
    """Return TeX as text. LaTeXML leaves dollars in it, and spells some characters by their number."""
    tex = _DOLLAR.sub("", _CHARACTER.sub(_character, tex))
    return readable(f"\\({tex}\\)")


def _character(found: re.Match[str]) -> str:
    character = chr(int(found[1]))
    return f"\\{character}" if character in "%#&$_{}" else character


def _all_shows(element: _Element, look: Look) -> bool:
    """Whether nothing in a formula is hidden: its TeX names colours and sizes without showing them."""
    for child in element:
        if not isinstance(child.tag, str) or child.tag in _SAYS_NOTHING:
            continue
        inner = look.inside(child)
        if inner is None or not inner.shows or not _all_shows(child, inner):
            return False
    return True


def _declared(element: _Element) -> dict[str, str]:
    """The style of ``element``, in small letters, with the attributes of MathML that say the same."""
    given = element.attrib
    style = {name.lower(): value.strip().lower() for name, value in _STYLE.findall(given.get("style", ""))}
    for attribute, name in (
        ("mathcolor", "color"),
        ("mathbackground", "background"),
        ("mathsize", "font-size"),
    ):
        if attribute in given:
            style.setdefault(name, given[attribute].strip().lower())
    return {name: value.removesuffix("!important").strip() for name, value in style.items()}


@lru_cache(maxsize=256)
def _colour(value: str) -> RGB | None:
    try:
        return ImageColor.getrgb(value)
    except ValueError:
        return None


def _size(value: str, *, within: float) -> float:
    found = _LENGTH.fullmatch(value)
    if not found:
        return 0.0 if _NOTHING.fullmatch(value) else within
    size = float(found[1]) * _UNITS[found[2]]
    return size * within if found[2] in _RELATIVE else size
