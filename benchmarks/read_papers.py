"""What is read from HTML: a table over the sample papers of the tests, or from pages of arXiv saved by you.

    python benchmarks/read_papers.py [--text] [PAGE.html …]

The table says how many of the expected sections, captions, figures, affiliations, links and references are
read right, and what falls back and why. Of a page of yours it prints what was read: its stamp says which
paper it is; the authors are not known here, so some may stand among the affiliations. Nothing is fetched or
kept.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from newsletter.adapters.arxiv.full_text import read_page
from newsletter.adapters.arxiv.html_paper import CAPTIONS, ReadPaper
from newsletter.core.arxiv.papers import ArxivId, PaperRecord, parse_id
from newsletter.errors import PermanentError
from tests.fakes.arxiv_html import Sample, as_served, as_served_before, samples

STAMP = re.compile(r'id="watermark-tr">\s*arXiv:(\S+)')
COLUMNS = ("sections", "captions", "figures", "affiliations", "keywords", "links", "cites", "says", "hidden")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="*", type=Path)
    parser.add_argument("--text", action="store_true", help="print the text too")
    options = parser.parse_args()
    for path in options.pages:
        show_page(path, with_text=options.text)
    if not options.pages:
        show_samples()


def show_samples() -> None:
    print(f"{'sample':16}" + "".join(f"{name:>14}" for name in COLUMNS) + "     seconds")
    for sample in samples().values():
        for wrapping, served in (("", as_served), (" (2023)", as_served_before)):
            name = sample.record.versioned_id
            began = time.monotonic()
            try:
                read = read_page(
                    served(sample.latexml, name=name),
                    paper=sample.record,
                    address=f"https://arxiv.org/html/{name}",
                )
            except PermanentError as error:
                is_right = error.reason == sample.expected.get("reason")
                said = f"falls back: {error.reason} ({'as expected' if is_right else 'WRONG'})"
            else:
                said = "".join(f"{each:>14}" for each in scores(sample, read))
                said += f"{time.monotonic() - began:12.2f}"
            print(f"{sample.name + wrapping:16}{said}")


def scores(sample: Sample, read: ReadPaper) -> Iterable[str]:
    """Yield ``right/expected`` for each column; of what is hidden, how much came through."""
    expected, text = sample.expected, read.text
    captions = next((each.text for each in text.sections if each.title == CAPTIONS), "")
    whole = "\n".join(each.text for each in text.sections)
    name = f"https://arxiv.org/html/{sample.record.versioned_id}/"
    found: dict[str, Sequence[object]] = {
        "sections": [[each.title, each.role.value, each.level, each.anchor] for each in text.sections],
        "captions": [each for each in expected.get("captions", ()) if each in captions],
        "figures": [[each.number, each.address.removeprefix(name)] for each in read.figures],
        "affiliations": text.affiliations,
        "keywords": text.keywords,
        "links": text.links,
        "cites": [each.arxiv_id for each in text.references if each.arxiv_id],
        "says": [each for each in expected.get("says", ()) if each in whole],
    }
    for column, values in found.items():
        wanted = expected.get(column, [])
        extra = len([each for each in values if each not in wanted])
        right = len([each for each in wanted if each in values])
        yield f"{right}/{len(wanted)}" + (f" +{extra}" if extra else "")
    yield str(len([each for each in expected.get("never", ()) if each in whole]))


def show_page(path: Path, *, with_text: bool) -> None:
    body = path.read_bytes()
    stamp = STAMP.search(body.decode("utf-8", "replace"))
    asked = parse_id(stamp[1]) if stamp else None
    if asked is None:
        print(f"{path.name}: not_paper: it has no stamp of arXiv's")
        return
    began = time.monotonic()
    try:
        read = read_page(body, paper=known_by(asked), address=f"https://arxiv.org/html/{asked}")
    except PermanentError as error:
        print(f"{path.name}: {error.reason}: {error}")
        return
    print(f"{path.name}: {asked} in {time.monotonic() - began:.1f} s")
    for section in read.text.sections:
        title = section.title or "(before the first heading)"
        print(f"  {section.role:8} {section.anchor:12} {'  ' * section.level}{title}: {len(section.text):,}")
        if with_text:
            print("    " + section.text.replace("\n\n", "\n    "))
    print(f"  affiliations  {'; '.join(read.text.affiliations) or 'none'}")
    print(f"  keywords      {', '.join(read.text.keywords) or 'none'}")
    print(f"  links         {' '.join(read.text.links) or 'none'}")
    cited = [each.arxiv_id for each in read.text.references if each.arxiv_id]
    print(f"  references    {len(read.text.references)}, of arXiv: {' '.join(cited) or 'none'}")
    for figure in read.figures:
        print(f"  figure {figure.number:5}  {figure.address}: {figure.caption[:60]}")


def known_by(asked: ArxivId) -> PaperRecord:
    return PaperRecord(
        arxiv_id=asked.base,
        version=asked.version or 1,
        title="",
        abstract="",
        authors=(),
        primary_category="",
        categories=(),
        published_at=datetime(2000, 1, 1, tzinfo=UTC),
        updated_at=datetime(2000, 1, 1, tzinfo=UTC),
    )


if __name__ == "__main__":
    main()
