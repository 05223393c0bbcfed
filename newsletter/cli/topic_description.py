"""``newsletter topic describe``: a query from words or papers, and what it would have found."""

from __future__ import annotations

from typing import NoReturn

import click
from django.conf import settings

from newsletter.adapters.registry import paper_finder, query_writer
from newsletter.audience.query_preview import try_query
from newsletter.cli.session import Session
from newsletter.core.arxiv.query_proposal import Telling
from newsletter.errors import BadInput
from newsletter.models import Paper
from newsletter.pipeline.summarize.budget import DailyBudget
from newsletter.subscribers.describe import (
    Description,
    Surroundings,
    read_description,
    surroundings,
    write_query,
)

SHOWN = 10


def report(session: Session, words: str, *, days: int, asks_model: bool) -> NoReturn:
    """Print the query that is proposed, what it matches and what it misses. Raises BadInput for nothing."""
    description = read_description(words, finder=paper_finder(settings.CONFIG))
    around = surroundings(description, now=session.now, days=days)
    query, phrases = (_written(description), ()) if asks_model else _proposed(around)
    trial = try_query(query, days=days, now=session.now)
    found, missed = trial.best(), around.missed(trial.query)
    session.say(query)
    for phrase in phrases:
        of_yours = f"{phrase.in_given} of yours and " if around.given else ""
        session.say(f"  {phrase.text}: in {of_yours}{phrase.in_recent} recent papers")
    session.say(f"{len(found)} of {trial.of} papers of the last {days} days, about {trial.per_week} a week")
    _list(session, found)
    if around.given:
        session.say(f"It finds {around.found_examples(trial.query)} of your {len(around.given)} papers.")
    if missed:
        session.say("Near it, but not found:")
        _list(session, missed)
    for what, ids in (("Not found", description.unknown), ("Withdrawn", description.withdrawn)):
        if ids:
            session.say(f"{what}, and left out: {', '.join(ids)}")
    session.finish(
        {
            "query": query,
            "by": "model" if asks_model else "words",
            "phrases": [
                {"text": each.text, "in_examples": each.in_given, "in_recent": each.in_recent}
                for each in phrases
            ],
            "examples": [paper.arxiv_id for paper in description.examples],
            "examples_found": around.found_examples(trial.query),
            "unknown": list(description.unknown),
            "withdrawn": list(description.withdrawn),
            "matched": len(found),
            "of": trial.of,
            "days": days,
            "per_week": trial.per_week,
            "papers": [{"id": str(paper), "title": paper.title} for paper in found],
            "missed": [{"id": str(paper), "title": paper.title} for paper in missed],
        }
    )


def _proposed(around: Surroundings) -> tuple[str, tuple[Telling, ...]]:
    proposal = around.proposal()
    if proposal is None:
        if not around.recent.published_at:
            raise BadInput(
                "no recent papers to try words on: run newsletter gather first, or give more --days"
            )
        raise BadInput("no recent paper says this: use English words of papers, or ids of papers")
    return proposal.text, proposal.phrases


def _written(description: Description) -> str:
    writer = query_writer(settings.CONFIG, budget=DailyBudget(daily=settings.CONFIG.gemini_daily_tokens))
    if writer is None:
        raise click.UsageError("--model: no model is configured; give GEMINI_API_KEY, or leave --model out")
    try:
        return write_query(description, writer=writer)
    except BadInput as error:
        raise BadInput(f"the model's query cannot be read: {error}") from error


def _list(session: Session, papers: list[Paper]) -> None:
    for paper in papers[:SHOWN]:
        session.say(f"  {paper}  {paper.title}")
    if len(papers) > SHOWN:
        session.say(f"  and {len(papers) - SHOWN} more")
