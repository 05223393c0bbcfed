"""One digest's walk: the files and functions entered for one reader, from the plan to the outbox.

    python benchmarks/walk.py [--pass] [--functions]

Papers of the sample week are there and matched; the reader gets extracts. Counted are the stages from
``schedule`` to ``send``; with ``--pass`` all of ``run_once``, which also looks for provider events, papers to
match and incidents. What runs when a module is imported does not count, nor do comprehensions: they are not
functions that somebody opens.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from types import CodeType, FrameType

PACKAGE = Path(__file__).parent.parent / "newsletter"
NO_FUNCTIONS = ("<module>", "<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--pass", dest="whole", action="store_true", help="count a whole pass")
    parser.add_argument("--functions", action="store_true", help="name the functions too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = prepare(Path(folder), whole=options.whole)
        with entered() as codes:
            states = run()
    files = defaultdict(set)
    for code in codes:
        path = Path(code.co_filename)
        if path.is_relative_to(PACKAGE) and code.co_name not in NO_FUNCTIONS:
            files[path.relative_to(PACKAGE)].add(code.co_qualname)
    for path, functions in sorted(files.items()):
        lines = len((PACKAGE / path).read_text(encoding="utf-8").splitlines())
        print(f"{len(functions):4} functions, {lines:4} lines  {path}")
        for name in sorted(functions) if options.functions else ():
            print(f"       {name}")
    print(f"{states}: {len(files)} files, {sum(map(len, files.values()))} functions")
    return 0 if states == {"ACCEPTED": 1} else 1


def prepare(folder: Path, *, whole: bool) -> Callable[[], dict[str, int]]:
    """Take in the sample week for its first reader; return what sends the digest."""
    os.environ.update(
        NEWSLETTER_DATA_DIR=str(folder),
        NEWSLETTER_MAILER="outbox",
        NEWSLETTER_SUMMARISER="extractive",
        DATABASE_URL="",
        REDIS_URL="",
    )
    from newsletter.cli.session import start_django

    start_django()
    from datetime import UTC, datetime, time

    from newsletter.adapters.registry import paper_source
    from newsletter.audience.topics import add_topic
    from newsletter.pipeline.context import Context
    from newsletter.pipeline.gather import gather_files
    from newsletter.pipeline.match import match_papers
    from newsletter.pipeline.run import run_once
    from newsletter.pipeline.stages import STAGES, Work, schedule
    from newsletter.sample.newsroom import newsroom, write_week
    from newsletter.settings import CONFIG
    from newsletter.subscribers.add import add_by_operator
    from newsletter.subscribers.preferences import Preferences

    monday = datetime.combine(date(2026, 11, 23), time(20), tzinfo=UTC)
    room = newsroom()
    for topic in room.topics:
        for each in ("name_zh", "group_zh"):
            topic.pop(each)
        add_topic(**topic, now=monday - timedelta(days=1))
    subscriber = room.subscribers[0]
    add_by_operator(
        subscriber.pop("email"),
        topics=subscriber.pop("topics"),
        preferences=Preferences.checked(**subscriber),
        source="benchmark",
        now=monday - timedelta(days=1),
    )
    files = write_week(folder, last_day=monday.date() - timedelta(days=1))
    gather_files(paper_source(CONFIG), paths=[str(path) for path in files], now=monday - timedelta(hours=12))
    match_papers(now=monday - timedelta(hours=12), lookback=timedelta(days=14))
    context = Context(CONFIG)
    if whole:
        return lambda: run_once(context, now=monday, gather=False).deliveries
    digest_stages = STAGES[STAGES.index(schedule) :]

    def run() -> dict[str, int]:
        work = Work(context=context, now=monday)
        for stage in digest_stages:
            report = stage(work)
        return dict(report.states)

    return run


@contextmanager
def entered() -> Iterator[set[CodeType]]:
    """Collect the code of every function that is called, in any thread."""
    codes: set[CodeType] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            codes.add(frame.f_code)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield codes
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


if __name__ == "__main__":
    sys.exit(main())
