"""A paper's full text: read once a version however many ask, kept for a day, refused with a reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from newsletter.adapters.ports import PaperText
from newsletter.core.arxiv.full_text import FullText, Reference, TextSection
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.errors import NewsletterError, PermanentError, TemporaryError
from newsletter.models import FullTextRecord, KeptText, Paper
from newsletter.pipeline.summarize.full_text import FullTextLater, forget_texts, full_text_for
from tests.fakes.papers import paper_record

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
TEXT = FullText(
    sections=(TextSection(title="Method", text="We do.\n\nIt works."),),
    affiliations=("University of Somewhere",),
    keywords=("heads",),
    links=("https://example.org/code",),
    references=(Reference(text="Cited.", arxiv_id="2401.00001"), Reference(text="A book.")),
)
pytestmark = pytest.mark.django_db


@dataclass
class Source:
    """A FullTextSource that answers, or fails as often as it was told."""

    errors: list[NewsletterError] = field(default_factory=list)
    licence_url: str = ""
    asked: list[str] = field(default_factory=list)

    def licence(self, paper: PaperRecord) -> str:  # noqa: ARG002  # the protocol's
        return self.licence_url

    def read(self, paper: PaperRecord, *, figures: int) -> PaperText:
        self.asked.append(f"{paper.versioned_id}, {figures} figures")
        if self.errors:
            raise self.errors.pop(0)
        return PaperText(text=TEXT)


@pytest.fixture
def paper() -> Paper:
    made = Paper.from_record(paper_record(), first_seen_at=NOW)
    made.save()
    return made


def record_of(paper: Paper) -> FullTextRecord:
    return FullTextRecord.objects.get(paper=paper, paper_version=paper.version)


def let_time_pass(paper: Paper, wait: timedelta) -> None:
    """Move what is recorded back instead of waiting."""
    record = record_of(paper)
    for name in ("leased_until", "retry_at", "read_at"):
        if (at := getattr(record, name)) is not None:
            setattr(record, name, at - wait)
    record.save()
    for kept in KeptText.objects.all():
        kept.kept_until -= wait
        kept.save()


def test_one_download_serves_everyone_for_a_day(paper: Paper) -> None:
    source = Source()

    assert [full_text_for(paper, source=source, now=NOW) for _ in range(3)] == [TEXT, TEXT, TEXT]

    assert source.asked == ["2606.00001v1, 0 figures"]
    record = record_of(paper)
    assert (record.reason, record.attempts, record.fetched_at, record.cites) == ("", 0, NOW, ["2401.00001"])
    assert record.affiliations == ["University of Somewhere"]
    assert (record.keywords, record.links) == (["heads"], ["https://example.org/code"])


def test_the_text_is_gone_after_a_day_and_can_be_had_again(paper: Paper) -> None:
    source = Source()
    full_text_for(paper, source=source, now=NOW)

    assert forget_texts(real_now=timezone.now() + timedelta(hours=23)) == 0
    let_time_pass(paper, timedelta(hours=24, seconds=1))
    assert forget_texts(real_now=timezone.now()) == 1

    assert full_text_for(paper, source=source, now=NOW) == TEXT
    assert len(source.asked) == 2


def test_a_new_version_is_read_anew(paper: Paper) -> None:
    source = Source()
    full_text_for(paper, source=source, now=NOW)
    paper.version = 2
    paper.save()

    full_text_for(paper, source=source, now=NOW)

    assert source.asked == ["2606.00001v1, 0 figures", "2606.00001v2, 0 figures"]


def test_a_second_worker_is_told_to_come_back(paper: Paper) -> None:
    class Impatient(Source):
        def read(self, paper: PaperRecord, *, figures: int) -> PaperText:
            with pytest.raises(FullTextLater) as refusal:
                full_text_for(Paper.objects.get(), source=other, now=NOW)
            assert refusal.value.retry_after is not None
            assert 0 < refusal.value.retry_after <= 360
            return super().read(paper, figures=figures)

    other, source = Source(), Impatient()

    assert full_text_for(paper, source=source, now=NOW) == TEXT
    assert other.asked == []


def test_a_worker_that_lost_its_lease_changes_nothing(paper: Paper) -> None:
    class Slow(Source):
        def read(self, paper: PaperRecord, *, figures: int) -> PaperText:
            let_time_pass(Paper.objects.get(), timedelta(minutes=7))
            full_text_for(Paper.objects.get(), source=Source(), now=NOW + timedelta(hours=1))
            return super().read(paper, figures=figures)

    full_text_for(paper, source=Slow(), now=NOW)

    assert record_of(paper).fetched_at == NOW + timedelta(hours=1)


def test_a_worker_that_was_killed_has_used_an_attempt(paper: Paper) -> None:
    class Killed(BaseException):
        pass

    class Dying(Source):
        def read(self, paper: PaperRecord, *, figures: int) -> PaperText:
            super().read(paper, figures=figures)
            raise Killed

    source = Dying()
    for _ in range(3):
        with pytest.raises(Killed):
            full_text_for(paper, source=source, now=NOW)
        with pytest.raises(FullTextLater):
            full_text_for(paper, source=source, now=NOW)
        let_time_pass(paper, timedelta(minutes=7))

    assert full_text_for(paper, source=source, now=NOW) is None
    assert (len(source.asked), record_of(paper).reason) == (3, "interrupted")


@pytest.mark.parametrize("reason", ["too_big", "too_deep", "empty", "conversion_errors", "moved"])
def test_what_asking_again_cannot_mend_is_asked_once(paper: Paper, reason: str) -> None:
    source = Source([PermanentError("no", reason=reason)])

    assert full_text_for(paper, source=source, now=NOW) is None
    let_time_pass(paper, timedelta(days=3))
    assert full_text_for(paper, source=source, now=NOW) is None

    assert len(source.asked) == 1
    assert record_of(paper).reason == reason


@pytest.mark.parametrize("reason", ["missing", "not_paper", "other_paper", "truncated", "timed_out"])
def test_what_may_be_mended_by_tomorrow_is_asked_on_three_days(paper: Paper, reason: str) -> None:
    source = Source([PermanentError("no", reason=reason)] * 5)

    for day in range(1, 6):
        assert full_text_for(paper, source=source, now=NOW) is None
        assert full_text_for(paper, source=source, now=NOW) is None
        assert len(source.asked) == min(day, 3)
        let_time_pass(paper, timedelta(hours=24, seconds=1))

    assert record_of(paper).reason == reason


def test_an_arxiv_that_cannot_be_asked_is_waited_for_three_times(paper: Paper) -> None:
    source = Source([TemporaryError("down", status=500)] * 5)

    for _ in range(2):
        for _ in range(2):
            with pytest.raises(FullTextLater) as refusal:
                full_text_for(paper, source=source, now=NOW)
            assert refusal.value.retry_after == pytest.approx(300, abs=10)
        let_time_pass(paper, timedelta(minutes=5))
    assert full_text_for(paper, source=source, now=NOW) is None

    assert len(source.asked) == 3
    assert record_of(paper).reason == "unavailable"


def test_arxivs_own_retry_after_counts_and_a_long_one_is_not_waited_for(paper: Paper) -> None:
    source = Source([TemporaryError("busy", retry_after=7200)])

    assert full_text_for(paper, source=source, now=NOW) is None
    let_time_pass(paper, timedelta(minutes=119))
    with pytest.raises(FullTextLater) as refusal:
        full_text_for(paper, source=source, now=NOW)
    assert refusal.value.retry_after == pytest.approx(60, abs=10)
    let_time_pass(paper, timedelta(minutes=2))
    assert full_text_for(paper, source=source, now=NOW) == TEXT


def test_when_arxiv_asks_to_wait_no_other_paper_is_asked_for(paper: Paper) -> None:
    other = Paper.from_record(paper_record(2), first_seen_at=NOW)
    other.save()
    source = Source([TemporaryError("busy", status=429, retry_after=600)])

    for each in (paper, other, other):
        with pytest.raises(FullTextLater) as refusal:
            full_text_for(each, source=source, now=NOW)
        assert refusal.value.retry_after == pytest.approx(600, abs=10)
    assert len(source.asked) == 1

    let_time_pass(paper, timedelta(minutes=10))
    assert full_text_for(other, source=source, now=NOW) == TEXT
    assert full_text_for(paper, source=source, now=NOW) == TEXT


def test_a_turn_that_did_not_come_uses_no_attempt(paper: Paper) -> None:
    source = Source([TemporaryError("busy with others", reason="turn")] * 5)
    for _ in range(5):
        with pytest.raises(FullTextLater) as refusal:
            full_text_for(paper, source=source, now=NOW)
        assert refusal.value.retry_after == pytest.approx(30, abs=5)
        let_time_pass(paper, timedelta(seconds=31))
    assert full_text_for(paper, source=source, now=NOW) == TEXT


def test_an_oai_interface_that_asks_to_wait_is_not_followed_by_another_request(paper: Paper) -> None:
    class Busy(Source):
        def licence(self, paper: PaperRecord) -> str:
            raise TemporaryError(f"busy with {paper.arxiv_id}", status=503, retry_after=60)

    source = Busy()
    with pytest.raises(FullTextLater):
        full_text_for(paper, source=source, now=NOW)
    assert source.asked == []


def test_a_success_after_failures_starts_the_count_anew(paper: Paper) -> None:
    source = Source([PermanentError("no", reason="missing")] * 2)
    for _ in range(3):
        full_text_for(paper, source=source, now=NOW)
        let_time_pass(paper, timedelta(hours=25))

    record = record_of(paper)
    assert (record.attempts, record.reason, record.retry_at) == (0, "", None)


def test_a_licence_that_cannot_be_had_costs_the_figures_and_not_the_text(paper: Paper) -> None:
    class NoLicence(Source):
        def licence(self, paper: PaperRecord) -> str:
            raise TemporaryError(f"no record of {paper.arxiv_id}")

    source = NoLicence()
    assert full_text_for(paper, source=source, now=NOW) == TEXT
    assert source.asked == ["2606.00001v1, 0 figures"]
