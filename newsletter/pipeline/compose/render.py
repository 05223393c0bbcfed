"""A digest → the fragments of its mail, each rendered once for everyone, and its placeholders' values.

Choosing what a digest says is ``compose``'s; joining and encoding is ``core.digests.message``'s. No fragment
holds anything personal: what differs between readers is a placeholder.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from html import escape
from typing import Protocol

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.digests.digest import (
    CardWhy,
    Digest,
    DigestCard,
    DigestTopic,
    Notice,
    NoticeKind,
    stand_in,
    topic_placeholder,
)
from newsletter.core.digests.languages import is_checked_in_words, is_han
from newsletter.core.digests.message import Fragment, literal, placeholder
from newsletter.core.digests.selection import WhyCode
from newsletter.core.digests.typography import cut
from newsletter.core.digests.weeks import topic_path
from newsletter.core.summaries.summary import DetailLevel, Voice
from newsletter.mail.cards import card_values, checked, line_values, listed_values, plain, revised_values
from newsletter.mail.layout import MOST_NEAR, Form, Group, Layout, arrange, at_rank
from newsletter.mail.size import MAX_HTML_BYTES, count_reduced, reduce_by
from newsletter.mail.styles import styles
from newsletter.mail.templates import load_template, trusted
from newsletter.mail.words import Words, Writer, words_for
from newsletter.pipeline.compose.message import body_key

LONGEST_SUBJECT = 70
LONGEST_TOPIC = 34
"""Of the subject."""
PLACEHOLDER_ALLOWANCE = 2_500
"""Bytes kept free for the reader's own strings: links of the service, an address, some sentences."""
CARD_ALLOWANCE = 300
"""Bytes for a card's own strings: why it was chosen, and the links of feedback on card and line."""
TOPIC_LINK_ALLOWANCE = 120
"""Bytes for the link that ends one topic."""
_NAMES_TOPICS = frozenset({"kicker", "line_topic", "topic", "footer_topic"})
_TOLD_REASONS = frozenset({"late", "daily_cap", "withheld"})
"""Why there is no model's summary, as far as readers are told."""
_STAND_IN = re.compile("\ue000(topic:[^\ue001]*)\ue001")


class FragmentStore(Protocol):
    """Finished fragments by key (all that shaped them)."""

    def get(self, key: Hashable) -> Fragment | None: ...
    def put(self, key: Hashable, fragment: Fragment) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedDigest:
    fragments: tuple[Fragment, ...]
    """To be joined in this order."""
    placeholders: dict[str, str]
    """The values that follow from the digest, as plain text on one line. ``message.with_text_forms`` adds
    their forms for the text; still to be given: ``preferences_url``, ``unsubscribe_url``, ``digest_url``,
    ``email``."""
    subject: str
    digest: Digest
    """What is shown, after fitting it into the size of a mail."""

    def checksums(self) -> list[str]:
        return [fragment.checksum for fragment in self.fragments]

    def body_key(self, *, slot_key: str) -> str:
        """Return the same for digests that differ in nothing but what is personal."""
        return body_key(subject=self.subject, slot_key=slot_key, fragments=self.checksums())

    def confirmed(self, at: datetime | None) -> RenderedDigest:
        """Return it for another reader, who differs only in having confirmed then."""
        day = words_for(self.digest.language).day(at.date()) if at else ""
        return replace(self, placeholders=self.placeholders | {"confirmed_on": day})


class DigestRenderer:
    """Renders digests of one service. Safe to share between threads when its store is."""

    def __init__(
        self, *, name: str, base_url: str, postal_address: str, fragment_store: FragmentStore
    ) -> None:
        self._name = name
        self._base_url = base_url
        self._postal_address = postal_address
        self._fragment_store = fragment_store
        self._template = load_template("digest")

    def render(self, digest: Digest) -> RenderedDigest:
        """Return the mail for ``digest``, its HTML at most 90,000 bytes, whatever the digest asked for."""
        digest = _with_depths(digest)
        shown, fragments = digest, tuple(self._fragments(digest))
        while (excess := _html_bytes(fragments, digest=shown) - MAX_HTML_BYTES) > 0 and shown.topics:
            lower = reduce_by(shown, excess, size=lambda card: self._size(card, digest))
            shown = count_reduced(lower, wanted=digest)
            fragments = tuple(self._fragments(shown))
        return RenderedDigest(
            fragments=fragments, placeholders=_placeholders(shown), subject=subject(shown), digest=shown
        )

    def _fragments(self, digest: Digest) -> Iterator[Fragment]:
        layout, language = arrange(digest), digest.language
        yield from self._opening(digest)
        notices = _notices(digest)
        for notice in notices[:1]:
            yield self._notice(notice, language)
        if digest.is_first and digest.summarised:
            yield self._fragment("first", language)
        if layout.lead and layout.lead_topic:
            yield from self._lead(layout.lead, layout.lead_topic, digest)
        elif not digest.summarised:
            yield self._fragment("quiet", language)
        for notice in notices[1:]:
            yield self._notice(notice, language)
        if layout.lines:
            yield from self._front(layout, digest)
        for group in layout.groups:
            yield from self._topic(group, layout.form, digest)
        yield from self._end(digest, layout)

    def _opening(self, digest: Digest) -> Iterator[Fragment]:
        words, language = words_for(digest.language), digest.language
        name, period = words.service(self._name), words.period(digest)
        shell = {"name": name, "period": period, "title": f"{name} · {period}"}
        yield self._fragment("start", language, **shell)
        best = next(iter((*digest.ranked, *digest.near)), None)
        text = plain(best) if best else trusted(placeholder("quiet_account"))
        yield self._fragment("preheader", language, text=text)
        yield self._fragment("opening", language, **shell)

    def _notice(self, notice: Notice, language: str) -> Fragment:
        labels = words_for(language).labels
        link = labels[f"{notice.kind}_link"] if notice.url else ""
        return self._fragment("notice", language, notice=notice, label=labels[notice.kind], link=link)

    def _lead(self, card: DigestCard, topic: DigestTopic, digest: Digest) -> Iterator[Fragment]:
        first_of = words_for(digest.language).first_of(digest.summarised)
        yield self._fragment("kicker", digest.language, first_of=first_of, topic_name=topic.name)
        yield self._card(card, Form.LEAD, digest)

    def _front(self, layout: Layout, digest: Digest) -> Iterator[Fragment]:
        language = digest.language
        number = sum(len(group.cards) for group in layout.lines)
        heading = words_for(language).front(number)
        yield self._fragment("front", language, heading=heading, has_statistic=_is_above(digest, layout))
        for group in layout.lines:
            yield self._fragment("line_topic", language, topic_name=group.topic.name)
            for card in group.cards:
                yield self._line(card, digest, has_card=card.paper.arxiv_id in layout.in_full)
        yield self._fragment("front_end", language)

    def _topic(self, group: Group, form: Form, digest: Digest) -> Iterator[Fragment]:
        topic, language = group.topic, digest.language
        path = topic_path(topic.slug, week=topic.week)
        url = "" if topic.is_private else f"{self._base_url.rstrip('/')}{path}"
        total = max(topic.total, len(topic.cards)) if topic.total else 0
        share = words_for(language).share(len(topic.cards), total)
        yield self._fragment("topic", language, topic_name=topic.name, total=total, share=share, url=url)
        yield from self._cards(group.cards, form, digest)
        yield self._fragment("gap", language)

    def _cards(self, cards: tuple[DigestCard, ...], form: Form, digest: Digest) -> Iterator[Fragment]:
        for card in cards:
            if card is not cards[0]:
                yield self._fragment("rule", digest.language)
            yield self._card(card, form, digest)

    def _card(self, card: DigestCard, form: Form, digest: Digest) -> Fragment:
        has_why = card.paper.arxiv_id in dict(digest.whys)
        inputs = (*_content(card), card.detail, card.figure, form, has_why, self._base_url)
        kind = "brief" if form in (Form.BRIEF, Form.NEAR) else "card"
        key = (kind, digest.language, inputs)
        if known := self._fragment_store.get(key):
            return known
        values = card_values(
            card, form=form, language=digest.language, base_url=self._base_url, has_why=has_why
        )
        return self._keep(key, self._template.render(kind, **values))

    def _line(self, card: DigestCard, digest: Digest, *, has_card: bool) -> Fragment:
        follows = _follows(dict(digest.whys).get(card.paper.arxiv_id))
        key = ("line", digest.language, (*_content(card), has_card, follows, self._base_url))
        if known := self._fragment_store.get(key):
            return known
        values = line_values(card, language=digest.language, base_url=self._base_url, has_card=has_card)
        return self._keep(key, self._template.render("line", follows=follows, **values))

    def _size(self, card: DigestCard, digest: Digest) -> int:
        return self._card(card, Form.WHOLE, digest).html_bytes

    def _end(self, digest: Digest, layout: Layout) -> Iterator[Fragment]:
        words, language = words_for(digest.language), digest.language
        if digest.near:
            labels = words.labels
            yield self._heading("near", digest, note=labels["near_note"])
            yield from self._cards(digest.near[:MOST_NEAR], Form.NEAR, digest)
            yield self._fragment("gap", language)
        if digest.revised:
            yield self._heading("revised", digest)
            for paper, revision in digest.revised:
                values = revised_values(paper, revision, language=language, base_url=self._base_url)
                yield self._fragment("revised_paper", language, **values)
            yield self._fragment("gap", language)
        if digest.listed or digest.counted:
            yield from self._list(digest)
        if not digest.summarised and not digest.knows_nothing and not digest.may_lack_papers:
            yield self._fragment("widen", language)
        if not _is_above(digest, layout) and _statistic(digest, layout):
            yield self._fragment("statistic", language)
        if digest.learned:
            yield self._fragment("learned", language)
        yield from self._footer(digest, layout)

    def _heading(self, label: str, digest: Digest, *, note: str = "") -> Fragment:
        heading = words_for(digest.language).labels[label]
        return self._fragment("heading", digest.language, heading=heading, note=note)

    def _list(self, digest: Digest) -> Iterator[Fragment]:
        words = words_for(digest.language)
        yield self._heading("listed", digest)
        for paper in digest.listed:
            key = ("listed", digest.language, paper)
            yield self._fragment_store.get(key) or self._keep(
                key, self._template.render("listed", **listed_values(paper, language=digest.language))
            )
        if digest.counted:
            yield self._fragment("listed_more", digest.language, text=words.and_more(digest.counted))

    def _footer(self, digest: Digest, layout: Layout) -> Iterator[Fragment]:
        """Yield what many readers share, and between it a reader's topics."""
        words, language = words_for(digest.language), digest.language
        shown = [card for group in layout.groups for card in group.cards]
        has_figure = (
            any(card.figure for card in (*shown, layout.lead) if card) and layout.form is not Form.BRIEF
        )
        yield self._fragment(
            "footer",
            language,
            who_wrote=bool(digest.topics),
            figures=words.labels["figures"] if has_figure else "",
            own_space="" if is_han(language) else " ",
            why=tuple(trusted(line) for line in words.why(digest)),
        )
        # Ending the only topic is ending everything.
        if len(digest.subscribed) > 1:
            yield self._fragment("footer_topics", language)
            for slug, name in digest.subscribed:
                url = trusted(placeholder(f"unsubscribe_topic_url:{slug}"))
                is_last = slug == digest.subscribed[-1][0]
                yield self._fragment("footer_topic", language, topic_name=name, url=url, last=is_last)
        yield self._fragment("footer_end", language, postal_address=self._postal_address)

    def _fragment(self, kind: str, language: str, /, **values: object) -> Fragment:
        """Return the fragment, from the store if anybody had it before."""
        key = (kind, language, tuple(values.values()))
        if known := self._fragment_store.get(key):
            return known
        words, css = words_for(language), styles(language)
        fragment = self._template.render(kind, words=words, css=css, **values)
        return self._keep(key, _with_topic_placeholders(fragment) if kind in _NAMES_TOPICS else fragment)

    def _keep(self, key: Hashable, fragment: Fragment) -> Fragment:
        self._fragment_store.put(key, fragment)
        return fragment


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


def _with_depths(digest: Digest) -> Digest:
    """Return ``digest`` with each paper as deep as its rank allows."""
    topics = (replace(topic, cards=tuple(map(at_rank, topic.cards))) for topic in digest.topics)
    return replace(digest, topics=tuple(topics))


def _notices(digest: Digest) -> list[Notice]:
    missing = words_for(digest.language).not_complete(digest)
    own = [Notice(NoticeKind.NOT_COMPLETE, missing)] if missing else []
    return [*own, *sorted(digest.notices, key=lambda notice: list(NoticeKind).index(notice.kind))]


def _content(card: DigestCard) -> tuple[object, ...]:
    return card.paper, card.summary_key, card.language


def _follows(why: CardWhy | None) -> bool:
    return why is not None and why.code in (WhyCode.FOLLOWS, WhyCode.NAMESAKE)


def _is_above(digest: Digest, layout: Layout) -> bool:
    """Whether the statistic stands above the lines; in a daily mail it comes at the end."""
    return bool(layout.lines) and digest.covers_days > 1


def _statistic(digest: Digest, layout: Layout) -> str:
    """Return whose words these are, how many papers matched, and where a paper has less than asked for."""
    words, cards = words_for(digest.language), digest.ranked
    in_full = len(layout.in_full) + bool(layout.lead)
    own = words.labels["own_words"] if cards and all(map(_is_quoted, cards)) else ""
    said = [own, words.statistic(digest, in_full=in_full, is_last=not _is_above(digest, layout))]
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


def _is_quoted(card: DigestCard) -> bool:
    return card.summary.voice is Voice.AUTHORS


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


def _placeholders(digest: Digest) -> dict[str, str]:
    words, layout = words_for(digest.language), arrange(digest)
    names = dict(digest.private_names)
    topics = [names.get(topic_placeholder(slug), name) for slug, name in digest.subscribed]
    sentences = {"learned": words.learned(digest.learned) if digest.learned else ""}
    if digest.summarised:
        sentences |= {"who_wrote": _who_wrote(digest, layout)}
    else:
        sentences["quiet"], sentences["quiet_account"] = words.quiet(digest, topics=topics)
    sentences["statistic"] = _statistic(digest, layout)
    sentences = {name: literal(text) for name, text in sentences.items() if text}
    return {
        **sentences,
        "period": words.period(digest),
        "cadence": words.cadence(digest),
        "confirmed_on": words.day(digest.confirmed_on) if digest.confirmed_on else "",
        **dict(pair for why in digest.whys for pair in _why_lines(*why, words=words)),
        **{name: literal(value) for name, value in digest.private_names},
    }


def _why_lines(arxiv_id: str, why: CardWhy, *, words: Words) -> Iterator[tuple[str, str]]:
    line = literal(words.why_chosen(why))
    yield f"why:{arxiv_id}", line
    if _follows(why):
        yield f"follows:{arxiv_id}", f"{literal(why.author)}{words.labels['full_stop']}"


def _with_topic_placeholders(fragment: Fragment) -> Fragment:
    """Turn the stand-ins for private topics' names into placeholders."""
    html, text = (
        _STAND_IN.sub(lambda found: placeholder(found[1]), form) for form in (fragment.html, fragment.text)
    )
    return Fragment(html=html, text=text)


def _writers(digest: Digest) -> tuple[Writer, ...]:
    """Return the models that wrote, in the order met, each with its days in UTC."""
    days: defaultdict[str, set[date]] = defaultdict(set)
    for card in digest.ranked:
        if card.summary.voice is Voice.MODEL:
            days[card.model].add(card.written_at.date())
    return tuple((model, tuple(sorted(found))) for model, found in days.items())


def _html_bytes(fragments: tuple[Fragment, ...], *, digest: Digest) -> int:
    """Return the size with private topics' names filled in, and room for the reader's other strings."""
    names = (
        sum(fragment.html.count(placeholder(name)) for fragment in fragments) * len(escape(value).encode())
        for name, value in digest.private_names
    )
    links = TOPIC_LINK_ALLOWANCE * len(digest.subscribed)
    links += CARD_ALLOWANCE * (digest.summarised + len(digest.near))
    return sum(fragment.html_bytes for fragment in fragments) + sum(names) + PLACEHOLDER_ALLOWANCE + links
