"""Re-encode figures with Pillow for page and mail: small, without metadata."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from math import sqrt

from PIL import Image as Pillow
from PIL import ImageChops

from newsletter.adapters.ports import Image

PAGE_PIXELS = 1_200
"""The width for the page, at most."""
MAX_HEIGHT = 2_400
PAGE_BYTES = 900_000
MAIL_PIXELS = 1_120
"""Twice the width at which a mail shows it."""
MAIL_BYTES = 60_000
LEAST_PIXELS = 360
"""A narrower image would be unreadable."""
MARGIN = 12
"""White pixels kept around the trimmed picture."""
SAMPLE_PIXELS = 400
LARGEST = 40_000_000
"""Pixels that are decoded at all."""
LEAST_SIDE = 120
"""Smaller is an icon."""
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


def opened(data: bytes) -> Pillow.Image | None:
    """Return the picture on white, without a margin; None for what is none or is not worth showing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sizes, which are bounded here, and of broken metadata
            picture = Pillow.open(io.BytesIO(data), formats=FORMATS)
            if picture.width * picture.height > LARGEST:
                return None
            layer = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError, EOFError, Pillow.DecompressionBombError):
        return None
    ground = Pillow.new("RGBA", layer.size, "white")
    shown = trimmed(Pillow.alpha_composite(ground, layer).convert("RGB"))
    return shown if shown and min(shown.size) >= LEAST_SIDE else None


def trimmed(picture: Pillow.Image) -> Pillow.Image | None:
    """Return the picture without the white around it, or None where all of it is white."""
    inked = ImageChops.invert(picture.convert("L")).point(lambda level: 255 * (level > 8)).getbbox()
    if inked is None:
        return None
    left, top, right, bottom = inked
    corner = min(right + MARGIN, picture.width), min(bottom + MARGIN, picture.height)
    return picture.crop((max(left - MARGIN, 0), max(top - MARGIN, 0), *corner))


def for_page(picture: Pillow.Image) -> Image | None:
    return _within(picture, pixels=PAGE_PIXELS, most=PAGE_BYTES)


def for_mail(picture: Pillow.Image) -> Image | None:
    """Return it in less than 60 KB, or None where that would make it unreadable."""
    return _within(picture, pixels=MAIL_PIXELS, most=MAIL_BYTES)


def _within(picture: Pillow.Image, *, pixels: int, most: int) -> Image | None:
    width = min(pixels, picture.width, max(picture.width * MAX_HEIGHT // picture.height, 1))
    encode = _best_encoding(picture)
    while width >= min(LEAST_PIXELS, picture.width):
        image = encode(_sized(picture, width))
        if len(image.data) < most:
            return image
        width = int(width * max(0.95 * sqrt(most / len(image.data)), 0.5))
    return None


def _best_encoding(picture: Pillow.Image) -> Callable[[Pillow.Image], Image]:
    """Drawings are smaller as PNG with few colours, photographs as JPEG: tested on a small copy."""
    sample = _sized(picture, min(picture.width, SAMPLE_PIXELS))
    return min((_as_png, _as_jpeg), key=lambda encode: len(encode(sample).data))


def _sized(picture: Pillow.Image, width: int) -> Pillow.Image:
    height = max(round(picture.height * width / picture.width), 1)
    return picture.convert("RGB").resize((width, height), Pillow.Resampling.LANCZOS)


def _as_png(picture: Pillow.Image) -> Image:
    few = picture.quantize(colors=128, method=Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, format="PNG", compress_level=9)
    return Image(data=buffer.getvalue(), extension="png", width=picture.width, height=picture.height)


def _as_jpeg(picture: Pillow.Image) -> Image:
    buffer = io.BytesIO()
    picture.save(buffer, format="JPEG", quality=82, optimize=True, progressive=True)
    return Image(data=buffer.getvalue(), extension="jpg", width=picture.width, height=picture.height)
