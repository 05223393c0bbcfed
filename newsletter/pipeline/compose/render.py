"""A digest → the fragments of its mail, each rendered once for everyone, and its placeholders' values.

Choosing what a digest says is ``compose``'s; joining and encoding is ``core.digests.message``'s. No fragment
holds anything personal: what differs between readers is a placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from typing import Protocol

from newsletter.core.digests.digest import Digest, DigestCard, DigestTopic, Notice, NoticeKind
from newsletter.core.digests.languages import is_han
from newsletter.core.digests.message import Fragment, placeholder
from newsletter.core.digests.weeks import topic_path, week_of_period
from newsletter.mail.cards import card_values, line_values, listed_values, plain, revised_values
from newsletter.mail.layout import (
    MAX_HTML_BYTES,
    MOST_NEAR,
    Form,
    Group,
    Layout,
    arrange,
    at_rank,
    count_reduced,
    reduce_by,
)
from newsletter.mail.sentences import is_of_followed, is_statistic_above, own_strings, statistic_of, subject
from newsletter.mail.styles import styles
from newsletter.mail.templates import load_template, trusted
from newsletter.mail.words import words_for
from newsletter.pipeline.compose.message import body_key

PLACEHOLDER_ALLOWANCE = 2_500
"""Bytes kept free for the reader's own strings: links of the service, an address, some sentences."""
CARD_ALLOWANCE = 300
"""Bytes for a card's own strings: why it was chosen, and the links of feedback on card and line."""
TOPIC_LINK_ALLOWANCE = 120
"""Bytes for the link that ends one topic."""
_NAMES_TOPICS = frozenset({"kicker", "line_topic", "topic", "footer_topic"})
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
            fragments=fragments, placeholders=own_strings(shown), subject=subject(shown), digest=shown
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
        yield self._fragment(
            "front", language, heading=heading, has_statistic=is_statistic_above(digest, layout)
        )
        for group in layout.lines:
            yield self._fragment("line_topic", language, topic_name=group.topic.name)
            for card in group.cards:
                yield self._line(card, digest, has_card=card.paper.arxiv_id in layout.in_full)
        yield self._fragment("front_end", language)

    def _topic(self, group: Group, form: Form, digest: Digest) -> Iterator[Fragment]:
        topic, language = group.topic, digest.language
        week = week_of_period(digest.slot_date, days=digest.covers_days)
        path = topic_path(topic.slug, week=week)
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
        follows = is_of_followed(dict(digest.whys).get(card.paper.arxiv_id))
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
        if not is_statistic_above(digest, layout) and statistic_of(digest, layout):
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


def _with_topic_placeholders(fragment: Fragment) -> Fragment:
    """Turn the stand-ins for private topics' names into placeholders."""
    html, text = (
        _STAND_IN.sub(lambda found: placeholder(found[1]), form) for form in (fragment.html, fragment.text)
    )
    return Fragment(html=html, text=text)


def _html_bytes(fragments: tuple[Fragment, ...], *, digest: Digest) -> int:
    """Return the size with private topics' names filled in, and room for the reader's other strings."""
    names = (
        sum(fragment.html.count(placeholder(name)) for fragment in fragments) * len(escape(value).encode())
        for name, value in digest.private_names
    )
    links = TOPIC_LINK_ALLOWANCE * len(digest.subscribed)
    links += CARD_ALLOWANCE * (digest.summarised + len(digest.near))
    return sum(fragment.html_bytes for fragment in fragments) + sum(names) + PLACEHOLDER_ALLOWANCE + links
