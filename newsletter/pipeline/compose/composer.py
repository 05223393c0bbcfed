"""A batch of digests and what each is composed of: a list of fragments, and its own strings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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
    stand_in,
    topic_placeholder,
)
from newsletter.core.digests.selection import Place, Selected, WhyCode
from newsletter.core.digests.selection import Selection as SelectionValue
from newsletter.core.summaries.summary import NO_FULL_TEXT, DetailLevel, Voice
from newsletter.core.summaries.wanted import Wanted
from newsletter.models import Delivery, Paper, PaperFeedback, Selection, Topic
from newsletter.models.delivery import HALF_ANSWERED, State
from newsletter.models.selection import store_selections
from newsletter.models.taste import Verdict
from newsletter.pipeline.compose.fragments import StoredFragments
from newsletter.pipeline.compose.message import body_key
from newsletter.pipeline.compose.periods import EmptyDates, Gathers, empty_dates
from newsletter.pipeline.compose.render import DigestRenderer, FragmentStore, RenderedDigest
from newsletter.pipeline.select.select import Choice
from newsletter.pipeline.summarize.figures import figures_for
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
        language = choice.subscriber.language
        return DigestTopic(
            slug=topic.slug,
            name=_shown_name(topic, language),
            cards=tuple(
                self._card(each, choice, asked=DetailLevel(choice.subscriber.depth)) for each in papers
            ),
        )

    def _card(self, selected: Selected, choice: Choice, *, asked: DetailLevel) -> DigestCard:
        language = choice.subscriber.language
        return card_of(
            self.records[selected.paper_id],
            shown=self.lookup.show(Wanted(selected.paper_id, language, asked)),
            asked=asked,
            figure=self.figures.get(selected.paper_id),
            also_in=[
                _shown_name(self.topics[each], language) for each in selected.also_in if each in self.topics
            ],
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


def mail_figures(paper_ids: Collection[int]) -> dict[int, ShownFigure]:
    """Return the first figure of each paper that a mail may show, by the paper's key."""
    papers = Paper.objects.in_bulk(paper_ids).values()
    small = {
        key: [each for each in figures if each.mail_image] for key, figures in figures_for(papers).items()
    }
    return {key: figures[0] for key, figures in small.items() if figures}


def card_of(
    record: PaperRecord,
    *,
    shown: Shown,
    asked: DetailLevel,
    figure: ShownFigure | None = None,
    also_in: Sequence[str] = (),
) -> DigestCard:
    """Return the card for readers who asked for ``asked``."""
    lacks, reason = _lacking(shown, asked=asked)
    detail = min(asked, shown.detail, key=lambda detail: detail.rank)
    return DigestCard(
        paper=replace(record, version=shown.paper_version),
        summary=shown.content,
        summary_key=shown.key,
        language=shown.language,
        detail=detail,
        lacks=lacks,
        lacks_reason=reason,
        figure=figure if detail is DetailLevel.READING else None,
        model=shown.model,
        written_at=shown.written_at,
        also_in=tuple(also_in),
    )


def _lacking(shown: Shown, *, asked: DetailLevel) -> tuple[DetailLevel | None, str]:
    """Return what a sentence must own up to, and why. An extract in a model's place says so by itself."""
    if shown.detail.rank >= asked.rank:
        return None, ""
    if shown.content.voice is Voice.MODEL:
        missing = shown.content.incomplete
        return asked, (NO_FULL_TEXT if NO_FULL_TEXT in missing else "incomplete" if missing else "late")
    is_by_choice = asked is DetailLevel.READING and not shown.content.fallback_reason
    return (asked, "no_model") if is_by_choice else (None, "")
