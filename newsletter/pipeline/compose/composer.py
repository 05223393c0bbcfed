"""A batch of digests and what each is composed of: a list of fragments, and its own strings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

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
    Notice,
    stand_in,
    topic_placeholder,
)
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.core.digests.selection import Place, Selected, WhyCode
from newsletter.core.digests.selection import Selection as SelectionValue
from newsletter.core.summaries.summary import DetailLevel
from newsletter.core.summaries.wanted import Wanted
from newsletter.models import Delivery, DigestNotice, Paper, PaperFeedback, Selection, Topic
from newsletter.models.delivery import FIRST, HALF_ANSWERED, State
from newsletter.models.selection import store_selections
from newsletter.models.taste import Verdict
from newsletter.pipeline.compose.fragments import StoredFragments
from newsletter.pipeline.compose.message import body_key
from newsletter.pipeline.compose.periods import EmptyDates, Gathers, empty_dates
from newsletter.pipeline.compose.render import DigestRenderer, FragmentStore, RenderedDigest
from newsletter.pipeline.select.select import Choice
from newsletter.pipeline.summarize.figures import mail_figures
from newsletter.pipeline.summarize.lookup import Shown, SummaryLookup

MOST_WHY_TERMS = 3
RendererFor = Callable[[FragmentStore], DigestRenderer]


@dataclass(slots=True)
class Composer:
    """Composes the digests of one batch."""

    lookup: SummaryLookup
    records: dict[int, PaperRecord]
    topics: dict[int, Topic]
    figures: dict[int, ShownFigure]
    fragment_store: StoredFragments
    renderer: DigestRenderer
    gathers: Gathers
    empty_dates: dict[int, EmptyDates]
    """By reader: the slots without a mail since the last one."""
    acts: Mapping[int, Sequence[ActDone]]
    """By subscriber: what links of digests changed since their last one."""
    kept_titles: dict[tuple[int, str], str]
    """(subscriber, arXiv id) → title, of the papers that why lines name."""
    last_matches: Mapping[int, date]
    """By subscriber, of digests without papers: when a paper for them last came."""
    notices: Sequence[DigestNotice]
    """Of the periods of these digests."""
    now: datetime
    is_spread: bool = False

    @classmethod
    def set_up(
        cls,
        choices: Iterable[Choice],
        *,
        summariser: Summariser,
        renderer_for: RendererFor,
        now: datetime,
        fragment_store: StoredFragments | None = None,
    ) -> Composer:
        """Load what these digests need besides; batches of one pass share their ``fragment_store``."""
        choices = list(choices)
        chosen = {want.paper_id for choice in choices for want in choice.wanted()}
        named = {each.paper_id for choice in choices for each in choice.selection.papers}
        fragment_store = fragment_store or StoredFragments()
        return cls(
            lookup=SummaryLookup(chosen, summariser=summariser),
            records={paper.pk: paper.record for paper in Paper.objects.filter(pk__in=named)},
            topics=Topic.objects.in_bulk({topic for choice in choices for topic in choice.selection.topics}),
            figures=mail_figures(chosen),
            fragment_store=fragment_store,
            renderer=renderer_for(fragment_store),
            gathers=Gathers.until(now),
            empty_dates=empty_dates({choice.subscriber.pk: choice.subscriber for choice in choices}),
            acts=acts_since_last_digest(
                {choice.subscriber.pk for choice in choices if choice.subscriber.taste_version}
            ),
            kept_titles=_kept_titles(choices),
            last_matches=_last_matches(choices),
            notices=_notices(choices, now=now),
            now=now,
        )

    def store(self, digests: Sequence[tuple[Choice, RenderedDigest]]) -> int:
        """Write these digests, all or none; return how many were still planned."""
        try:
            with transaction.atomic():
                self.fragment_store.save()
                rows = store_selections([self.final(choice, shown.digest) for choice, shown in digests])
                return sum(
                    self._store(choice, rendered, selection=row)
                    for (choice, rendered), row in zip(digests, rows, strict=True)
                )
        except BaseException:
            self.fragment_store.take_back()
            raise

    def _store(self, choice: Choice, rendered: RenderedDigest, *, selection: Selection) -> int:
        fragments = [fragment.checksum for fragment in rendered.fragments]
        return Delivery.objects.filter(pk=choice.delivery.pk, state=State.PLANNED).update(
            state=State.COMPOSED,
            subject=rendered.subject,
            fragments=fragments,
            body_key=body_key(
                subject=rendered.subject, slot_key=choice.delivery.slot_key, fragments=fragments
            ),
            placeholders=rendered.placeholders,
            selection=selection,
            topics=list(choice.selection.topics),
            covers_until=self.now,
            composed_at=self.now,
            attempt=0,
            lease_owner="",
            lease_until=None,
            next_attempt_at=self._leasable_at(choice),
        )

    def _leasable_at(self, choice: Choice) -> datetime:
        """Return the real time from which on it may be leased. What a person waits for is not delayed."""
        delivery, real_now = choice.delivery, timezone.now()
        if not self.is_spread or delivery.is_transactional:
            return real_now
        return max(real_now, delivery.slot_at + own_delay(choice.subscriber.pk))

    def ignorance(self, choice: Choice) -> str:
        """Return why nobody can say that nothing came out in the period of this digest; empty: one can."""
        return self.gathers.ignorance_since(_begins_at(choice))

    def render(self, choice: Choice) -> RenderedDigest:
        return self.renderer.render(self._digest(choice))

    def _digest(self, choice: Choice) -> Digest:
        subscriber, selection = choice.subscriber, choice.selection
        zone = subscriber.zone
        # A late digest holds what has come in until it is composed, so that is where its period ends.
        ends_at = max(choice.delivery.slot_at, self.now)
        begins_at = _begins_at(choice)
        empty, ignorance = self.empty_dates.get(subscriber.pk, EmptyDates()), self.ignorance(choice)
        return Digest(
            language=subscriber.language,
            slot_date=ends_at.astimezone(zone).date(),
            covers_days=max(1, round((ends_at - begins_at) / timedelta(days=1))),
            depth=DetailLevel(subscriber.depth),
            is_first=choice.delivery.slot_key == FIRST,
            notices=tuple(self._notices(choice, since=begins_at)),
            last_match=self.last_matches.get(subscriber.pk),
            topics=tuple(
                self._topic(self.topics[topic], choice, papers)
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
            learned=_learned(self.acts.get(subscriber.pk, ())),
            scanned=selection.scanned,
            was_asked=not ignorance,
            is_half_answered=ignorance == HALF_ANSWERED,
            empty_dates=empty.asked,
            unasked_dates=empty.unasked,
            half_answered_dates=empty.half_answered,
            failed_gathers=_local_dates(self.gathers.failed, zone),
            doubtful_gathers=_local_dates(self.gathers.doubtful, zone),
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
        ids = {record.arxiv_id: paper_id for paper_id, record in self.records.items()}
        places = dict.fromkeys((each.paper_id for each in choice.selection.papers), Place.COUNTED)
        for topic in shown.topics:
            places |= {ids[card.paper.arxiv_id]: Place.SUMMARIZED for card in topic.cards}
        places |= {ids[record.arxiv_id]: Place.LISTED for record in shown.listed}
        places |= {each.paper_id: each.place for each in (*choice.selection.near, *choice.selection.revised)}
        return choice.selection.with_places(places)

    def _notices(self, choice: Choice, *, since: datetime) -> Iterator[Notice]:
        """Yield what the operator said since the last digest, of a paper only to those who have seen it."""
        current = [notice for notice in self.notices if since < notice.published_at]
        seen = unpack_seen(bytes(choice.subscriber.seen_papers)) if current else ()
        for notice in current:
            if notice.paper_id is None or notice.paper_id in seen:
                yield notice.in_language(choice.subscriber.language)

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
            titles = [self.kept_titles.get((choice.subscriber.pk, arxiv_id), "") for arxiv_id in why.papers]
            title = next(filter(None, titles), "")
            yield (
                self.records[each.paper_id].arxiv_id,
                CardWhy(why.code, title=title, terms=why.terms[:MOST_WHY_TERMS], author=why.author),
            )

    def _topic(self, topic: Topic, choice: Choice, papers: tuple[Selected, ...]) -> DigestTopic:
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
        )

    def _card(self, selected: Selected, choice: Choice, *, asked: DetailLevel, rank: int = 0) -> DigestCard:
        return card_of(
            self.records[selected.paper_id],
            shown=self.lookup.show(Wanted(selected.paper_id, choice.subscriber.language, asked)),
            asked=asked,
            figure=self.figures.get(selected.paper_id),
            rank=rank,
        )


def _shown_name(topic: Topic, language: str) -> str:
    """Return a topic's name; of a private one only what stands in for it, since fragments are everyone's."""
    return stand_in(topic.slug) if topic.owner_id else topic.name_in(language)


def _local_dates(moments: Iterable[datetime], zone: ZoneInfo) -> tuple[date, ...]:
    return tuple(dict.fromkeys(moment.astimezone(zone).date() for moment in moments))


def _begins_at(choice: Choice) -> datetime:
    return min((offer.eligibility.begins_at for offer in choice.offers), default=choice.delivery.slot_at)


def _learned(acts: Sequence[ActDone]) -> Learned | None:
    if not acts:
        return None
    return Learned(
        saved=sum(act.is_saved for act in acts),
        more=sum(act.verdict == Verdict.LIKE for act in acts),
        less=sum(act.verdict == Verdict.DISLIKE for act in acts),
    )


def _notices(choices: Sequence[Choice], *, now: datetime) -> list[DigestNotice]:
    """Return the newest of them, at most three, the newest first."""
    since = min(map(_begins_at, choices), default=now)
    return list(
        DigestNotice.objects.filter(published_at__gt=since, published_at__lte=now).order_by("-published_at")[
            :3
        ]
    )


def _last_matches(choices: Iterable[Choice]) -> dict[int, date]:
    """Return when the newest paper that each of the readers without a match has seen came."""
    newest = {
        choice.subscriber.pk: max(seen)
        for choice in choices
        if not choice.selection.chosen and (seen := unpack_seen(bytes(choice.subscriber.seen_papers)))
    }
    papers = Paper.objects.in_bulk(set(newest.values())) if newest else {}
    return {key: papers[paper].first_seen_at.date() for key, paper in newest.items() if paper in papers}


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
