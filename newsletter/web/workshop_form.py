"""The workshop's form: values, the pressed button, and the result.

Trying, proposing, including and excluding store nothing. The views in ``workshop.py`` save.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext

from newsletter.adapters.ports import QueryWriter
from newsletter.audience.query_preview import Trial, recent_papers, try_query
from newsletter.audience.topics import MAX_NAME, checked_query
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import point_at
from newsletter.core.arxiv.query_exclusion import NoRoomError, exclude
from newsletter.core.arxiv.query_inclusion import include
from newsletter.core.arxiv.query_proposal import Proposal
from newsletter.errors import BadInput, NewsletterError
from newsletter.models import Paper, Subscriber
from newsletter.subscribers.describe import (
    LONGEST,
    Description,
    Surroundings,
    read_description,
    surroundings,
    write_query,
)
from newsletter.subscribers.quotas import Limit, take
from newsletter.web.workshop_words import excluded, included, nothing_to_propose, what_is_left_out

_BEFORE, _AFTER = 18, 12
"""Characters shown around an error: they fit a phone's width."""


@dataclass(slots=True)
class Bench:
    """Values of the form and the results below it."""

    name: str = ""
    query: str = ""
    about: str = ""
    """What the topic is about: a sentence; pasted links, ids, titles and categories."""
    keeps: bool = False
    """Whether the examples are to be liked when the topic is saved. Nobody who was not asked has said so."""
    was_asked: bool = False
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
    subscriber: Subscriber | None = None
    """Whose topic it is; None: everyone's."""
    _description: Description | None = None
    _surroundings: Surroundings | None = None

    @classmethod
    def sent(cls, form: QueryDict, *, subscriber: Subscriber | None = None) -> Bench:
        return cls(
            subscriber=subscriber,
            name=" ".join(form.get("name", "").split())[: 2 * MAX_NAME],
            query=" ".join(form.get("query", "").split())[:LONGEST],
            about=form.get("about", "").strip()[:LONGEST],
            keeps="keeps" in form,
            was_asked="keeps_shown" in form,
            previous=form.get("previous", "")[:LONGEST],
            slug=form.get("slug", "").strip()[:200],
            group=" ".join(form.get("group", "").split())[:80],
        )

    def do(self, form: QueryDict, *, now: datetime, writer: QueryWriter | None = None) -> None:
        """Run the pressed button's action, then try the query."""
        if "exclude" in form:
            self.leave_out(form.get("exclude", ""), now=now)
        elif "include" in form:
            self.take_in(form.get("include", ""), now=now)
        elif form.get("action") == "write":
            self.have_written(writer, now=now)
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
        """Propose a query from the description; "Undo" restores the old one."""
        around = self.surroundings(now=now)
        self.notes += what_is_left_out(around.description)
        self.proposal = around.proposal()
        if self.proposal is None:
            self.errors["about"] = nothing_to_propose(around)
            return
        self._replace(self.proposal.text)
        if around.given and not self.proposal.phrases:
            self.notes.append(
                gettext(
                    "These papers share no words that few others have, so only their categories are "
                    "asked for: add papers that are more alike, or words."
                )
            )
        texts = [phrase.text.replace(" AND ", " ").replace('"', "") for phrase in self.proposal.phrases]
        name = ", ".join(texts[:2])
        self.name = self.name or name[:1].upper() + name[1:]

    def have_written(self, writer: QueryWriter | None, *, now: datetime) -> None:
        """Have a model write the query; where it cannot, propose one."""
        description = self.description()
        if not (description.sentence or description.examples):
            self.suggest(now=now)
            return
        if writer is None or not self._may_ask(now=timezone.now()):
            self.notes.append(
                gettext("The model has written enough queries today: this one is made of the words.")
            )
            self.suggest(now=now)
            return
        try:
            self._replace(write_query(description, writer=writer))
        except NewsletterError:
            self.notes.append(
                gettext("The model wrote no query that can be read: this one is made of the words.")
            )
            self.suggest(now=now)
        else:
            self.notes += what_is_left_out(description)
            self.notes.append(gettext("A language model wrote this query: look at what it finds."))

    def _may_ask(self, *, now: datetime) -> bool:
        if self.subscriber is None:
            return True
        wanted = [(Limit.QUERIES_OF_A_READER, str(self.subscriber.pk)), (Limit.QUERIES_OF_THE_SERVICE, "")]
        return take(wanted, now=now)

    def description(self) -> Description:
        if self._description is None:
            self._description = read_description(self.about, subscriber=self.subscriber)
        return self._description

    def surroundings(self, *, now: datetime) -> Surroundings:
        if self._surroundings is None:
            self._surroundings = surroundings(self.description(), now=now)
        return self._surroundings

    def liked(self) -> tuple[PaperRecord, ...]:
        """Return the examples that are to be kept with the topic."""
        is_learned = self.subscriber is not None and self.subscriber.learns
        return self.description().examples if self.keeps and is_learned else ()

    # --- including -----------------------------------------------------------------------------------------

    def take_in(self, arxiv_id: str, *, now: datetime) -> None:
        """Include one missed paper by a phrase that it shares with others nearby."""
        wanted = Paper.objects.filter(arxiv_id=arxiv_id[:40]).first()
        if wanted is None:
            return
        try:
            checked_query(self.query)
            around = self.surroundings(now=now)
            search = around.recent.search
            found = include(
                self.query, wanted=wanted.record, wanted_id=wanted.pk, near=around.near, search=search
            )
        except NoRoomError:
            self.notes.append(gettext("The query has no room for more: shorten it first."))
        except BadInput as error:
            self.refuse(error)
        else:
            if found is None:
                self.notes.append(gettext("No word of this paper would bring it in."))
                return
            self._replace(found.text)
            self.notes.append(included(found))

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
            self.notes.append(excluded(found))

    def _replace(self, query: str) -> None:
        self.previous, self.query = self.query, query


def _caret(query: str, error: BadInput) -> str:
    """Return a line of the query around the mistake, and one with a caret under it."""
    if error.position is None or not query:
        return ""
    start = max(0, error.position - _BEFORE)
    part = query[start : error.position + _AFTER]
    pointed = point_at(part, error=BadInput("", position=error.position - start))
    return "\n".join(line.removeprefix("  ") for line in pointed.split("\n")[1:])
