"""``newsletter topic``: what can be followed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.session import Session, command
from newsletter.cli.usage import OneLineGroup
from newsletter.errors import NewsletterError, NotFound

if TYPE_CHECKING:
    from newsletter.models import Topic


@click.group(cls=OneLineGroup, short_help="Add, list, try out and change topics.")
def topic() -> None:
    """Add, list, try out and change topics."""


@topic.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="What readers see.")
@click.option("--query", required=True, help="In arXiv's query language: cat:cs.CV AND ti:avatar")
@click.option("--group", default="", help="The heading it stands under at sign-up.")
@click.option("--private-to", metavar="EMAIL", default=None, help="Only this reader sees it.")
@command
def add(session: Session, slug: str, name: str, query: str, group: str, private_to: str | None) -> None:
    """Add a topic. Papers of the last 14 days are matched at the next run.

    SLUG is its name in commands and addresses: small letters, digits, hyphens.

    \b
    newsletter topic add talking-heads --name "Talking heads" \\
        --query 'cat:cs.CV AND (ti:"talking head" OR abs:"talking face")'
    """
    from newsletter.audience.topics import add_topic
    from newsletter.subscribers.records import find_subscriber

    owner = find_subscriber(private_to) if private_to else None
    added = add_topic(slug, name=name, query=query, group=group, owner=owner, now=session.now)
    session.say(f"Added topic {added.slug}: {added.query}")
    session.finish(_as_json(added))


@topic.command("starter")
@command
def starter(session: Session) -> None:
    """Add the starter topics, about 40 across arXiv. Those that are there already stay as they are."""
    from newsletter.audience.topics import add_starter_topics

    added, present = add_starter_topics(now=session.now)
    session.say(f"Added {added} starter topics; {present} were there already.")
    session.finish({"added": added, "present": present})


@topic.command("load")
@click.argument("place", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@click.option("--or-starter", is_flag=True, help="The starter topics, where there is no file and no topic.")
@command
def load(session: Session, place: Path, or_starter: bool) -> None:
    """Add and change topics as a TOML file says, or all .toml files of a folder. Others stay as they are.

    \b
    [[topic]]
    slug = "talking-heads"
    name = "Talking heads"
    group = "Vision"
    query = '''cat:cs.CV AND (ti:"talking head" OR abs:"talking face")'''
    """
    from newsletter.audience.topics import add_starter_topics, load_topics
    from newsletter.models import Topic

    files = sorted(place.glob("*.toml")) if place.is_dir() else [place]
    if not files and not or_starter:
        raise NewsletterError(f"{place} holds no .toml file")
    if not files and not Topic.objects.exists():
        added, _ = add_starter_topics(now=session.now)
        session.say(f"Added {added} starter topics: {place} holds no .toml file.")
        session.finish({"added": added, "changed": 0, "same": 0})
    done = load_topics(files, now=session.now)
    session.say(f"Added {done.added} topics, changed {done.changed}, left {done.same} as they were.")
    session.finish({"added": done.added, "changed": done.changed, "same": done.same})


@topic.command("list")
@command
def list_topics(session: Session) -> None:
    """List all topics with how many readers each has."""
    from django.db.models import Count

    from newsletter.models import Topic

    topics = list(Topic.objects.select_related("owner").annotate(subscribers=Count("subscriptions")))
    width = max((len(each.slug) for each in topics), default=0)
    for each in topics:
        private = " (private)" if each.owner_id else ""
        session.say(f"{each.slug:<{width}}  {each.subscribers:>5} readers  {each.name}{private}")
    if not topics:
        session.say("No topics yet: newsletter topic starter adds about 40.")
    session.finish({"topics": [_as_json(each) | {"readers": each.subscribers} for each in topics]})


@topic.command("show")
@click.argument("slug")
@command
def show(session: Session, slug: str) -> None:
    """Show one topic and what it matched last."""
    from newsletter.audience.topics import find_topic

    found = find_topic(slug)
    matches = found.matches.select_related("paper").order_by("-created_at", "-score")
    session.say(f"{found.name} ({found.slug})")
    session.say(f"  group    {found.group or '-'}")
    session.say(f"  query    {found.query}")
    session.say(f"  readers  {found.subscriptions.count()}")
    session.say(f"  matched  {matches.count()} papers")
    for match in matches[:5]:
        session.say(f"    {match.paper}  {match.paper.title}")
    session.finish(_as_json(found) | {"matched": matches.count(), "readers": found.subscriptions.count()})


@topic.command("test")
@click.argument("query", metavar="QUERY|SLUG")
@click.option(
    "--days", type=click.IntRange(1, 365), default=14, show_default=True, help="How far back to look."
)
@command
def test(session: Session, query: str, days: int) -> None:
    """Say how a query is read, and show what it would have matched. A topic's SLUG stands for its query.

    \b
    newsletter topic test 'cat:cs.* AND ti:"lip sync"' --days 30
    newsletter topic test talking-heads
    """
    from newsletter.audience.query_preview import try_query
    from newsletter.audience.topics import SLUG
    from newsletter.core.arxiv.query_words import in_words
    from newsletter.models import Paper

    if (named := _named(query)) is not None:
        query = named.query
        session.say(f"{named.slug}: {query}")
    elif SLUG.fullmatch(query.strip()):
        session.say(f"No topic is called {query.strip()}, so it is read as a query.")
    trial = try_query(query, days=days, now=session.now)
    found, read_as = trial.best(), in_words(trial.query)
    gathered = bool(trial.of) or Paper.objects.exists()
    session.say(f"It looks for papers {read_as}.")
    if not gathered:
        session.say(
            "Nothing was gathered yet, so there is nothing to try it on: newsletter gather, then again."
        )
    elif not trial.of:
        session.say(f"No paper of the last {days} days is here: newsletter gather, or give more --days.")
    else:
        session.say(
            f"{len(found)} of {trial.of} papers of the last {days} days, about {trial.per_week} a week"
        )
    for paper in found[:20]:
        session.say(f"  {paper}  {paper.title}")
    if len(found) > 20:
        session.say(f"  and {len(found) - 20} more")
    papers = [{"id": str(paper), "title": paper.title} for paper in found]
    session.finish(
        {
            "query": query,
            "read_as": read_as,
            "gathered": gathered,
            "matched": len(papers),
            "of": trial.of,
            "days": days,
            "per_week": trial.per_week,
            "papers": papers,
        }
    )


def _named(text: str) -> Topic | None:
    """Return the topic of this slug; None for a query, be it of one word."""
    from newsletter.audience.topics import find_topic

    try:
        return find_topic(text.strip())
    except NotFound:
        return None


@topic.command("describe")
@click.argument("words", metavar="WORDS…", nargs=-1, required=True)
@click.option(
    "--days", type=click.IntRange(1, 365), default=14, show_default=True, help="How far back to try it."
)
@click.option("--model", is_flag=True, help="Have the configured language model write the query.")
@command
def describe(session: Session, words: tuple[str, ...], days: int, model: bool) -> None:
    """Propose a query from one sentence, or from papers: ids, links, titles.

    It is tried at once: what it would have matched, and what is near and missed. Nothing is stored; papers
    that are not here are asked for at arXiv.

    \b
    newsletter topic describe "Talking heads and avatars driven by speech"
    newsletter topic describe 2606.13872 2606.15659 2606.15848
    """
    from newsletter.cli.topic_description import report

    report(session, "\n".join(words), days=days, asks_model=model)


@topic.command("edit")
@click.argument("slug")
@click.option("--name", default=None, help="What readers see.")
@click.option("--query", default=None, help="In arXiv's query language.")
@click.option("--group", default=None, help="The heading it stands under at sign-up.")
@click.option("--slug", "new", metavar="NEW", default=None, help="Its name in commands and addresses.")
@command
def edit(
    session: Session, slug: str, name: str | None, query: str | None, group: str | None, new: str | None
) -> None:
    """Change a topic. A changed query is matched anew over the last 14 days; weeks that are over stay.

    Links and feeds that have its former slug lead to the new one.

    \b
    newsletter topic edit talking-heads --query 'cat:cs.* AND ti:"talking head"'
    newsletter topic edit talking-heads --slug talking-head-generation
    """
    if name is query is group is new is None:
        raise click.UsageError("nothing to change: give --name, --query, --group or --slug")
    from django.db import transaction

    from newsletter.audience.topics import edit_topic, rename_topic

    with transaction.atomic():
        changed = edit_topic(slug, name=name, query=query, group=group)
        if new is not None:
            changed = rename_topic(slug, new, now=session.now)
    session.say(f"Changed topic {changed.slug}: {changed.query}")
    session.finish(_as_json(changed))


@topic.command("duplicate")
@click.argument("slug")
@click.argument("new")
@click.option("--name", default=None, help="What readers see; without it the same name with (copy).")
@click.option("--query", default=None, help="Another query; without it the same.")
@command
def duplicate(session: Session, slug: str, new: str, name: str | None, query: str | None) -> None:
    """Add a topic like another one, under the slug NEW. It has no readers yet.

    Group and query are the same; names in other languages are not taken along, since the name is another.

    \b
    newsletter topic duplicate talking-heads talking-heads-audio --name "Talking heads, audio"
    """
    from newsletter.audience.topics import duplicate_topic

    added = duplicate_topic(slug, new, name=name, query=query, now=session.now)
    session.say(f"Added topic {added.slug} ({added.name}): {added.query}")
    session.finish(_as_json(added))


@topic.command("remove")
@click.argument("slug")
@command
def remove(session: Session, slug: str) -> None:
    """Remove a topic and its subscriptions."""
    from newsletter.audience.topics import remove_topic

    removal = remove_topic(slug)
    session.say(f"Removed topic {slug}, which {_subscribers(removal.subscribers)} had.")
    if removal.left_without:
        session.say(f"{_subscribers(removal.left_without)} left without any topic: no digest goes to them.")
    session.finish({"removed": slug, "readers": removal.subscribers, "left_without": removal.left_without})


def _subscribers(count: int) -> str:
    return f"{count} reader{'' if count == 1 else 's'}"


def _as_json(topic: Topic) -> dict[str, Any]:
    return {
        "slug": topic.slug,
        "name": topic.name,
        "group": topic.group,
        "query": topic.query,
        "private_to": topic.owner.email if topic.owner else None,
    }
