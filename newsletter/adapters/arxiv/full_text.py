"""A paper's full text from arXiv's HTML, in exactly the version asked for, through arXiv's gate.

Only a whole page with LaTeXML's marks, this paper's id and its title counts: for a paper that arXiv has no
HTML of it answers with another page. What a page says is ``html_paper``'s.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from lxml import etree

from newsletter.adapters.arxiv.html_paper import CAPTIONS, ReadPaper, read_article
from newsletter.adapters.arxiv.html_parts import FoundFigure
from newsletter.adapters.arxiv.html_text import Look, classes, text_of
from newsletter.adapters.arxiv.oai import ArxivOai
from newsletter.adapters.infra import figure_images
from newsletter.adapters.infra.http import TIMEOUT, USER_AGENT, Got, Moved, Refused, get
from newsletter.adapters.ports import PaperFigure, PaperText, RequestGate
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.errors import NewsletterError, PermanentError

MAX_BYTES = 8 * 1024 * 1024
MAX_IMAGE_BYTES = 8 * 1024 * 1024
SECONDS, IMAGE_SECONDS = 45.0, 20.0
"""For one download; with the last wait for bytes still below the gate's HELD_FOR."""
FIGURES_SECONDS = 75.0
"""For a paper's figures together, with the waits at the gate: after that no further one is begun."""
MAX_REDIRECTS = 3
MAX_DEPTH = 150
"""Elements within each other, several times what LaTeXML needs. Reading calls itself twice a level."""
LEAST_TEXT = 400
"""Characters of running text, abstract and captions apart: with fewer the paper was lost in conversion."""
CHARACTERS_AN_ERROR, FEW_ERRORS = 500, 10
"""More errors than one in so many characters and the text is not the authors' any more."""
LEAST_TITLE = 0.5
"""Of the words of the shorter title: arXiv's and the paper's may differ in a subtitle or an acronym."""
IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp")
"""Others, as SVG, cannot be drawn here: they are not asked for."""
HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_WORD = re.compile(r"\w+")
_ABSTRACT = re.compile(r"abstract\W*", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArxivFullTexts:
    """A FullTextSource. The gate is free again while a page is being read."""

    gate: RequestGate
    url: str
    oai: ArxivOai
    timeout: tuple[float, float] = TIMEOUT
    seconds: float = SECONDS
    max_bytes: int = MAX_BYTES
    user_agent: str = USER_AGENT

    def licence(self, paper: PaperRecord) -> str:
        return self.oai.licence(paper)

    def read(self, paper: PaperRecord, *, figures: int) -> PaperText:
        """Raises TemporaryError, or PermanentError with a reason: see ``FullTextSource``."""
        address = f"{self.url}/{quote(paper.versioned_id, safe='/.-')}"
        got = self._follow(address, seconds=self.seconds, max_bytes=self.max_bytes)
        if got.content_type not in HTML_TYPES:
            said = f"arXiv's answer for {paper.versioned_id} is {got.content_type or 'of no type'}"
            raise PermanentError(said, reason="not_paper")
        read = read_page(got.body, paper=paper, address=address)
        return PaperText(text=read.text, figures=tuple(self._figures(read.figures, limit=figures)))

    def _figures(self, found: tuple[FoundFigure, ...], *, limit: int) -> Iterator[PaperFigure]:
        """Fetch up to ``limit``; one that cannot be had or shown is left out, never the text."""
        ends = time.monotonic() + FIGURES_SECONDS
        for figure in found[: 2 * limit]:
            if limit == 0 or time.monotonic() > ends:
                return
            if made := self._figure(figure):
                yield made
                limit -= 1

    def _figure(self, figure: FoundFigure) -> PaperFigure | None:
        if not self._is_ours(figure.address) or not urlsplit(figure.address).path.lower().endswith(IMAGES):
            return None
        try:
            got = self._follow(figure.address, seconds=IMAGE_SECONDS, max_bytes=MAX_IMAGE_BYTES)
        except NewsletterError:
            return None
        picture = figure_images.opened(got.body)
        image = figure_images.for_page(picture) if picture else None
        if picture is None or image is None:
            return None
        return PaperFigure(
            number=figure.number,
            caption=figure.caption,
            image=image,
            mail_image=figure_images.for_mail(picture),
        )

    def _follow(self, address: str, *, seconds: float, max_bytes: int) -> Got:
        """Each redirect is a request of its own: it waits for its turn as any other."""
        for _ in range(MAX_REDIRECTS + 1):
            try:
                with self.gate():
                    return get(
                        address,
                        whom="arXiv",
                        seconds=seconds,
                        max_bytes=max_bytes,
                        timeout=self.timeout,
                        user_agent=self.user_agent,
                    )
            except Moved as moved:
                address = self._next(address, moved)
            except Refused as refused:
                if refused.status in {404, 410}:
                    raise PermanentError(f"arXiv has nothing at {address}", reason="missing") from refused
                raise
        raise PermanentError(f"arXiv redirects more than {MAX_REDIRECTS} times", reason="moved")

    def _next(self, address: str, moved: Moved) -> str:
        """Return where a redirect leads; the abstract's page says that there is no HTML."""
        place = urljoin(address, moved.place)
        if urlsplit(place).path.startswith("/abs/"):
            raise PermanentError(f"arXiv has no HTML at {address}", reason="missing") from moved
        if not self._is_ours(place):
            raise moved
        return place

    def _is_ours(self, address: str) -> bool:
        """Whether it is at the host asked, or at another of arXiv's where that is arXiv's."""
        asked, led = urlsplit(self.url), urlsplit(address)
        is_same = (led.scheme, led.netloc) == (asked.scheme, asked.netloc)
        return is_same or (led.scheme == "https" and _is_arxiv(asked.hostname) and _is_arxiv(led.hostname))


def read_page(body: bytes, *, paper: PaperRecord, address: str) -> ReadPaper:
    """Read the page at ``address``, which must be ``paper``'s.

    Raises PermanentError with reason ``not_paper``, ``other_paper``, ``truncated``, ``empty``, ``too_deep``,
    ``conversion_errors`` or ``timed_out``.
    """
    root = _parsed(body)
    article = next((each for each in root.iter("article") if "ltx_document" in classes(each)), None)
    if article is None:
        raise PermanentError("arXiv's answer is no page of LaTeXML's", reason="not_paper")
    if b"</article>" not in body or b"</html>" not in body[-2_048:].lower():
        raise PermanentError(f"the HTML of {paper.versioned_id} is cut off", reason="truncated")
    _check_identity(root, article, paper=paper)
    base = next((each.get("href", "") for each in root.iter("base")), "")
    errors = sum("ltx_ERROR" in classes(each) for each in article.iter("*"))
    read = read_article(article, paper=paper, base=urljoin(address, base))
    _check_text(read, errors=errors, name=paper.versioned_id)
    return read


def _parsed(body: bytes) -> etree._Element:
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PermanentError(f"arXiv's answer is no HTML: {error}", reason="not_paper") from error
    if root is None:
        raise PermanentError("arXiv's answer is empty", reason="not_paper")
    if any(each.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for each in parser.error_log):
        raise PermanentError("arXiv's HTML is too much for the parser", reason="too_deep")
    depth = deepest = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(depth, deepest)
    if deepest > MAX_DEPTH:
        raise PermanentError(f"arXiv's HTML is {deepest} elements deep", reason="too_deep")
    return root


def _check_identity(root: etree._Element, article: etree._Element, *, paper: PaperRecord) -> None:
    """The page names its paper in its stamp or in the links around the article."""
    stamps = [text_of(each, Look()) for each in root.iter("div") if each.get("id") == "watermark-tr"]
    inside = set(article.iter("a", "base", "link"))
    around = (each for each in root.iter("a", "base", "link") if each not in inside)
    named = stamps or [each.get("href", "") for each in around]
    wanted = re.compile(rf"(?<![\w.]){re.escape(paper.versioned_id)}(?![\w.])")
    if not any(wanted.search(each) for each in named):
        raise PermanentError(f"arXiv's HTML is not that of {paper.versioned_id}", reason="other_paper")
    titles = [text_of(each, Look()) for each in article.iter("h1") if "ltx_title_document" in classes(each)]
    printed, known = (set(_WORD.findall(text.casefold())) for text in (" ".join(titles), paper.title))
    if printed and known and len(printed & known) < LEAST_TITLE * min(len(printed), len(known)):
        raise PermanentError(f"arXiv's HTML of {paper.versioned_id} has another title", reason="other_paper")


def _check_text(read: ReadPaper, *, errors: int, name: str) -> None:
    told = (
        each for each in read.text.sections if each.title != CAPTIONS and not _ABSTRACT.fullmatch(each.title)
    )
    size = sum(len(each.text) for each in told)
    if errors > max(FEW_ERRORS, size // CHARACTERS_AN_ERROR):
        raise PermanentError(f"the HTML of {name} has {errors} errors", reason="conversion_errors")
    if size < LEAST_TEXT:
        raise PermanentError(f"the HTML of {name} has {size} characters of text", reason="empty")


def _is_arxiv(host: str | None) -> bool:
    return host == "arxiv.org" or (host or "").endswith(".arxiv.org")
