"""What every run begins with: Django for the harness itself, tables, topics and a week of papers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from newsletter.config import Config
from newsletter.sample.newsroom import newsroom, write_week

TOPICS = 4


def set_up_django(environment: Mapping[str, str]) -> None:
    """Let this process see what the service sees: no ``.env``, nothing of the shell's settings."""
    os.environ.update({str(each.alias): "" for each in Config.model_fields.values()})
    os.environ.update(environment, DJANGO_SETTINGS_MODULE="newsletter.settings")
    import django

    django.setup()


def take_in_a_week(folder: Path) -> None:
    """Make the tables, add topics and the sample week of papers. Needs Django set up."""
    from django.conf import settings
    from django.core.management import call_command

    from newsletter.adapters.registry import paper_source
    from newsletter.audience.topics import add_topic
    from newsletter.pipeline.gather import gather_files
    from newsletter.pipeline.match import match_papers

    call_command("migrate", verbosity=0)
    now = datetime.now(UTC)
    for topic in newsroom().topics[:TOPICS]:
        add_topic(topic["slug"], name=topic["name"], query=topic["query"], now=now)
    files = [str(path) for path in write_week(folder, last_day=(now - timedelta(days=1)).date())]
    gather_files(paper_source(settings.CONFIG), paths=files, now=now)
    match_papers(now=now, lookback=timedelta(days=settings.CONFIG.arxiv_lookback_days))
