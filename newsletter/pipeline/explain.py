"""Why a subscriber got, or did not get, a paper: read from the stored selections, for the operator.

The waiting digest is asked first, then the last accepted one that offered the paper or could have; where
there is neither, what would be selected at this moment. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.core.arxiv.papers import parse_id
from newsletter.core.arxiv.query import parse_stored
from newsletter.core.digests.selection import Place, Why, WhyCode
from newsletter.errors import BadInput
from newsletter.mail.words import words_for
from newsletter.models import Delivery, Match, Paper, Subscriber, Topic
from newsletter.models.delivery import FIRST, OPEN, SENT, Kind, State
from newsletter.pipeline.select.candidates import Offer
from newsletter.pipeline.select.eligibility import PaperDates
from newsletter.pipeline.select.select import Choice, choose, stored

WAITING = (*OPEN, State.SENDING)


class Code(StrEnum):
    SUMMARIZED = "summarized"
    LISTED = "listed"
    COUNTED = "counted"
    NEAR = "near"
    REVISED = "revised"
    KEPT = "close_to_kept"
    FOLLOWS = "follows"
    GROUP = "typical"
    BREADTH = "breadth"
    MOVED = "moved_to_fit"
    LEFT = "subscriber_left"
    PAUSED = "subscriber_paused"
    UNKNOWN = "not_gathered"
    WITHDRAWN = "withdrawn"
    SEEN = "seen_before"
    NOT_MATCHED = "not_matched"
    NOT_COMPARED = "not_compared"
    TOPIC_LEFT = "topic_left"
    TOPIC_NOT_DUE = "topic_not_due"
    BEFORE_PERIOD = "before_period"
    AFTER_SLOT = "after_slot"
    NEXT = "next_digest"


@dataclass(frozen=True, slots=True)
class Reason:
    code: Code
    words: str


@dataclass(frozen=True, slots=True)
class Explanation:
    reasons: tuple[Reason, ...]
    digest: str = ""
    """The digest that was asked: its slot key and state; empty where none was."""
    place: Place | None = None
    topic: str | None = None
    rank: int | None = None
    score: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "place": self.place,
            "topic": self.topic,
            "rank": self.rank,
            "score": self.score,
            "reasons": [{"code": each.code, "words": each.words} for each in self.reasons],
            "digest": self.digest or None,
        }


def explain(subscriber: Subscriber, text: str, *, now: datetime) -> Explanation:
    """Answer for one paper. Raises BadInput for what is no arXiv id."""
    arxiv_id = parse_id(text)
    if arxiv_id is None:
        raise BadInput(f"{text!r} is not an arXiv id: write one such as 2406.01234")
    standing = tuple(_standing(subscriber, now=now))
    paper = Paper.objects.filter(arxiv_id=arxiv_id.base, first_seen_at__lte=now).first()
    if paper is None:
        unknown = Reason(Code.UNKNOWN, "this service has not had the paper from arXiv yet")
        return Explanation((*standing, unknown))
    choice = _asked(subscriber, paper, now=now)
    if paper.pk in choice.selection.paper_ids:
        return _found(choice, paper, standing=standing)
    reasons = (*standing, *_why_not(choice, paper, now=now))
    return Explanation(reasons, digest=_name(choice.delivery))


def _standing(subscriber: Subscriber, *, now: datetime) -> Iterator[Reason]:
    status = subscriber.shown_status(now=now)
    if status == "paused":
        yield Reason(Code.PAUSED, f"the reader has paused until {subscriber.paused_until:%Y-%m-%d %H:%M} UTC")
    elif status != "active":
        yield Reason(Code.LEFT, f"the reader gets no digests: {status}")


def _asked(subscriber: Subscriber, paper: Paper, *, now: datetime) -> Choice:
    """Return the digest that answers, as it was selected or would be now."""
    digests = Delivery.objects.filter(subscriber=subscriber, kind=Kind.DIGEST).order_by("-slot_at")
    digests = digests.prefetch_related("subscriber__subscriptions__topic", "selection")
    waiting = list(digests.filter(state__in=WAITING)[:1])
    sent = list(digests.filter(state__in=SENT))
    offered = [row for row in sent if paper.pk in row.paper_ids]
    could = [row for row in sent if row.covers_until and row.covers_until >= paper.first_seen_at]
    for row in (*waiting, *offered[:1], *could[:1]):
        # One that was planned and not selected yet is selected here.
        return stored([row])[0] if row.selection else choose([row], now=now)[0]
    row = Delivery.planned(
        subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key=FIRST, slot_at=now, now=now
    )
    row.subscriber = subscriber
    [choice] = choose([row], now=now)
    row.slot_key = ""
    return choice


def _name(row: Delivery) -> str:
    return f"{row.slot_key} {row.state}" if row.slot_key else ""


def _found(choice: Choice, paper: Paper, *, standing: tuple[Reason, ...]) -> Explanation:
    selection, row = choice.selection, choice.delivery
    when = f"in the digest {_name(row)}" if row.slot_key else "in the digest that would go out now"
    for rank, each in enumerate(selection.papers, start=1):
        if each.paper_id == paper.pk:
            topic = Topic.objects.filter(pk=each.topic).first()
            place = each.final_place
            brought = (
                f"the query of {topic.name} matched it" if topic else "a topic that has ended matched it"
            )
            if place is Place.NEAR:
                brought = (
                    f"no query asks for it; it stands under {topic.name}" if topic else "no query asks for it"
                )
            elif revision := each.why.revision:
                brought = f"{words_for('en').happened(revision)}, after the reader had read or kept it"
            reasons = [Reason(Code(place), f"{place} {when}, rank {rank}: {brought}")]
            reasons += _chosen(each.why)
            if each.shown_as:
                reasons.append(
                    Reason(Code.MOVED, f"selected as {each.place}, moved to keep the mail under its size")
                )
            return Explanation(
                (*standing, *reasons),
                digest=_name(row),
                place=place,
                topic=topic.slug if topic else None,
                rank=rank,
                score=each.score,
            )
    topic = Topic.objects.filter(
        pk__in=[topic for topic, papers in selection.counted.items() if paper.pk in papers]
    ).first()
    under = f" under {topic.name}" if topic else ""
    before = len(selection.matched_ids) - len(selection.counted_ids)
    words = f"counted{under} {when}: {before} papers came before it"
    return Explanation(
        (*standing, Reason(Code.COUNTED, words)),
        digest=_name(row),
        place=Place.COUNTED,
        topic=topic.slug if topic else None,
    )


def _chosen(why: Why) -> Iterator[Reason]:
    """Say why it came before others."""
    terms = ", ".join(why.terms)
    match why.code:
        case WhyCode.KEPT:
            named = f" ({', '.join(why.papers)})" if why.papers else ""
            yield Reason(Code.KEPT, f"it is close to papers that the reader kept{named}: {terms}")
        case WhyCode.FOLLOWS:
            yield Reason(Code.FOLLOWS, f"the reader follows {why.author}")
        case WhyCode.NAMESAKE:
            yield Reason(
                Code.FOLLOWS, f"the reader follows {why.author}; it may be another person of that name"
            )
        case WhyCode.GROUP:
            yield Reason(Code.GROUP, f"it is the most typical of {why.number} matches on {terms}")
        case WhyCode.BREADTH:
            yield Reason(Code.BREADTH, "it was drawn from the list, for breadth")


def _why_not(choice: Choice, paper: Paper, *, now: datetime) -> Iterator[Reason]:
    row, subscriber = choice.delivery, choice.subscriber
    if paper.is_withdrawn:
        yield Reason(Code.WITHDRAWN, f"its authors have withdrawn it (version {paper.version})")
        return
    sent = Delivery.objects.filter(subscriber=subscriber, kind=Kind.DIGEST, state__in=SENT).exclude(pk=row.pk)
    for earlier in sent.select_related("selection").order_by("-slot_at"):
        if paper.pk in earlier.paper_ids:
            at = f"{earlier.outcome_at:%Y-%m-%d %H:%M} UTC" if earlier.outcome_at else "unknown"
            yield Reason(Code.SEEN, f"it was in the digest {_name(earlier)}, accepted {at}")
            return
    until = row.covers_until or now
    matches = {match.topic_id: match for match in Match.objects.filter(paper=paper).select_related("topic")}
    index = TopicIndex([(paper.pk, paper.record)])
    for subscription in subscriber.subscriptions.select_related("topic"):
        topic = subscription.topic
        match = matches.pop(topic.pk, None)
        if match is None:
            matched = bool(index.search(parse_stored(topic.query)))
            yield _without_match(topic, is_matched=matched, is_compared=paper.matched_at is not None)
        elif match.created_at > until:
            words = (
                f"{topic.name} matched it {match.created_at:%Y-%m-%d %H:%M} UTC, after this digest was made"
            )
            yield Reason(Code.AFTER_SLOT, words)
        elif topic.pk not in choice.selection.topics:
            yield Reason(Code.TOPIC_NOT_DUE, f"{topic.name} matched it, and is not due in this digest")
        else:
            yield _out_of_period(Offer.of(subscriber, subscription), match, paper)
    for match in matches.values():
        if match.topic.owner_id in (None, subscriber.pk) and match.topic_id in _topics_had(subscriber):
            yield Reason(
                Code.TOPIC_LEFT, f"{match.topic.name} matched it, and the reader has left that topic"
            )


def _without_match(topic: Topic, *, is_matched: bool, is_compared: bool) -> Reason:
    if not is_matched:
        return Reason(Code.NOT_MATCHED, f"the query of {topic.name} does not match it: {topic.query}")
    if not is_compared:
        return Reason(
            Code.NOT_COMPARED, f"it was not compared with {topic.name} yet; the next match does that"
        )
    words = f"{topic.name} matches it now, but the topic is newer, or was changed, and looks back two weeks"
    return Reason(Code.NOT_COMPARED, words)


def _out_of_period(offer: Offer, match: Match, paper: Paper) -> Reason:
    eligibility, name = offer.eligibility, match.topic.name
    published = f"published {paper.published_at:%Y-%m-%d}, first seen {paper.first_seen_at:%Y-%m-%d}"
    if not eligibility.takes(PaperDates(paper.first_seen_at, paper.published_at)):
        words = f"{name} matched it, but it is from before the reader's time with this topic ({published})"
        return Reason(Code.BEFORE_PERIOD, words)
    if match.created_at < eligibility.since:
        covered = f"{eligibility.begins_at:%Y-%m-%d %H:%M} UTC"
        words = f"{name} matched it before the period that begins {covered} ({published})"
        return Reason(Code.BEFORE_PERIOD, words)
    return Reason(Code.NEXT, f"{name} matches it: it comes with the next selection")


def _topics_had(subscriber: Subscriber) -> set[int]:
    """Return the topics that the reader's digests have covered."""
    digests = Delivery.objects.filter(subscriber=subscriber, kind=Kind.DIGEST)
    return {topic for topics in digests.values_list("topics", flat=True) for topic in topics}
