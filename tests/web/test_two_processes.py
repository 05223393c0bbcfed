"""Two web processes on one database: what a third one takes down is gone from both with the next request."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.conftest import MakeTables
from tests.fakes.processes import Running, free_port, processes, wait_until

START_SECONDS = 100.0
FILL = """
from django.utils import timezone
from newsletter.audience.topics import add_topic
from newsletter.models import Match, Paper
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.summary import Claim, Voice, Summary as Value, summary_to_json
from newsletter.models import Summary
now = timezone.now()
topic = add_topic("heads", name="Heads", query="cat:cs.CV", now=now)
record = PaperRecord(arxiv_id="2606.00001", version=1, title="Avatar", abstract="We make heads.",
    authors=("Ada",), primary_category="cs.CV", categories=("cs.CV",), published_at=now, updated_at=now)
paper = Paper.from_record(record, first_seen_at=now)
paper.save()
Match.objects.create(topic=topic, paper=paper, score=1, created_at=now)
claim = Claim(text="It makes gold of lead.", evidence=())
Summary.objects.create(paper=paper, paper_version=1, language="en", prompt_version="1", model="some-model",
    detail="headline", content=summary_to_json(Value(voice=Voice.MODEL, headline=claim)), written_at=now)
"""
TAKE_DOWN = """
from django.utils import timezone
from newsletter.models import Summary
from newsletter.subscribers.reports import take_down
take_down(Summary.objects.get(), now=timezone.now())
"""
PATHS = ("/papers/2606.00001/", "/topics/heads/", "/topics/heads/feed.atom")


def until_it_answers(site: Running) -> None:
    wait_until(lambda: "answers on" in site.said(), seconds=START_SECONDS, otherwise=site.said)


@pytest.mark.timeout(180)
def test_what_is_taken_down_is_gone_from_every_process(tmp_path: Path, make_tables: MakeTables) -> None:
    environment = {"NEWSLETTER_DATA_DIR": str(tmp_path / "data")}
    with processes(tmp_path) as started:

        def run(*command: str) -> None:
            done = started.run(["newsletter", *command], environment=environment)
            assert done.returncode == 0, done.stderr

        make_tables(tmp_path / "data")
        run("shell", "-v", "0", "-c", FILL)
        sites = []
        for number in range(2):
            address = f"127.0.0.1:{free_port()}"
            command = ["python", "-m", "newsletter.web.server", "--bind", address]
            site = started.start(f"web{number}", command, environment=environment)
            until_it_answers(site)
            sites.append(f"http://{address}")
        pages = [f"{site}{path}" for site in sites for path in PATHS]
        known = {}
        for _ in range(2):  # rendered, then kept
            for page in pages:
                answer = requests.get(page, timeout=60)
                assert "gold of lead" in answer.text, page
                assert answer.headers["Content-Encoding"] == "gzip"
                known[page] = answer.headers["ETag"]
        head = requests.head(pages[0], timeout=60)
        assert (head.status_code, head.content, head.headers["ETag"]) == (200, b"", known[pages[0]])
        run("shell", "-v", "0", "-c", TAKE_DOWN)
        for page, etag in known.items():
            answer = requests.get(page, headers={"If-None-Match": etag}, timeout=60)
            assert answer.status_code == 200, page
            assert "gold of lead" not in answer.text, page
