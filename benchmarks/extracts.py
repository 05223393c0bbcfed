"""How good extracts are: headlines and takeaways of 180 abstracts, graded by hand.

    python benchmarks/extracts.py --grades
    python benchmarks/extracts.py FOLDER [--sample A]
    python benchmarks/extracts.py --findings WEEK WIDE [--sample tuned | held-out | second]

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

``--findings`` asks less and of other papers: does the headline say what came of it? ``findings.csv`` has
the numbers of the sentences that state a finding, best first; of those that state part of one, or one too
vague to help; and of those that would mislead as a headline. They were written down from the abstracts alone,
before any choice was seen: for 60 papers that weights were tuned on, for 60 held out (another week, other
fields), and for 29 more ("second") when what those 60 showed had led to changes. WEEK is 1 to 5 June 2026,
WIDE 15 to 19.
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
from newsletter.core.arxiv.sentences import opens_small, sentences
from newsletter.core.summaries.clipping import clipped
from newsletter.core.summaries.marks import result_span
from newsletter.core.summaries.openings import CUT
from newsletter.core.summaries.summary import DetailLevel

GRADES = Path(__file__).parent / "extracts" / "grades.csv"
FINDINGS = GRADES.with_name("findings.csv")
SETS = ("tuned", "held-out", "second")
SAMPLES = {"A": slice(0, 60), "B": slice(200, 260), "C": slice(360, 420)}
FINDING_GRADES = ("right", "partly", "misleading")
NONE_GRADES = ("none, though there is one", "none, only part of one exists", "none, and none exists")
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
    """Stand for a sentence without its words: abstracts are not kept here.

    Graded were sentences with a capital where their opening had been cut off.
    """
    text = text.removeprefix(CUT)
    text = text[:1].upper() + text[1:] if opens_small(text) else text
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


def show_findings(papers: Mapping[str, PaperRecord], *, chosen: str) -> None:
    """Print each paper's headline with what it was labelled as, and count."""
    counts: Counter[str] = Counter()
    with FINDINGS.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["set"] == chosen]
    for row in rows:
        paper = papers[row["paper"]]
        written = sentences(paper.abstract)
        if len(written) != int(row["sentences"]):
            raise SystemExit(f"{paper.arxiv_id} is split into sentences anew: its labels no longer fit")
        headline = (
            ExtractiveSummariser().summarize(paper, language="en", detail=DetailLevel.TAKEAWAYS).headline
        )
        text, mark = clipped(headline.text, mark=result_span(headline.text))
        at = next(at for at, each in enumerate(written) if headline.evidence[0].quote in each)
        grade = graded(row, at)
        counts[grade] += 1
        marked = f"{text[: mark[0]]}[{text[slice(*mark)]}]{text[mark[1] :]}" if mark else text
        print(
            f"{paper.arxiv_id} {paper.primary_category}  {grade}: {at} of {row['finding'] or '-'}  {marked}"
        )
    print(f"\n{chosen}, rules {ExtractiveSummariser.prompt_version}: {len(rows)} papers")
    for grade in (*FINDING_GRADES, *NONE_GRADES):
        print(f"  {grade:<30} {counts[grade]:>3} ({counts[grade] / len(rows):.0%})")


def graded(row: Mapping[str, str], at: int) -> str:
    """Say what sentence ``at`` was labelled as; of one that states no finding, whether another does."""
    for grade in FINDING_GRADES:
        if str(at) in row["finding" if grade == "right" else grade].split():
            return grade
    return NONE_GRADES[0 if row["finding"] else 1 if row["partly"] else 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="saved API answers")
    parser.add_argument("--sample", choices=(*SAMPLES, *SETS), help="only this sample")
    parser.add_argument("--findings", action="store_true", help="whether headlines say what came of it")
    parser.add_argument("--grades", action="store_true", help="print the grades; no papers are needed")
    options = parser.parse_args()
    if options.grades:
        print_graded()
    elif options.folders and options.findings:
        labelled = {paper.arxiv_id: paper for folder in options.folders for paper in read_papers(folder)}
        for chosen in [options.sample] if options.sample else SETS:
            show_findings(labelled, chosen=chosen)
    elif options.folders:
        papers = read_papers(options.folders[0])
        for sample in [options.sample] if options.sample else SAMPLES:
            show_now(papers, sample=sample)
    else:
        parser.error("name a folder of saved answers, or ask for --grades")


if __name__ == "__main__":
    main()
