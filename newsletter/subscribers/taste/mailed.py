"""Acts by the links of a digest. Whoever has the mail can act, and so do programs that check mail.

A program is known by what no reader does: more than three acts within ten seconds, opposite acts on one
paper with no pause of ten seconds between, or *more* on every paper of a digest within ten minutes. Then
nothing of it counts, nor what follows without such a pause.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from django.db import transaction

from newsletter.audience.feedback_links import digest_of_link, is_expired
from newsletter.core.arxiv.papers import ArxivId
from newsletter.core.digests.selection import Place, Selection
from newsletter.models import Delivery, MailedAct, Paper, PaperFeedback, Subscriber
from newsletter.models.taste import Act, Source
from newsletter.subscribers.change import lock
from newsletter.subscribers.taste.acts import act_on, feedback_on, move_on, take_back

BURST = timedelta(seconds=10)
MOST_IN_A_BURST = 3
EVERYTHING = timedelta(minutes=10)
FEWEST_OF_EVERYTHING = 4
"""Papers: asking for more of a digest's two papers says something, of all its ten nothing."""
OPPOSITES: dict[str, set[str]] = {Act.SAVE: {Act.LESS}, Act.MORE: {Act.LESS}, Act.LESS: {Act.SAVE, Act.MORE}}


class Unusable(Enum):
    BROKEN = auto()
    """Forged, cut, revoked, or of a reader who was erased."""
    EXPIRED = auto()
    OTHER_PAPER = auto()
    """The digest does not hold this paper, or it is not known any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedPaper:
    """One paper of the digest that a link was mailed with."""

    delivery: Delivery
    subscriber: Subscriber
    paper: Paper

    def feedback(self) -> PaperFeedback | None:
        return feedback_on(self.subscriber, [self.paper.arxiv_id]).get(self.paper.arxiv_id)


def open_link(token: str, arxiv_id: ArxivId | None, *, now: datetime) -> LinkedPaper | Unusable:
    delivery = digest_of_link(token)
    if delivery is None or delivery.subscriber is None:
        return Unusable.BROKEN
    if is_expired(delivery, now=now):
        return Unusable.EXPIRED
    paper = Paper.objects.filter(arxiv_id=arxiv_id.base).first() if arxiv_id else None
    if paper is None or paper.pk not in delivery.paper_ids:
        return Unusable.OTHER_PAPER
    return LinkedPaper(delivery=delivery, subscriber=delivery.subscriber, paper=paper)


@transaction.atomic
def act_by_link(link: LinkedPaper, act: Act, *, now: datetime, is_confirmed: bool = False) -> bool:
    """Do it; False when it is taken for a program's, and then what came just before it is undone too.

    ``is_confirmed``: it was said to look like a program's, and a person said again that it is meant. Doing it
    twice changes nothing. Raises TooManyPapersError or WithdrawnPaperError with nothing changed.
    """
    lock(link.subscriber)
    together = _with_it_of_a_program(link, act, now=now, is_confirmed=is_confirmed)
    if together is not None:
        for each in reversed(together):
            _restore(link.subscriber, each)
        MailedAct.objects.filter(pk__in=[each.pk for each in together]).update(is_ignored=True)
        _note(link, act, now=now, before=None, is_ignored=True)
        return False
    row = link.feedback()
    before = row.standing if row else None
    topics = {link.paper.arxiv_id: topics_of(link.delivery.selected, link.paper.pk)}
    changed = act_on(
        link.subscriber,
        act,
        [link.paper.record],
        source=Source.DIGEST,
        now=now,
        topics=topics,
        delivery=link.delivery,
    )
    if changed:
        _note(link, act, now=now, before=before, is_ignored=False)
    return True


@transaction.atomic
def undo_by_link(link: LinkedPaper, act: Act) -> None:
    """Make the paper's standing what it was before the act, or take the act back where more came after it."""
    lock(link.subscriber)
    noted = MailedAct.objects.filter(
        delivery=link.delivery, arxiv_id=link.paper.arxiv_id, act=act, is_ignored=False
    ).first()
    if noted is None or not _restore(link.subscriber, noted):
        take_back(link.subscriber, [link.paper.arxiv_id], act=act)
    if noted is not None:
        noted.delete()


def topics_of(selection: Selection, paper_id: int) -> list[int]:
    """Return the topics that brought a paper into a digest."""
    for paper in selection.papers:
        if paper.paper_id == paper_id:
            return [paper.topic, *paper.also_in]
    return [topic for topic, papers in selection.counted.items() if paper_id in papers]


def _note(
    link: LinkedPaper, act: Act, *, now: datetime, before: dict[str, Any] | None, is_ignored: bool
) -> None:
    MailedAct.objects.update_or_create(
        delivery=link.delivery,
        arxiv_id=link.paper.arxiv_id,
        act=act,
        defaults={
            "subscriber": link.subscriber,
            "at": now,
            "before": before,
            "is_ignored": is_ignored,
        },
    )


def _with_it_of_a_program(
    link: LinkedPaper, act: Act, *, now: datetime, is_confirmed: bool
) -> list[MailedAct] | None:
    """Return the acts before this one that are a program's too, in their order; None for a reader's."""
    acts = list(
        MailedAct.objects.filter(delivery=link.delivery, at__gt=now - EVERYTHING)
        .exclude(arxiv_id=link.paper.arxiv_id, act=act)
        .order_by("at", "pk")
    )
    run = _without_pause(acts, until=now)
    is_quick = sum(each.at > now - BURST for each in run) >= MOST_IN_A_BURST
    is_contrary = any(each.arxiv_id == link.paper.arxiv_id and each.act in OPPOSITES[act] for each in run)
    if is_quick or is_contrary or any(each.is_ignored for each in run):
        return run
    if act is not Act.MORE or is_confirmed:
        return None
    asked = [each for each in acts if each.act == Act.MORE and not each.is_ignored]
    return asked if _is_everything(link, asked) else None


def _without_pause(acts: list[MailedAct], *, until: datetime) -> list[MailedAct]:
    """Return the last ones that follow each other within ten seconds: a slow program's first acts too."""
    begin = len(acts)
    while begin and until - acts[begin - 1].at <= BURST:
        begin -= 1
        until = acts[begin].at
    return acts[begin:]


def _is_everything(link: LinkedPaper, asked: list[MailedAct]) -> bool:
    """Whether these and the link's paper are all that the digest summarizes."""
    shown = link.delivery.selected.shown(Place.SUMMARIZED)
    ids = set(Paper.objects.filter(pk__in=shown).values_list("arxiv_id", flat=True))
    return len(ids) >= FEWEST_OF_EVERYTHING and ids <= {
        link.paper.arxiv_id,
        *(each.arxiv_id for each in asked),
    }


def _restore(subscriber: Subscriber, noted: MailedAct) -> bool:
    """Undo an act exactly; False where it was not done, or something else was said of the paper since."""
    row = feedback_on(subscriber, [noted.arxiv_id]).get(noted.arxiv_id)
    is_last = row is not None and (row.at, row.delivery_id) == (noted.at, noted.delivery_id)
    if row is None or not is_last or noted.is_ignored:
        return False
    if noted.before is None:
        row.delete()
    else:
        row.standing = noted.before
        if row.delivery_id and not Delivery.objects.filter(pk=row.delivery_id).exists():
            row.delivery = None
        row.save()
    move_on(subscriber)
    return True
