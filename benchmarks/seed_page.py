"""The page this service replaces, sentence by sentence: what of it would be shown, and what would not.

    python benchmarks/seed_page.py PAGE.txt [--all] [--beside OURS.md]

Takes each paper's facts and abstract from the page, and each sentence that a model wrote of it as a claim.
The page gives no quotes, so a claim is given the best there is: the sentences of the abstract that share most
numbers and Latin words with it. Prints what is withheld and why, what of the mistakes known from the page
would still be shown, and with --all every sentence that would be. With --beside, a week of
``newsletter export TOPIC --format hexo``: each element of the page, and how often both have it. Exits 1 when
a known mistake is shown, or an element of the page is missing in ours.
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
from newsletter.core.summaries.grounding import Refusal, ground
from newsletter.core.summaries.rules.quantities import quantities
from newsletter.core.summaries.summary import Claim, DetailLevel, Draft, Evidence, Voice

PAPER = re.compile(
    r"^## (?P<title>.+)\n+\*\*Authors:(?P<authors>.+?)\*\*\n+(?P<abstract>.+?)\n+"
    r"\[PDF\]\(http://arxiv\.org/abs/(?P<id>[\d.]+)v(?P<version>\d+)\)(?P<comment>.*)\n"
    r"(?P<written>(?:(?!^## ).*\n?)*)",
    re.MULTILINE,
)
SENTENCE = re.compile(r"[^。！？\n]+[。！？]?")
LEAD = re.compile(r"^[\s>*#\-\d.()（）:：]+|[\s*]+$")
MISTAKES = {
    "a paper's author in invented characters": r"[A-Z][a-z]+ [A-Z][a-z]+（[\u4e00-\u9fff]{2,4}）",
    "a link that is to be confirmed": r"待确认|待补充|尚未提供|链接地址|xxx",
    "not yet published": r"未公开发表|尚未(?:公开)?发表",
    "another paper's method": r"SEINE|StoryDiffusion|语义运动预测器|平滑场景|故事",
    "text-driven for audio-driven": r"文本驱动",
    "hours for tens of minutes": r"数小时|几个?小时",
    "assistant talk": r"您|请注意|希望能够",
    "a figure that is not loaded from here": r"<img",
}
"""What the page gets wrong; none of it may be shown."""


ELEMENTS = {
    **{
        f"front matter: {key}": (rf"^{key}: *\S", rf"^{key}: *\S")
        for key in ("title", "date", "author", "cover", "categories", "description", "keywords")
    },
    "front matter: tags": (r"^tags:\n +- \S", r'^tags: *\["'),
    "front matter: flags of the theme": (
        r"^(?:toc_number|toc_style_simple|mathjax): \S",
        r"^(?:toc_number|toc_style_simple|mathjax): \S",
    ),
    "notice": (r"^>.*$(?!\n>)", r"^> (?!“).*$"),
    "dated heading": (r"^# \d{4}-\d\d-\d\d", r"^## Updated on \d"),
    "paper: title": (r"^## \S", r"^### \S"),
    "paper: authors": (r"^\*\*Authors:", r"^- \*\*Authors\*\*"),
    "paper: abstract": (r"^\*\*Authors:.*\*\*\n+\S", r"^\*\*The abstract\*\*"),
    "paper: PDF with its version": (r"^\[PDF\]\([^)]*v\d+\)", r"^- \*\*PDF\*\*: <[^>]*v\d+>"),
    "paper: comment": (r"^\[PDF\]\([^)]*\) *\S", r"^- \*\*Comment\*\*"),
    "summary": (r"^\*\*Summary\*\*", r"^#### (?:Headline|In the authors’ words)"),
    "takeaways": (r"^\*\*Key Takeaways\*\*", r"^#### Takeaways"),
    "reading: in parts": (r"^\*\*\[ChatPaperFree", r"^#### Problem"),
    "reading: conclusion": (r"^\d\. Conclusion", r"^#### Conclusion"),
    "affiliations": (r"^\d\. Affiliation", r"^- \*\*Affiliations\*\*"),
    "keywords of the paper": (r"^\d\. Keywords", r"^- \*\*Keywords\*\*"),
    "figures in a fold": (r"^<details>", r"^<details>"),
    "quotes behind the claims": (r"^ *> “", r"^ *> “"),
    "who wrote it, and when": (r"^\*.*written by", r"^\*.*written by"),
}
"""Name → how it looks on the page, and how in ours."""


@dataclass(frozen=True)
class Judged:
    text: str
    reason: str
    """Empty when it would be shown."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("page", type=Path)
    parser.add_argument("--all", action="store_true", help="print every sentence that would be shown")
    parser.add_argument("--beside", type=Path, metavar="OURS.md", help="a week of ours, to compare elements")
    options = parser.parse_args()
    judged, page = [], options.page.read_text(encoding="utf-8")
    lacking = beside(page, options.beside.read_text(encoding="utf-8")) if options.beside else 0
    for found in PAPER.finditer(page):
        paper = record(found)
        each = [judge(text, paper=paper) for text in claims(found["written"])]
        judged += each
        shown = [claim for claim in each if not claim.reason]
        print(f"{paper.arxiv_id}  {len(shown):3} of {len(each):3} sentences  {paper.title[:60]}")
        if options.all:
            print("\n".join(f"    {claim.text}" for claim in shown))
    return report(judged) or bool(lacking)


def beside(page: str, ours: str) -> int:
    """Print how often each element is in both; return how many of the page's are not in ours."""
    lacking = 0
    print(f"{'element':<36}{'page':>6}{'ours':>6}")
    for name, (theirs, own) in ELEMENTS.items():
        there, here = (len(re.findall(f"(?m){form}", text)) for form, text in ((theirs, page), (own, ours)))
        lacking += bool(there and not here)
        print(f"{name:<36}{there:6}{here:6}{'  lacking' if there and not here else ''}")
    print()
    return lacking


def report(judged: list[Judged]) -> int:
    print("\nwithheld")
    for reason, count in Counter(claim.reason for claim in judged if claim.reason).most_common():
        print(f"  {count:4}  {reason}")
    print("\nknown mistakes of the page                   made  shown")
    failed = 0
    for name, pattern in MISTAKES.items():
        made = [claim for claim in judged if re.search(pattern, claim.text)]
        shown = [claim for claim in made if not claim.reason]
        failed += len(shown)
        print(f"  {name:<42}{len(made):5}{len(shown):7}")
        print("".join(f"      {claim.text}\n" for claim in shown), end="")
    return 1 if failed else 0


def record(found: re.Match[str]) -> PaperRecord:
    day = datetime(2024, 10, 12, tzinfo=UTC)
    return PaperRecord(
        arxiv_id=found["id"],
        version=int(found["version"]),
        title=" ".join(found["title"].split()),
        abstract=" ".join(found["abstract"].split()),
        authors=tuple(name.strip() for name in found["authors"].split(",")),
        primary_category="cs.CV",
        categories=("cs.CV",),
        published_at=day,
        updated_at=day,
        comment=found["comment"].strip(),
    )


def claims(written: str) -> Iterator[str]:
    """Yield the sentences that a model wrote, without headings of one word."""
    for line in written.splitlines():
        for sentence in SENTENCE.findall(line):
            text = LEAD.sub("", sentence)
            if len(text) > 8:
                yield text


def judge(text: str, *, paper: PaperRecord) -> Judged:
    evidence = tuple(Evidence(quote=quote) for quote in quotes(text, abstract=paper.abstract))
    draft = Draft(headline=Claim(text=text, evidence=evidence), detail=DetailLevel.HEADLINE)
    checked = ground(draft, source=paper, language="zh-hans", voice=Voice.MODEL)
    return Judged(text, str(checked.reason) if isinstance(checked, Refusal) else "")


def quotes(text: str, *, abstract: str) -> list[str]:
    """Return the one or two sentences that bear most of what can be compared."""
    said = set(re.findall(r"[A-Za-z][\w-]+", text.lower())) | {str(each) for each in quantities(text)}
    whole = sentences(abstract)

    def shared(sentence: str) -> int:
        words = set(re.findall(r"[A-Za-z][\w-]+", sentence.lower()))
        numbers = quantities(sentence)
        stated = quantities(text)
        return len(said & words) + 3 * sum(any(one.agrees_with(two) for two in numbers) for one in stated)

    best = sorted(whole, key=shared, reverse=True)[:2]
    return best if best and shared(best[-1]) else best[:1]


if __name__ == "__main__":
    sys.exit(main())
