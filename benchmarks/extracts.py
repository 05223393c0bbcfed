"""How good extracts are: headlines and takeaways of 180 abstracts, graded by hand.

    python benchmarks/extracts.py --grades
    python benchmarks/extracts.py FOLDER [--sample A]

FOLDER holds a week of saved API answers (1 to 5 June 2026). It prints what an extract shows now, each
sentence with its grade, and counts the grades; a sentence that nobody has graded counts as "unknown".

The papers are the first of the week in the order of ``drawn``: A those up to 60, B from 200 to 260, C from
360 to 420. Rules were tuned on others. Sentences of the old rules ("3") and of the new ones ("draft") were
graded in one list without a sign of which had chosen them. What A taught changed the rules before B was
graded, and B's before C: "draft" is each sample as first graded, "4" what the rules show since. The 31
sentences that came in by that were graded with the rules known.

Grades of a headline, with the title beside it: "result" (what was found), "contribution" (what was made, more
than the title says), "weak" (a topic, a detail, a set-up, empty, or not to be understood alone), "misleading"
(background or other work as if it were the finding). Of a takeaway: "method", "result", "conclusion",
"background", "dangling" (needs its neighbours), "empty" (an outline, a promise, where the code is).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from newsletter.adapters.arxiv.feed import parse
from newsletter.adapters.llm.extractive import ExtractiveSummariser
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.summary import DetailLevel

GRADES = Path(__file__).parent / "extracts" / "grades.csv"
SAMPLES = {"A": slice(0, 60), "B": slice(200, 260), "C": slice(360, 420)}
HEADLINE = ("result", "contribution", "weak", "misleading")
TAKEAWAY = ("method", "result", "conclusion", "background", "dangling", "empty")
UNKNOWN = "unknown"


def drawn(papers: Iterable[PaperRecord]) -> list[PaperRecord]:
    """Order by hash within an archive, and mix the archives so that any stretch has each in proportion."""
    archives = defaultdict(list)
    for paper in papers:
        archives[paper.primary_category.partition(".")[0]].append(paper)
    placed = []
    for archive in archives.values():
        archive.sort(key=lambda paper: hashlib.sha256(f"extracts {paper.arxiv_id}".encode()).hexdigest())
        placed += [
            ((place + 0.5) / len(archive), paper.arxiv_id, paper) for place, paper in enumerate(archive)
        ]
    return [paper for _, _, paper in sorted(placed, key=lambda each: each[:2])]


def read_papers(folder: Path) -> list[PaperRecord]:
    newest = {
        paper.arxiv_id: paper
        for path in sorted(folder.glob("*.xml"))
        for paper in parse(path.read_bytes()).papers
    }
    return drawn(newest.values())


def sentence_key(text: str) -> str:
    """Stand for a sentence without its words: abstracts are not kept here."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:10]


def read_grades() -> list[dict[str, str]]:
    with GRADES.open(newline="") as file:
        return list(csv.DictReader(file))


def print_graded() -> None:
    """Print what the grades say of each sample and version of the rules."""
    rows = read_grades()
    for sample in SAMPLES:
        for rules in ("3", "draft", "4"):
            shown = [row for row in rows if row["sample"] == sample and rules in row["rules"].split()]
            counts = {
                place: Counter(row["grade"] for row in shown if row["place"] == place)
                for place in ("headline", "takeaway")
            }
            print_counts(f"{sample}, rules {rules}", counts)


def print_counts(name: str, counts: Mapping[str, Counter[str]]) -> None:
    print(f"\n{name}")
    for place, grades in (("headline", HEADLINE), ("takeaway", TAKEAWAY)):
        total = counts[place].total()
        said = "  ".join(
            f"{grade} {counts[place][grade]} ({counts[place][grade] / max(1, total):.0%})"
            for grade in (*grades, UNKNOWN)
            if grade != UNKNOWN or counts[place][UNKNOWN]
        )
        print(f"  {place}s {total:>4}: {said}")


def show_now(papers: list[PaperRecord], *, sample: str) -> None:
    """Print the extracts of ``sample`` as they are now, with the grades that are known."""
    known = {(row["paper"], row["place"], row["sentence"]): row["grade"] for row in read_grades()}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for paper in papers[SAMPLES[sample]]:
        draft = ExtractiveSummariser().summarize(paper, language="en", detail=DetailLevel.TAKEAWAYS)
        print(f"\n{paper.arxiv_id} {paper.primary_category}  {paper.title}")
        for place, claim in (("headline", draft.headline), *(("takeaway", each) for each in draft.takeaways)):
            grade = known.get((paper.arxiv_id, place, sentence_key(claim.text)), UNKNOWN)
            counts[place][grade] += 1
            print(f"  {'' if place == 'headline' else '- '}{claim.text}  [{grade}]")
    print_counts(f"{sample}, rules {ExtractiveSummariser.prompt_version}, as they are now", counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="saved API answers")
    parser.add_argument("--sample", choices=SAMPLES, help="only this sample")
    parser.add_argument("--grades", action="store_true", help="print the grades; no papers are needed")
    options = parser.parse_args()
    if options.grades:
        print_graded()
    elif options.folder:
        papers = read_papers(options.folder)
        for sample in [options.sample] if options.sample else SAMPLES:
            show_now(papers, sample=sample)
    else:
        parser.error("name a folder of saved answers, or ask for --grades")


if __name__ == "__main__":
    main()
