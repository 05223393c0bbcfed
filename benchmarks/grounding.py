"""How well grounding tells what a paper says from what it does not, over claims labelled by hand.

    python benchmarks/grounding.py [--arxiv FOLDER] [--part PART]

Claims over the project's own sample papers stand with their quotes in tests/data/claims. Claims over arXiv's
papers (benchmarks/claims) name an abstract and a span of it: FOLDER holds the saved API answers.
The rules were tuned on the tuned part; the held-out part was written afterwards. Exits 1 when a number passes
that no quote states, or when fewer than 95 % of the supported claims of the tuned part pass.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from newsletter.adapters.arxiv.feed import parse
from newsletter.core.arxiv.full_text import FullText, Role, TextSection
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.grounding import why_withheld
from newsletter.core.summaries.summary import Claim, Evidence

ROOT = Path(__file__).resolve().parent.parent
OWN_CLAIMS, OWN_PAPERS = ROOT / "tests/data/claims", ROOT / "tests/data/papers"
ARXIV_CLAIMS = ROOT / "benchmarks/claims"
WEEK = ROOT / "newsletter/sample/week.xml"

PARTS = ("tuned", "crafted_tuned", "held_out", "crafted_held_out")
"""The crafted ones are what somebody would write who wants to be quoted, or to have a claim pass."""
PLANTED = "+"
"""Instead of a quote: the claim's own text was planted in the abstract."""
SUPPORTED = ("supported", "reworded", "translated")
OF_NUMBERS = ("number", "unit", "vague", "range")
"""Classes of which nothing may pass."""
WANTED_RECALL = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePaper:
    record: PaperRecord
    full_text: FullText | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One claim with its label."""

    paper: SamplePaper
    kind: str
    claim: Claim
    place: str

    @property
    def is_supported(self) -> bool:
        return self.kind in SUPPORTED

    @property
    def language(self) -> str:
        return "zh-hans" if any("\u4e00" <= sign <= "\u9fff" for sign in self.claim.text) else "en"

    def refusal(self) -> str:
        """Why grounding withholds it; empty when it passes."""
        reason = why_withheld(
            self.claim,
            source=self.paper.record,
            full_text=self.paper.full_text,
            language=self.language,
            place=self.place,
        )
        return reason.value if reason else ""


def read_sample_paper(path: Path) -> SamplePaper:
    """Read one of the sample papers with a short full text."""
    stated = tomllib.loads(path.read_text())
    sections = tuple(
        TextSection(
            title=section["title"],
            text=section["text"].strip(),
            role=Role(section.get("role", "own")),
        )
        for section in stated["sections"]
    )
    record = PaperRecord(
        arxiv_id=stated["id"],
        version=1,
        title=stated["title"],
        abstract=stated["abstract"].strip(),
        authors=tuple(stated["authors"]),
        primary_category=stated["category"],
        categories=(stated["category"],),
        comment=stated["comment"],
        published_at=datetime(2026, 11, 20, tzinfo=UTC),
        updated_at=datetime(2026, 11, 20, tzinfo=UTC),
    )
    text = FullText(
        sections=sections,
        keywords=tuple(stated["keywords"]),
        affiliations=tuple(stated["affiliations"]),
    )
    return SamplePaper(record=record, full_text=text)


def own_claims(part: str) -> list[Labelled]:
    """Read the claims of ``part`` (one of ``PARTS``) over the project's own papers."""
    papers = {paper.arxiv_id: SamplePaper(record=paper) for paper in parse(WEEK.read_bytes()).papers}
    for path in sorted(OWN_PAPERS.glob("*.toml")):
        paper = read_sample_paper(path)
        papers[paper.record.arxiv_id] = paper
    return list(_claims(OWN_CLAIMS / f"{part}.toml", papers, quote=lambda _, key: key))


def arxiv_claims(part: str, folder: Path) -> list[Labelled]:
    """Read the claims of ``part`` over the abstracts of ``folder``."""
    papers = {
        paper.arxiv_id: SamplePaper(record=paper)
        for path in sorted(folder.glob("*.xml"))
        for paper in parse(path.read_bytes()).papers
    }
    return list(_claims(ARXIV_CLAIMS / f"arxiv_{part}.toml", papers, quote=_span))


def _span(paper: SamplePaper, key: str) -> str:
    start, _, end = key.partition("-")
    return paper.record.abstract[int(start) : int(end)]


def _claims(path: Path, papers: dict[str, SamplePaper], *, quote: Any) -> Iterator[Labelled]:
    for arxiv_id, quotes in tomllib.loads(path.read_text()).items():
        paper = papers[arxiv_id]
        for key, claims in quotes.items():
            for kind, text, *place in claims:
                judged = _with_planted(paper, text) if key == PLANTED else paper
                evidence = Evidence(quote=text if key == PLANTED else quote(paper, key))
                claim = Claim(text=text, evidence=(evidence,))
                yield Labelled(paper=judged, kind=kind, claim=claim, place=(place or ["takeaways"])[0])


def _with_planted(paper: SamplePaper, text: str) -> SamplePaper:
    """Return ``paper`` with ``text`` at the end of its abstract, as its authors could have written it."""
    record = replace(paper.record, abstract=f"{paper.record.abstract} {text}")
    return replace(paper, record=record)


def report(name: str, labelled: Iterable[Labelled], *, is_tuned: bool) -> bool:
    """Print what passed and what did not; return whether the part is good enough."""
    judged = [(each, each.refusal()) for each in labelled]
    counts: dict[str, Counter[bool]] = defaultdict(Counter)
    for each, refusal in judged:
        counts[each.kind][not refusal] += 1
    print(f"\n{name}: {len(judged)} claims")
    print(f"  {'class':<15}{'claims':>7}{'passed':>8}")
    for kind in sorted(counts, key=lambda kind: (kind not in SUPPORTED, kind)):
        print(f"  {kind:<15}{counts[kind].total():>7}{counts[kind][True]:>8}")
    right = sum(each.is_supported and not refusal for each, refusal in judged)
    passed = sum(not refusal for _, refusal in judged)
    supported = sum(each.is_supported for each, _ in judged)
    print(f"  precision {right}/{passed} = {right / passed:.3f}")
    print(f"  recall    {right}/{supported} = {right / supported:.3f}")
    _list("passes wrongly", [pair for pair in judged if not pair[1] and not pair[0].is_supported])
    _list("withheld wrongly", [pair for pair in judged if pair[1] and pair[0].is_supported])
    false_numbers = sum(counts[kind][True] for kind in OF_NUMBERS)
    return not false_numbers and (not is_tuned or right / supported >= WANTED_RECALL)


def _list(title: str, pairs: list[tuple[Labelled, str]]) -> None:
    print(f"  {title}: {len(pairs)}")
    for each, refusal in pairs:
        print(f"    {each.kind:<14}{each.paper.record.arxiv_id}  {each.claim.text}  {refusal}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--arxiv", type=Path, metavar="FOLDER", help="saved API answers")
    parser.add_argument("--part", choices=PARTS, help="only this part")
    options = parser.parse_args()
    good = True
    for part in [options.part] if options.part else PARTS:
        is_tuned = part.endswith("tuned")
        good &= report(f"{part}, sample papers", own_claims(part), is_tuned=is_tuned)
        if options.arxiv:
            good &= report(f"{part}, arXiv", arxiv_claims(part, options.arxiv), is_tuned=is_tuned)
    if not options.arxiv:
        print("\nClaims over arXiv's papers: not run. Name the folder of saved answers: --arxiv FOLDER")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
