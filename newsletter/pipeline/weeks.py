"""The papers of a topic by week, and what is kept of a week that is over: its list, and what rose in it.

A query may change, and is then matched anew over some weeks; a page of a week that is over must not. So its
list is stored before anything is matched after the week. Until then it is what the matches say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from django.db.models import Max, Min
from django.utils import timezone

from newsletter.audience.topics import public_topics
from newsletter.core.digests.trends import WEEKS, PaperPhrases, paper_phrases, rising, trends_to_json
from newsletter.core.digests.weeks import Week, week_of
from newsletter.models import Match, Paper, Topic, TopicWeek

CHUNK = 500
MOST_WEEKS = 10
"""Stored in one call, of all topics: the history of a service that was just upgraded takes several."""
COUNTING_TIME = timedelta(seconds=20)
"""Real time: no week is begun later."""


@dataclass(frozen=True, slots=True)
class PapersOfWeek:
    papers: tuple[int, ...]
    """Ids, best first."""
    stored: TopicWeek | None
    """None: the week is not over, or was over only just now."""


def papers_of_week(topic: Topic, week: Week, *, is_over: bool) -> PapersOfWeek:
    """Return the papers of a week, from its stored list if it ``is_over`` and there is one."""
    stored = TopicWeek.objects.filter(topic=topic, starts_on=week.starts_on).first() if is_over else None
    if stored is not None:
        return PapersOfWeek(tuple(stored.papers), stored)
    return PapersOfWeek(tuple(_matched([topic], week)[topic.pk]), None)


def counts_by_week(topic: Topic, *, now: datetime) -> dict[Week, int]:
    """Return how many papers each week has, newest first, from the first that had any to the present one.

    Empty where the topic never found a paper.
    """
    found: dict[Week, int] = {
        Week(starts_on): count for starts_on, count in topic.weeks.values_list("starts_on", "count")
    }
    since = max(found).ends_at if found else None
    found |= Counter(map(week_of, _seen_at(topic, since=since)))
    if not found:
        return {}
    newest, first = max(week_of(now), max(found)), min(found)
    number = (newest.starts_on - first.starts_on).days // 7
    return {week: found.get(week, 0) for week in (newest.after(-each) for each in range(number + 1))}


def freeze_weeks(*, now: datetime) -> int:
    """Store the lists of the weeks that are over, of every public topic; return how many.

    Costs one statement where every topic's last week is stored. Idempotent, and safe to race.
    """
    present = week_of(now)
    last = present.after(-1).starts_on
    topics = public_topics().order_by("pk").annotate(frozen=Max("weeks__starts_on"))
    due: dict[int, Topic] = {}
    starts: dict[int, Week] = {}
    for topic in topics:
        frozen = topic.frozen
        if frozen is None or frozen < last:
            due[topic.pk] = topic
            if frozen is not None:
                starts[topic.pk] = Week(frozen).after()
    if not due or _is_unmatched(before=present.begins_at):
        return 0
    starts |= _first_weeks([topic for key, topic in due.items() if key not in starts])
    weeks = sorted({week for start in starts.values() for week in _weeks(start, until=present)})
    return sum(
        _freeze(week, [due[key] for key, start in starts.items() if start <= week], now=now)
        for week in weeks[:MOST_WEEKS]
    )


def count_trends() -> int:
    """Count what rose in stored weeks that were not counted yet, the newest first; return how many weeks."""
    deadline, done = timezone.now() + COUNTING_TIME, 0
    for row in TopicWeek.objects.filter(trends__isnull=True).order_by("-starts_on", "topic_id"):
        if timezone.now() > deadline:
            break
        before = weeks_before(row)
        is_known = len(before) == WEEKS
        found = (
            rising(dict(_phrases_of([row])), (each for _, each in _phrases_of(before))) if is_known else ()
        )
        TopicWeek.objects.filter(pk=row.pk).update(trends=trends_to_json(found, weeks=len(before)))
        done += 1
    return done


def weeks_before(row: TopicWeek) -> list[TopicWeek]:
    """Return up to eight weeks in a row before this one that the same query was asked in, newest first."""
    rows = TopicWeek.objects.filter(
        topic=row.topic_id, starts_on__lt=row.starts_on, starts_on__gte=row.week.after(-WEEKS).starts_on
    )
    before: list[TopicWeek] = []
    if not row.query_key:
        return before
    for each in rows.order_by("-starts_on"):
        if each.week != row.week.after(-len(before) - 1) or each.query_key != row.query_key:
            break
        before.append(each)
    return before


def query_key(topic: Topic) -> str:
    return sha256(topic.query.encode()).hexdigest()[:16]


def _weeks(start: Week, *, until: Week) -> list[Week]:
    number = (until.starts_on - start.starts_on).days // 7
    return [start.after(each) for each in range(number)]


def _first_weeks(topics: Sequence[Topic]) -> dict[int, Week]:
    """Return the week of the first paper of each topic that has one."""
    if not topics:
        return {}
    rows = Match.objects.filter(topic__in=topics).values_list("topic")
    return {key: week_of(first) for key, first in rows.annotate(Min("paper__first_seen_at"))}


def _is_unmatched(*, before: datetime) -> bool:
    """Whether papers of weeks that are over wait to be compared with the topics."""
    return Paper.objects.filter(matched_at__isnull=True, first_seen_at__lt=before).exists()


def _freeze(week: Week, topics: Sequence[Topic], *, now: datetime) -> int:
    found = _matched(topics, week)
    rows = [
        TopicWeek(
            topic=topic,
            starts_on=week.starts_on,
            papers=found[topic.pk],
            count=len(found[topic.pk]),
            # Not matched anew yet: the matches are an earlier query's.
            query_key="" if topic.looks_back else query_key(topic),
            frozen_at=now,
        )
        for topic in topics
    ]
    TopicWeek.objects.bulk_create(rows, ignore_conflicts=True, batch_size=CHUNK)
    return len(rows)


def _matched(topics: Iterable[Topic], week: Week) -> dict[int, list[int]]:
    """Return the papers that each topic matched in a week, best first."""
    # ``in``, not a join: SQLite would look at all matches there ever were.
    papers = Paper.objects.filter(first_seen_at__gte=week.begins_at, first_seen_at__lt=week.ends_at)
    rows = Match.objects.filter(paper__in=papers.values("pk"), topic__in=[topic.pk for topic in topics])
    found = defaultdict[int, list[int]](list)
    for topic, paper in rows.order_by("-score", "paper_id").values_list("topic_id", "paper_id"):
        found[topic].append(paper)
    return found


def _seen_at(topic: Topic, *, since: datetime | None) -> Iterable[datetime]:
    if since is None:
        return topic.matches.values_list("paper__first_seen_at", flat=True)
    papers = Paper.objects.filter(first_seen_at__gte=since, matches__topic=topic)
    return papers.values_list("first_seen_at", flat=True)


def _phrases_of(rows: Iterable[TopicWeek]) -> Iterator[tuple[int, PaperPhrases]]:
    """Yield each paper with its phrases; only some hundred texts are in memory."""
    papers = [pk for row in rows for pk in row.papers]
    for start in range(0, len(papers), CHUNK):
        texts = Paper.objects.filter(pk__in=papers[start : start + CHUNK]).values_list(
            "pk", "title", "abstract"
        )
        for pk, title, abstract in texts:
            yield pk, paper_phrases(title=title, abstract=abstract)
