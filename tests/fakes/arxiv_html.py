"""The sample papers as arXiv serves them: LaTeXML's HTML of our own TeX, in a page like arXiv's.

``tests/data/html`` has the sources, the HTML (``make html-samples``) and what must be read in it. The page
has what arXiv/html_feedback and arXiv/arxiv-view-as-html insert, in words of our own: nothing of it is the
paper's.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from newsletter.core.arxiv.papers import PaperRecord
from tests.fakes.papers import paper_record

FOLDER = Path(__file__).resolve().parents[1] / "data" / "html"
GAZE_URL = "https://gaze.example.org/code"

_BEFORE = """<dialog id="modal-form"><form><h5>Report GitHub Issue</h5><label>Title:</label>
<input name="form_title"><p>Content selection saved. Describe the issue below:</p></form></dialog>
<div class="ds-announcement" id="announcement-banner"><span>arXiv has news!</span>
<a href="https://news.example.org/arxiv">Learn more</a></div>
<header class="arxiv-html-header"><a href="https://arxiv.org/"><span class="sr-only">Back to arXiv</span></a>
<nav class="html-header-nav"><a href="https://info.arxiv.org/about/accessible_HTML.html">Why HTML?</a>
<a href="https://arxiv.org/html/{id}#">Report Issue</a>
<a href="https://arxiv.org/abs/{id}">Back to Abstract</a>
<a href="https://arxiv.org/pdf/{id}">Download PDF</a><button>Toggle dark mode</button></nav></header>
<nav class="ltx_page_navbar"><nav class="ltx_TOC"><ol class="ltx_toclist"><li class="ltx_tocentry">
<a class="ltx_ref" href="https://arxiv.org/html/{id}#S1">1 Introduction</a></li></ol></nav></nav>
"""
_INFOBOX = """<div id="infobox" class="infobox">
<a id="license-tr" href="https://info.arxiv.org/help/license/index.html">License: CC BY 4.0</a>
<div id="watermark-tr">
arXiv:{id} [cs.CV] 15 Jun 2026</div></div>
"""
_ALERTS = """<div class="package-alerts ltx_document" role="status"><button>Dismiss alert</button>
<p>HTML conversions sometimes display errors.</p><ul><li>failed: nosuchpackage</li></ul></div>
<div id="target-section" class="section">
<a id="license-tr" href="https://info.arxiv.org/">License: CC BY 4.0</a></div>
"""
_FOOTER = """<footer class="arxiv-html-footer"><div class="ltx_page_logo">Experimental support, please
<a href="https://arxiv.org/html/{id}/__stdout.txt">view the build logs</a>.</div>
<div class="keyboard-glossary">
<h2>Instructions for reporting errors</h2>
<p>We are continuing to improve HTML versions of papers.
<a class="ltx_ref" href="https://github.com/arXiv/html_feedback/issues">the following issues</a></p>
</div></footer>
<script>document.title = "a script";</script>"""
AROUND = (
    "Report GitHub Issue",
    "Why HTML?",
    "License: CC BY",
    "reporting errors",
    "failed: nosuchpackage",
    "Back to",
)
"""Words of arXiv's page."""
ABSTRACT_PAGE = """<!DOCTYPE html><html lang="en"><head><title>[{id}] A title</title></head><body>
<div id="abs"><h1 class="title">A title</h1><blockquote class="abstract">We do.</blockquote>
<a href="/pdf/{id}">View PDF</a><a href="/abs/{id}">{id}</a></div></body></html>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    name: str
    record: PaperRecord
    expected: dict[str, Any]

    @property
    def latexml(self) -> str:
        """As the converter wrote it."""
        return (FOLDER / f"{self.name}.html").read_text(encoding="utf-8")

    @property
    def html(self) -> bytes:
        return as_served(self.latexml, name=self.record.versioned_id)

    @property
    def files(self) -> dict[str, bytes]:
        """Its images by their path under ``/html/``."""
        images = [*FOLDER.glob("*.png"), *FOLDER.glob("*.jpg")]
        return {f"{self.record.versioned_id}/{path.name}": path.read_bytes() for path in images}


def as_served(latexml: str, *, name: str) -> bytes:
    """As arXiv serves it since August 2026: its header, contents, licence, stamp and footer around it."""
    page = re.sub(r"<footer class=\"ltx_page_footer\">.*</footer>", "", latexml, flags=re.DOTALL)
    page = page.replace("<body>", "<body>" + _BEFORE.format(id=name))
    page = page.replace(
        '<div class="ltx_page_content">', _INFOBOX.format(id=name) + '<div class="ltx_page_content">'
    )
    page = re.sub(r'(<img src=")(?!data:)', rf"\g<1>{name}/", page)
    return page.replace("</body>", _FOOTER.format(id=name) + "</body>").encode()


def as_served_before(latexml: str, *, name: str) -> bytes:
    """As it was until then: a base address, no stamp (a script brought it), alerts above the text."""
    page = latexml.replace("<head>", f'<head><base href="/html/{name}/">')
    page = page.replace('<div class="ltx_page_content">', '<div class="ltx_page_content">' + _ALERTS)
    return page.replace("<body>", "<body>" + _BEFORE.format(id=name)).encode()


@cache
def samples() -> dict[str, Sample]:
    """All of them, by name."""
    stated = tomllib.loads((FOLDER / "expected.toml").read_text(encoding="utf-8"))
    return {
        name: Sample(
            name=name,
            record=paper_record(number, title=expected["title"], authors=tuple(expected["authors"])),
            expected=expected,
        )
        for number, (name, expected) in enumerate(stated.items(), start=11)
    }


def gaze_record() -> PaperRecord:
    return samples()["gaze"].record
