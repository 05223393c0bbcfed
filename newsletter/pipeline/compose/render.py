"""A digest → the fragments of its mail, each rendered once for everyone, and its placeholders' values.

Choosing what a digest says is ``compose``'s; joining and encoding is ``core.digests.message``'s. No fragment
holds anything personal: what differs between readers is a placeholder.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from html import escape
from typing import Protocol

from newsletter.core.digests.digest import Digest, DigestCard, DigestTopic
from newsletter.core.digests.languages import is_checked_in_words
from newsletter.core.digests.message import Fragment, literal, placeholder
from newsletter.core.digests.typography import cut, short_name
from newsletter.core.summaries.summary import Voice
from newsletter.mail.cards import card_values, listed_values, near_values, revised_values
from newsletter.mail.size import MAX_HTML_BYTES, count_reduced, reduce_by
from newsletter.mail.styles import styles
from newsletter.mail.templates import load_template, trusted
from newsletter.mail.words import Writer, words_for
from newsletter.pipeline.compose.message import body_key

CONTENTS_FROM = 4
"""Papers from which a digest has contents."""
LONGEST_SUBJECT = 70
LONGEST_CONTENTS_NAME = 46
PLACEHOLDER_ALLOWANCE = 1_000
"""Bytes kept free for the reader's own strings: three links of the service, an address, a few words."""
CARD_ALLOWANCE = 200
"""Bytes for a card's own strings: why it was chosen, and three links."""
TOPIC_LINK_ALLOWANCE = 120
"""Bytes for the link that ends one topic."""
_NAMES_TOPICS = frozenset({"preheader_topic", "contents_topic", "topic", "also_in", "footer_topic"})
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
        shown, fragments = digest, tuple(self._fragments(digest))
        while (excess := _html_bytes(fragments, digest=shown) - MAX_HTML_BYTES) > 0 and shown.topics:
            lower = reduce_by(shown, excess, size=lambda card: self._card(card, digest.language).html_bytes)
            shown = count_reduced(lower, wanted=digest)
            fragments = tuple(self._fragments(shown))
        return RenderedDigest(
            fragments=fragments, placeholders=_placeholders(shown), subject=subject(shown), digest=shown
        )

    def _fragments(self, digest: Digest) -> Iterator[Fragment]:
        yield from self._opening(digest)
        if digest.summarised >= CONTENTS_FROM:
            yield from self._contents(digest)
        for topic in digest.topics:
            yield from self._topic(topic, digest)
        if digest.near:
            yield from self._near(digest)
        if digest.revised:
            yield from self._revised(digest)
        if digest.listed or digest.counted:
            yield from self._list(digest)
        if digest.learned:
            yield self._fragment("learned", digest.language)
        yield from self._footer(digest)

    def _opening(self, digest: Digest) -> Iterator[Fragment]:
        words = words_for(digest.language)
        name, period = words.service(self._name), words.period(digest)
        shell = {"name": name, "period": period, "title": f"{name} · {period}"}
        yield self._fragment("start", digest.language, **shell)
        for topic in digest.topics:
            yield self._fragment(
                "preheader_topic",
                digest.language,
                topic_name=topic.name,
                count=words.count(len(topic.cards)),
                last=topic is digest.topics[-1],
            )
        yield self._fragment("opening", digest.language, **shell)
        if not digest.matched:
            yield self._fragment("hint", digest.language, text=words.hint(digest))
        for notice in words.warnings(digest):
            yield self._fragment("notice", digest.language, text=notice)

    def _contents(self, digest: Digest) -> Iterator[Fragment]:
        yield self._fragment("contents", digest.language)
        for topic in digest.topics:
            yield self._fragment("contents_topic", digest.language, topic_name=topic.name)
            for card in topic.cards:
                short = short_name(card.paper.title, limit=LONGEST_CONTENTS_NAME)
                yield self._fragment("contents_paper", digest.language, id=card.paper.arxiv_id, short=short)
            yield self._fragment("contents_topic_end", digest.language)
        yield self._fragment("contents_end", digest.language)

    def _topic(self, topic: DigestTopic, digest: Digest) -> Iterator[Fragment]:
        language = digest.language
        yield self._heading(topic.name, len(topic.cards), language)
        for card in topic.cards:
            yield self._card(card, language)
            if card.also_in:
                yield self._fragment("also_in", language, text=words_for(language).also_in(card.also_in))
            yield from self._about(card, digest)
            yield self._fragment("gap" if card is topic.cards[-1] else "rule", language)

    def _heading(self, heading: str, number: int, language: str) -> Fragment:
        count = f"{number:,}"
        heading_line = heading + words_for(language).labels["bracketed"].format(count)
        return self._fragment("topic", language, heading=heading, count=count, heading_line=heading_line)

    def _card(self, card: DigestCard, language: str) -> Fragment:
        less = (card.lacks, card.lacks_reason)
        inputs = (card.paper, card.summary_key, card.language, card.detail, less, card.figure)
        key = ("card", language, inputs)
        if known := self._fragment_store.get(key):
            return known
        values = card_values(card, language=language, base_url=self._base_url)
        return self._keep(key, self._template.render("card", **values))

    def _near(self, digest: Digest) -> Iterator[Fragment]:
        yield self._fragment("near", digest.language)
        for card in digest.near:
            key = ("near_card", digest.language, (card.paper, card.summary_key, card.language))
            yield self._fragment_store.get(key) or self._keep(
                key, self._template.render("near_card", **near_values(card, language=digest.language))
            )
            yield from self._about(card, digest)

    def _revised(self, digest: Digest) -> Iterator[Fragment]:
        yield self._fragment("revised", digest.language)
        for paper, revision in digest.revised:
            values = revised_values(paper, revision, language=digest.language, base_url=self._base_url)
            yield self._fragment("revised_paper", digest.language, **values)

    def _about(self, card: DigestCard, digest: Digest) -> Iterator[Fragment]:
        """Yield what stands below a card: why this subscriber gets it, and the links of feedback."""
        paper_id = card.paper.arxiv_id
        if any(paper_id == named for named, _ in digest.whys):
            yield self._fragment("why", digest.language, id=paper_id)
        yield self._fragment("feedback", digest.language, id=paper_id)

    def _list(self, digest: Digest) -> Iterator[Fragment]:
        words = words_for(digest.language)
        yield self._heading(words.labels["listed"], len(digest.listed) + digest.counted, digest.language)
        for paper in digest.listed:
            key = ("listed", digest.language, paper)
            yield self._fragment_store.get(key) or self._keep(
                key, self._template.render("listed", **listed_values(paper, language=digest.language))
            )
        if digest.counted:
            yield self._fragment("listed_more", digest.language, text=words.and_more(digest.counted))

    def _footer(self, digest: Digest) -> Iterator[Fragment]:
        """Yield what many readers share, and between it a reader's topics."""
        words, language = words_for(digest.language), digest.language
        cards = [card for topic in digest.topics for card in topic.cards]
        quoted = any(card.summary.voice is Voice.AUTHORS for card in cards)
        in_words = all(
            is_checked_in_words(each.language) for each in cards if each.summary.voice is Voice.MODEL
        )
        who_wrote = (
            words.who_wrote(_writers(digest), quoted=quoted, in_words=in_words) if digest.topics else ""
        )
        why = tuple(trusted(line) for line in words.why(digest))
        yield self._fragment("footer", language, who_wrote=who_wrote, why=why)
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
    """Return the subject: the count, and the short names of the first two papers; at most 70 characters."""
    words = words_for(digest.language)
    shown = [card.paper for topic in digest.topics for card in topic.cards]
    names = [short_name(paper.title) for paper in (*shown, *digest.listed)[:2]]
    for tried in (names, names[:1]):
        line = words.subject(digest, names=[literal(name) for name in tried])
        if len(line) <= LONGEST_SUBJECT:
            return line
    return cut(line, limit=LONGEST_SUBJECT)


def _placeholders(digest: Digest) -> dict[str, str]:
    words = words_for(digest.language)
    return {
        "numeral": words.numeral(digest),
        "opening": words.opening(digest),
        "account": words.account(digest),
        "cadence": words.cadence(digest),
        "confirmed_on": words.day(digest.confirmed_on) if digest.confirmed_on else "",
        **({"learned": words.learned(digest.learned)} if digest.learned else {}),
        **{f"why:{arxiv_id}": literal(words.why_chosen(why)) for arxiv_id, why in digest.whys},
        **{name: literal(value) for name, value in digest.private_names},
    }


def _with_topic_placeholders(fragment: Fragment) -> Fragment:
    """Turn the stand-ins for private topics' names into placeholders."""
    html, text = (
        _STAND_IN.sub(lambda found: placeholder(found[1]), form) for form in (fragment.html, fragment.text)
    )
    return Fragment(html=html, text=text)


def _writers(digest: Digest) -> tuple[Writer, ...]:
    """Return the models that wrote, in the order met, each with its days in UTC."""
    days: defaultdict[str, set[date]] = defaultdict(set)
    for topic in digest.topics:
        for card in topic.cards:
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
