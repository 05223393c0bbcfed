"""A topic in plain words: one sentence, or example papers, become a query that is tried at once.

Nothing is stored. ``core/arxiv/query_proposal.py`` proposes; a model may be asked instead, and its query is
checked and tried like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Q

from newsletter.adapters.infra.taste_near import near_papers
from newsletter.adapters.infra.taste_stored import newest_snapshot
from newsletter.adapters.infra.topic_spans import explain
from newsletter.adapters.ports import PaperFinder, QueryWriter
from newsletter.audience.query_preview import DAYS, Recent, recent_papers
from newsletter.audience.topics import checked_query
from newsletter.core.arxiv.categories import is_category
from newsletter.core.arxiv.nearness import Near
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import Query
from newsletter.core.arxiv.query_proposal import MAX_PAPERS, Proposal, propose
from newsletter.core.arxiv.query_tree import category_code
from newsletter.core.storable import storable
from newsletter.core.summaries.query_prompt import build_query_prompt
from newsletter.core.taste.library import read_text, without_names
from newsletter.models import Paper, Subscriber
from newsletter.subscribers.taste.acts import feedback_on
from newsletter.subscribers.taste.lookup import FEWEST_WORDS, Search, Sought, title_key

LONGEST = 4_000
"""Characters of a description."""
MISSED = 8
"""Papers near that are named where the query does not match them."""
_MOST_TITLES = 10
"""Lines that are looked up as titles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What somebody says that a topic is about."""

    examples: tuple[PaperRecord, ...] = ()
    """At most MAX_PAPERS."""
    sentence: str = ""
    categories: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Ids and DOIs of papers that are not here."""
    withdrawn: tuple[str, ...] = ()
    left_out: int = 0
    """How many examples were too many."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The recent papers, and those among them that a description resembles."""

    description: Description
    recent: Recent
    given: dict[int, PaperRecord] = field(default_factory=dict)
    """The examples: by their database ids, or by negative numbers."""
    near: Near = field(default_factory=Near)

    def proposal(self) -> Proposal | None:
        return propose(
            self.given,
            sentence=self.description.sentence,
            categories=self.description.categories,
            near=self.near,
            search=self.recent.search,
            share=newest_snapshot().share,
        )

    def missed(self, query: Query) -> list[Paper]:
        """Return the papers that the query does not find: recent examples, then what is nearest."""
        found = self.recent.search(query)
        wanted = [pk for pk in self.given if pk in self.recent.published_at]
        wanted += [pk for pk in self.near.ranked if pk not in self.given and self.near.gain([pk]) > 0]
        missed = [pk for pk in wanted if pk not in found][:MISSED]
        papers = Paper.objects.in_bulk(missed)
        return [papers[pk] for pk in missed if pk in papers]

    def found_examples(self, query: Query) -> int:
        return sum(explain(query, record=record) is not None for record in self.given.values())


def read_description(
    text: str, *, subscriber: Subscriber | None = None, finder: PaperFinder | None = None
) -> Description:
    """Find the papers, categories and words in what was typed or pasted.

    Papers are looked up by id, DOI and title among ours, by id among those that the subscriber kept, and
    with a ``finder`` by id at arXiv. What is left over is the sentence. Raises TemporaryError where arXiv
    cannot be asked.
    """
    entries = read_text(text[:LONGEST]).entries
    lines, categories = _words(text[:LONGEST])
    search = Search([Sought.of(entry) for entry in entries if entry.arxiv_id])
    search.look_by_id()
    dois = {entry.doi.lower() for entry in entries if entry.doi and not entry.arxiv_id}
    by_text = _by_text(lines, dois=dois)
    kept = _kept(subscriber, search)
    while finder and search.sought:
        search.ask(finder)
    found = [*search.papers(), *kept, *(paper.record for paper in by_text)]
    papers = {paper.arxiv_id: paper for paper in found}.values()
    examples = [paper for paper in papers if not paper.is_withdrawn]
    titles = {title_key(paper.title) for paper in by_text}
    unknown = [*map(str, search.sought), *(name for name, _ in search.missing)]
    return Description(
        examples=tuple(examples[:MAX_PAPERS]),
        sentence=" ".join(line for line in lines if title_key(line) not in titles),
        categories=tuple(categories),
        unknown=(*unknown, *sorted(dois - {paper.doi.lower() for paper in by_text})),
        withdrawn=tuple(paper.arxiv_id for paper in papers if paper.is_withdrawn),
        left_out=max(0, len(examples) - MAX_PAPERS),
    )


def surroundings(description: Description, *, now: datetime, days: int = DAYS) -> Surroundings:
    """Find the papers of the last ``days`` that a description resembles."""
    recent = recent_papers(days=days, now=now)
    ids = [paper.arxiv_id for paper in description.examples]
    known = dict(Paper.objects.filter(arxiv_id__in=ids).values_list("arxiv_id", "pk"))
    given = {
        known.get(paper.arxiv_id, -number): paper for number, paper in enumerate(description.examples, 1)
    }
    near = near_papers(
        given,
        description.sentence,
        index=recent.index,
        records=recent.records,
        snapshot=newest_snapshot(),
        weeks=recent.weeks,
    )
    return Surroundings(description, recent, given, near)


def write_query(description: Description, *, writer: QueryWriter) -> str:
    """Have a model write a query. Raises BadInput for one that cannot be read, else as the model's call."""
    titles = [paper.title for paper in description.examples]
    words = [description.sentence, *(f"Category: {code}" for code in description.categories)]
    return checked_query(writer.write_query(build_query_prompt("\n".join(words), titles=titles)))


# --- what was typed ---------------------------------------------------------------------------------------


def _words(text: str) -> tuple[list[str], list[str]]:
    """Return (lines without papers and categories, categories)."""
    lines: list[str] = []
    categories: dict[str, None] = {}
    for line in text.splitlines():
        words = []
        for word in without_names(storable(line)).split():
            bare = word.strip("<>()[]{}\"'“”.,;:|")
            code = category_code(bare.removeprefix("cat:"))
            if code and is_category(code):
                categories[code] = None
            elif bare.lower() != "arxiv":
                words.append(word)
        words = [word for word in words if any(character.isalnum() for character in word)]
        if words:
            lines.append(" ".join(words))
    return lines, list(categories)


def _by_text(lines: Sequence[str], *, dois: Collection[str]) -> list[Paper]:
    """Return our papers with one of these titles or DOIs. It reads the whole table, once."""
    titles = [line.strip(" .") for line in lines if len(line.split()) >= FEWEST_WORDS][:_MOST_TITLES]
    wanted = [Q(title__iexact=title) for title in titles] + [Q(doi__iexact=doi) for doi in dois]
    return list(Paper.objects.filter(reduce(or_, wanted)).order_by("pk")[:MAX_PAPERS]) if wanted else []


def _kept(subscriber: Subscriber | None, search: Search) -> list[PaperRecord]:
    """Return the sought papers that the subscriber kept, which outlive ours."""
    if subscriber is None or not search.sought:
        return []
    rows = feedback_on(subscriber, [each.arxiv_id for each in search.sought])
    search.sought = [each for each in search.sought if each.arxiv_id not in rows]
    return [row.record for row in rows.values()]
