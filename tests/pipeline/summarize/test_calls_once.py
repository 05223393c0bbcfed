"""Three worker processes at once: each summary is paid for once, and the day's cap is never passed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.utils import timezone

from newsletter.core.summaries.summary import DetailLevel
from newsletter.models import Paper, Quota, Subscriber, Summary
from newsletter.pipeline.summarize.budget import KIND, SET_ASIDE
from tests.fakes.arxiv_server import ArxivServer
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.papers import paper_record
from tests.fakes.processes import Processes, processes, wait_until
from tests.fakes.redis import redis_server
from tests.pipeline.newsroom import Newsroom

pytestmark = pytest.mark.django_db(transaction=True)

TOPICS = {"heads": "cs.CV", "graphs": "cs.LG", "agents": "cs.AI", "speech": "cs.SD"}
WORKERS = 3
WORKER = """
import sys, time, pathlib, django
django.setup()
from django.utils import timezone
from newsletter.pipeline import tasks as work
from newsletter.pipeline.summarize.store import open_requests
summariser = work.context().summariser
pathlib.Path(sys.argv[1]).touch()
while not pathlib.Path("go").exists():
    time.sleep(0.01)
for _ in range(int(sys.argv[2])):
    work.tick()
    work.summarize()
    if not open_requests(now=timezone.now(), summariser=summariser):
        break
    time.sleep(0.2)
"""


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Processes]:
    with processes(tmp_path) as started:
        yield started


def fill(folder: Path, *, each: int, topics: int) -> None:
    """Take in papers, and readers of every depth and both languages who are due in an hour, in real time."""
    now = timezone.now()
    room = Newsroom(folder / "outbox")
    papers = []
    for start, (slug, category) in enumerate(list(TOPICS.items())[:topics]):
        room.topic(slug, f"cat:{category}")
        papers += [
            paper_record(
                start * each + number,
                title=f"Paper {start * each + number:04} on {slug}",
                categories=(category,),
                published_at=now - timedelta(hours=20),
            )
            for number in range(1, each + 1)
        ]
        for language in ("en", "zh"):
            for depth in DetailLevel:
                address = f"{slug}-{language}-{depth}@example.org"
                room.subscriber(
                    address, slug, now=now - timedelta(days=3), language=language, depth=depth, max_papers=50
                )
    slot_at = (now + timedelta(hours=1)).replace(second=0, microsecond=0)
    Subscriber.objects.update(next_slot_at=slot_at, at=slot_at.time(), cadence="daily")
    room.take_in(*papers, now=now - timedelta(hours=2))


def database_url() -> str:
    """Return the database of this test as another process names it."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        return f"sqlite:///{database['NAME']}"
    return f"postgresql://{database['USER']}@/{database['NAME']}?host={quote(database['HOST'], safe='')}"


def work_together(
    running: Processes, folder: Path, *, gemini: GeminiServer, rounds: int, **given: str
) -> None:
    """Let three processes begin at the same instant, and wait until none has anything left to do."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "newsletter.settings",
        "NEWSLETTER_DATA_DIR": str(folder / "data"),
        "NEWSLETTER_SECRET_KEY": "only for these tests",
        "DATABASE_URL": database_url(),
        "NEWSLETTER_SUMMARISER": "genai",
        "GEMINI_API_KEY": "k",
        "NEWSLETTER_GEMINI_MODEL": "gemini-test",
        "NEWSLETTER_GEMINI_ENDPOINT": gemini.url,
        "NEWSLETTER_GEMINI_RPM": "100000",
    } | given
    names = [f"worker{number}" for number in range(WORKERS)]
    workers = [
        running.start(name, ["python", "-c", WORKER, name, str(rounds)], environment=environment)
        for name in names
    ]
    wait_until(
        lambda: all((folder / name).exists() for name in names),
        seconds=100,
        otherwise=lambda: "".join(each.said() for each in workers),
    )
    (folder / "go").touch()
    for each in workers:
        assert each.process.wait(timeout=240) == 0, each.said()


@pytest.mark.parametrize(
    "each",
    [pytest.param(3, marks=pytest.mark.timeout(300)), pytest.param(50, marks=pytest.mark.slow)],
)
def test_papers_in_two_languages_and_three_depths_are_two_calls_each(
    tmp_path: Path, running: Processes, gemini: GeminiServer, each: int
) -> None:
    papers = each * len(TOPICS)
    fill(tmp_path, each=each, topics=len(TOPICS))
    with redis_server() as redis_url, ArxivServer() as arxiv:
        arxiv_has_no_html = {
            "NEWSLETTER_ARXIV_API_URL": arxiv.url,
            "NEWSLETTER_ARXIV_HTML_URL": arxiv.html_url,
            "NEWSLETTER_ARXIV_OAI_URL": f"{arxiv.url}/oai",
            "NEWSLETTER_ARXIV_INTERVAL": "0",
        }
        work_together(running, tmp_path, gemini=gemini, rounds=200, REDIS_URL=redis_url, **arxiv_has_no_html)
    assert gemini.calls == 2 * papers
    asked = Counter((each.content, "Chinese" in each.instruction) for each in gemini.requests)
    assert set(asked.values()) == {1}
    rows = Summary.objects.filter(model="gemini-test", content__isnull=False)
    assert (rows.count(), rows.filter(fallback="no_full_text").count()) == (2 * papers, 2 * papers)


@pytest.mark.timeout(300)
def test_not_one_call_passes_the_cap(tmp_path: Path, running: Processes, gemini: GeminiServer) -> None:
    fill(tmp_path, each=30, topics=1)
    Subscriber.objects.exclude(email="heads-en-takeaways@example.org").delete()
    gemini.bills_in_full = True
    # A request of these costs the same whatever the paper: titles are of one length.
    most = cost_of_one(gemini)
    cap = 10 * most + most - 1
    work_together(running, tmp_path, gemini=gemini, rounds=3, NEWSLETTER_GEMINI_DAILY_TOKENS=str(cap))
    assert gemini.calls == 10
    counted = {row.kind: row.count for row in Quota.objects.filter(key="")}
    assert counted == {KIND: 10 * most, SET_ASIDE: 0}
    rows = Summary.objects.filter(model="gemini-test")
    assert rows.filter(content__isnull=False).count() == 10
    assert set(rows.filter(content__isnull=True).values_list("failure", "attempts")) == {("daily_cap", 0)}


def cost_of_one(gemini: GeminiServer) -> int:
    """Ask for one outside the service, and read the bill."""
    from newsletter.adapters.llm.genai import GenaiSummariser

    summariser = GenaiSummariser(api_key="k", model="gemini-test", endpoint=gemini.url)
    draft = summariser.summarize(Paper.objects.all()[0].record, language="en", detail=DetailLevel.TAKEAWAYS)
    gemini.requests.clear()
    return draft.input_tokens + draft.output_tokens
