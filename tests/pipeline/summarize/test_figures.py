"""Figures and facts of papers: kept and shown only while setting, licence and paper allow it."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from newsletter.adapters import registry
from newsletter.models import Figure, FullTextRecord, Paper
from newsletter.pipeline.context import Context
from newsletter.pipeline.summarize.figures import figures_for, read_for, remove_figures
from newsletter.pipeline.summarize.full_text import full_text_for
from tests.fakes.arxiv_html import GAZE_URL, gaze_record, samples
from tests.fakes.arxiv_server import CLOSED, ArxivServer

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
BY = "http://creativecommons.org/licenses/by/4.0/"
ARXIVS = "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Client:
    return Client(SERVER_NAME="localhost")


def read(settings: Settings, folder: Path, *, licence: str | None, policy: str = "licensed") -> Paper:
    """Fetch the paper from a stand-in for arXiv, with the real adapters in between."""
    paper = Paper.from_record(gaze_record(), first_seen_at=NOW)
    paper.save()
    gaze = samples()["gaze"]
    with ArxivServer(html={"2606.00011v1": gaze.html} | gaze.files) as server:
        if licence is None:
            server.fail(CLOSED)
        else:
            server.licences = {"2606.00011": licence}
        set_config(
            settings,
            data_dir=folder,
            figures=policy,
            arxiv_html_url=server.html_url,
            arxiv_oai_url=server.oai_url,
            arxiv_interval=0.0,
        )
        assert full_text_for(paper, source=Context(settings.CONFIG).full_texts, now=NOW)
        assert server.most_open == 1
    return paper


def set_config(settings: Settings, **fields: Any) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update=fields)


def files(settings: Settings) -> set[str]:
    folder = registry.figure_store(settings.CONFIG).folder
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def grow_old(settings: Settings) -> None:
    old = time.time() - 4_000
    for path in registry.figure_store(settings.CONFIG).folder.iterdir():
        os.utime(path, (old, old))


def test_figures_under_an_allowing_licence_are_shown_with_their_licence(
    settings: Settings, tmp_path: Path
) -> None:
    paper = read(settings, tmp_path, licence=BY)

    first, second = figures_for([paper])[paper.pk]
    assert (first.number, first.licence_url) == ("1", BY)
    assert first.caption == "Angular error over time. Lower is better; the band shows five seeds."
    assert (second.number, second.licence_url) == ("2", BY)
    assert first.mail_image is not None
    assert first.image.width <= 1_200
    assert first.image.path.removeprefix("/figures/") in files(settings)


def test_facts_are_those_of_the_present_version(settings: Settings, tmp_path: Path) -> None:
    paper = read(settings, tmp_path, licence=BY)

    details = read_for([paper])[0][paper.pk]
    assert details.affiliations[0] == "Department of Mechanisms, University of Marylebone, London, UK"
    assert (details.links[0], details.licence_url) == (GAZE_URL, BY)
    assert (details.has_full_text, details.reason) == (True, "")
    paper.version = 2
    assert read_for([paper]) == ({}, {})


@pytest.mark.parametrize("licence", [ARXIVS, "http://creativecommons.org/licenses/by-nc-nd/4.0/", "", None])
def test_without_an_allowing_licence_no_figure_is_even_fetched(
    settings: Settings, tmp_path: Path, licence: str | None
) -> None:
    paper = read(settings, tmp_path, licence=licence)
    assert figures_for([paper]) == {}
    assert files(settings) == set()
    assert FullTextRecord.objects.get().read_at is not None


def test_an_operator_may_show_all_figures(settings: Settings, tmp_path: Path) -> None:
    paper = read(settings, tmp_path, licence=ARXIVS, policy="all")
    assert len(figures_for([paper])[paper.pk]) == 2


def test_off_asks_for_no_licence_and_no_figure(settings: Settings, tmp_path: Path) -> None:
    paper = read(settings, tmp_path, licence=BY, policy="off")
    assert FullTextRecord.objects.get().licence == ""
    assert (figures_for([paper]), files(settings)) == ({}, set())


def test_a_figure_is_served_with_its_type_for_good(
    settings: Settings, tmp_path: Path, visitor: Client
) -> None:
    paper = read(settings, tmp_path, licence=BY)
    [shown, _] = figures_for([paper])[paper.pk]
    assert shown.mail_image is not None
    for picture in (shown.image, shown.mail_image):
        response = visitor.get(picture.path)
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "image/png"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert b"".join(response).startswith(b"\x89PNG")
    assert visitor.post(shown.image.path).status_code == 405


@pytest.mark.parametrize(
    "name", ["x.png", "0" * 40 + ".png", "..%2Fsecret_key", "%2e%2e%2f%2e%2e%2fsecret_key"]
)
def test_what_is_no_figure_is_not_found(name: str, visitor: Client) -> None:
    assert visitor.get(f"/figures/{name}").status_code == 404


@pytest.mark.parametrize("change", ["stricter", "off", "withdrawn"])
def test_a_figure_that_may_be_shown_no_longer_is_gone_at_once_and_its_file_soon(
    settings: Settings, tmp_path: Path, visitor: Client, change: str
) -> None:
    paper = read(settings, tmp_path, licence=ARXIVS, policy="all")
    [shown, _] = figures_for([paper])[paper.pk]
    if change == "withdrawn":
        paper.is_withdrawn = True
        paper.save()
    else:
        set_config(settings, figures={"stricter": "licensed", "off": "off"}[change])

    assert visitor.get(shown.image.path).status_code == 404
    assert figures_for([paper]) == {}
    grow_old(settings)
    assert remove_figures() == 2
    assert (Figure.objects.count(), files(settings)) == (0, set())


def test_a_folder_that_cannot_be_written_costs_the_figures_and_not_the_text(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "media").write_text("in the way")
    paper = read(settings, tmp_path, licence=BY)
    assert figures_for([paper]) == {}
    assert read_for([paper])[0][paper.pk].has_full_text


def test_figures_that_may_be_shown_stay(settings: Settings, tmp_path: Path) -> None:
    paper = read(settings, tmp_path, licence=BY)
    before = files(settings)
    grow_old(settings)
    assert remove_figures() == 0
    assert files(settings) == before
    assert len(figures_for([paper])[paper.pk]) == 2
