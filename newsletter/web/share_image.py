"""The image that other sites show with a link to a paper: its title, its finding, and the words behind that.

It is drawn with fonts of this machine, or with Pillow's own. A character that they lack would be an empty
box: a paper with one in its title has no image, a finding with one is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from PIL import Image, ImageDraw, ImageFont

from newsletter.core.arxiv.cite import one_line
from newsletter.core.arxiv.papers import PaperRecord, parse_id
from newsletter.mail.cards import Runs, text_of
from newsletter.models import Paper
from newsletter.web.cards import cards_of
from newsletter.web.pages import service_name
from newsletter.web.rendered import rendered_once

SIZE = (1200, 630)
"""What the sites that show such images ask for, about 1.91 : 1."""
MARGIN = 72
WIDTH = SIZE[0] - 2 * MARGIN
LONGEST = 400
"""Characters of a text that are measured at all."""
FOOT_HEIGHT = 60
COLOURS = 64
GROUND, INK, SOFT, MARK, RULE = "#ffffff", "#1b1d21", "#565b64", "#ffefa3", "#b3850c"
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@dataclass(frozen=True, slots=True)
class Style:
    file: str
    """Found in the system's folders of fonts."""
    size: int
    leading: int
    most: int
    """Lines."""
    colour: str = INK


TITLE = Style("DejaVuSerif-Bold.ttf", 50, 64, 3)
AUTHORS = Style("DejaVuSerif.ttf", 26, 40, 1, SOFT)
FINDING = Style("DejaVuSans.ttf", 34, 50, 3)
NUMBER = Style("DejaVuSans-Bold.ttf", 34, 50, 3)
QUOTE = Style("DejaVuSerif.ttf", 27, 42, 3)
FOOT = Style("DejaVuSerif-Bold.ttf", 24, 32, 1, SOFT)


@require_safe
@rendered_once()
def share_image(request: HttpRequest, arxiv_id: str) -> HttpResponse:  # noqa: ARG001 - a view
    asked = parse_id(arxiv_id)
    is_plain = asked is not None and str(asked) == arxiv_id
    found = Paper.objects.filter(arxiv_id=arxiv_id).first() if is_plain else None
    if found is None or not has_image(found.record):
        raise Http404
    return HttpResponse(drawn(found), content_type="image/png")


def has_image(paper: PaperRecord) -> bool:
    """Whether the fonts have every character of its title."""
    return _can_draw(paper.title, TITLE)


def drawn(paper: Paper) -> bytes:
    """Return the PNG."""
    [shown] = cards_of([paper], language="en")
    said, text = shown.said, "".join(shown.authors)
    image = Image.new("RGB", SIZE, GROUND)
    draw = ImageDraw.Draw(image)
    at = _put(draw, ((one_line(shown.paper.title), ""),), TITLE, top=MARGIN)
    if _can_draw(text, AUTHORS):
        at = _put(draw, ((text, ""),), AUTHORS, top=at + 8)
    if said and _can_draw(text_of(said.finding), FINDING):
        at = _put(draw, said.finding, FINDING, top=at + 28, bold=NUMBER)
    if said and _can_draw(text_of(said.quote), QUOTE):
        _put(draw, said.quote, QUOTE, top=at + 20)
    name = service_name()
    foot = f"{name}   arXiv:{shown.paper.versioned_id}" if _can_draw(name, FOOT) else shown.paper.versioned_id
    _put(draw, ((foot, ""),), FOOT, top=SIZE[1] - FOOT_HEIGHT, low=SIZE[1])
    out = BytesIO()
    image.quantize(COLOURS, method=Image.Quantize.FASTOCTREE).save(out, "PNG", compress_level=6)
    return out.getvalue()


def _put(
    draw: ImageDraw.ImageDraw,
    runs: Runs,
    style: Style,
    *,
    top: int,
    low: int = SIZE[1] - FOOT_HEIGHT - 20,
    bold: Style | None = None,
) -> int:
    """Draw runs in lines as far down as ``low``; return where the next block begins."""
    fonts = {"": _font(style), "m": _font(style), "s": _font(style), "b": _font(bold or style)}
    for line in _lines(runs, fonts, most=min(style.most, (low - top) // style.leading)):
        at = float(MARGIN)
        for (text, kind), (_, following) in zip(line, [*line[1:], ("", "")], strict=True):
            width = fonts[kind].getlength(text)
            if kind == "m":
                marked = width if following == "m" else fonts[kind].getlength(text.rstrip())
                under = top + style.size + 5
                draw.rectangle((at, top - 1, at + marked, under), fill=MARK)
                draw.line((at, under, at + marked, under), fill=RULE, width=2)
            draw.text((at, top), text, font=fonts[kind], fill=style.colour)
            at += width
        top += style.leading
    return top


def _lines(runs: Runs, fonts: dict[str, Font], *, most: int) -> Iterator[list[tuple[str, str]]]:
    """Yield at most ``most`` lines of runs; the last one ends with an ellipsis where there is more."""
    line: list[tuple[str, str]] = []
    width, number = 0.0, 1
    for whole, kind in _words(runs):
        word = _fitting(whole, fonts[kind])
        needs = fonts[kind].getlength(word)
        room = WIDTH - (fonts[kind].getlength(" …") if number == most else 0)
        if line and width + fonts[kind].getlength(word.rstrip()) > room:
            if number >= most:
                yield [*line, ("…", "")]
                return
            yield line
            line, width, number = [], 0.0, number + 1
        line.append((word, kind))
        width += needs
    if line and most > 0:
        yield line


def _words(runs: Runs) -> Iterator[tuple[str, str]]:
    """Yield words, each with the space after it, and their kind."""
    left = LONGEST
    for text, kind in runs:
        for word in _split(text[:left]):
            yield word, kind
        left = max(0, left - len(text))


def _fitting(word: str, font: Font) -> str:
    """Return the word, or as much of it as goes in a line."""
    while (width := font.getlength(word)) > WIDTH:
        word = word[: int(len(word) * WIDTH / width)]
    return word


def _split(text: str) -> Iterable[str]:
    words = text.split(" ")
    return [*(f"{word} " for word in words[:-1]), *words[-1:]]


@cache
def _font(style: Style) -> Font:
    try:
        return ImageFont.truetype(style.file, style.size)
    except OSError:  # not on this machine
        return ImageFont.load_default(style.size)


def _can_draw(text: str, style: Style) -> bool:
    return all(_has(style, sign) for sign in set(one_line(text)[:LONGEST]))


@cache
def _missing(style: Style) -> tuple[Sequence[int], bytes]:
    box = _font(style).getmask("\U0010ffff")
    return box.size, bytes(box)


@lru_cache(maxsize=4096)
def _has(style: Style, sign: str) -> bool:
    """Whether the font has a character: one that it lacks is drawn as one that nobody has."""
    glyph = _font(style).getmask(sign)
    return sign.isspace() or (glyph.size, bytes(glyph)) != _missing(style)
