"""The image that other sites show with a paper's link: drawn where the fonts have every character."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st
from lxml import html
from PIL import Image

from newsletter.models import Paper
from newsletter.web import share_image
from newsletter.web.share_image import MARK, SIZE, TITLE, drawn, has_image
from tests.fakes import readings
from tests.fakes.papers import paper_record
from tests.web.test_public_pages import text_of

PAGE = "/papers/2606.90001/"


def image_of(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content)).convert("RGB")


def colours(image: Image.Image) -> set[tuple[int, int, int]]:
    return {colour for _, colour in image.getcolors(1 << 20) or ()}  # type: ignore[misc]  # of RGB


def rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def near(colour: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    return max(abs(a - b) for a, b in zip(colour, other, strict=True)) < 12


@pytest.mark.django_db
def test_a_papers_page_names_its_image(visitor: Client) -> None:
    readings.store("harbornet", "en")
    root = html.document_fromstring(text_of(visitor, PAGE))
    [url] = root.xpath('//meta[@property="og:image"]/@content')
    assert url == "http://localhost:8000/papers/2606.90001/card.png"
    answer = visitor.get(url.removeprefix("http://localhost:8000"))
    assert answer["Content-Type"] == "image/png"
    assert image_of(answer.content).size == SIZE
    assert len(answer.content) < 64_000
    assert root.xpath('//meta[@property="og:description"]/@content')[0].startswith("HarborNet docks")


@pytest.mark.django_db
def test_it_marks_the_words_behind_the_finding() -> None:
    row = readings.store("harbornet", "en")
    assert any(near(colour, rgb(MARK)) for colour in colours(image_of(drawn(row))))
    row.summaries.all().delete()
    assert not any(near(colour, rgb(MARK)) for colour in colours(image_of(drawn(row))))


@pytest.mark.django_db
@pytest.mark.parametrize("title", ["说话人头像", "Avatar 一", "\U0001f600 Smile", "\ue000"])
def test_a_title_that_the_fonts_lack_has_no_image(visitor: Client, title: str) -> None:
    row = readings.store("harbornet", "en")
    Paper.objects.filter(pk=row.pk).update(title=title)
    assert "og:image" not in text_of(visitor, PAGE)
    assert visitor.get(f"{PAGE}card.png").status_code == 404


@pytest.mark.django_db
def test_an_unknown_paper_has_no_image(visitor: Client) -> None:
    for path in ("/papers/2606.99999/card.png", "/papers/nonsense/card.png"):
        assert visitor.get(path).status_code == 404


@pytest.mark.django_db
def test_a_finding_that_the_fonts_lack_is_left_out() -> None:
    row = readings.store("harbornet", "zh-hans")
    assert image_of(drawn(row)).size == SIZE


@pytest.mark.django_db
def test_without_fonts_pillows_own_draws_it(monkeypatch: pytest.MonkeyPatch) -> None:
    row = readings.store("harbornet", "en")
    with monkeypatch.context() as patched:
        patched.setattr(share_image, "TITLE", replace(TITLE, file="none.ttf"))
        assert has_image(row.record)
        assert image_of(drawn(row)).size == SIZE
        assert not has_image(paper_record(title="É"))  # Pillow's own font has no accents


@pytest.mark.parametrize("title", ["x" * 2000, "word " * 400, "", "A\nB\tC", "i" * 30 + " " + "W" * 500])
@pytest.mark.django_db
def test_a_title_of_any_length_fits(title: str) -> None:
    row = readings.store("harbornet", "en")
    row.title = title
    image = image_of(drawn(row))
    right = image.crop((SIZE[0] - 20, 0, *SIZE))
    assert colours(right) <= {colour for colour in colours(right) if near(colour, (255, 255, 255))}


@given(st.text(max_size=60))
def test_whatever_a_title_holds_has_an_answer(title: str) -> None:
    assert has_image(paper_record(title=title)) in (True, False)
