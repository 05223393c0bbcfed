"""A PDF's text and figures, read in a child process that can be killed.

PDFs come from strangers and pdfium is C++: a file that crashes it, hangs it or eats memory costs the child
and nothing else. A subprocess and not multiprocessing, because a Celery worker's processes may have no
children of that kind. What the child does is ``pdf_child``'s.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from newsletter.adapters.ports import CutFigure, Image, PaperText
from newsletter.core.arxiv.full_text import full_text_from_json
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.errors import PermanentError

SECONDS = 60.0
MEMORY = 1_536 * 1024 * 1024
"""Address space of the child, in bytes."""
MAX_PAGES = 80
MAX_CHARACTERS = 600_000
MAX_ANSWER = 48 * 1024 * 1024
"""Bytes accepted from the child."""
log = logging.getLogger(__name__)
_SOURCE = Path(__file__).resolve().parents[3]
_CHUNK = 65_536
_BEGINNINGS = {"png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfReader:
    seconds: float = SECONDS
    memory: int = MEMORY
    max_pages: int = MAX_PAGES
    max_characters: int = MAX_CHARACTERS

    def read(self, pdf: bytes, *, paper: PaperRecord, figures: int) -> PaperText:
        """Return what the PDF says, with at most ``figures`` figures.

        Title and authors of ``paper`` tell the names from the affiliations. Figures are cut out last: where
        that fails, the text stands. Raises PermanentError with reason ``encrypted``, ``unreadable``,
        ``too_long``, ``no_text``, ``timed_out`` or ``crashed``.
        """
        asked = {
            "title": paper.title,
            "authors": paper.authors,
            "figures": figures,
            "max_pages": self.max_pages,
            "max_characters": self.max_characters,
            "memory": self.memory,
            "seconds": self.seconds,
        }
        answers = list(self._answers(json.dumps(asked).encode() + b"\n" + pdf))
        try:
            texts = [full_text_from_json(answer["text"]) for answer in answers if "text" in answer]
            cut = [_figure(answer["figure"]) for answer in answers if "figure" in answer]
        except (KeyError, TypeError, ValueError) as error:
            raise PermanentError(
                f"the reader of {paper.versioned_id} made no sense", reason="crashed"
            ) from error
        if not texts:
            failure = next((str(answer["failed"]) for answer in answers if "failed" in answer), "crashed")
            raise PermanentError(f"the PDF of {paper.versioned_id}: {failure}", reason=failure)
        return PaperText(text=texts[0], figures=tuple(cut[:figures]))

    def _answers(self, given: bytes) -> Iterator[dict[str, Any]]:
        """Yield what the child says, a JSON object a line, until it ends or must be ended."""
        command = [sys.executable, "-m", "newsletter.adapters.arxiv.pdf_child", str(os.getpid())]
        with subprocess.Popen(  # noqa: S603  # our own module on our own Python
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PYTHONPATH": str(_SOURCE), "LANG": "C.UTF-8"},
        ) as child:
            try:
                feeding = (cast("IO[bytes]", child.stdin), given)
                threading.Thread(target=_feed, args=feeding, daemon=True).start()
                said, is_late = _hear(cast("IO[bytes]", child.stdout), seconds=self.seconds)
            finally:
                child.kill()
            complaint = cast("IO[bytes]", child.stderr).read(_CHUNK).decode("utf-8", "replace").strip()
        if complaint:
            log.warning("while reading a PDF: %s", complaint.splitlines()[-1][:300])
        yield from _objects(said)
        if is_late:
            yield {"failed": "timed_out"}


def _feed(pipe: IO[bytes], given: bytes) -> None:
    try:
        with pipe:
            pipe.write(given)
    except OSError:
        return  # the child ended before it had read all: what it said tells why


def _hear(pipe: IO[bytes], *, seconds: float) -> tuple[bytes, bool]:
    """Return what was said until the end, the bound of bytes or the time-out; and whether it was the last."""
    ends, said = time.monotonic() + seconds, bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while len(said) <= MAX_ANSWER:
            if not selector.select(max(ends - time.monotonic(), 0.0)):
                return bytes(said), True
            chunk = os.read(pipe.fileno(), _CHUNK)
            if not chunk:
                break
            said += chunk
    return bytes(said), False


def _objects(said: bytes) -> Iterator[dict[str, Any]]:
    """Yield the whole lines up to the first that is no object; an unfinished one is dropped."""
    for line in said.split(b"\n")[:-1]:
        try:
            answer = json.loads(line)
        except ValueError:
            return
        if not isinstance(answer, dict):
            return
        yield answer


def _figure(given: dict[str, Any]) -> CutFigure:
    return CutFigure(
        number=given["number"],
        caption=given["caption"],
        page=given["page"],
        image=_image(given["image"]),
        mail_image=_image(given["mail_image"]) if given["mail_image"] else None,
    )


def _image(given: dict[str, Any]) -> Image:
    """Raises ValueError for anything but a PNG or a JPEG."""
    data = base64.b64decode(given["data"])
    extension = next((name for name, begins in _BEGINNINGS.items() if data.startswith(begins)), None)
    if extension is None:
        raise ValueError("neither a PNG nor a JPEG")
    return Image(data=data, extension=extension, width=int(given["width"]), height=int(given["height"]))
