"""Pictures for page and mail: how wide, how many bytes, and that nothing but pixels is in them."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from PIL import Image, ImageDraw

from newsletter.adapters.infra.figure_images import (
    MAIL_BYTES,
    PAGE_PIXELS,
    for_mail,
    for_page,
    opened,
    trimmed,
)


def noise(width: int, height: int) -> Image.Image:
    """The hardest thing to encode."""
    data = random.Random(1).randbytes(width * height * 3)  # noqa: S311  # pixels are no secret
    return Image.frombytes("RGB", (width, height), data)


def drawing(width: int = 1_000, height: int = 600) -> Image.Image:
    picture = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(picture).line((200, 100, 700, 500), fill="navy", width=4)
    return picture


def test_a_drawing_stays_sharp_and_a_photograph_becomes_a_jpeg() -> None:
    line = for_page(drawing())
    gradient = Image.merge("RGB", [Image.linear_gradient("L").resize((900, 500))] * 3)
    photo = for_page(Image.blend(gradient, noise(900, 500), 0.3))
    assert line is not None
    assert photo is not None
    assert (line.extension, photo.extension) == ("png", "jpg")


def test_it_is_no_wider_than_a_page_wants_and_never_enlarged() -> None:
    wide, narrow = for_page(drawing(2_400, 800)), for_page(drawing(500, 300))
    assert wide is not None
    assert narrow is not None
    assert (wide.width, wide.height) == (PAGE_PIXELS, 400)
    assert (narrow.width, narrow.height) == (500, 300)


def test_for_a_mail_it_shrinks_until_it_fits() -> None:
    small = for_mail(Image.blend(noise(800, 500), drawing(800, 500), 0.7))
    assert small is not None
    assert len(small.data) < MAIL_BYTES
    assert small.width < 800
    opened = Image.open(io.BytesIO(small.data))
    assert opened.size == (small.width, small.height)


def test_what_cannot_be_made_small_enough_is_left_out_of_the_mail() -> None:
    assert for_mail(noise(400, 900)) is None


def test_metadata_does_not_come_along() -> None:
    picture = drawing()
    picture.info["comment"] = "made by somebody"
    picture.info["exif"] = b"Exif\x00\x00secret"
    made = for_page(picture)
    assert made is not None
    assert b"somebody" not in made.data
    assert b"secret" not in made.data


def test_the_white_around_a_figure_goes() -> None:
    cut = trimmed(drawing())
    assert cut is not None
    assert cut.size == pytest.approx((500 + 2 * 14, 400 + 2 * 14), abs=6)
    assert trimmed(Image.new("RGB", (300, 200), "white")) is None


def encoded(picture: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=kind)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_file_of_a_known_kind_is_opened_without_its_margin(kind: str) -> None:
    opened_image = opened(encoded(drawing(), kind))
    assert opened_image is not None
    assert opened_image.size == pytest.approx((500 + 2 * 14, 400 + 2 * 14), abs=16)


def test_what_is_transparent_is_white() -> None:
    picture = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    ImageDraw.Draw(picture).line((20, 20, 280, 280), fill="navy", width=6)
    opened_image = opened(encoded(picture))
    assert opened_image is not None
    assert opened_image.getpixel((opened_image.width - 1, 0)) == (255, 255, 255)


def bomb(width: int) -> bytes:
    """A PNG that says it is a square of ``width`` and holds nothing."""
    header = struct.pack(">IIBBBBB", width, width, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg/>",
        b"%PDF-1.7",
        encoded(drawing(), "BMP"),
        encoded(drawing())[:400],
        encoded(Image.new("RGB", (300, 300), "white")),
        encoded(Image.new("RGB", (40, 40), "navy")),
        bomb(20_000),
        bomb(2_000_000_000),
    ],
    ids=["empty", "SVG", "PDF", "another kind", "cut off", "white", "an icon", "too large", "a bomb"],
)
def test_what_is_no_figure_is_none(data: bytes) -> None:
    assert opened(data) is None
