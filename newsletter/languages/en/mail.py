"""The mail in English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from types import MappingProxyType

from newsletter.core.arxiv.figures import ShownFigure
from newsletter.core.arxiv.licences import licence_name
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.revisions import Change, Revision
from newsletter.core.delivery.cadence import Cadence
from newsletter.core.digests.digest import CardWhy, Digest, Learned
from newsletter.core.digests.message import placeholder
from newsletter.core.digests.selection import WhyCode
from newsletter.core.digests.typography import NO_BREAK, AuthorLine, cut, short_name
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
_WHY_NO_SUMMARY = {
    "late": "The summary was not ready in time",
    "daily_cap": "The day’s limit for summaries was reached",
    "withheld": "The summary was taken down after a mistake was reported",
}
_CHECKED = (
    "The quotes, numbers and names of every claim were looked for in the paper, and claims that failed were "
    "withheld; whether a claim says what its quote says is for you to judge."
)
_CHECKED_WITHOUT_WORDS = (
    "Of every claim the quotes, the numbers in digits, links and markup were checked against the paper, and "
    "claims that failed were withheld; the wording was not checked."
)
"""For a language that grounding has no tables for."""
_NO_READING = "There is no complete reading of this paper"
_WHY_NO_READING = {
    "no_full_text": "The full text could not be read",
    "no_model": "A reading takes a model, and none writes here",
    "late": "The full reading was not ready in time",
    "incomplete": "Not every section of a reading could be backed by quotes",
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
            "abstract": "Abstract",
            "pdf": "PDF",
            "code": "Code",
            "project": "Project page",
            "citations": "Read with quotes",
            "page": "Paper page",
            "continue": "Continue reading",
            "not_stated": "Not stated in the paper.",
            "listed": "Also matched",
            "near": "Near your topics",
            "near_note": "No topic of yours asks for these; they are close to what you keep.",
            "revised": "Revised since you read it",
            "what_changed": "What changed",
            "save": "Save",
            "more": "More like this",
            "less": "Not for me",
            "taste": "See or undo it",
            "feedback": "Save it, more like this, or not for you",
            "preferences": "Change topics or schedule",
            "unsubscribe": "Unsubscribe",
            "unsubscribe_topic": "Or from one topic only",
            "source": "Metadata from arXiv, which has not reviewed or endorsed this mail.",
            "colon": ":",
            "after_numeral": " ",
            "comma": ",",
            "full_stop": ".",
            "bracketed": " ({})",
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

    def subject(self, digest: Digest, *, names: Sequence[str]) -> str:
        total = digest.matched
        if digest.knows_nothing:
            return f"arXiv {_how_it_answered(digest)}{_period_word(digest)}"
        if not total:
            return f"No new papers matched your topics{_period_word(digest)}"
        rest = total - len(names)
        named = [*names, f"{rest} more"] if rest and names else list(names)
        head = f"{total} new paper{'' if total == 1 else 's'}"
        return f"{head}: {series(named)}" if named else head

    def numeral(self, digest: Digest) -> str:
        if digest.knows_nothing:
            return "arXiv"
        if not digest.scanned and not digest.matched:
            return "0"
        return f"{digest.matched} of {max(digest.scanned, digest.matched):,}"

    def opening(self, digest: Digest) -> str:
        if digest.knows_nothing:
            return f"{_how_it_answered(digest)}{_period_word(digest)}, so what is new there is not known yet."
        if not digest.scanned and not digest.matched:
            known = "are known so far" if digest.may_lack_papers else "came out"
            return f"new papers {known} in your fields{_period_word(digest)}."
        return "new papers matched your topics."

    def account(self, digest: Digest) -> str:
        total, outside = digest.matched, max(0, digest.scanned - digest.matched)
        if not total:
            return _sentence(f"none of the {outside:,} was matched by your queries") if outside > 1 else ""
        if digest.summarised == total:
            whole = {1: "it is", 2: "both are"}.get(total, f"all {_number(total)} are")
            parts = [f"{whole} summarised below"]
        else:
            places = (
                (digest.summarised, "", "summarised below"),
                (len(digest.listed), "", "listed at the end"),
                (digest.counted, " more", "on the digest’s page"),
            )
            # With one large number write all as digits: "31 and ten" looks like a mistake.
            said = _number if max(number for number, _, _ in places) < len(_SMALL) else _figures
            parts = [
                f"{said(number)}{more} {'is' if number == 1 else 'are'} {place}"
                for number, more, place in places
                if number
            ]
        rest = {0: "", 1: " The other one was not matched by your queries."}
        return _sentence(series(parts)) + rest.get(
            outside, f" The other {_number(outside)} were not matched by your queries."
        )

    def hint(self, digest: Digest) -> str:
        if digest.knows_nothing:
            return "The next digest comes as usual. What has come out meanwhile will be in it."
        if digest.may_lack_papers:
            return "Your topics stay as they are, and the next digest comes as usual."
        often = "days" if digest.covers_days <= 1 else "weeks" if digest.covers_days <= 14 else "months"
        return (
            "Your topics stay as they are, and the next digest comes as usual. "
            f"If {often} like this are frequent, a wider topic may serve you better."
        )

    def warnings(self, digest: Digest) -> tuple[str, ...]:
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
        if digest.empty_dates:
            found.append(f"Nothing matched your topics on {self._days(digest.empty_dates)}.")
        if digest.unasked_dates:
            days = self._days(digest.unasked_dates)
            found.append(f"No mail came on {days}, when arXiv could not be asked.")
        if digest.half_answered_dates:
            days = self._days(digest.half_answered_dates)
            found.append(f"No mail came on {days}, when arXiv had not answered fully.")
        if digest.reduced:
            papers = "one paper is" if digest.reduced == 1 else f"{_number(digest.reduced)} papers are"
            found.append(
                f"To stay below the size at which mail programs cut a mail short, {papers} shown here in "
                "less detail than you asked for. The paper pages hold the rest."
            )
        return tuple(found)

    def count(self, number: int) -> str:
        return f"{number:,}"

    def authors(self, line: AuthorLine) -> tuple[str, str]:
        if line.is_collaboration:
            added = f", {line.total:,} author{'' if line.total == 1 else 's'}" if line.total else ""
            return series(line.names), added
        rest = line.total - len(line.names)
        return ", ".join(line.names), f" and {rest:,}{NO_BREAK}more" if rest else ""

    def meta(self, paper: PaperRecord) -> str:
        day = paper.updated_at.date()
        written = f"{day.day}{NO_BREAK}{_MONTHS[day.month - 1][:3]}{NO_BREAK}{day.year}"
        parts = (f"arXiv:{paper.versioned_id}", ", ".join(paper.categories), written)
        return f"{NO_BREAK}{NO_BREAK} ".join(parts)

    def where(self, place: str) -> str:
        if place in ("abstract", "title"):
            return f"from{NO_BREAK}the{NO_BREAK}{place}"
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

    def checked(self, checked: int, *, withheld: int, abstract_only: bool) -> str:
        source = "abstract" if abstract_only else "paper"
        rest = f", {withheld} withheld for lack of evidence" if withheld else ""
        return f"{checked} claim{'' if checked == 1 else 's'} checked against the {source}{rest}."

    def own_words(self, *, language: str, reason: str) -> str:
        language_note = "" if language.startswith("en") else ", in the language of the paper"
        if not reason:
            return f"In the authors’ words{language_note}."
        why = _WHY_NO_SUMMARY.get(reason, "No summary of this paper could be used")
        return f"{why}: in the authors’ words instead{language_note}."

    def shallower(self, lacks: DetailLevel, *, reason: str) -> str:
        if lacks is not DetailLevel.READING:
            return "No key point could be backed by a quote, so only the headline is shown."
        return f"{_WHY_NO_READING.get(reason, _NO_READING)}, so this is the shorter form."

    def why_chosen(self, why: CardWhy) -> str:
        if why.code is WhyCode.FOLLOWS:
            return f"You follow {why.author}."
        if why.code is WhyCode.NAMESAKE:
            return f"You follow {why.author}; this may be another person of that name."
        if why.code is WhyCode.BREADTH:
            return "For breadth: drawn from the rest of your matches."
        terms = ", ".join(why.terms)
        if why.title:
            return f"Because you kept {short_name(why.title, limit=LONGEST_KEPT)}: {terms}."
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

    def also_in(self, topics: Sequence[str]) -> str:
        return f"Also in: {', '.join(topics)}"

    def and_more(self, number: int) -> str:
        return f"and {number:,} more"

    def who_wrote(
        self, writers: Sequence[tuple[str, tuple[date, ...]]], *, quoted: bool, in_words: bool
    ) -> str:
        use = "Use them to decide what to read, not to cite."
        if not writers:
            return f"Summaries are sentences chosen from each abstract; no model wrote anything here. {use}"
        authors = series([f"{model} {self._when(days)}" for model, days in writers])
        own = " Cards marked “In the authors’ words” hold sentences of the abstract." if quoted else ""
        checked = _CHECKED if in_words else _CHECKED_WITHOUT_WORDS
        return f"Summaries were written by {authors}. {checked}{own} {use}"

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
