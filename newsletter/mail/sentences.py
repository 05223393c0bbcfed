"""What a digest's mail says in sentences of its own: the subject, and the reader's own strings.

All else in it is the same for everybody, and rendered once (``pipeline/compose/render.py``).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.digests.digest import CardWhy, Digest, DigestCard, stand_in, topic_placeholder
from newsletter.core.digests.languages import is_checked_in_words
from newsletter.core.digests.message import literal
from newsletter.core.digests.selection import WhyCode
from newsletter.core.digests.typography import cut
from newsletter.core.summaries.summary import DetailLevel, Voice
from newsletter.mail.cards import checked
from newsletter.mail.layout import Form, Layout, arrange
from newsletter.mail.words import Words, Writer, words_for

LONGEST_SUBJECT = 70
LONGEST_TOPIC = 34
"""Of the subject."""
_TOLD_REASONS = frozenset({"late", "daily_cap", "withheld"})
"""Why there is no model's summary, as far as readers are told."""


def subject(digest: Digest) -> str:
    """Return the subject, at most 70 characters: the best paper's topic and what its title says.

    The name of a private topic is in no subject: pages and lists show subjects.
    """
    words, ranked = words_for(digest.language), digest.ranked
    if not ranked:
        topics = [name for slug, name in digest.subscribed if name != stand_in(slug)]
        line = words.quiet_subject(digest, topics=topics)
        return line if len(line) <= LONGEST_SUBJECT else words.quiet_subject(digest, topics=topics[:1])[:70]
    best = ranked[0]
    topic = next(each for each in digest.topics if best in each.cards)
    named = "" if topic.is_private else topic.name
    return subject_of(best.paper, topic=named, more=len(ranked) - 1, language=digest.language)


def subject_of(best: PaperRecord, *, topic: str, more: int, language: str) -> str:
    """Return the subject of a digest whose best paper this is, with so many more; ``topic`` may be empty."""
    words, named = words_for(language), cut(topic, limit=LONGEST_TOPIC)
    before = f"{named}{words.labels['colon']}{words.labels['gap']}" if named else ""
    for is_short in (False, True):
        title, after = words.subject(title=literal(best.title), more=more, is_short=is_short)
        if len(before) + len(title) + len(after) <= LONGEST_SUBJECT:
            break
    return f"{before}{cut(title, limit=LONGEST_SUBJECT - len(before) - len(after))}{after}"


def own_strings(digest: Digest) -> dict[str, str]:
    words, layout = words_for(digest.language), arrange(digest)
    names = dict(digest.private_names)
    topics = [names.get(topic_placeholder(slug), name) for slug, name in digest.subscribed]
    sentences = {"learned": words.learned(digest.learned) if digest.learned else ""}
    if digest.summarised:
        sentences |= {"who_wrote": _who_wrote(digest, layout)}
    else:
        sentences["quiet"], sentences["quiet_account"] = words.quiet(digest, topics=topics)
    sentences["statistic"] = statistic_of(digest, layout)
    sentences = {name: literal(text) for name, text in sentences.items() if text}
    return {
        **sentences,
        "period": words.period(digest),
        "cadence": words.cadence(digest),
        "confirmed_on": words.day(digest.confirmed_on) if digest.confirmed_on else "",
        **dict(pair for why in digest.whys for pair in _why_lines(*why, words=words)),
        **{name: literal(value) for name, value in digest.private_names},
    }


def statistic_of(digest: Digest, layout: Layout) -> str:
    """Return whose words these are, how many papers matched, and where a paper has less than asked for."""
    words, cards = words_for(digest.language), digest.ranked
    in_full = len(layout.in_full) + bool(layout.lead)
    own = words.labels["own_words"] if cards and all(map(_is_quoted, cards)) else ""
    said = [own, words.statistic(digest, in_full=in_full, is_last=not is_statistic_above(digest, layout))]
    said += [
        words.shortfall(number, lacks=lacks, reason=reason)
        for (lacks, reason), number in _shortfalls(cards).items()
    ]
    return words.labels["gap"].join(filter(None, (*said, *words.asides(digest))))


def _shortfalls(cards: tuple[DigestCard, ...]) -> Counter[tuple[DetailLevel | None, str]]:
    found: Counter[tuple[DetailLevel | None, str]] = Counter()
    for card in cards:
        if card.summary.fallback_reason:
            reason = card.summary.fallback_reason
            found[None, reason if reason in _TOLD_REASONS else ""] += 1
        elif card.lacks is not None:
            found[card.lacks, card.lacks_reason] += 1
    return found


def _who_wrote(digest: Digest, layout: Layout) -> str:
    words, cards = words_for(digest.language), digest.ranked
    written = [card for card in cards if not _is_quoted(card)]
    forms = {card.paper.arxiv_id: layout.form for card in cards} | (
        {layout.lead.paper.arxiv_id: Form.LEAD} if layout.lead else {}
    )
    in_full = layout.in_full | ({layout.lead.paper.arxiv_id} if layout.lead else frozenset())
    claims = sum(
        checked(card, form=forms[card.paper.arxiv_id]) if card.paper.arxiv_id in in_full else 1
        for card in written
    )
    return words.who_wrote(
        _writers(digest),
        claims=claims,
        withheld=sum(len(card.summary.withheld) for card in written),
        in_words=all(is_checked_in_words(each.language) for each in written),
    )


def _writers(digest: Digest) -> tuple[Writer, ...]:
    """Return the models that wrote, in the order met, each with its days in UTC."""
    days: defaultdict[str, set[date]] = defaultdict(set)
    for card in digest.ranked:
        if card.summary.voice is Voice.MODEL:
            days[card.model].add(card.written_at.date())
    return tuple((model, tuple(sorted(found))) for model, found in days.items())


def _why_lines(arxiv_id: str, why: CardWhy, *, words: Words) -> Iterator[tuple[str, str]]:
    line = literal(words.why_chosen(why))
    yield f"why:{arxiv_id}", line
    if is_of_followed(why):
        yield f"follows:{arxiv_id}", f"{literal(why.author)}{words.labels['full_stop']}"


def is_statistic_above(digest: Digest, layout: Layout) -> bool:
    """Whether the statistic stands above the lines; in a daily mail it comes at the end."""
    return bool(layout.lines) and digest.covers_days > 1


def is_of_followed(why: CardWhy | None) -> bool:
    return why is not None and why.code in (WhyCode.FOLLOWS, WhyCode.NAMESAKE)


def _is_quoted(card: DigestCard) -> bool:
    return card.summary.voice is Voice.AUTHORS
