"""A real week of arXiv through the whole pipeline: seconds a stage, and an account of every paper.

    python benchmarks/week.py FOLDER            FOLDER holds one saved arXiv answer a day, YYYY-MM-DD.xml

Adds the starter topics and six readers, takes the days in one after the other, runs what is due each evening
and once more on the Monday after, reads every mail back and checks: no paper twice for a reader, and
summarised + listed + counted = what matched. Prints one table; exits 1 when a check fails.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import os
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

# Who, topics in their order, cadence, language, depth, most papers a mail.
READERS = [
    (
        "ada@example.org",
        "talking-head-generation,co-speech-gesture,speech-translation",
        "weekly:mon",
        "en",
        "takeaways",
        10,
    ),
    ("ben@example.org", "language-agents,retrieval-augmented-generation", "daily", "en", "headline", 20),
    ("chen@example.org", "talking-head-generation,diffusion-models", "weekly:mon", "zh", "takeaways", 8),
    ("dua@example.org", "robot-learning,language-agents", "weekdays", "zh", "headline", 5),
    ("eve@example.org", "quantum-computing,machine-translation", "weekly:mon", "en", "takeaways", 10),
    (
        "fay@example.org",
        "language-agents,diffusion-models,3d-reconstruction",
        "weekly:mon",
        "en",
        "reading",
        50,
    ),
]
ARXIV_ID = re.compile(r"arXiv:(\d{4}\.\d{4,5})v\d+")


class Stopwatch:
    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - begun


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keep", type=Path, help="keep database and outbox in this folder")
    options = parser.parse_args()
    days = sorted(options.folder.glob("????-??-??.xml"))
    if not days:
        parser.error(f"no YYYY-MM-DD.xml in {options.folder}")
    with tempfile.TemporaryDirectory() as folder:
        return run_week(days, data_dir=options.keep or Path(folder))


def run_week(days: list[Path], *, data_dir: Path) -> int:
    os.environ.update(
        NEWSLETTER_DATA_DIR=str(data_dir), NEWSLETTER_MAILER="outbox", DATABASE_URL="", REDIS_URL=""
    )
    watch = Stopwatch()
    with watch("start"):
        from newsletter.cli.session import start_django

        start_django()
    first = datetime.fromisoformat(days[0].stem).replace(tzinfo=UTC)
    add_newsroom(now=first)
    for path in days:
        evening = datetime.fromisoformat(path.stem).replace(hour=22, tzinfo=UTC)
        take_in(path, now=evening, watch=watch)
        run_due(now=evening + timedelta(minutes=5), watch=watch)
    monday = first + timedelta(days=7, hours=9)
    run_due(now=monday, watch=watch)
    problems = check()
    report(watch, problems)
    return 1 if problems else 0


def add_newsroom(*, now: datetime) -> None:
    from newsletter.audience.topics import add_starter_topics
    from newsletter.subscribers.add import add_by_operator
    from newsletter.subscribers.preferences import Preferences

    add_starter_topics(now=now)
    for address, topics, cadence, language, depth, max_papers in READERS:
        preferences = Preferences.checked(
            cadence=cadence, language=language, depth=depth, max_papers=max_papers, at="08:00"
        )
        add_by_operator(
            address, topics=topics.split(","), preferences=preferences, source="benchmark", now=now
        )


def take_in(path: Path, *, now: datetime, watch: Stopwatch) -> None:
    from newsletter.adapters.registry import paper_source
    from newsletter.pipeline.gather import gather_files
    from newsletter.pipeline.match import match_papers
    from newsletter.settings import CONFIG

    with watch("gather"):
        gather_files(paper_source(CONFIG), paths=[str(path)], now=now)
    with watch("match"):
        match_papers(now=now, lookback=timedelta(days=14))


def run_due(*, now: datetime, watch: Stopwatch) -> None:
    """Run the stages of ``newsletter run --no-gather``, each timed."""
    from newsletter.pipeline.compose.compose import compose_planned
    from newsletter.pipeline.context import Context
    from newsletter.pipeline.run import send_with_retries
    from newsletter.pipeline.schedule import plan_due
    from newsletter.pipeline.select.select import select_planned
    from newsletter.pipeline.stages import Work
    from newsletter.pipeline.summarize.generate import write_summaries
    from newsletter.pipeline.summarize.store import open_requests
    from newsletter.settings import CONFIG

    context = Context(CONFIG)
    with watch("plan"):
        plan_due(now=now)
    with watch("select"):
        select_planned(now=now)
    with watch("summarise"):
        wanted = open_requests(now=now, summariser=context.summariser)
        write_summaries(wanted, summariser=context.summariser, now=now)
    with watch("compose"):
        compose_planned(
            now=now, summariser=context.summariser, renderer_for=context.renderer, is_patient=False
        )
    with watch("deliver"):
        send_with_retries(Work(context=context, now=now))


def check() -> list[str]:
    """Read every mail back and hold it against the database."""
    from newsletter.models import Delivery, Subscriber
    from newsletter.settings import CONFIG

    problems = []
    for subscriber in Subscriber.objects.all():
        named: Counter[int] = Counter()
        for delivery in Delivery.objects.filter(subscriber=subscriber, state="ACCEPTED"):
            named.update(delivery.paper_ids)
            problems += check_mail(CONFIG.outbox_folder / f"{delivery.pk}.eml", delivery)
        problems += [
            f"{subscriber.email}: paper {paper} {times} times" for paper, times in named.items() if times > 1
        ]
        problems += check_complete(subscriber, named)
    return problems


def check_mail(path: Path, delivery: object) -> list[str]:
    from newsletter.core.digests.selection import Place
    from newsletter.models import Paper

    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    text = message.get_body(("plain",))
    html = message.get_body(("html",))
    selected = delivery.selected  # type: ignore[attr-defined]
    named = selected.shown(Place.SUMMARIZED) + selected.shown(Place.LISTED)
    shown = Paper.objects.filter(pk__in=named).values_list("arxiv_id", flat=True)
    problems = []
    for part in (text, html):
        ids = set(ARXIV_ID.findall(part.get_content())) if part else set()
        if ids != set(shown):
            problems.append(f"{path.name}: names {len(ids)} papers, the record {len(shown)}")
    return problems


def check_complete(subscriber: object, named: Counter[int]) -> list[str]:
    """Everything the reader's topics matched is summarised, listed or counted in some mail."""
    from newsletter.models import Match

    topics = subscriber.subscriptions.values("topic")  # type: ignore[attr-defined]
    matched = set(Match.objects.filter(topic__in=topics).values_list("paper", flat=True))
    if matched == set(named):
        return []
    return [f"{subscriber.email}: {len(matched)} matched, {len(named)} accounted for"]  # type: ignore[attr-defined]


def report(watch: Stopwatch, problems: list[str]) -> None:
    from newsletter.core.digests.selection import Place
    from newsletter.models import Delivery, Match, Paper, Topic

    print(
        f"{Paper.objects.count()} papers, {Topic.objects.count()} topics, {Match.objects.count()} matches\n"
    )
    print(f"{'reader':<18}{'slot':<12}{'state':<10}{'summ.':>6}{'listed':>7}{'counted':>8}{'of':>6}  subject")
    for each in Delivery.objects.select_related("subscriber").order_by("subscriber__email_key", "slot_at"):
        counts = [
            len(each.selected.shown(place)) for place in (Place.SUMMARIZED, Place.LISTED, Place.COUNTED)
        ]
        subscriber = each.subscriber.email if each.subscriber else "-"
        numbers = f"{counts[0]:>6}{counts[1]:>7}{counts[2]:>8}{each.selected.scanned:>6}"
        print(f"{subscriber:<18}{each.slot_key:<12}{each.state:<10}{numbers}  {each.subject}")
    print("\nseconds a stage")
    for stage, seconds in watch.seconds.items():
        print(f"  {stage:<10}{seconds:8.2f}")
    print("\n" + ("\n".join(problems) or "every mail read back: no paper twice, nothing unaccounted for"))


if __name__ == "__main__":
    sys.exit(main())
