"""How much sooner a task is done that asks a model about several papers at once.

    python benchmarks/calls_at_once.py [--papers 24] [--seconds 1.0]

Runs the summarising stage on SQLite against a fake model that takes ``--seconds`` for an answer, with one,
two, four and eight threads. Prints seconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service import fresh_service

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--papers", type=int, default=24)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    with fresh_service():
        for threads in (1, 2, 4, 8):
            seconds = measure(threads, papers=options.papers, answer_seconds=options.seconds)
            print(f"  {threads} at once  {seconds:6.1f} s")


def measure(threads: int, *, papers: int, answer_seconds: float) -> float:
    from newsletter.adapters.llm.genai import GenaiSummariser
    from newsletter.core.summaries.summary import DetailLevel
    from newsletter.models import Paper
    from newsletter.pipeline.summarize import generate as summarize
    from newsletter.pipeline.summarize.budget import DailyBudget
    from tests.fakes.gemini_server import GeminiServer
    from tests.fakes.papers import paper_record

    Paper.objects.all().delete()
    Paper.objects.bulk_create(
        Paper.from_record(paper_record(number), first_seen_at=NOW - timedelta(hours=1))
        for number in range(1, papers + 1)
    )
    wanted = [summarize.Wanted(paper.pk, "en", DetailLevel.TAKEAWAYS) for paper in Paper.objects.all()]
    summarize.CALLS_AT_ONCE = threads
    with GeminiServer() as server:
        server.says = lambda _: time.sleep(answer_seconds)
        model = GenaiSummariser(api_key="k", model="m", endpoint=server.url, budget=DailyBudget(daily=10**9))
        model.summarize(paper_record(0), language="en", detail=DetailLevel.HEADLINE)  # imports its package
        begun = time.perf_counter()
        report = summarize.write_summaries(wanted, summariser=model, now=NOW)
        seconds = time.perf_counter() - begun
    assert report.model == papers
    return seconds


if __name__ == "__main__":
    main()
