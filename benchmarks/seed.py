"""What grounding would withhold of a page that a model made without receipts.

    python benchmarks/seed.py PAGE

PAGE is Markdown as such services publish it: per paper a heading, authors, abstract, a link to the PDF, then
a model's summary, takeaways and numbered sections in Chinese. Its claims have no quotes, so each is offered
what helps it most: every sentence of the abstract by itself, and the two and three that share most with it.
A claim that passes with any of them counts as shown: a model would have to choose.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.sentences import sentences
from newsletter.core.summaries.grounding import WithheldReason, why_withheld
from newsletter.core.summaries.rules.quantities import names, quantities
from newsletter.core.summaries.rules.words import stems
from newsletter.core.summaries.summary import Claim, Evidence

_PAPER = re.compile(
    r"^## (?P<title>.+?)\n+\*\*Authors:(?P<authors>.+?)\*\*\n+(?P<abstract>.+?)\n+"
    r"\[PDF\]\((?P<link>\S+)\)(?P<comment>[^\n]*)(?P<said>.*?)(?=^## |\Z)",
    re.MULTILINE | re.DOTALL,
)
_FIELD = re.compile(
    r"^\s*\d+\.\s*\**(?:Title|Authors?|Affiliations?|Keywords?|Urls?|标题|作者\S*|关键词|链接)\b.*$",
    re.MULTILINE | re.IGNORECASE,
)
_FURNITURE = re.compile(
    r"^\s*(?:\*\*(?:Summary|Key Takeaways)\*\*|\*\*\[.*|<.*|!\[.*|\d+\.\s*\S{2,12}\s*[:：]?)\s*$"
)
_PLACES = (
    ("method", re.compile(r"^\s*7\.|研究方法")),
    ("earlier_methods", re.compile(r"过去的方法")),
    ("background", re.compile(r"研究背景")),
    ("performance", re.compile(r"任务与性能|实验验证")),
    ("significance", re.compile(r"^\s*8\.|意义")),
    ("innovation_strengths", re.compile(r"创新")),
)
_LABEL = re.compile(r"^[\s*\-]*(?:[(（]?\d+[)）.]\s*)?(?:[^：:。，]{2,16}[：:]\s*)?")
_MARKUP = re.compile(r"<img|!\[")


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence that the page's model wrote, and where."""

    text: str
    place: str


def records(page: str) -> Iterator[tuple[PaperRecord, list[Said], int]]:
    """Yield each paper with what was said of it, and how many lines wrote what arXiv states."""
    for match in _PAPER.finditer(page):
        said = _FIELD.sub("", match["said"])
        record = PaperRecord(
            arxiv_id=match["link"].rsplit("/", 1)[-1].split("v")[0],
            version=1,
            title=" ".join(match["title"].split()),
            abstract=" ".join(match["abstract"].split()),
            authors=tuple(name.strip() for name in match["authors"].split(",")),
            primary_category="cs.CV",
            categories=("cs.CV",),
            comment=match["comment"].strip(),
            published_at=datetime(2024, 10, 12, tzinfo=UTC),
            updated_at=datetime(2024, 10, 12, tzinfo=UTC),
        )
        yield record, list(_sentences(said)), len(_FIELD.findall(match["said"]))


def _sentences(said: str) -> Iterator[Said]:
    place = "takeaways"
    for line in said.split("\n"):
        place = next((name for name, pattern in _PLACES if pattern.search(line)), place)
        if _FURNITURE.match(line) or _MARKUP.search(line):
            continue
        bare = _LABEL.sub("", line, count=1)
        for sentence in re.findall(r"[^。；]+[。；]?", bare):
            if len(sentence.strip()) > 5:
                yield Said(sentence.strip(), place)


def best_refusal(said: Said, record: PaperRecord) -> WithheldReason | None:
    """Offer ``said`` every quote that may help; None when it passes with one."""
    offers = [(sentence,) for sentence in sentences(record.abstract)]
    ranked = sorted((offer[0] for offer in offers), key=lambda quote: -_likeness(said.text, quote))
    offers = [(ranked[0],), tuple(ranked[:2]), tuple(ranked[:3]), *offers]
    reasons = [_refusal(said, record, offer) for offer in offers]
    return None if None in reasons else reasons[0]


def _likeness(claim: str, quote: str) -> int:
    shared = len(stems(claim) & stems(quote))
    shared += 3 * len({name for name, _ in names(claim)} & {name for name, _ in names(quote)})
    return shared + 3 * sum(any(n.agrees_with(q) for q in quantities(quote)) for n in quantities(claim))


def _refusal(said: Said, record: PaperRecord, offer: tuple[str, ...]) -> WithheldReason | None:
    claim = Claim(text=said.text, evidence=tuple(Evidence(quote=quote) for quote in offer))
    return why_withheld(claim, source=record, language="zh-hans", place=said.place)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--shown", action="store_true", help="list what would be shown, too")
    options = parser.parse_args()
    total: Counter[str] = Counter()
    for record, said, fields in records(options.page.read_text()):
        judged = [(each, best_refusal(each, record)) for each in said]
        withheld = [(each, reason) for each, reason in judged if reason]
        total.update(["claims"] * len(judged), withheld=len(withheld), fields=fields)
        print(f"\n{record.title}")
        print(f"    {len(judged)} claims, {len(withheld)} withheld, {fields} fields not a model's to write")
        for each, _ in judged if options.shown else ():
            print(f"    {'shown' if (each, None) in judged else '':<20}{each.place:<22}{each.text[:90]}")
        for each, reason in withheld:
            print(f"    {reason.value:<20}{each.place:<22}{each.text[:90]}")
            total[reason.value] += 1
    print("\nTogether")
    for name, count in total.most_common():
        print(f"    {name:<22}{count}")
    return int(not total["claims"])


if __name__ == "__main__":
    sys.exit(main())
