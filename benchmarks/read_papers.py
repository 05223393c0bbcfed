"""What is read from PDFs of your own: sections with their pages, facts, figures, seconds.

    python benchmarks/read_papers.py [--figures FOLDER] [--text] PAPER.pdf …

Reads each in the child that the service uses. Nothing is fetched and nothing is kept, but the figures where
a folder for them is named. The authors are not known here: some may stand among the affiliations.
"""

from __future__ import annotations

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

from newsletter.adapters.arxiv.pdf_text import PdfReader
from newsletter.adapters.ports import PaperText
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.errors import PermanentError

NOBODY = PaperRecord(
    arxiv_id="0000.00000",
    version=1,
    title="",
    abstract="",
    authors=(),
    primary_category="",
    categories=(),
    published_at=datetime(2000, 1, 1, tzinfo=UTC),
    updated_at=datetime(2000, 1, 1, tzinfo=UTC),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("papers", nargs="+", type=Path)
    parser.add_argument("--figures", type=Path, help="a folder for the figures")
    parser.add_argument("--text", action="store_true", help="print the text too")
    options = parser.parse_args()
    for path in options.papers:
        began = time.monotonic()
        try:
            read = PdfReader().read(path.read_bytes(), paper=NOBODY, figures=20)
        except PermanentError as error:
            print(f"{path.name}: {error.reason}")
            continue
        print(f"{path.name}: {read.text.pages} pages in {time.monotonic() - began:.1f} s")
        show(read, with_text=options.text)
        if options.figures:
            keep(read, folder=options.figures, name=path.stem)


def show(read: PaperText, *, with_text: bool) -> None:
    for section in read.text.sections:
        pages = "-".join(str(page) for _, page in section.page_starts)
        print(f"  {section.role:8} p. {pages:12} {section.title or '(before the first heading)'}")
        if with_text:
            print("    " + section.text.replace("\n\n", "\n    "))
    print(f"  affiliations  {'; '.join(read.text.affiliations) or 'none'}")
    print(f"  keywords      {', '.join(read.text.keywords) or 'none'}")
    print(f"  links         {' '.join(read.text.links) or 'none'}")
    for figure in read.figures:
        small = f"{len(figure.mail_image.data):,} bytes for mail" if figure.mail_image else "too big for mail"
        size = f"{figure.image.width} x {figure.image.height}"
        print(f"  figure {figure.number:5}  p. {figure.page}, {size}, {small}: {figure.caption[:60]}")


def keep(read: PaperText, *, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for figure in read.figures:
        (folder / f"{name}-{figure.number}.{figure.image.extension}").write_bytes(figure.image.data)


if __name__ == "__main__":
    main()
