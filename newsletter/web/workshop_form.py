"""The workshop's form: values, the pressed button, and the result.

Trying, proposing and excluding store nothing. The views in ``workshop.py`` save.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from django.http import QueryDict
from django.utils.translation import gettext, ngettext

from newsletter.audience.query_preview import TooBroadError, Trial, recent_papers, try_query
from newsletter.audience.topics import MAX_NAME, checked_query
from newsletter.core.arxiv.categories import is_category
from newsletter.core.arxiv.papers import parse_id
from newsletter.core.arxiv.query import point_at
from newsletter.core.arxiv.query_exclusion import NoRoomError, exclude
from newsletter.core.arxiv.query_proposal import MAX_PAPERS, Proposal, propose
from newsletter.core.arxiv.query_tree import Field, Term, category_code, to_text
from newsletter.errors import BadInput
from newsletter.models import Paper

LONGEST_PASTE = 4_000
_BEFORE, _AFTER = 18, 12
"""Characters shown around an error: they fit a phone's width."""
_BETWEEN = re.compile(r"[\s,;|]+")


@dataclass(slots=True)
class Bench:
    """Values of the form and the results below it."""

    name: str = ""
    query: str = ""
    papers: str = ""
    """Pasted links, ids and categories."""
    previous: str = ""
    """The query before it was replaced, for "Undo"."""
    slug: str = ""
    group: str = ""
    """This and the slug are the operator's."""
    errors: dict[str, str] = field(default_factory=dict)
    """Field → one sentence."""
    detail: str = ""
    """What is wrong with the query, in English, with the character."""
    caret: str = ""
    """The query around the mistake, and a line with a caret under it."""
    notes: list[str] = field(default_factory=list)
    """What was done, and what could not be."""
    proposal: Proposal | None = None
    trial: Trial | None = None

    @classmethod
    def sent(cls, form: QueryDict) -> Bench:
        return cls(
            name=" ".join(form.get("name", "").split())[: 2 * MAX_NAME],
            query=" ".join(form.get("query", "").split())[:LONGEST_PASTE],
            papers=form.get("papers", "").strip()[:LONGEST_PASTE],
            previous=form.get("previous", "")[:LONGEST_PASTE],
            slug=form.get("slug", "").strip()[:200],
            group=" ".join(form.get("group", "").split())[:80],
        )

    def do(self, form: QueryDict, *, now: datetime) -> None:
        """Run the pressed button's action, then try the query."""
        if "exclude" in form:
            self.leave_out(form.get("exclude", ""), now=now)
        elif form.get("action") == "propose":
            self.suggest(now=now)
        elif form.get("action") == "undo":
            self.query, self.previous = self.previous, self.query
        self.attempt(now=now)

    def attempt(self, *, now: datetime) -> None:
        """Try the query; show its error under the field. An empty one is no error yet."""
        if self.query and "query" not in self.errors:
            try:
                self.trial = try_query(self.query, now=now)
            except BadInput as error:
                self.refuse(error)

    def refuse(self, error: BadInput) -> None:
        self.errors["query"] = gettext("The query cannot be read:")
        self.detail = str(error)
        self.caret = _caret(self.query, error)

    def check_name(self) -> None:
        if not 0 < len(self.name) <= MAX_NAME:
            self.errors["name"] = gettext("A name has 1 to %(most)s characters.") % {"most": MAX_NAME}

    def check_query(self) -> None:
        try:
            checked_query(self.query)
        except BadInput as error:
            self.refuse(error)

    # --- proposing -----------------------------------------------------------------------------------------

    def suggest(self, *, now: datetime) -> None:
        """Propose a query from the pasted papers; "Undo" restores the old one."""
        papers, categories = self._pasted()
        recent = recent_papers(now=now)
        records = {paper.pk: paper.record for paper in papers}
        self.proposal = propose(
            records, categories=categories, search=recent.search, recent=len(recent.published_at)
        )
        if self.proposal is None:
            self.errors["papers"] = gettext(
                "There is nothing here to start from: paste links or ids of papers that this service has."
            )
            return
        self._replace(self.proposal.text)
        name = ", ".join(phrase.text for phrase in self.proposal.phrases[:2])
        self.name = self.name or name[:1].upper() + name[1:]

    def _pasted(self) -> tuple[list[Paper], list[str]]:
        """Return the known papers and the categories; note what was left out."""
        ids, categories, strange = _read(self.papers)
        known = {paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=ids)}
        unknown = [name for name in ids if name not in known]
        if unknown:
            self.notes.append(
                ngettext(
                    "This service does not have %(ids)s: paste another paper like it, or its category.",
                    "This service does not have %(ids)s: paste other papers like them, or their categories.",
                    len(unknown),
                )
                % {"ids": ", ".join(unknown[:MAX_PAPERS])}
            )
        if strange:
            self.notes.append(
                gettext("Neither an arXiv link or id nor a category: %(words)s.")
                % {"words": ", ".join(word[:40] for word in strange[:5])}
            )
        papers = [known[name] for name in ids if name in known]
        if len(papers) > MAX_PAPERS:
            self.notes.append(gettext("Only the first %(most)s papers were read.") % {"most": MAX_PAPERS})
        return papers[:MAX_PAPERS], categories

    # --- excluding -----------------------------------------------------------------------------------------

    def leave_out(self, arxiv_id: str, *, now: datetime) -> None:
        """Exclude one matched paper by the phrase that distinguishes it."""
        wrong = Paper.objects.filter(arxiv_id=arxiv_id[:40]).first()
        if wrong is None:
            return
        try:
            checked_query(self.query)
            recent = recent_papers(now=now)
            found = exclude(self.query, wrong=wrong.record, wrong_id=wrong.pk, search=recent.search)
        except NoRoomError:
            self.notes.append(gettext("The query has no room for more: shorten it first."))
        except BadInput as error:
            self.refuse(error)
        else:
            self._replace(found.text)
            self.notes.append(_said(found.dropped, lost=len(found.lost)))

    def _replace(self, query: str) -> None:
        self.previous, self.query = self.query, query


def too_broad(error: TooBroadError) -> str:
    return gettext(
        "Your topics would match about %(count)s papers a week, and %(most)s is the most. "
        "Narrow the query: add AND with a second term, or a category such as cat:cs.CL."
    ) % {"count": error.per_week, "most": error.most}


def _said(dropped: Term, *, lost: int) -> str:
    if dropped.field is Field.ID:
        return gettext("Nothing tells this paper from the right ones: only the paper itself is left out.")
    phrase = {"phrase": to_text(dropped).strip('"'), "num": lost}
    if not lost:
        return gettext("Papers with “%(phrase)s” are left out now; no other match is lost.") % phrase
    return (
        ngettext(
            "Papers with “%(phrase)s” are left out now; %(num)s other match goes with it.",
            "Papers with “%(phrase)s” are left out now; %(num)s other matches go with it.",
            lost,
        )
        % phrase
    )


def _read(pasted: str) -> tuple[list[str], list[str], list[str]]:
    """Return (ids without version, categories, what is neither), each once and in order."""
    ids: dict[str, None] = {}
    categories: dict[str, None] = {}
    strange: dict[str, None] = {}
    for word in filter(None, _BETWEEN.split(pasted)):
        bare = word.strip("<>()[]\"'.,")
        code = category_code(bare.removeprefix("cat:"))
        if found := parse_id(bare):
            ids[found.base] = None
        elif code and is_category(code):
            categories[code] = None
        elif bare.lower() not in ("", "arxiv", "arxiv:"):
            strange[word] = None
    return list(ids), list(categories), list(strange)


def _caret(query: str, error: BadInput) -> str:
    """Return a line of the query around the mistake, and one with a caret under it."""
    if error.position is None or not query:
        return ""
    start = max(0, error.position - _BEFORE)
    part = query[start : error.position + _AFTER]
    pointed = point_at(part, error=BadInput("", position=error.position - start))
    return "\n".join(line.removeprefix("  ") for line in pointed.split("\n")[1:])
