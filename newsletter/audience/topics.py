"""Topics: add, change, remove, find; and which ones are offered to everyone.

Every query is checked here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from newsletter.audience.starter_topics import StarterTopic, starter_topics
from newsletter.core.arxiv.categories import is_category
from newsletter.core.arxiv.query import parse
from newsletter.errors import BadInput, NewsletterError, NotFound
from newsletter.languages import starter_names
from newsletter.models import FormerSlug, Subscriber, Subscription, Topic
from newsletter.models.topic_week import present_slugs

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_SLUG, MAX_NAME, MAX_GROUP = 80, 120, 80
RESERVED = "new"
_COPY = " (copy)"


def public_topics() -> QuerySet[Topic]:
    """Return the active topics that are nobody's private ones."""
    return Topic.objects.filter(owner__isnull=True, is_active=True)


def checked_query(query: str) -> str:
    """Return the query as it was typed. Raises BadInput that points at the character."""
    parse(query, known_category=is_category)
    return query


def add_topic(
    slug: str,
    *,
    name: str,
    query: str,
    now: datetime,
    group: str = "",
    names: dict[str, str] | None = None,
    group_names: dict[str, str] | None = None,
    owner: Subscriber | None = None,
) -> Topic:
    """Add a topic; the next match looks back over recent papers. A taken slug is refused."""
    topic = Topic(
        slug=_free_slug(slug),
        name=_checked_name(name),
        names=names or {},
        group=_checked_group(group),
        group_names=group_names or {},
        query=checked_query(query.strip()),
        owner=owner,
        created_at=now,
    )
    try:
        with transaction.atomic():
            topic.save(force_insert=True)
    except IntegrityError:
        raise _taken(slug) from None
    return topic


def edit_topic(
    slug: str, *, name: str | None = None, query: str | None = None, group: str | None = None
) -> Topic:
    """Change what is given; a changed query is matched anew over the look-back. See also ``rename_topic``."""
    topic = find_topic(slug)
    changed: dict[str, object] = {}
    if name is not None:
        changed["name"] = _checked_name(name)
    if group is not None:
        changed["group"] = _checked_group(group)
    if query is not None:
        changed |= {"query": checked_query(query.strip()), "looks_back": True}
    Topic.objects.filter(pk=topic.pk).update(**changed)
    return find_topic(slug)


def rename_topic(slug: str, new: str, *, now: datetime) -> Topic:
    """Give a topic another slug; links, feeds and forms that have the old one still lead to it."""
    topic = find_topic(slug)
    if topic.owner_id is not None:
        raise NewsletterError(f"topic {slug!r} is a reader's own: its slug is on no public page, and stays")
    if topic.slug == new:
        return topic
    _free_slug(new, topic=topic)
    try:
        with transaction.atomic():
            FormerSlug.objects.filter(slug=new, topic=topic).delete()  # back to an earlier one
            FormerSlug.objects.create(slug=topic.slug, topic=topic, changed_at=now)
            Topic.objects.filter(pk=topic.pk).update(slug=new)
    except IntegrityError:
        raise _taken(new) from None
    return find_topic(new)


@transaction.atomic
def duplicate_topic(
    slug: str,
    new: str,
    *,
    name: str | None = None,
    query: str | None = None,
    is_active: bool = True,
    now: datetime,
) -> Topic:
    """Add a topic like ``slug``, without its readers and its names in other languages.

    Unless ``is_active``, it is neither matched nor offered before the operator says so.
    """
    topic = find_topic(slug)
    copy = add_topic(
        new,
        name=f"{topic.name[: MAX_NAME - len(_COPY)]}{_COPY}" if name is None else name,
        query=topic.query if query is None else query,
        group=topic.group,
        group_names=topic.group_names,
        owner=topic.owner,
        now=now,
    )
    if not is_active:
        copy.is_active = False
        copy.save(update_fields=["is_active"])
    return copy


@dataclass(frozen=True, slots=True)
class Removal:
    subscribers: int
    """How many readers had the topic."""
    left_without: int
    """How many of them have no topic left, and so get no digests."""


def remove_topic(slug: str) -> Removal:
    """Remove a topic with its subscriptions and matches."""
    topic = find_topic(slug)
    subscribers = Subscriber.objects.filter(subscriptions__topic=topic)
    only = subscribers.exclude(subscriptions__in=Subscription.objects.exclude(topic=topic))
    removal = Removal(subscribers=subscribers.count(), left_without=only.count())
    topic.delete()
    return removal


def find_topic(slug: str) -> Topic:
    """Return the topic of this slug, present or former."""
    topic = Topic.objects.filter(slug=slug).first() or Topic.objects.filter(former_slugs__slug=slug).first()
    if topic is None:
        raise NotFound(f"no topic {slug!r}: newsletter topic list shows them all")
    return topic


def find_topics(slugs: Sequence[str], *, owner_email_key: str = "") -> list[Topic]:
    """Return the topics of these slugs in their order. Another reader's private topic counts as unknown."""
    slugs = present(slugs)
    visible = Q(owner__isnull=True) | Q(owner__email_key=owner_email_key)
    found = {topic.slug: topic for topic in Topic.objects.filter(visible, slug__in=slugs)}
    unknown = [slug for slug in slugs if slug not in found]
    if unknown:
        raise NotFound(f"no topic {unknown[0]!r}: newsletter topic list shows them all")
    return [found[slug] for slug in dict.fromkeys(slugs)]


def present(slugs: Sequence[str]) -> list[str]:
    """Return the slugs with former ones replaced by what the topic is called now."""
    known = present_slugs(slugs)
    return [known.get(slug, slug) for slug in slugs]


def add_starter_topics(*, now: datetime, only: Sequence[str] | None = None) -> tuple[int, int]:
    """Add the starter topics that are missing, or of these slugs; return (added, already there)."""
    topics = [topic for topic in starter_topics() if only is None or topic.slug in only]
    known = {
        *Topic.objects.values_list("slug", flat=True),
        *FormerSlug.objects.values_list("slug", flat=True),
    }
    missing = [topic for topic in topics if topic.slug not in known]
    for topic in missing:
        _add_starter(topic, now=now)
    return len(missing), len(topics) - len(missing)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What reading topics from files changed."""

    added: int
    changed: int
    same: int


def load_topics(files: Sequence[Path], *, now: datetime) -> Loaded:
    """Add and change topics as TOML files say, all or none; topics that are in no file stay as they are.

    Raises NewsletterError that names the file and the topic at fault.
    """
    counts = {"added": 0, "changed": 0, "same": 0}
    with transaction.atomic():
        for path in files:
            for entry in _entries(path):
                try:
                    counts[_load(entry, now=now)] += 1
                except (NewsletterError, KeyError, TypeError, AttributeError) as error:
                    which = entry.get("slug", "a topic without a slug") if isinstance(entry, dict) else entry
                    said = f"{error}" if isinstance(error, NewsletterError) else f"it lacks {error}"
                    raise NewsletterError(f"{path}: {which}: {said}") from None
    return Loaded(**counts)


def _entries(path: Path) -> list[dict[str, str]]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("topic", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NewsletterError(f"{path} is no TOML: {error}") from None
    if not isinstance(found, list) or not found:
        raise NewsletterError(f"{path} has no [[topic]]")
    return found


def _load(entry: dict[str, str], *, now: datetime) -> str:
    if unknown := entry.keys() - {"slug", "name", "query", "group"}:
        raise BadInput(f"{min(unknown)!r} is none of slug, name, query and group")
    name, query, group = entry["name"], " ".join(entry["query"].split()), entry.get("group", "")
    topic = Topic.objects.filter(slug=entry["slug"]).first()
    if topic is None:
        add_topic(entry["slug"], name=name, query=query, group=group, now=now)
        return "added"
    if (topic.name, topic.query, topic.group) == (name, query, group):
        return "same"
    # An unchanged query is not given: it would be matched anew.
    edit_topic(topic.slug, name=name, group=group, query=None if query == topic.query else query)
    return "changed"


def _add_starter(topic: StarterTopic, *, now: datetime) -> None:
    add_topic(
        topic.slug,
        name=topic.name,
        names=starter_names("topics", topic.slug),
        group=topic.group,
        group_names=starter_names("groups", topic.group),
        query=topic.query,
        now=now,
    )


def _taken(slug: str) -> NewsletterError:
    return NewsletterError(
        f"topic {slug!r} exists already: choose another slug, or: newsletter topic edit {slug}"
    )


def _free_slug(slug: str, *, topic: Topic | None = None) -> str:
    """Return a slug that is well-formed and was no other topic's: old links must lead where they led."""
    former = FormerSlug.objects.filter(slug=_checked_slug(slug)).exclude(topic=topic).select_related("topic")
    if (row := former.first()) is not None:
        raise NewsletterError(f"topic {row.topic.slug!r} was called {slug!r} before: choose another slug")
    return slug


def _checked_slug(slug: str) -> str:
    if slug == RESERVED:
        raise BadInput(f"slug {slug!r} is taken: the address of the page that makes a topic ends so")
    if not SLUG.fullmatch(slug) or len(slug) > MAX_SLUG:
        raise BadInput(
            f"slug {slug!r} must be small letters, digits and single hyphens, such as talking-heads"
        )
    return slug


def _checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise BadInput(f"a topic's name has 1 to {MAX_NAME} characters, none of them a control character")
    return name


def _checked_group(group: str) -> str:
    group = " ".join(group.split())
    if len(group) > MAX_GROUP or not group.isprintable():
        raise BadInput(
            f"a topic's group has at most {MAX_GROUP} characters, none of them a control character"
        )
    return group
