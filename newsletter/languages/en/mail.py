"""The mail in English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from types import MappingProxyType

from newsletter.core.arxiv.figures import ShownFigure, licence_name
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.revisions import Change, Revision
from newsletter.core.delivery.cadence import Cadence
from newsletter.core.digests.digest import CardWhy, Digest, Learned
from newsletter.core.digests.message import emphasis, placeholder
from newsletter.core.digests.selection import WhyCode
from newsletter.core.digests.typography import NO_BREAK, AuthorLine, cut, short_name, title_half
from newsletter.core.summaries.paper_kinds import PaperKind, Part
from newsletter.core.summaries.summary import DetailLevel
from newsletter.languages.en.cadences import WEEKDAYS, in_words, series

_SMALL = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_HEADS = {
    Part.PROBLEM: "Problem",
    Part.METHOD: "Method",
    Part.RESULTS: "Results",
    Part.LIMITS: "Limits",
}
_OWN_HEADS = {
    (PaperKind.DATASET, Part.METHOD): "How it was made",
    (PaperKind.DATASET, Part.RESULTS): "Contents and results",
    (PaperKind.SURVEY, Part.PROBLEM): "Background",
    (PaperKind.SURVEY, Part.METHOD): "What it covers",
    (PaperKind.SURVEY, Part.RESULTS): "Findings",
    (PaperKind.THEORY, Part.METHOD): "Setting and proof",
    (PaperKind.POSITION, Part.PROBLEM): "Background",
    (PaperKind.POSITION, Part.METHOD): "Position and arguments",
    (PaperKind.POSITION, Part.RESULTS): "Implications",
    (PaperKind.SYSTEM, Part.METHOD): "Design",
    (PaperKind.SYSTEM, Part.RESULTS): "Evaluation",
}
"""Other headings for some kinds of papers."""
_CHECKED_WITHOUT_WORDS = (
    "their quotes, numbers in digits, links and markup checked against them (the wording was not checked)"
)
"""For a language that grounding has no tables for."""
_WHY_NO_SUMMARY = {
    "late": "the summary was not ready in time",
    "daily_cap": "the day’s limit for summaries was reached",
    "withheld": "the summary was taken down after a mistake was reported",
}
_WHY_NO_READING = {
    "no_full_text": "the full text could not be read",
    "no_model": "a reading takes a model, and none writes here",
    "late": "it was not ready in time",
    "incomplete": "not every section could be backed by quotes",
}
_TEXTS = {Change.TITLE: "title", Change.ABSTRACT: "abstract"}
_VENUES = {Change.ACCEPTED: "accepted at {}", Change.PUBLISHED: "published in {}"}
LONGEST_KEPT = 46
"""Characters of the title of a paper that a why line names."""
LONGEST_PLACE = 60
"""Characters of a section's title."""


class MailWords:
    lang = "en"
    labels: Mapping[str, str] = MappingProxyType(
        {
            "read_on": "Read on",
            "pdf": "PDF",
            "code": "Code",
            "project": "Project",
            "not_stated": "Not stated in the paper.",
            "no_numbers": "No numbers in the abstract.",
            "listed": "By title",
            "near": "Near your topics",
            "near_note": "No topic of yours asks for these; they are close to what you keep.",
            "revised": "Revised since you read it",
            "what_changed": "What changed",
            "save": "Save",
            "more": "More like this",
            "less": "Not for me",
            "taste": "See or undo it",
            "feedback": "Save, More like this, Not for me",
            "first": "Your first digest, and how to read it",
            "first_paper": "What a paper says is ",
            "first_like": "set like this",
            "first_we": ". What we say about it is set like this. ",
            "first_marked": " of a quote are the evidence for our sentence.",
            "first_text": "What stands in “quotes” is the paper’s own, and the evidence for our sentences.",
            "first_acts": (
                "Save, More like this and Not for me teach the order. "
                "Nothing else is recorded: no opens, no clicks."
            ),
            "own_words": "Sentences of the abstracts, shortened where “…” stands; no model wrote anything.",
            "figures": "Figures are from the papers, made smaller; each paper’s page names its licence.",
            "not_complete": "Not complete.",
            "correction": "Correction.",
            "announcement": "From the operator.",
            "correction_link": "The corrected summary",
            "taken_down": "The summary of “{title}” that you got was wrong, and is withdrawn.",
            "amended": "A sentence of the summary of “{title}” was wrong. It now reads: {text}",
            "announcement_link": "Read more",
            "widen_before": "Too quiet? ",
            "widen": "Widen a topic",
            "widen_after": ", or add one.",
            "preferences": "Topics and schedule",
            "saved": "Saved papers",
            "browser": "In the browser",
            "unsubscribe": "Unsubscribe",
            "unsubscribe_topic": "Or from one topic only",
            "source": "Metadata from arXiv, which has not reviewed or endorsed this mail.",
            "colon": ":",
            "full_stop": ".",
            "gap": " ",
        }
    )

    def service(self, name: str) -> str:
        return name

    def day(self, day: date) -> str:
        return f"{day.day}{NO_BREAK}{_MONTHS[day.month - 1]} {day.year}"

    def period(self, digest: Digest) -> str:
        end = digest.slot_date
        start = end - timedelta(days=digest.covers_days)
        if digest.covers_days <= 1:
            return f"{WEEKDAYS[end.weekday()]} {self.day(end)}"
        if digest.covers_days == 7:
            return f"Week of {self.day(start)}"
        return self._span(start, end)

    def subject(self, *, title: str, more: int, is_short: bool) -> tuple[str, str]:
        papers = "" if is_short else " papers" if more > 1 else " paper"
        return title_half(title), f", and {more} more{papers}" if more else ""

    def quiet_subject(self, digest: Digest, *, topics: Sequence[str]) -> str:
        if digest.knows_nothing:
            return f"arXiv {_how_it_answered(digest)}{_period_word(digest)}"
        return f"Nothing new on {_either(topics)}" if topics else f"Nothing new{_period_word(digest)}"

    def first_of(self, number: int) -> str:
        return f"First of {number}"

    def front(self, number: int) -> str:
        return f"{_number(number).capitalize()} more, a line each"

    def share(self, shown: int, total: int) -> tuple[str, str, str]:
        return f"{shown} of ", f"{total:,}", ""

    def statistic(self, digest: Digest, *, in_full: int, is_last: bool) -> str:
        total, scanned = digest.matched, max(digest.scanned, digest.matched)
        if not total:
            return ""
        said = _number if digest.summarised < len(_SMALL) else _figures
        matched = f"{total:,} of {scanned:,} new paper{'' if scanned == 1 else 's'} matched"
        rest = total - digest.summarised
        if is_last:
            these = "this one comes" if digest.summarised == 1 else f"these {said(digest.summarised)} come"
            places = [f"{these} first for you"] if rest else []
        elif in_full == digest.summarised:
            places = [
                "it stands in full below" if in_full == 1 else f"these {said(in_full)} stand in full below"
            ]
        else:
            places = [f"{said(in_full)} of these {said(digest.summarised)} stand in full below"]
        if rest:
            listed = len(digest.listed)
            others = f"the other {_figures(rest)}" if rest > 1 else "the other one"
            places.append(
                f"{others} by title" if listed == rest else f"of {others} {_number(listed)} by title"
            )
        return f"{matched}. {_sentence(', '.join(places))}" if places else f"{matched}."

    def asides(self, digest: Digest) -> tuple[str, ...]:
        found = []
        if digest.empty_dates:
            found.append(f"Nothing matched your topics on {self._days(digest.empty_dates)}.")
        if digest.reduced:
            papers = "one paper is" if digest.reduced == 1 else f"{_number(digest.reduced)} papers are"
            found.append(
                f"To stay below the size at which mail programs cut a mail short, {papers} shown here in "
                "less detail than you asked for. The paper pages hold the rest."
            )
        return tuple(found)

    def shortfall(self, number: int, *, lacks: DetailLevel | None, reason: str) -> str:
        papers = "One paper" if number == 1 else f"{_number(number).capitalize()} papers"
        verb = "stands" if number == 1 else "stand"
        if lacks is None:
            why = _WHY_NO_SUMMARY.get(reason, "no summary could be used")
            return f"{papers} {verb} in the authors’ words: {why}."
        if lacks is DetailLevel.READING:
            why = _WHY_NO_READING.get(reason, "it is not complete")
            return f"{papers} {verb} in the shorter form, without a reading: {why}."
        return f"{papers} {verb} with the finding alone: nothing else could be backed by a quote."

    def not_complete(self, digest: Digest) -> str:
        found = []
        if digest.failed_gathers:
            days = self._days(digest.failed_gathers)
            those = "that day" if len(set(digest.failed_gathers)) == 1 else "those days"
            found.append(
                f"arXiv gave no answer on {days}. Papers of {those} may be missing; they will follow."
            )
        if digest.doubtful_gathers:
            days = self._days(digest.doubtful_gathers)
            those = "that day" if len(set(digest.doubtful_gathers)) == 1 else "those days"
            found.append(
                f"arXiv had not answered fully on {days}. "
                f"Papers of {those} may be missing; what comes later will follow."
            )
        if digest.unasked_dates:
            days = self._days(digest.unasked_dates)
            found.append(f"No mail came on {days}, when arXiv could not be asked.")
        if digest.half_answered_dates:
            days = self._days(digest.half_answered_dates)
            found.append(f"No mail came on {days}, when arXiv had not answered fully.")
        return " ".join(found)

    def quiet(self, digest: Digest, *, topics: Sequence[str]) -> tuple[str, str]:
        period = _period_word(digest)
        if digest.knows_nothing:
            what = f"arXiv {_how_it_answered(digest)}{period}, so what is new there is not known yet."
            return what, "The next digest comes as usual. What has come out meanwhile will be in it."
        if not digest.scanned:
            known = "are known so far" if digest.may_lack_papers else "came out"
            what = f"No new papers {known} in your fields{period}."
        else:
            what = f"Nothing new on {_either(topics) if topics else 'your topics'}{period}."
        start, end = digest.slot_date - timedelta(days=digest.covers_days), digest.slot_date
        one = "paper was" if digest.scanned == 1 else "papers were"
        when = f"between {self._span(start, end, joint='and')}" if digest.covers_days > 1 else "today"
        compared = f"{digest.scanned:,} new {one} compared with your topics {when}." if digest.scanned else ""
        last = f"Your last match came on {self.day(digest.last_match)}." if digest.last_match else ""
        return what, " ".join(filter(None, (compared, last))) or "The next digest comes as usual."

    def authors(self, line: AuthorLine) -> tuple[str, str]:
        rest = line.total - len(line.names)
        if line.is_collaboration:
            return series(line.names), f", {self._people(line.total)}" if line.total else ""
        if len(line.names) == 1:
            return line.names[0], f" and {rest:,}{NO_BREAK}more" if rest else ""
        if not rest:
            return ", ".join(line.names), ""
        return " … ".join(line.names), f", {self._people(line.total)}"

    def where(self, place: str) -> str:
        if place in ("abstract", "title"):
            return f"from{NO_BREAK}the{NO_BREAK}title" if place == "title" else ""
        section = f"“{cut(place, limit=LONGEST_PLACE)}”" if place else f"the{NO_BREAK}text"
        return f"from{NO_BREAK}{section}"

    def figure(self, number: str) -> str:
        return f"Figure {number}"

    def credit(self, figure: ShownFigure, *, paper: PaperRecord) -> str:
        several = f"{paper.authors[0]} et al." if len(paper.authors) > 2 else " and ".join(paper.authors)
        source = f"{self.figure(figure.number)} from {paper.title}"
        return ", ".join(filter(None, (source, several, licence_name(figure.licence_url), "resized")))

    def head(self, part: Part, *, kind: PaperKind) -> str:
        return _OWN_HEADS.get((kind, part), _HEADS[part])

    def withheld(self, number: int) -> str:
        return f"{number} claim{'' if number == 1 else 's'} withheld: no evidence." if number else ""

    def why_chosen(self, why: CardWhy) -> str:
        if why.code is WhyCode.FOLLOWS:
            return f"You follow {why.author}."
        if why.code is WhyCode.NAMESAKE:
            return f"You follow {why.author}; this may be another person of that name."
        if why.code is WhyCode.BREADTH:
            return "For breadth: drawn from the rest of your matches."
        terms = ", ".join(why.terms)
        if why.title:
            return f"Because you kept {emphasis(short_name(why.title, limit=LONGEST_KEPT))}: {terms}."
        return f"Because of what you keep: {terms}."

    def happened(self, revision: Revision) -> str:
        if revision.is_gone:
            return f"withdrawn by {'arXiv' if Change.REMOVED in revision.changes else 'its authors'}"
        texts = " and ".join(_TEXTS[change] for change in revision.changes if change in _TEXTS)
        parts = [f"version {revision.version}: its {texts} changed"] if texts else []
        parts += [_VENUES[change].format(revision.venue) for change in revision.changes if change in _VENUES]
        return "; ".join(parts)

    def learned(self, learned: Learned) -> str:
        acts = [
            (learned.saved, "saved {}"),
            (learned.more, "asked for more like {}"),
            (learned.less, "set {} aside"),
        ]
        said = [form.format(_papers(number)) for number, form in acts if number]
        return f"Since the last digest you {series(said)}; the order above follows that."

    def and_more(self, number: int) -> str:
        return f"and {number:,} more, by title"

    def who_wrote(
        self,
        writers: Sequence[tuple[str, tuple[date, ...]]],
        *,
        claims: int,
        withheld: int,
        in_words: bool,
    ) -> str:
        use = "For a first screening, not for citing."
        judge = "Whether a claim says what its quote says is for you to judge."
        if not writers:
            return use
        authors = series([f"{model} {self._when(days)}" for model, days in writers])
        how = "checked against them" if in_words else _CHECKED_WITHOUT_WORDS
        kept = f"{claims:,} claim{' stands' if claims == 1 else 's stand'}"
        held = f", {withheld:,} {'was' if withheld == 1 else 'were'} withheld" if withheld else ""
        return (
            "Sentences in serif are the paper’s own; the marked words carry the claim. "
            f"Sentences like this one were written by {authors} and {how}: {kept}{held}. {judge} {use}"
        )

    def cadence(self, digest: Digest) -> str:
        at = f"at {digest.at} ({digest.timezone})"
        return f"{in_words(Cadence.parse(digest.cadence))} {at}" if digest.cadence else at

    def why(self, digest: Digest) -> tuple[str, ...]:
        first = f"You get this {placeholder('cadence')}" if digest.cadence else "You get this"
        if digest.confirmed_by_operator:
            reason = f"because the operator of this service added {placeholder('email')}"
        elif digest.confirmed_on:
            reason = f"because you confirmed {placeholder('email')}"
        else:
            return (first, f"because {placeholder('email')} is subscribed.")
        return (
            (first, reason, f"on {placeholder('confirmed_on')}.")
            if digest.confirmed_on
            else (first, f"{reason}.")
        )

    def _people(self, number: int) -> str:
        return f"{number:,}{NO_BREAK}author{'' if number == 1 else 's'}"

    def _when(self, days: tuple[date, ...]) -> str:
        if len(days) == 1:
            return f"on {self.day(days[0])}"
        return f"between {self._span(min(days), max(days), joint='and')}"

    def _span(self, start: date, end: date, *, joint: str = "to") -> str:
        if (start.year, start.month) == (end.year, end.month):
            return f"{start.day} {joint} {self.day(end)}"
        year = "" if start.year == end.year else f" {start.year}"
        return f"{start.day}{NO_BREAK}{_MONTHS[start.month - 1]}{year} {joint} {self.day(end)}"

    def _days(self, days: Sequence[date]) -> str:
        months = groupby(sorted(set(days)), key=lambda day: (day.year, day.month))
        return series(
            [
                f"{series([str(day.day) for day in group])}{NO_BREAK}{_MONTHS[m - 1]}"
                for (_, m), group in months
            ]
        )


def _number(number: int) -> str:
    return _SMALL[number] if number < len(_SMALL) else _figures(number)


def _either(topics: Sequence[str]) -> str:
    *others, last = topics
    return f"{', '.join(others)} or {last}" if others else last


def _papers(number: int) -> str:
    return "one paper" if number == 1 else f"{_number(number)} papers"


def _figures(number: int) -> str:
    return f"{number:,}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _how_it_answered(digest: Digest) -> str:
    return "has not answered fully" if digest.is_half_answered else "could not be asked"


def _period_word(digest: Digest) -> str:
    return {1: " today", 7: " this week", 14: " in two weeks"}.get(digest.covers_days, "")
