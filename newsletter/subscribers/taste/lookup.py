"""Which papers the entries of a library are: among ours by id, DOI and title, else at arXiv by id and title.

A step asks arXiv once, so that what was found can be stored between two.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from newsletter.adapters.ports import PaperFinder
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.taste.library import LibraryEntry
from newsletter.core.taste.names import compare_names
from newsletter.core.taste.terms import fold
from newsletter.errors import PermanentError
from newsletter.models import Paper
from newsletter.models.limits import faults

MOST_IDS = 200
"""Of one request."""
MOST_TITLES = 100
"""Titles that arXiv is asked for, of one import."""
TITLES_AT_ONCE = 10
MOST_REFUSALS = 20
"""What arXiv refuses is halved, down to the entry at fault; so often at most."""
CHUNK = 500
FEWEST_WORDS = 3
"""Of a title that is believed without an author: "Introduction" is many papers."""
_NO_LETTER = re.compile(r"[\W_]+")


class Reason(StrEnum):
    """Why an entry was not found."""

    NOT_FOUND = "not_found"
    NOT_ASKED = "not_asked"
    """There were more titles than are asked for."""
    UNANSWERED = "unanswered"
    """arXiv could not be asked, or refused to look."""


@dataclass(frozen=True, slots=True)
class Sought:
    """An entry to be found. It has an id, a DOI or a title."""

    arxiv_id: str
    doi: str
    title: str
    authors: tuple[str, ...]

    @classmethod
    def of(cls, entry: LibraryEntry) -> Sought:
        return cls(entry.arxiv_id or "", entry.doi or "", entry.title, entry.authors)

    def __str__(self) -> str:
        return self.title or self.arxiv_id or self.doi

    def is_it(self, paper: PaperRecord) -> bool:
        """Whether the ids agree, or without one the title and an author."""
        if self.arxiv_id:
            return self.arxiv_id == paper.arxiv_id
        if title_key(self.title) != title_key(paper.title):
            return False
        if self.authors and paper.authors:
            return any(compare_names(one, other) for one in self.authors for other in paper.authors)
        return len(self.title.split()) >= FEWEST_WORDS


@dataclass(slots=True)
class Search:
    """What of a library was found, is sought, was missed."""

    sought: list[Sought]
    ours: list[str] = field(default_factory=list)
    """arXiv ids of papers that this service has."""
    others: list[PaperRecord] = field(default_factory=list)
    missing: list[tuple[str, Reason]] = field(default_factory=list)
    _most: int = MOST_IDS
    _refusals: int = 0

    def papers(self) -> list[PaperRecord]:
        """Return what was found, each paper once."""
        found = {record.arxiv_id: record for record in (*_records(self.ours), *self.others)}
        return list(found.values())

    def look_by_id(self) -> None:
        """Find what we have by its id: by an index, in no time."""
        known = {record.arxiv_id for record in _records(each.arxiv_id for each in self.sought)}
        self._took({each: each.arxiv_id for each in self.sought if each.arxiv_id in known})

    def look_among_ours(self) -> None:
        """Find what we have by DOI or title, in one pass over all papers: a second for each 100,000."""
        dois = {each.doi for each in self.sought if each.doi and not each.arxiv_id}
        titles = {title_key(each.title) for each in self.sought if each.title and not each.arxiv_id}
        if not dois and not titles:
            return
        by_doi: dict[str, str] = {}
        by_title = defaultdict[str, list[str]](list)
        for arxiv_id, doi, title in Paper.objects.values_list("arxiv_id", "doi", "title").iterator():
            if doi and doi.lower() in dois:
                by_doi[doi.lower()] = arxiv_id
            if (key := title_key(title)) in titles:
                by_title[key].append(arxiv_id)
        records = {
            paper.arxiv_id: paper for paper in _records(each for ids in by_title.values() for each in ids)
        }
        found = {}
        for each in self.sought:
            alike = [records[name] for name in by_title.get(title_key(each.title), ()) if name in records]
            same = by_doi.get(each.doi) or next((paper.arxiv_id for paper in alike if each.is_it(paper)), "")
            if same and not each.arxiv_id:
                found[each] = same
        self._took(found)

    def ask(self, finder: PaperFinder) -> None:
        """Ask arXiv once. Raises TemporaryError, and then nothing was changed."""
        by_title = [each for each in self.sought if not each.arxiv_id]
        self._missed([each for each in by_title if not title_key(each.title)], Reason.NOT_FOUND)
        by_title = [each for each in by_title if title_key(each.title)]
        self._missed(by_title[MOST_TITLES:], Reason.NOT_ASKED)
        group = [each for each in self.sought if each.arxiv_id][: self._most]
        ids = [each.arxiv_id for each in group]
        group = group or by_title[: min(self._most, TITLES_AT_ONCE)]
        if not group:
            return
        try:
            answer = finder.by_ids(ids) if ids else finder.by_titles([each.title for each in group])
        except PermanentError:
            self._refused(group)
            return
        self._most = MOST_IDS
        sound = [paper for paper in answer.papers if not _faults(paper)]
        found = {each: paper for paper in reversed(sound) for each in group if each.is_it(paper)}
        self.others += found.values()
        self._missed([each for each in group if each not in found], Reason.NOT_FOUND)
        self._leave(found)

    def give_up(self) -> None:
        self._missed(list(self.sought), Reason.UNANSWERED)

    def _refused(self, group: Sequence[Sought]) -> None:
        """Ask for half of it next; give up what is refused alone, and everything after too many refusals."""
        self._refusals += 1
        if self._refusals > MOST_REFUSALS:
            self.give_up()
        elif len(group) == 1:
            self._missed(group, Reason.UNANSWERED)
            self._most = MOST_IDS
        else:
            self._most = len(group) // 2

    def _took(self, found: Mapping[Sought, str]) -> None:
        self.ours += found.values()
        self._leave(found)

    def _missed(self, those: Sequence[Sought], reason: Reason) -> None:
        self.missing += [(str(each), reason) for each in those]
        self._leave(set(those))

    def _leave(self, those: Collection[Sought]) -> None:
        self.sought = [each for each in self.sought if each not in those]


def title_key(title: str) -> str:
    """Return what spellings of a title share: letters and digits, without case and accents."""
    return _NO_LETTER.sub("", fold(title))


def _faults(paper: PaperRecord) -> list[str]:
    return faults(Paper.from_record(paper, first_seen_at=paper.published_at))


def _records(ids: Iterable[str]) -> list[PaperRecord]:
    wanted = [each for each in dict.fromkeys(ids) if each]
    found: dict[str, PaperRecord] = {}
    for start in range(0, len(wanted), CHUNK):
        chunk = wanted[start : start + CHUNK]
        found |= {paper.arxiv_id: paper.record for paper in Paper.objects.filter(arxiv_id__in=chunk)}
    return [found[each] for each in wanted if each in found]
