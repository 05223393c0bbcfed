"""The digest that would go out to one reader; no delivery is recorded (summaries it paid for are kept)."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from newsletter.core.digests.message import Fragment, join_html, join_text
from newsletter.core.digests.selection import Place, Selection
from newsletter.models import Delivery, Paper, Subscriber
from newsletter.models.delivery import FIRST, OPEN, TRANSACTIONAL, Kind
from newsletter.pipeline.compose.composer import Composer
from newsletter.pipeline.compose.message import message_of, placeholders_of
from newsletter.pipeline.context import Context
from newsletter.pipeline.select.select import Choice, choose
from newsletter.pipeline.summarize.generate import write_extracts, write_summaries

NOBODYS_KEY = "test-no-link"
"""As long as a link key, and none: links that are made with it look like a reader's, and open nothing."""
QUERY = "query"
"""Why a paper is offered that a topic's query matched."""


@dataclass(frozen=True, slots=True)
class Preview:
    subject: str
    html: str
    text: str
    message: bytes
    account: dict[str, int]
    """summarised, listed, counted, scanned."""
    selection: list[dict[str, Any]]
    """For ``--json``: every paper offered, in the order of the turns, the counted ones last."""
    why_not: str
    """Why it would not go out at present; empty when it would."""
    delivery: Delivery
    """Not stored."""
    fragments: Sequence[Fragment]


def preview_digest(
    subscriber: Subscriber,
    *,
    context: Context,
    now: datetime,
    is_inert: bool = False,
    asks_model: bool = True,
) -> Preview:
    """Write the digest as if every topic of the reader fell due at ``now``.

    ``is_inert``: no link in it is the reader's, so who gets it can change nothing of theirs. Without
    ``asks_model`` it has the summaries that are written, and authors' words for the rest.
    """
    if is_inert:
        subscriber = copy(subscriber)
        subscriber.link_key = NOBODYS_KEY
    delivery = Delivery.planned(
        subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key=FIRST, slot_at=now, now=now
    )
    delivery.subscriber = subscriber
    # As a first digest it covers every topic; nobody waits for it as for a first one, unless one is to come.
    [choice] = choose([delivery], now=now)
    if not subscriber.deliveries.filter(TRANSACTIONAL, kind=Kind.DIGEST, state__in=OPEN).exists():
        delivery.slot_key = now.astimezone(subscriber.zone).date().isoformat()
    if asks_model:
        summariser, full_text = context.summariser, context.full_text_for
        write_summaries(choice.wanted(), summariser=summariser, now=now, full_text=full_text)
    write_extracts({want.paper_id for want in choice.wanted()}, now=now)
    return _preview(choice, context=context, now=now)


def _preview(choice: Choice, *, context: Context, now: datetime) -> Preview:
    composer = Composer(summariser=context.summariser, renderer_for=context.renderer, now=now)
    composer.load([choice])
    rendered = composer.render(choice)
    delivery = choice.delivery
    delivery.subject, delivery.placeholders, delivery.composed_at = (
        rendered.subject,
        rendered.placeholders,
        now,
    )
    placeholders = placeholders_of(delivery, rendered.fragments)
    shown = rendered.digest
    return Preview(
        subject=rendered.subject,
        html=join_html(rendered.fragments, placeholders),
        text=join_text(rendered.fragments, placeholders),
        message=message_of(delivery, rendered.fragments),
        selection=_as_json(composer.final(choice, shown), composer=composer),
        why_not=_why_not(choice, ignorance=composer.ignorance(choice), now=now),
        delivery=delivery,
        fragments=rendered.fragments,
        account={
            "summarised": shown.summarised,
            "listed": len(shown.listed),
            "counted": shown.counted,
            "scanned": shown.scanned,
        },
    )


def _as_json(selection: Selection, *, composer: Composer) -> list[dict[str, Any]]:
    counted = selection.counted_ids
    arxiv_ids = dict(Paper.objects.filter(pk__in={*counted, *composer.records}).values_list("pk", "arxiv_id"))
    named = [
        {
            "arxiv_id": arxiv_ids[each.paper_id],
            "place": each.final_place,
            "topic": composer.topics[each.topic].slug,
            "rank": rank,
            "score": each.score,
            "why": each.why.code,
        }
        for rank, each in enumerate(selection.papers, start=1)
    ]
    return named + [
        {
            "arxiv_id": arxiv_ids[paper_id],
            "place": Place.COUNTED,
            "topic": composer.topics[topic].slug,
            "why": QUERY,
        }
        for topic, papers in selection.counted.items()
        for paper_id in papers
    ]


def _why_not(choice: Choice, *, ignorance: str, now: datetime) -> str:
    subscriber = choice.subscriber
    if not subscriber.accepts_mail(now=now):
        return f"the reader is {subscriber.shown_status(now=now)}"
    if not choice.offers:
        return "the reader has no topic left"
    if not choice.has_something_to_say():
        why = f"{ignorance}, so nothing is known to match" if ignorance else "nothing matched"
        return f"{why}, and then there is no mail for readers of daily and weekday digests"
    return ""
