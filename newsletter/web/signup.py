"""The sign-up form: values, errors, and the resulting request."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import HttpRequest, QueryDict
from django.utils.translation import get_language, gettext
from markupsafe import Markup

from newsletter.audience.topics import checked_query, public_topics
from newsletter.core.arxiv.query import MAX_LENGTH, Field
from newsletter.core.delivery.cadence import Cadence, period_days
from newsletter.core.digests.typography import typeset
from newsletter.core.summaries.summary import DetailLevel
from newsletter.errors import BadInput
from newsletter.subscribers.preferences import MAX_PAPERS, MIN_PAPERS
from newsletter.subscribers.signup import JoinRequest, checked_mailbox
from newsletter.web.clients import client_address
from newsletter.web.jinja import language_name
from newsletter.web.pages import service_name
from newsletter.web.preference_fields import DEFAULTS, preference_errors, preferences_of
from newsletter.web.schedules import in_words, is_cadence

FORM = "sign-up page"
"""Its name in the consent record."""
HONEYPOT = "website"
"""A field that no person sees."""
NO_ZONE = "Etc/Unknown"
"""What a browser that cannot tell its zone says (UTS 35): nobody typed it, so nobody is asked to mend it."""
OTHER = "other"
"""The cadence of the row of buttons that stands for the list of all, whose field is ``other_cadence``."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
LONGEST = {"email": 500, "query": MAX_LENGTH + 1, "find": 80}
"""Characters of a field that are kept to be shown again; one too long still is too long."""


def clean(value: object) -> str:
    """Return what was typed into a field as it is kept: no control character, no space around it."""
    return _CONTROL.sub("", str(value)).strip()


@dataclass(frozen=True, slots=True)
class QueryError:
    """Where the typed query is wrong."""

    message: str
    """English, like the query language."""
    before: str
    at_fault: str
    after: str


@dataclass(slots=True)
class SignUpForm:
    values: dict[str, str]
    topics: list[str]
    """Slugs, in the order they were sent."""
    errors: dict[str, str] = field(default_factory=dict)
    """Field → one sentence that says what to do."""
    query_error: QueryError | None = None

    @classmethod
    def empty(cls, *, language: str, topics: Sequence[str] = (), query: str = "") -> SignUpForm:
        query = " ".join(clean(query).split())[: LONGEST["query"]]
        values = {"email": "", "query": query, "find": "", **DEFAULTS, "language": language}
        return cls(values=values, topics=list(topics))

    @classmethod
    def sent(cls, data: QueryDict, *, language: str) -> SignUpForm:
        """Read the fields; one that was not sent has its default."""
        form = cls.empty(language=language, topics=slugs_in(data))
        for name in form.values:
            if name in data:
                form.values[name] = clean(data[name])[: LONGEST.get(name, 80)]
        if form.values["cadence"] == OTHER:
            form.values["cadence"] = clean(data.get("other_cadence", ""))[:80] or DEFAULTS["cadence"]
        if form.values["timezone"] == NO_ZONE:
            form.values["timezone"] = DEFAULTS["timezone"]
        # A browser sends the line breaks of a text area as CRLF.
        form.values["query"] = " ".join(form.values["query"].split())
        return form

    def add_to_query(self, field: Field) -> None:
        """Ask for what was looked for in ``field`` as well: as a name whole, else every word of it."""
        words = self.values["find"].replace('"', " ").split()
        parts = [" ".join(words)] if field is Field.AUTHOR else words
        terms = " AND ".join(f'{field}:"{part}"' for part in parts if part)
        before = self.values["query"]
        self.values["query"] = f"({before}) OR ({terms})" if before and terms else terms or before
        self.values["find"] = ""

    @property
    def max_papers(self) -> int:
        """The number asked for, or the default where what was typed is none."""
        typed = self.values["max_papers"]
        is_number = typed.isascii() and typed.isdigit() and len(typed) < 4
        return min(max(int(typed), MIN_PAPERS), MAX_PAPERS) if is_number else int(DEFAULTS["max_papers"])

    @property
    def preferences(self) -> dict[str, str]:
        return {name: self.values[name] for name in DEFAULTS}

    def check(self) -> None:
        """Validate field by field."""
        self.errors = preference_errors(self.preferences)
        self._check_topics()
        self._check_query()
        if not self.topics and not self.values["query"]:
            missing = gettext("Choose at least one topic, or write one of your own.")
            self.errors.setdefault("topics", missing)
        try:
            checked_mailbox(self.values["email"])
        except BadInput:
            self.errors["email"] = gettext(
                "This is not an e-mail address we can send to. Write one such as ada@example.org."
            )

    def request(self, request: HttpRequest) -> JoinRequest:
        """Return the request of a valid form."""
        return JoinRequest(
            email=checked_mailbox(self.values["email"]),
            preferences=preferences_of(self.preferences),
            topics=self.topics,
            query=self.values["query"],
            form=FORM,
            text_shown=consent_text(),
            ip=client_address(request),
        )

    def _check_topics(self) -> None:
        offered = set(public_topics().values_list("slug", flat=True))
        unknown = [slug for slug in self.topics if slug not in offered]
        self.topics = [slug for slug in self.topics if slug in offered]
        if unknown:
            self.errors["topics"] = gettext("There is no topic “%(given)s” any more. Please look again.") % {
                "given": unknown[0][:80]
            }

    def _check_query(self) -> None:
        query = self.values["query"]
        if not query:
            return
        try:
            checked_query(query)
        except BadInput as error:
            position = len(query) if error.position is None else error.position
            self.errors["query"] = gettext("This query cannot be used; see character %(number)s.") % {
                "number": position + 1
            }
            self.query_error = QueryError(
                str(error), query[:position], query[position : position + 1], query[position + 1 :]
            )


def slugs_in(data: QueryDict) -> list[str]:
    """Return the topics that a form or a link names: ``topics=a&topics=b`` or ``topics=a;b``."""
    parts = (part for value in data.getlist("topics") for part in re.split("[;,]", value))
    slugs = (clean(part)[:80] for part in parts)
    return list(dict.fromkeys(slug for slug in slugs if slug))


def promise(form: SignUpForm, *, matched: int | None) -> Markup:
    """Return in words what the choices bring; ``matched``: last week's papers on the chosen topics."""
    values = form.values
    cadence = Cadence.parse(values["cadence"] if is_cadence(values["cadence"]) else DEFAULTS["cadence"])
    what = {
        DetailLevel.HEADLINE: gettext("with a sentence each"),
        DetailLevel.TAKEAWAYS: gettext("with takeaways"),
        DetailLevel.READING: gettext("with a reading"),
    }
    total = round((matched or 0) * period_days(cadence) / 7)
    if total:
        words = gettext(
            "%(when)s at %(at)s (%(zone)s), in %(language)s: about <b>%(shown)s of %(total)s</b> papers "
            "%(what)s, the rest by title."
        )
    else:
        words = gettext(
            "%(when)s at %(at)s (%(zone)s), in %(language)s: up to %(shown)s papers %(what)s, "
            "the rest by title."
        )
    when = in_words(cadence)
    said = {
        "when": when[:1].upper() + when[1:],
        "at": values["at"],
        "zone": values["timezone"],
        "language": language_name(values["language"]),
        "shown": min(form.max_papers, total) if total else form.max_papers,
        "total": total,
        "what": what[DetailLevel(values["depth"] if values["depth"] in what else DEFAULTS["depth"])],
    }
    return Markup(words) % said  # noqa: S704 - the catalogue's words; the values are escaped


def consent_text() -> str:
    """Return the words next to the button: what somebody who presses it agrees to."""
    words = gettext(
        "I ask %(service)s to send digests of new arXiv papers to this address, as often as chosen above, "
        "and to keep my choices for that. I can leave at any time with one click."
    ) % {"service": service_name()}
    return typeset(words, language=get_language() or "")


def is_by_a_machine(data: Mapping[str, str]) -> bool:
    """Whether the field that no person sees was filled in."""
    return bool(data.get(HONEYPOT))
