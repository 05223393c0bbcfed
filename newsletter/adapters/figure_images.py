"""A figure's picture, encoded anew with Pillow for page and mail: small, and nothing but its pixels."""

from __future__ import annotations

import io

from PIL import Image as Pillow

from newsletter.adapters.ports import Image

PAGE_PIXELS = 1_200
"""The width for the page, at most."""
MAX_HEIGHT = 2_400
PAGE_BYTES = 900_000
MAIL_PIXELS = 1_120
"""Twice the width at which a mail shows it."""
MAIL_BYTES = 60_000
LEAST_PIXELS = 360
"""Narrower it could not be made out."""
_SHRINK = 0.8


def for_page(picture: Pillow.Image) -> Image | None:
    return _within(picture, pixels=PAGE_PIXELS, most=PAGE_BYTES)


def for_mail(picture: Pillow.Image) -> Image | None:
    """Return it in less than 60 KB, or None where that leaves nothing to be seen."""
    return _within(picture, pixels=MAIL_PIXELS, most=MAIL_BYTES)


def _within(picture: Pillow.Image, *, pixels: int, most: int) -> Image | None:
    width = min(pixels, picture.width, max(picture.width * MAX_HEIGHT // picture.height, 1))
    while width >= min(LEAST_PIXELS, picture.width):
        height = max(round(picture.height * width / picture.width), 1)
        sized = picture.convert("RGB").resize((width, height), Pillow.Resampling.LANCZOS)
        smallest = min(_encodings(sized), key=lambda image: len(image.data))
        if len(smallest.data) < most:
            return smallest
        width = int(width * _SHRINK)
    return None


def _encodings(picture: Pillow.Image) -> list[Image]:
    """Drawings are smallest as PNG with few colours, photographs as JPEG."""
    drawing = picture.quantize(colors=128, method=Pillow.Quantize.MEDIANCUT, dither=Pillow.Dither.NONE)
    return [
        _encoded(drawing, extension="png", optimize=True),
        _encoded(picture, extension="jpg", quality=82, optimize=True, progressive=True),
    ]


def _encoded(picture: Pillow.Image, *, extension: str, **options: int) -> Image:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG" if extension == "png" else "JPEG", **options)
    return Image(data=buffer.getvalue(), extension=extension, width=picture.width, height=picture.height)
