"""The topics of a reader's page: those they follow with what the last mail held of each, and those to add."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from newsletter.core.delivery.cadence import Cadence
from newsletter.core.digests.selection import Place
from newsletter.core.digests.weeks import topic_path
from newsletter.models import Subscriber, Topic
from newsletter.web import schedules
from newsletter.web.past_digests import PastDigest

MOST_WORDS = 80
"""Characters of a search for a topic."""


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
    cadences: Sequence[tuple[str, str]]
    """What there is to choose from."""
    share: Share | None
    """None: no mail has covered it yet."""


@dataclass(frozen=True, slots=True)
class OfferedGroup:
    name: str
    topics: list[tuple[str, str]]
    """(slug, name)."""


def own_topics(
    slugs: Sequence[str],
    *,
    offered: Mapping[str, Topic],
    cadences: Mapping[str, str],
    subscriber: Subscriber,
    digests: Sequence[PastDigest],
    language: str,
) -> list[OwnTopic]:
    """Return the topics of these slugs, in order, as far as they are offered."""
    found = []
    for slug in slugs:
        if (topic := offered.get(slug)) is None:
            continue
        own = cadences.get(slug, "")
        is_valid = schedules.is_cadence(own)
        found.append(
            OwnTopic(
                slug=slug,
                name=topic.name_in(language),
                is_private=topic.owner_id is not None,
                comes=schedules.in_words(Cadence.parse(own if is_valid else subscriber.cadence)),
                cadence=own,
                cadences=schedules.choices(own),
                share=_last_share(topic, digests),
            )
        )
    return found


def offered_groups(
    offered: Mapping[str, Topic], *, chosen: Sequence[str], find: str, language: str
) -> list[OfferedGroup]:
    """Return the topics that are not chosen, by group; with ``find`` those with each of its words."""
    words = find.casefold().split()
    groups: dict[str, list[tuple[str, str]]] = {}
    for topic in offered.values():
        name, group = topic.name_in(language), topic.group_in(language)
        text = f"{group} {name} {topic.name} {topic.slug} {topic.query}".casefold()
        if topic.slug not in chosen and all(word in text for word in words):
            groups.setdefault(group, []).append((topic.slug, name))
    return [OfferedGroup(name, groups[name]) for name in sorted(groups, key=lambda name: (not name, name))]


def _last_share(topic: Topic, digests: Sequence[PastDigest]) -> Share | None:
    """Return what the newest mail that covered the topic held of it."""
    for digest in digests:
        if digest.was_sent and topic.pk in digest.selection.topics:
            return _share(topic, digest)
    return None


def _share(topic: Topic, digest: PastDigest) -> Share:
    selection = digest.selection
    return Share(
        in_full=sum(
            each.topic == topic.pk and each.final_place is Place.SUMMARIZED for each in selection.papers
        ),
        total=selection.brought_by(topic.pk),
        week_path="" if topic.owner_id else topic_path(topic.slug, week=digest.week),
    )
