"""The list of grounding rules: whether a claim says what its quotes say, else the reason.

Quotes must be in the paper, about its authors' own work; numbers, names, superlatives, negations and
contrasts of a claim must be in its quotes. Each rule is a function that says whether a claim fails it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from newsletter.core.summaries.highlights import is_chinese, shares_content
from newsletter.core.summaries.normalize import is_cjk, normalize
from newsletter.core.summaries.openings import CUT
from newsletter.core.summaries.paper_kinds import EARLIER
from newsletter.core.summaries.rules.affixes import turns_inside
from newsletter.core.summaries.rules.comparing import (
    contradicts_its_clause,
    exchanges,
    reverses_comparison,
    reverses_direction,
    takes_unit_of_another,
)
from newsletter.core.summaries.rules.contrasts import contradiction, turns_round
from newsletter.core.summaries.rules.disguises import is_disguised
from newsletter.core.summaries.rules.expansions import expansions
from newsletter.core.summaries.rules.injections import is_planted
from newsletter.core.summaries.rules.polarity import flips_negation
from newsletter.core.summaries.rules.quantities import names, quantities
from newsletter.core.summaries.rules.roles import changes_role, takes_another_part
from newsletter.core.summaries.rules.sources import Located, Source
from newsletter.core.summaries.rules.subjects import has_wrong_subject
from newsletter.core.summaries.rules.wording import (
    CHATTER,
    CHINESE_PEOPLE,
    CHINESE_PLACES,
    FACTS,
    FILLER,
    INSTITUTIONS,
    KIN,
    MARKUP,
    OF_PUBLISHING,
    drops_condition,
)
from newsletter.core.summaries.rules.words import stems, terms
from newsletter.core.summaries.summary import MAX_QUOTES, Claim, Voice

HEADLINE, TAKEAWAYS = "headline", "takeaways"
MAX_CHARACTERS = 600
MAX_QUOTE_CHARACTERS = 1000
"""A quote is a clause or a sentence; with a whole abstract for a quote everything stands in it."""
_MIN_QUOTE_WORDS = 3


class WithheldReason(StrEnum):
    """Why a claim is not shown; stored and counted, so a code is never reused for another meaning."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    MARKUP = "markup"
    CHATTER = "chatter"
    FACT_OF_ARXIV = "fact_of_arxiv"
    """Venue or publication, which are copied from arXiv and never claimed."""
    INSTRUCTION = "instruction"
    """It rests on words that are meant for a model, or that order a reader about."""
    WRONG_LANGUAGE = "wrong_language"
    NO_QUOTE = "no_quote"
    TOO_MANY_QUOTES = "too_many_quotes"
    QUOTE_TOO_SHORT = "quote_too_short"
    QUOTE_TOO_LONG = "quote_too_long"
    QUOTE_NOT_FOUND = "quote_not_found"
    QUOTE_UNRELATED = "quote_unrelated"
    NUMBER_NOT_IN_QUOTE = "number_not_in_quote"
    NAME_NOT_IN_SOURCE = "name_not_in_source"
    WORD_NOT_IN_QUOTE = "word_not_in_quote"
    """A superlative, a "first", a cause, a unit of time: stronger than its quotes."""
    CONTRADICTS_QUOTE = "contradicts_quote"
    """Says the opposite in one word: lower for higher, supervised for unsupervised."""
    NEGATION_FLIPPED = "negation_flipped"
    WRONG_SUBJECT = "wrong_subject"
    """The quote tells of another method than the claim."""
    RELATED_WORK = "related_work"
    """The quote stands in a section about other people's work."""
    NOT_VERBATIM = "not_verbatim"
    REPEATED = "repeated"
    TOO_MANY = "too_many"

    # Retired with their rules (ADR 30). Rows of earlier summaries have them, so that they stay readable.
    NUMBER_MOVED = "number_moved"
    OVERSTATED = "overstated"
    TERM_NOT_IN_SOURCE = "term_not_in_source"


@dataclass(frozen=True)
class Case:
    """One claim before its judge."""

    claim: Claim
    found: tuple[Located, ...]
    source: Source
    language: str
    place: str
    """``HEADLINE``, ``TAKEAWAYS`` or the kind of a section."""

    @property
    def text(self) -> str:
        return self.claim.text

    @property
    def is_chinese(self) -> bool:
        return self.language.startswith("zh")

    @cached_property
    def quotes(self) -> tuple[str, ...]:
        """In the source's own characters."""
        return tuple(located.evidence.quote for located in self.found)

    @cached_property
    def quoted(self) -> str:
        return "\n".join(self.quotes)


def refusal(case: Case, *, voice: Voice) -> WithheldReason | None:
    """Return the first reason to withhold the claim; None when it may be shown."""
    return next((reason for reason, fails in _CHECKS[voice] if fails(case)), None)


def _is_no_plain_text(case: Case) -> bool:
    return bool(MARKUP.search(case.text)) or is_disguised(
        case.text, quoted=case.quoted, language=case.language
    )


def _is_chatter(case: Case) -> bool:
    filler = FILLER.search(case.text)
    return bool(CHATTER.search(case.text)) or (
        filler is not None and filler.group().casefold() not in case.quoted.casefold()
    )


def _states_a_fact(case: Case) -> bool:
    return bool(FACTS.search(case.text)) and not OF_PUBLISHING.search(case.quoted)


def _is_wrong_language(case: Case) -> bool:
    """Only Chinese and English can be told apart by their letters; other languages pass."""
    if case.is_chinese:
        return not is_chinese(case.text)
    return case.language == "en" and any(is_cjk(sign) and sign not in case.source.whole for sign in case.text)


def _has_lost_quote(case: Case) -> bool:
    return len(case.found) < len(case.claim.evidence)


def _has_short_quote(case: Case) -> bool:
    return any(len(item.quote.split()) < _MIN_QUOTE_WORDS for item in case.claim.evidence)


def _has_long_quote(case: Case) -> bool:
    return any(len(item.quote) > MAX_QUOTE_CHARACTERS for item in case.claim.evidence)


def _rests_on_others(case: Case) -> bool:
    """By the section that the quote stands in; only what is told of earlier work may rest on such a one."""
    return case.place not in EARLIER and any(located.is_others for located in case.found)


def _has_unrelated_quote(case: Case) -> bool:
    """A claim in another language may share no words with the quote: its numbers and names are checked."""
    if case.is_chinese:
        return _shares_nothing_known(case)
    return case.language == "en" and not all(shares_content(quote, claim=case.text) for quote in case.quotes)


def _shares_nothing_known(case: Case) -> bool:
    """Say whether a Chinese claim of several known terms shares none, nor number nor name, with a quote."""
    known = terms(case.text)
    return any(
        not shares_content(quote, claim=case.text)
        and not any(words & stems(quote) for words in known)
        and (len(known) >= _SEVERAL or len(case.quotes) > 1)
        for quote in case.quotes
    )


def _has_unquoted_number(case: Case) -> bool:
    if _has_number_of_its_own(case):
        return True
    quoted = [quantity for quote in case.quotes for quantity in quantities(quote)]
    if any(not any(stated.agrees_with(other) for other in quoted) for stated in quantities(case.text)):
        return True
    return (
        changes_role(case.text, case.quotes)
        or takes_unit_of_another(case.text, case.quotes)
        or any(takes_another_part(case.text, quote) for quote in case.quotes)
    )


def _has_number_of_its_own(case: Case) -> bool:
    """Where 4,2 is four point two and 1.200 a thousand, a number is written as in the paper or not at all."""
    if case.is_chinese or case.language == "en":
        return False
    return not set(_SEPARATED.findall(case.text)) <= set(_SEPARATED.findall(case.quoted))


def _has_unknown_name(case: Case) -> bool:
    found = {name for name, _ in names(case.text)}
    if case.is_chinese:
        if CHINESE_PEOPLE.search(case.text):
            return True
        if CHINESE_PLACES.search(case.text) and not INSTITUTIONS.search(case.quoted):
            return True
        found |= set(_LATIN_WORD.findall(case.text))
    elif case.language == "en":
        found |= set(_CAPITALISED.findall(case.text))
    if case.is_chinese or case.language == "en":
        found |= {word for word in _LATIN_OR_GREEK.findall(case.text) if not word.isascii()}
    found |= set(expansions(case.text))
    return any(not case.source.mentions(name) for name in found)


def _has_unquoted_word(case: Case) -> bool:
    is_stronger = any(claimed.search(case.text) and not kin.search(case.quoted) for claimed, kin in KIN)
    return is_stronger or drops_condition(case.text, case.quoted)


def _contradicts(case: Case) -> bool:
    return (
        bool(contradiction(case.text, case.quoted))
        or turns_round(case.text, case.quoted)
        or reverses_direction(case.text, case.quotes)
        or contradicts_its_clause(case.text, case.quotes)
        or any(reverses_comparison(case.text, quote) for quote in case.quotes)
        or (case.language == "en" and turns_inside(case.text, case.quoted))
    )


def _is_of_another(case: Case) -> bool:
    own = case.source.own_names
    return bool(case.quotes) and all(
        has_wrong_subject(case.text, quote, own=own)
        or (case.language == "en" and exchanges(case.text, quote))
        for quote in case.quotes
    )


def _flips_negation(case: Case) -> bool:
    return flips_negation(case.text, case.quoted, is_chinese=case.is_chinese)


def _is_not_verbatim(case: Case) -> bool:
    return normalize(case.text.removeprefix(CUT)).text not in {
        normalize(item.quote).text for item in case.claim.evidence
    }


_Check = tuple[WithheldReason, Callable[[Case], bool]]

_QUOTED: tuple[_Check, ...] = (
    (WithheldReason.EMPTY, lambda case: not case.text.strip()),
    (WithheldReason.NO_QUOTE, lambda case: not case.claim.evidence),
    (WithheldReason.QUOTE_NOT_FOUND, _has_lost_quote),
)
_CHECKS: dict[Voice, tuple[_Check, ...]] = {
    Voice.AUTHORS: (*_QUOTED, (WithheldReason.NOT_VERBATIM, _is_not_verbatim)),
    Voice.MODEL: (
        (WithheldReason.TOO_LONG, lambda case: len(case.text) > MAX_CHARACTERS),
        (WithheldReason.MARKUP, _is_no_plain_text),
        (WithheldReason.CHATTER, _is_chatter),
        (WithheldReason.FACT_OF_ARXIV, _states_a_fact),
        (WithheldReason.WRONG_LANGUAGE, _is_wrong_language),
        (WithheldReason.TOO_MANY_QUOTES, lambda case: len(case.claim.evidence) > MAX_QUOTES),
        (WithheldReason.QUOTE_TOO_SHORT, _has_short_quote),
        (WithheldReason.QUOTE_TOO_LONG, _has_long_quote),
        *_QUOTED,
        (WithheldReason.INSTRUCTION, lambda case: any(map(is_planted, (case.text, *case.quotes)))),
        (WithheldReason.QUOTE_UNRELATED, _has_unrelated_quote),
        (WithheldReason.NUMBER_NOT_IN_QUOTE, _has_unquoted_number),
        (WithheldReason.NAME_NOT_IN_SOURCE, _has_unknown_name),
        (WithheldReason.WORD_NOT_IN_QUOTE, _has_unquoted_word),
        (WithheldReason.RELATED_WORK, _rests_on_others),
        (WithheldReason.CONTRADICTS_QUOTE, _contradicts),
        (WithheldReason.NEGATION_FLIPPED, _flips_negation),
        (WithheldReason.WRONG_SUBJECT, _is_of_another),
    ),
}
"""In the order in which a reason is given; the cheap ones first."""

_SEPARATED = re.compile(r"\d+(?:[.,]\d+)+")
_LATIN_WORD = re.compile(r"(?<![A-Za-z\d])[A-Za-z][A-Za-z]+")
_LATIN_OR_GREEK = re.compile(r"[A-Za-z\u00aa-\u03ff\u1e00-\u1fff]{3,}")
_CAPITALISED = re.compile(
    r"(?<=[\w,;:–-] )[A-Z][a-z]+\b|(?<=[a-z][–-])[A-Z][a-z]+\b|\b[A-Z][a-z]+(?=[–-][A-Z])"
)
"""Inside an English sentence a capital makes a name."""
_SEVERAL = 3
