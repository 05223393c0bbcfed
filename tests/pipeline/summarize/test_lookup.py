"""The lookup of summaries: what it takes down from the database."""

from __future__ import annotations

from typing import Any

import pytest

from newsletter.adapters.llm.extractive import ExtractiveSummariser
from newsletter.core.summaries.summary import DetailLevel, Wanted
from newsletter.models import Paper, Summary
from newsletter.pipeline.summarize.generate import write_extracts
from newsletter.pipeline.summarize.lookup import SummaryLookup
from newsletter.subscribers.reports import take_down
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY

pytestmark = pytest.mark.django_db


def test_it_reads_the_summaries_of_its_own_papers_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch must not cost more with every week that was ever summarised."""
    papers = [Paper.from_record(paper_record(number), first_seen_at=MONDAY) for number in (1, 2, 3)]
    Paper.objects.bulk_create(papers)
    keys = list(Paper.objects.order_by("pk").values_list("pk", flat=True))
    assert write_extracts(keys, now=MONDAY) == 3
    read: list[int] = []
    genuine = Summary.__init__

    def note(self: Summary, *values: Any, **fields: Any) -> None:
        genuine(self, *values, **fields)
        read.append(self.paper_id)

    monkeypatch.setattr(Summary, "__init__", note)
    lookup = SummaryLookup({keys[0]}, summariser=ExtractiveSummariser())
    assert read == [keys[0]]
    assert lookup.show(Wanted(keys[0], "en", DetailLevel.TAKEAWAYS)).paper_version == 1


def test_an_extract_by_earlier_rules_is_written_anew_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    paper = Paper.from_record(paper_record(1), first_seen_at=MONDAY)
    paper.save()
    with monkeypatch.context() as before:
        before.setattr(ExtractiveSummariser, "prompt_version", "3")
        assert write_extracts([paper.pk], now=MONDAY) == 1
    with pytest.raises(LookupError):
        SummaryLookup({paper.pk}, summariser=ExtractiveSummariser()).show(
            Wanted(paper.pk, "en", DetailLevel.TAKEAWAYS)
        )
    assert write_extracts([paper.pk], now=MONDAY) == 1
    shown = SummaryLookup({paper.pk}, summariser=ExtractiveSummariser()).show(
        Wanted(paper.pk, "en", DetailLevel.TAKEAWAYS)
    )
    written = Summary.objects.get(prompt_version=ExtractiveSummariser.prompt_version)
    assert shown.key.startswith(f"{written.pk}:")


def test_an_extract_that_was_taken_down_stays_down_under_new_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    papers = [Paper.from_record(paper_record(number), first_seen_at=MONDAY) for number in (1, 2)]
    Paper.objects.bulk_create(papers)
    keys = list(Paper.objects.order_by("pk").values_list("pk", flat=True))
    with monkeypatch.context() as before:
        before.setattr(ExtractiveSummariser, "prompt_version", "4")
        assert write_extracts(keys, now=MONDAY) == 2
    take_down(Summary.objects.get(paper=keys[0]), now=MONDAY)
    assert write_extracts(keys, now=MONDAY) == 2
    now = Summary.objects.filter(prompt_version=ExtractiveSummariser.prompt_version)
    assert [row.paper_id for row in now if row.is_shown] == [keys[1]]
    assert not Summary.objects.shown().filter(paper=keys[0]).exists()
