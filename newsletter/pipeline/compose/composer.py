"""What each digest is composed of: a list of fragments, and its own strings.

What papers and topics say is loaded once a pass. Digests that differ in the reader's own strings only are
rendered once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from newsletter.adapters.ports import Summariser
from newsletter.audience.feedback_links import ActDone, acts_since_last_digest
from newsletter.core.arxiv.figures import ShownFigure
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.revisions import Revision
from newsletter.core.delivery.spreading import own_delay
from newsletter.core.digests.digest import (
    CardWhy,
    Digest,
    DigestCard,
    DigestTopic,
    Learned,
    stand_in,
    topic_placeholder,
)
from newsletter.core.digests.selection import Place, Selected, WhyCode
from newsletter.core.digests.selection import Selection as SelectionValue
from newsletter.core.digests.weeks import Week, week_of, week_of_period
from newsletter.core.summaries.summary import DetailLevel, Wanted
from newsletter.models import Delivery, Paper, PaperFeedback, Topic
from newsletter.models.delivery import FIRST, HALF_ANSWERED, State
from newsletter.models.selection import store_selections
from newsletter.models.set_based import update_each
from newsletter.models.taste import Verdict
from newsletter.pipeline.compose.empty import count_empty
from newsletter.pipeline.compose.fragments import StoredFragments
from newsletter.pipeline.compose.periods import Gathers, Period, periods_of
from newsletter.pipeline.compose.render import DigestRenderer, FragmentStore, RenderedDigest
from newsletter.pipeline.select.select import Choice
from newsletter.pipeline.summarize.figures import mail_figures
from newsletter.pipeline.summarize.lookup import Shown, SummaryLookup
from newsletter.pipeline.weeks import first_weeks

MOST_WHY_TERMS = 3
MOST_RENDERED = 500
"""Whole digests in memory, for others that are alike."""
RendererFor = Callable[[FragmentStore], DigestRenderer]


class Composer:
    """Composes the digests of one pass; ``load`` comes first for every batch."""

    def __init__(
        self,
        *,
        summariser: Summariser,
        renderer_for: RendererFor,
        now: datetime,
        is_spread: bool = False,
    ) -> None:
        self.lookup = SummaryLookup((), summariser=summariser)
        self.records: dict[int, PaperRecord] = {}
        self.topics: dict[int, Topic] = {}
        self._first_weeks: dict[int, Week] = {}
        self.fragment_store = StoredFragments()
        self.now = now
        self._week = week_of(now)
        self._renderer = renderer_for(self.fragment_store)
        self._is_spread = is_spread
        self._gathers = Gathers.until(now)
        self._chosen: set[int] = set()
        self._figures: dict[int, ShownFigure] = {}
        self._periods: dict[UUID, Period] = {}
        self._acts: Mapping[int, Sequence[ActDone]] = {}
        self._kept_titles: dict[tuple[int, str], str] = {}
        self._cards: dict[Hashable, DigestCard] = {}
        self._rendered: dict[Hashable, RenderedDigest] = {}

    def load(self, choices: Sequence[Choice]) -> None:
        """Load what these digests need besides, as far as no batch before them needed it."""
        selections = {id(choice.selection): choice.selection for choice in choices}.values()
        named = {each.paper_id for selection in selections for each in selection.papers}
        chosen = {each.paper_id for selection in selections for each in (*selection.chosen, *selection.near)}
        topics = {topic for selection in selections for topic in selection.topics}
        if new := chosen - self._chosen:
            self.lookup.load(new)
            self._figures |= mail_figures(new)
            self._chosen |= new
        if new := named - self.records.keys():
            self.records |= {paper.pk: paper.record for paper in Paper.objects.filter(pk__in=new)}
        if new := topics - self.topics.keys():
            self.topics |= Topic.objects.in_bulk(new)
            self._first_weeks |= first_weeks(new)
        self._acts = acts_since_last_digest(
            {choice.subscriber.pk for choice in choices if choice.subscriber.taste_version}
        )
        self._kept_titles = _kept_titles(choices)
        self._periods = periods_of(
            choices, gathers=self._gathers, now=self.now, language_for=self.lookup.language_for
        )

    def store(self, digests: Sequence[tuple[Choice, RenderedDigest]]) -> int:
        """Write these digests, all or none; return how many were still planned."""
        try:
            with transaction.atomic():
                self.fragment_store.save(each for _, rendered in digests for each in rendered.fragments)
                written = self._update(digests, selections=self._final_selections(digests))
                composed = [rendered.digest for choice, rendered in digests if choice.delivery.pk in written]
                count_empty(composed, day=self.now.astimezone(UTC).date())
                return len(written)
        except BaseException:
            self.fragment_store.take_back()
            raise

    def _update(
        self, digests: Sequence[tuple[Choice, RenderedDigest]], *, selections: Sequence[str | None]
    ) -> set[UUID]:
        bodies: dict[tuple[int, str], tuple[list[str], str]] = {}
        real_now, rows = timezone.now(), []
        for (choice, rendered), selection in zip(digests, selections, strict=True):
            row = choice.delivery
            same = id(rendered.fragments), row.slot_key
            if same not in bodies:
                bodies[same] = rendered.checksums(), rendered.body_key(slot_key=row.slot_key)
            strings = rendered.subject, rendered.placeholders, list(choice.selection.topics)
            at = self._leasable_at(choice, real_now=real_now)
            rows.append((row.pk, *bodies[same], *strings, selection, at))
        return update_each(
            Delivery,
            rows,
            match=["id"],
            change=[
                "fragments", "body_key", "subject", "placeholders", "topics", "selection", "next_attempt_at"
            ],
            to_all={
                "state": State.COMPOSED,
                "covers_until": self.now,
                "composed_at": self.now,
                "attempt": 0,
                "lease_owner": "",
                "lease_until": None,
            },
            where={"state": [State.PLANNED]},
        )  # fmt: skip

    def _final_selections(self, digests: Sequence[tuple[Choice, RenderedDigest]]) -> list[str | None]:
        """Return the keys of the selections with final places, storing those where a paper was moved."""
        keys = [choice.delivery.selection_id for choice, _ in digests]
        final = [self.final(choice, rendered.digest) for choice, rendered in digests]
        moved = [place for place, (choice, _) in enumerate(digests) if final[place] is not choice.selection]
        for place, row in zip(moved, store_selections([final[place] for place in moved]), strict=True):
            keys[place] = row.pk
        return keys

    def _leasable_at(self, choice: Choice, *, real_now: datetime) -> datetime:
        """Return the real time from which on it may be leased. What a person waits for is not delayed."""
        if not self._is_spread or choice.delivery.is_transactional:
            return real_now
        return max(
            real_now,
            choice.delivery.slot_at + own_delay(choice.subscriber.pk, longest=settings.CONFIG.longest_delay),
        )

    def ignorance(self, choice: Choice) -> str:
        """Return why nobody can say that nothing came out in the period of this digest; empty: one can."""
        return self._periods[choice.delivery.pk].ignorance

    def render(self, choice: Choice) -> RenderedDigest:
        """Return the digest; of those that differ in the date of confirmation only, the first is rendered."""
        period = self._periods[choice.delivery.pk]
        if (key := self._key(choice, period)) is None:
            return self._renderer.render(self._digest(choice, period))
        if key not in self._rendered:
            if len(self._rendered) >= MOST_RENDERED:
                self._rendered.clear()
            self._rendered[key] = self._renderer.render(self._digest(choice, period))
        return self._rendered[key].confirmed(choice.subscriber.confirmed_at)

    def _key(self, choice: Choice, period: Period) -> Hashable:
        """Return what it is made of, except the date of confirmation; None where it is one reader's own."""
        subscriber, delivery = choice.subscriber, choice.delivery
        subscriptions = [each.topic for each in subscriber.subscriptions.all() if each.topic.is_active]
        if (
            delivery.selected is not choice.selection
            or subscriber.taste_version
            or any(topic.owner_id for topic in subscriptions)
        ):
            return None
        return (
            delivery.selection_id,
            delivery.slot_key == FIRST,
            period,
            tuple(topic.pk for topic in subscriptions),
            subscriber.language,
            subscriber.depth,
            subscriber.cadence,
            subscriber.at,
            subscriber.timezone,
            subscriber.confirmed_at is not None,
            subscriber.confirmed_by_operator,
        )

    def _digest(self, choice: Choice, period: Period) -> Digest:
        subscriber, selection, zone = choice.subscriber, choice.selection, choice.subscriber.zone
        return Digest(
            language=subscriber.language,
            slot_date=period.ends_on,
            covers_days=period.days,
            depth=DetailLevel(subscriber.depth),
            is_first=choice.delivery.slot_key == FIRST,
            notices=period.notices,
            last_match=period.last_match,
            topics=tuple(
                self._topic(self.topics[topic], choice, papers, period)
                for topic, papers in selection.by_topic().items()
                if topic in self.topics
            ),
            listed=tuple(self.records[paper_id] for paper_id in selection.listed),
            counted=len(selection.counted_ids),
            near=tuple(
                self._card(each, choice, asked=DetailLevel.HEADLINE)
                for each in selection.near
                if each.paper_id in self.records
            ),
            revised=tuple(self._revised(choice)),
            whys=tuple(self._whys(choice)),
            learned=_learned(self._acts.get(subscriber.pk, ())),
            scanned=selection.scanned,
            was_asked=not period.ignorance,
            is_half_answered=period.ignorance == HALF_ANSWERED,
            empty_dates=period.empty.asked,
            unasked_dates=period.empty.unasked,
            half_answered_dates=period.empty.half_answered,
            failed_gathers=_local_dates(self._gathers.failed, zone),
            doubtful_gathers=_local_dates(self._gathers.doubtful, zone),
            subscribed=tuple(
                (each.topic.slug, _shown_name(each.topic, subscriber.language))
                for each in subscriber.subscriptions.all()
                if each.topic.is_active
            ),
            email=subscriber.email,
            confirmed_on=subscriber.confirmed_at.date() if subscriber.confirmed_at else None,
            confirmed_by_operator=subscriber.confirmed_by_operator,
            cadence=subscriber.cadence,
            at=f"{subscriber.at:%H:%M}",
            timezone=subscriber.timezone,
            private_names=tuple(
                (topic_placeholder(each.topic.slug), each.topic.name_in(subscriber.language))
                for each in subscriber.subscriptions.all()
                if each.topic.owner_id
            ),
        )

    def final(self, choice: Choice, shown: Digest) -> SelectionValue:
        """Return the selection with the place each paper got when the digest was fitted into its size."""
        selection = choice.selection
        if (
            shown.summarised == len(selection.chosen)
            and len(shown.listed) == len(selection.listed)
            and not any(each.shown_as for each in selection.papers)
        ):
            return selection
        ids = {record.arxiv_id: paper_id for paper_id, record in self.records.items()}
        places = dict.fromkeys((each.paper_id for each in choice.selection.papers), Place.COUNTED)
        for topic in shown.topics:
            places |= {ids[card.paper.arxiv_id]: Place.SUMMARIZED for card in topic.cards}
        places |= {ids[record.arxiv_id]: Place.LISTED for record in shown.listed}
        places |= {each.paper_id: each.place for each in (*choice.selection.near, *choice.selection.revised)}
        return choice.selection.with_places(places)

    def _revised(self, choice: Choice) -> Iterator[tuple[PaperRecord, Revision]]:
        for each in choice.selection.revised:
            if each.paper_id in self.records and each.why.revision:
                yield self.records[each.paper_id], each.why.revision

    def _whys(self, choice: Choice) -> Iterator[tuple[str, CardWhy]]:
        """Yield why each shown paper was chosen; one paper and three words are enough for a mail."""
        for each in (*choice.selection.chosen, *choice.selection.near):
            why = each.why
            if why.code in (WhyCode.QUERY, WhyCode.GROUP) or each.paper_id not in self.records:
                continue
            titles = [self._kept_titles.get((choice.subscriber.pk, arxiv_id), "") for arxiv_id in why.papers]
            title = next(filter(None, titles), "")
            yield (
                self.records[each.paper_id].arxiv_id,
                CardWhy(why.code, title=title, terms=why.terms[:MOST_WHY_TERMS], author=why.author),
            )

    def _topic(
        self, topic: Topic, choice: Choice, papers: tuple[Selected, ...], period: Period
    ) -> DigestTopic:
        language, selection = choice.subscriber.language, choice.selection
        ranks = {each.paper_id: rank for rank, each in enumerate(selection.chosen)}
        return DigestTopic(
            slug=topic.slug,
            name=_shown_name(topic, language),
            cards=tuple(
                self._card(
                    each, choice, asked=DetailLevel(choice.subscriber.depth), rank=ranks[each.paper_id]
                )
                for each in papers
            ),
            total=selection.brought_by(topic.pk),
            week=week_of_period(
                period.ends_on,
                days=period.days,
                first=self._first_weeks.get(topic.pk),
                last=self._week,
            ),
        )

    def _card(self, selected: Selected, choice: Choice, *, asked: DetailLevel, rank: int = 0) -> DigestCard:
        language, paper_id = choice.subscriber.language, selected.paper_id
        key = paper_id, language, asked, rank
        if key not in self._cards:
            self._cards[key] = card_of(
                self.records[paper_id],
                shown=self.lookup.show(Wanted(paper_id, language, asked)),
                asked=asked,
                figure=self._figures.get(paper_id),
                rank=rank,
            )
        return self._cards[key]


def _shown_name(topic: Topic, language: str) -> str:
    """Return a topic's name; of a private one only what stands in for it, since fragments are everyone's."""
    return stand_in(topic.slug) if topic.owner_id else topic.name_in(language)


def _local_dates(moments: Iterable[datetime], zone: ZoneInfo) -> tuple[date, ...]:
    return tuple(dict.fromkeys(moment.astimezone(zone).date() for moment in moments))


def _learned(acts: Sequence[ActDone]) -> Learned | None:
    if not acts:
        return None
    return Learned(
        saved=sum(act.is_saved for act in acts),
        more=sum(act.verdict == Verdict.LIKE for act in acts),
        less=sum(act.verdict == Verdict.DISLIKE for act in acts),
    )


def _kept_titles(choices: Iterable[Choice]) -> dict[tuple[int, str], str]:
    named = [
        (choice.subscriber.pk, arxiv_id)
        for choice in choices
        for each in choice.selection.papers
        for arxiv_id in each.why.papers
    ]
    subscribers, arxiv_ids = {pk for pk, _ in named}, sorted({arxiv_id for _, arxiv_id in named})
    rows = PaperFeedback.objects.filter(subscriber__in=subscribers, arxiv_id__in=arxiv_ids) if named else ()
    return {(row.subscriber_id, row.arxiv_id): row.title for row in rows}


def card_of(
    record: PaperRecord,
    *,
    shown: Shown,
    asked: DetailLevel,
    figure: ShownFigure | None = None,
    rank: int = 0,
) -> DigestCard:
    """Return the card for readers who asked for ``asked``."""
    lacks, reason = shown.lacks(asked)
    detail = min(asked, shown.detail, key=lambda detail: detail.rank)
    return DigestCard(
        paper=replace(record, version=shown.paper_version),
        summary=shown.content,
        summary_key=shown.key,
        language=shown.language,
        detail=detail,
        lacks=lacks,
        lacks_reason=reason,
        figure=figure if asked is not DetailLevel.HEADLINE else None,
        model=shown.model,
        written_at=shown.written_at,
        rank=rank,
    )
