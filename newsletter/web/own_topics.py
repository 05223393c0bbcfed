"""The topics of a reader's page: those they follow with what the last mail held of each, and those to add."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import NamedTuple

from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext

from newsletter.audience.topics import public_topics
from newsletter.core.delivery.cadence import Cadence, period_days
from newsletter.core.digests.selection import Place
from newsletter.core.digests.weeks import Week, topic_path, week_of, week_of_period
from newsletter.models import Subscriber, Topic
from newsletter.models.composed import Composed
from newsletter.models.page_change import Version
from newsletter.web import schedules
from newsletter.web.past_digests import PastDigest
from newsletter.web.rendered import kept_value

MOST_WORDS = 80
"""Characters of a search for a topic."""
SHOWN_COLUMNS = ("slug", "name", "names", "group", "group_names", "query", "owner")


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one mail held of a topic."""

    in_full: int
    total: int
    week_path: str
    """Of the page with all of them; for a public topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTopic:
    slug: str
    name: str
    is_private: bool
    comes: str
    """Its cadence in words."""
    cadence: str
    """Its own one, or empty."""
    cadences: str
    """What there is to choose from, as options."""
    share: Share | None
    """None: no mail has covered it yet."""


class Offered(NamedTuple):
    """A topic that may be followed, in the page's language."""

    pk: int
    slug: str
    name: str
    group: str
    words: str
    """What a search for topics looks at."""
    is_private: bool
    follow: str
    """The button's label."""
    first_week: Week | None
    """The first that is stored of a public topic."""


@dataclass(frozen=True, slots=True)
class OfferedGroup:
    name: str
    topics: list[Offered]


_OWN = Composed[Topic](
    lambda pk: Topic.objects.filter(owner=pk, is_active=True).only(*SHOWN_COLUMNS).order_by("group", "name"),
    sample=-1,
)


def offered_to(subscriber: Subscriber, *, language: str, version: Version) -> dict[str, Offered]:
    """Return slug → topic: everyone's, which are kept as they are shown, then the reader's own."""

    def everyones() -> list[Offered]:
        topics = public_topics().only(*SHOWN_COLUMNS).order_by("group", "name")
        topics = topics.annotate(first_week=Min("weeks__starts_on"))
        return [_offered(topic, language, first_week=topic.first_week) for topic in topics]

    kept = kept_value(f"offered-topics-{language}", everyones, version=version)
    return {
        each.slug: each
        for each in (*kept, *(_offered(topic, language) for topic in _OWN.models(subscriber.pk)))
    }


def _offered(topic: Topic, language: str, *, first_week: date | None = None) -> Offered:
    name, group = topic.name_in(language), topic.group_in(language)
    return Offered(
        pk=topic.pk,
        slug=topic.slug,
        name=name,
        group=group,
        words=f"{group} {name} {topic.name} {topic.slug} {topic.query}".casefold(),
        is_private=topic.owner_id is not None,
        follow=gettext("Follow “%(topic)s”") % {"topic": name},
        first_week=Week(first_week) if first_week else None,
    )


def own_topics(
    slugs: Sequence[str],
    *,
    offered: Mapping[str, Offered],
    cadences: Mapping[str, str],
    subscriber: Subscriber,
    digests: Sequence[PastDigest],
) -> list[OwnTopic]:
    """Return the topics of these slugs, in order, as far as they are offered."""
    found, last = [], week_of(timezone.now())
    for slug in slugs:
        if (topic := offered.get(slug)) is None:
            continue
        own = cadences.get(slug, "")
        is_valid = schedules.is_cadence(own)
        found.append(
            OwnTopic(
                slug=slug,
                name=topic.name,
                is_private=topic.is_private,
                comes=schedules.in_words(Cadence.parse(own if is_valid else subscriber.cadence)),
                cadence=own,
                cadences=schedules.options(own),
                share=_last_share(
                    topic,
                    digests,
                    week_ending=partial(
                        week_of_period,
                        days=period_days(Cadence.parse(subscriber.cadence)),
                        first=topic.first_week,
                        last=last,
                    ),
                ),
            )
        )
    return found


def offered_groups(offered: Mapping[str, Offered], *, chosen: Sequence[str], find: str) -> list[OfferedGroup]:
    """Return the topics that are not chosen, by group; with ``find`` those with each of its words."""
    words = find.casefold().split()
    groups: dict[str, list[Offered]] = {}
    for topic in offered.values():
        if topic.slug not in chosen and all(word in topic.words for word in words):
            groups.setdefault(topic.group, []).append(topic)
    return [OfferedGroup(name, groups[name]) for name in sorted(groups, key=lambda name: (not name, name))]


def _last_share(
    topic: Offered, digests: Sequence[PastDigest], *, week_ending: Callable[[date], str]
) -> Share | None:
    """Return what the newest mail that covered the topic held of it."""
    for digest in digests:
        if digest.was_sent and topic.pk in digest.selection.topics:
            return _share(topic, digest, week=week_ending(digest.ends_on))
    return None


def _share(topic: Offered, digest: PastDigest, *, week: str) -> Share:
    selection = digest.selection
    return Share(
        in_full=sum(
            each.topic == topic.pk and each.final_place is Place.SUMMARIZED for each in selection.papers
        ),
        total=selection.brought_by(topic.pk),
        week_path="" if topic.is_private else topic_path(topic.slug, week=week),
    )
