"""Hexo itself builds what ``export --format hexo`` writes: ``make hexo-check``, which installs it by npm."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from newsletter.models import Topic
from tests.cli.test_export import HOSTILE, boats, export, say_everywhere
from tests.fakes import readings

__all__ = ["boats"]  # a fixture
PACKAGES = ("hexo@8", "hexo-renderer-ejs@2", "hexo-renderer-marked@7")
LAYOUT = "<h1><%= page.title %></h1><time><%= page.date %></time><%- page.content %>"


@pytest.mark.slow
@pytest.mark.django_db
@pytest.mark.skipif(shutil.which("npm") is None, reason="no npm on PATH")
def test_hexo_builds_an_export_and_runs_nothing_in_it(boats: Topic, tmp_path: Path) -> None:
    readings.store_details("harbornet", image=b"an image")
    site = _site(tmp_path)
    for number, text in enumerate(HOSTILE):
        say_everywhere(text, boats)
        export("hexo", site, "--from", "2026-06-15")
        subprocess.run(["npx", "hexo", "generate", "--force"], cwd=site, check=True, timeout=120)
        [built] = [path for path in (site / "public").rglob("*.html") if "2026-W25" in str(path)]
        page = built.read_text(encoding="utf-8")
        assert "<h1>Boats, 15 to 21 June 2026</h1>" in page
        assert "2026-06-15" in page or "Wed Jun 17 2026" in page
        assert "<details>" in page
        assert not re.search(r"<(?:script|img src=x)|href=\"javascript", page)
        if number == 0:
            assert "{{ 7*7 }} {% raw %}" in unescape(page)


def _site(folder: Path) -> Path:
    package = {"name": "site", "private": True, "hexo": {"version": ""}}
    (folder / "package.json").write_text(json.dumps(package))
    (folder / "_config.yml").write_text("theme: plain\nurl: http://example.org\npermalink: :title/\n")
    layout = folder / "themes" / "plain" / "layout"
    layout.mkdir(parents=True)
    for name in ("post.ejs", "index.ejs"):
        (layout / name).write_text(LAYOUT)
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", *PACKAGES]
    subprocess.run(npm, cwd=folder, check=True, timeout=600)
    return folder
