"""``newsletter taste``: what a reader likes, said for them by the operator."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from newsletter.cli.session import Session, command
from newsletter.cli.usage import OneLineGroup

if TYPE_CHECKING:
    from newsletter.core.taste.library import ReadLibrary
    from newsletter.models import Subscriber
    from newsletter.subscribers.taste.lookup import Search

ZOTERO_KEY = "ZOTERO_API_KEY"
MOST_SHOWN = 20
"""Lines of one kind."""


@click.group(cls=OneLineGroup, short_help="What a reader likes: show, like, save, follow, import, forget.")
def taste() -> None:
    """What a reader likes: show, like, save, follow, import, forget."""


@taste.command("show")
@click.argument("email")
@command
def show(session: Session, email: str) -> None:
    """Show the papers, authors and words that are known of EMAIL, and their switches."""
    from newsletter.subscribers.records import find_subscriber
    from newsletter.subscribers.taste.listing import describe_taste

    known = describe_taste(find_subscriber(email), now=session.now)
    for paper in known["papers"]:
        said = ", ".join(filter(None, ["saved" if paper["saved_at"] else "", paper["verdict"] or ""]))
        session.say(f"{paper['arxiv_id']:<18} {said:<15} {paper['title'][:70]}")
    if not known["papers"]:
        session.say(f"Nothing yet: newsletter taste like {email} 2406.01234")
    if known["authors"]:
        session.say(f"Follows {', '.join(known['authors'])}.")
    for words in known["words"]:
        session.say(f"{words['topic'] or 'all topics'}: {', '.join(words['lifts']) or '-'}")
        if words["lowers"]:
            session.say(f"  less: {', '.join(words['lowers'])}")
    session.finish(known)


def _command_on(several: str, *, metavar: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command of a reader's e-mail and one or more values."""

    def made(function: Callable[..., None]) -> click.Command:
        values = click.argument(several, metavar=metavar, nargs=-1, required=True)
        return taste.command(function.__name__)(click.argument("email")(values(command(function))))

    return made


_on_papers = _command_on("arxiv_ids", metavar="ARXIV_ID…")
_on_authors = _command_on("names", metavar="NAME…")


@_on_papers
def like(session: Session, email: str, arxiv_ids: tuple[str, ...]) -> None:
    """EMAIL wants more like these papers; the last word on a paper counts.

    \b
    newsletter taste like reader@example.org 2406.01234 hep-th/9901001
    """
    _act(session, email, arxiv_ids, act="more")


@_on_papers
def dislike(session: Session, email: str, arxiv_ids: tuple[str, ...]) -> None:
    """EMAIL wants less like these papers; the last word on a paper counts.

    \b
    newsletter taste dislike reader@example.org 2406.01234 hep-th/9901001
    """
    _act(session, email, arxiv_ids, act="less")


@_on_papers
def save(session: Session, email: str, arxiv_ids: tuple[str, ...]) -> None:
    """Put these papers among those that EMAIL has saved.

    \b
    newsletter taste save reader@example.org 2406.01234 hep-th/9901001
    """
    _act(session, email, arxiv_ids, act="save")


def _act(session: Session, email: str, arxiv_ids: tuple[str, ...], *, act: str) -> NoReturn:
    from django.conf import settings

    from newsletter.adapters.registry import paper_finder
    from newsletter.models.taste import Act, Source
    from newsletter.subscribers.records import find_subscriber
    from newsletter.subscribers.taste.acts import act_on
    from newsletter.subscribers.taste.papers import find_papers

    subscriber = find_subscriber(email)
    papers = find_papers(arxiv_ids, finder=paper_finder(settings.CONFIG))
    changed = act_on(subscriber, Act(act), papers, source=Source.OPERATOR, now=session.now)
    for paper in papers:
        session.say(f"{act}: {paper.arxiv_id} {paper.title[:80]}")
    session.say(f"{_count(changed, 'paper')} changed.")
    session.finish({"papers": [paper.arxiv_id for paper in papers], "changed": changed})


@_on_authors
def follow(session: Session, email: str, names: tuple[str, ...]) -> None:
    """EMAIL follows these authors. Quote a name: "Ada Lovelace"."""
    from newsletter.subscribers.records import find_subscriber
    from newsletter.subscribers.taste.authors import follow_authors

    new = follow_authors(find_subscriber(email), names, now=session.now)
    session.say(f"{_count(new, 'author')} more followed.")
    session.finish({"changed": new})


@_on_authors
def unfollow(session: Session, email: str, names: tuple[str, ...]) -> None:
    """EMAIL follows these authors no longer."""
    from newsletter.subscribers.records import find_subscriber
    from newsletter.subscribers.taste.authors import unfollow_authors

    gone = unfollow_authors(find_subscriber(email), names)
    session.say(f"{_count(gone, 'author')} unfollowed.")
    session.finish({"changed": gone})


@taste.command("forget")
@click.argument("email")
@click.argument("arxiv_ids", metavar="ARXIV_ID…", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All papers, authors, and what was learned.")
@command
def forget(session: Session, email: str, arxiv_ids: tuple[str, ...], everything: bool) -> None:
    """Forget what EMAIL said of these papers, or with --all everything, in digests too."""
    from newsletter.subscribers.records import find_subscriber
    from newsletter.subscribers.taste.acts import take_back
    from newsletter.subscribers.taste.forget import forget_taste
    from newsletter.subscribers.taste.papers import base_id

    if bool(arxiv_ids) == everything:
        raise click.UsageError("give the papers' ids, or --all to forget everything")
    subscriber = find_subscriber(email)
    if everything:
        forget_taste(subscriber)
        session.say("Everything is forgotten.")
        session.finish({"forgotten": "all"})
    ids = list(dict.fromkeys(map(base_id, arxiv_ids)))
    gone = take_back(subscriber, ids)
    session.say(f"{_count(gone, 'paper')} forgotten.")
    session.finish({"forgotten": gone})


@taste.command("import")
@click.argument("email")
@click.argument("path", metavar="[FILE]", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--zotero-user", metavar="ID", default="", help="A Zotero user's library, by its number.")
@click.option("--zotero-group", metavar="ID", default="", help="A Zotero group's library, by its number.")
@click.option("--ask-key", is_flag=True, help=f"Ask for the Zotero key; else {ZOTERO_KEY} is read, if set.")
@click.option("--orcid", metavar="ID", default="", help="The public works of an ORCID record.")
@click.option("--dry-run", is_flag=True, help="Look everything up, keep nothing.")
@command
def import_library(
    session: Session,
    email: str,
    path: Path | None,
    zotero_user: str,
    zotero_group: str,
    ask_key: bool,
    orcid: str,
    dry_run: bool,
) -> None:
    """EMAIL likes the papers of a library: a FILE (.bib, .ris, .json, or ids, one a line), Zotero or ORCID.

    Papers are found by id, DOI and title, among those that are here and then at arXiv. What was not found is
    listed. What EMAIL said of a paper before stands. No Zotero key is kept.
    """
    from newsletter.subscribers.records import find_subscriber

    sources = [path, zotero_user, zotero_group, orcid]
    if sum(map(bool, sources)) != 1:
        raise click.UsageError("give one of FILE, --zotero-user, --zotero-group, --orcid")
    subscriber = find_subscriber(email)
    zotero = zotero_user or (f"groups/{zotero_group}" if zotero_group else "")
    key = click.prompt("Zotero key", hide_input=True, err=True) if ask_key else os.environ.get(ZOTERO_KEY, "")
    library = _read(path, zotero=zotero, key=key, orcid=orcid)
    search = _look_up(session, library)
    _report(session, subscriber, library=library, search=search, dry_run=dry_run)


def _read(path: Path | None, *, zotero: str, key: str, orcid: str) -> ReadLibrary:
    from django.conf import settings

    from newsletter.adapters import registry
    from newsletter.adapters.library.files import MAX_BYTES, read_library

    if path is not None:
        with path.open("rb") as file:
            return read_library(file.read(MAX_BYTES + 1))
    if zotero:
        return registry.zotero(settings.CONFIG).read(zotero, key=key)
    return registry.orcid(settings.CONFIG).read(orcid)


def _look_up(session: Session, library: ReadLibrary) -> Search:
    from django.conf import settings

    from newsletter.adapters.registry import paper_finder
    from newsletter.subscribers.taste.lookup import Search, Sought

    search, finder = Search([Sought.of(entry) for entry in library.entries]), paper_finder(settings.CONFIG)
    search.look_by_id()
    search.look_among_ours()
    with session.progress() as progress:
        progress.stage("asking arXiv", total=len(search.sought))
        while before := len(search.sought):
            search.ask(finder)
            for _ in range(before - len(search.sought)):
                progress.step()
    return search


def _report(
    session: Session, subscriber: Subscriber, *, library: ReadLibrary, search: Search, dry_run: bool
) -> NoReturn:
    from newsletter.subscribers.taste.acts import keep_imported, matching_topics

    papers = search.papers()
    kept = [paper for paper in papers if not paper.is_withdrawn]
    topics = matching_topics(subscriber, kept)
    new = 0 if dry_run else keep_imported(subscriber, kept, topics=topics, now=session.now)
    of = _count(len(library.entries), "entry", "entries")
    session.say(f"Found {_count(len(papers), 'paper')} of {of}.")
    session.say("Nothing is kept: a dry run." if dry_run else f"Kept, and new: {_count(new, 'paper')}.")
    withdrawn = [paper.arxiv_id for paper in papers if paper.is_withdrawn]
    _list(session, "Withdrawn, and not kept", withdrawn)
    missing = [f"{text} ({reason.value.replace('_', ' ')})" for text, reason in search.missing]
    _list(session, "Not found", missing)
    _list(session, "Not read", list(map(str, library.problems)))
    session.finish(
        {
            "found": [paper.arxiv_id for paper in papers],
            "kept": new,
            "withdrawn": withdrawn,
            "missing": [{"entry": text, "reason": reason} for text, reason in search.missing],
            "problems": list(map(str, library.problems)),
            "dry_run": dry_run,
        }
    )


def _list(session: Session, what: str, lines: list[str]) -> None:
    if lines:
        session.say(f"{what}: {len(lines):,}")
    for line in lines[:MOST_SHOWN]:
        session.say(f"  {line}")
    if len(lines) > MOST_SHOWN:
        session.say(f"  and {len(lines) - MOST_SHOWN:,} more")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
