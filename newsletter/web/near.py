"""Papers close to a paper: those of its public topics whose words are most like its own."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from newsletter.audience.topics import public_topics
from newsletter.core.taste.vectors import dot, unpack
from newsletter.models import Match, Paper, PaperVector, Topic
from newsletter.web.cards import Card, cards_of

SHOWN = 2
COMPARED = 300
"""The newest papers of the topics: some 1.5 KB of the database each."""
NEWEST = 2 * COMPARED
"""Looked at of each topic: those that came last are not just those published last."""


def cards_of_close(ids: Sequence[int], *, language: str) -> list[tuple[int, Card]]:
    """Return each paper's key and card, in the same order."""
    rows = Paper.objects.in_bulk(ids)
    found = [rows[each] for each in ids if each in rows]
    cards = cards_of(found, language=language) if found else []
    return [(row.pk, shown) for row, shown in zip(found, cards, strict=True)]


def closest(paper: Paper) -> list[int]:
    """Return the closest papers, the closest first; none where vectors are not yet made."""
    beside = Paper.objects.filter(pk__in=_newest_matches(paper), is_withdrawn=False).exclude(pk=paper.pk)
    newest = beside.order_by("-published_at").values("pk")[:COMPARED]
    own = PaperVector.objects.filter(paper=paper, version=paper.version).order_by("-snapshot_id")
    rows = PaperVector.objects.filter(
        Q(paper=paper) | Q(paper__in=newest), snapshot_id=Subquery(own.values("snapshot_id")[:1])
    )
    vectors = {paper_id: unpack(bytes(terms)) for paper_id, terms in rows.values_list("paper_id", "terms")}
    vector = vectors.pop(paper.pk, {})
    likeness = {paper_id: dot(vector, other) for paper_id, other in vectors.items()}
    close = [paper_id for paper_id in likeness if likeness[paper_id] > 0]
    return sorted(close, key=lambda each: (-likeness[each], -each))[:SHOWN]  # of equal ones the newest


def _newest_matches(paper: Paper) -> QuerySet[Topic, int]:
    """Return the papers that came last to each of its topics, however many the topic ever had."""
    # From the topic: so the bound is found once a topic, in the index that the matches are read from.
    of_topic = Match.objects.filter(topic=OuterRef("pk")).order_by("-paper_id").values("paper_id")
    before = Coalesce(Subquery(of_topic[NEWEST : NEWEST + 1]), 0)
    topics = public_topics().filter(matches__paper=paper).values("pk")
    newest = Topic.objects.filter(pk__in=topics, matches__paper__gt=before)
    return newest.order_by().values_list("matches__paper", flat=True)
