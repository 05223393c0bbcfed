"""The extractive summariser, and one suite for both ways to Gemini against a server that speaks its API."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from newsletter.adapters.llm.calls import CALL_DEADLINE, ModelSummariser
from newsletter.adapters.llm.extractive import ExtractiveSummariser
from newsletter.adapters.llm.gemini import GeminiSummariser
from newsletter.adapters.llm.genai import GenaiSummariser
from newsletter.adapters.ports import RequestRate, Summariser, TokenBudget
from newsletter.core.arxiv.full_text import FullText, TextSection
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.summaries.grounding import Refusal, ground
from newsletter.core.summaries.prompt import PROMPT_VERSION
from newsletter.core.summaries.summary import NO_FULL_TEXT, DetailLevel, Summary, Voice
from newsletter.errors import Interrupted, PermanentError, TemporaryError, UnusableAnswer
from tests.fakes.budget import Budget
from tests.fakes.gemini_server import Fault, GeminiServer

pytestmark = pytest.mark.enable_socket

PAPER = PaperRecord(
    arxiv_id="2606.00001",
    version=2,
    title="TideNet: Harbour Levels from Ship Motion",
    abstract=(
        "Harbour levels are widely forecast from gauges that are costly to maintain. "
        "We propose TideNet, which forecasts harbour levels from the motion of moored ships. "
        "TideNet learns the response of each hull and removes it before the forecast. "
        "On 14 harbours it reduces the mean error by 31% and runs 5 times faster than GaugeFormer. "
        "Ablations show that hull responses account for 12% of the gain."
    ),
    authors=("Ada Roe", "Ben Doe"),
    primary_category="cs.LG",
    categories=("cs.LG",),
    published_at=datetime(2026, 6, 15, tzinfo=UTC),
    updated_at=datetime(2026, 6, 15, tzinfo=UTC),
)
FULL_TEXT = FullText(sections=(TextSection(title="Introduction", text="Moored ships move with the tide."),))

Make = Callable[..., ModelSummariser]


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer() as running:
        yield running


@pytest.fixture(params=[GeminiSummariser, GenaiSummariser])
def make(request: pytest.FixtureRequest, server: GeminiServer) -> Make:
    """Make a summariser that asks ``server`` and notes how long it would have slept."""

    def make(
        *,
        key: str = "a key",
        timeout: float = 5.0,
        max_attempts: int = 3,
        rate: RequestRate | None = None,
        budget: TokenBudget | None = None,
    ) -> ModelSummariser:
        made: ModelSummariser = request.param(
            api_key=key,
            model="gemini-flash-latest",
            endpoint=server.url,
            timeout=timeout,
            max_attempts=max_attempts,
            rate=rate,
            budget=budget,
            sleep=slept.append,
        )
        return made

    slept.clear()
    return make


slept: list[float] = []


class Rate:
    """A gate that notes who asks."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.entered: list[int] = []
        self.holds: list[float] = []
        self._refuses = refuses

    def enter(self, *, tokens: int, max_wait: float) -> None:
        assert 0 < max_wait <= CALL_DEADLINE
        if self._refuses:
            raise TemporaryError("no turn", reason="rate", retry_after=30.0)
        self.entered.append(tokens)

    def hold(self, seconds: float) -> None:
        self.holds.append(seconds)


def grounded(
    summariser: Summariser,
    *,
    language: str = "en",
    detail: DetailLevel = DetailLevel.TAKEAWAYS,
    full_text: FullText | None = None,
) -> Summary | Refusal:
    draft = summariser.summarize(PAPER, language=language, detail=detail, full_text=full_text)
    return ground(
        draft, source=PAPER, language=language, voice=summariser.voice, full_text=full_text, asked=detail
    )


class TestExtractive:
    def test_the_authors_speak(self) -> None:
        summariser: Summariser = ExtractiveSummariser()
        found = grounded(summariser)
        assert isinstance(found, Summary)
        assert (summariser.model, found.voice) == ("extractive", Voice.AUTHORS)
        assert all(claim.text in PAPER.abstract for claim in (found.headline, *found.takeaways))
        assert [evidence.quote for evidence in found.headline.evidence] == [found.headline.text]
        assert "TideNet" in found.headline.text

    def test_it_writes_english_whoever_reads(self) -> None:
        assert ExtractiveSummariser().language_for("zh-hans") == "en"

    def test_without_an_abstract_the_title_stands(self) -> None:
        paper = replace(PAPER, abstract=" ")
        draft = ExtractiveSummariser().summarize(paper, language="en", detail=DetailLevel.TAKEAWAYS)
        found = ground(draft, source=paper, language="en", voice=Voice.AUTHORS)
        assert isinstance(found, Summary)
        assert found.headline.text == PAPER.title


class TestGemini:
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    def test_a_good_answer_passes_grounding_whole(self, make: Make, language: str) -> None:
        found = grounded(make(), language=language, detail=DetailLevel.READING, full_text=FULL_TEXT)
        assert isinstance(found, Summary)
        assert (found.voice, found.detail, found.withheld) == (Voice.MODEL, DetailLevel.READING, ())
        assert all(evidence.quote in PAPER.abstract for evidence in found.headline.evidence)

    def test_without_full_text_no_reading_is_asked_for(self, make: Make, server: GeminiServer) -> None:
        found = grounded(make(), detail=DetailLevel.READING)
        assert isinstance(found, Summary)
        assert (found.detail, found.incomplete) == (DetailLevel.TAKEAWAYS, (NO_FULL_TEXT,))
        assert "sections" not in server.requests[-1].schema["properties"]

    def test_it_says_who_it_is(self, make: Make) -> None:
        summariser: Summariser = make()
        assert (summariser.model, summariser.prompt_version) == ("gemini-flash-latest", PROMPT_VERSION)
        assert summariser.language_for("zh-hans") == "zh-hans"

    def test_it_asks_for_json_of_the_depth_with_its_own_key(self, make: Make, server: GeminiServer) -> None:
        make(key="secret").summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        (asked,) = server.requests
        assert (asked.model, asked.api_key) == ("gemini-flash-latest", "secret")
        assert asked.body["generationConfig"]["responseMimeType"] == "application/json"
        assert list(asked.schema["properties"]) == ["headline"]
        assert PAPER.abstract in asked.content
        assert "Ada Roe" not in str(asked.body)

    def test_it_counts_tokens_thinking_included(self, make: Make, server: GeminiServer) -> None:
        draft = make().summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        (asked,) = server.requests
        assert draft.input_tokens == (len(asked.instruction) + len(asked.content)) // 4
        assert draft.output_tokens > 10

    def test_it_settles_with_what_the_answer_says_it_took(self, make: Make) -> None:
        budget = Budget()
        draft = make(budget=budget).summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert budget.settled == [draft.input_tokens + draft.output_tokens]

    def test_an_answer_that_does_not_say_what_it_took_counts_in_full(
        self, make: Make, server: GeminiServer
    ) -> None:
        server.answer_next(Fault.NO_USAGE)
        budget = Budget()
        draft = make(budget=budget).summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert (draft.input_tokens, draft.output_tokens) == (0, 0)
        assert (budget.settled, len(budget.set_aside)) == ([], 1)

    def test_two_with_different_keys_do_not_mix(self, make: Make, server: GeminiServer) -> None:
        one, other = make(key="one"), make(key="other")
        for summariser in (one, other, one):
            summariser.summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert [asked.api_key for asked in server.requests] == ["one", "other", "one"]

    def test_threads_may_share_one(self, make: Make, server: GeminiServer) -> None:
        summariser, drafts = make(), []
        threads = [
            threading.Thread(
                target=lambda: drafts.append(
                    summariser.summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
                )
            )
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(drafts) == server.calls == 4

    def test_the_environment_does_not_choose_the_key(
        self, make: Make, server: GeminiServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GOOGLE_API_KEY", "someone else's")
        monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
        make(key="ours").summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert server.requests[0].api_key == "ours"

    @pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.RATE_LIMITED, Fault.HTML])
    def test_it_tries_again_after_a_passing_fault(
        self, make: Make, server: GeminiServer, fault: Fault
    ) -> None:
        server.answer_next(fault, fault)
        draft = make().summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert "TideNet" in draft.headline.text
        assert server.calls == 3
        assert slept == [1.0, 2.0]

    def test_it_waits_as_long_as_it_is_told(self, make: Make, server: GeminiServer) -> None:
        server.retry_delay = 13.5
        server.answer_next(Fault.RATE_LIMITED)
        make().summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert slept == [13.5]

    def test_a_long_wait_is_left_to_the_caller(self, make: Make, server: GeminiServer) -> None:
        server.retry_delay = CALL_DEADLINE + 1
        server.answer_always(Fault.RATE_LIMITED)
        with pytest.raises(TemporaryError) as raised:
            make().summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert (raised.value.retry_after, raised.value.status) == (CALL_DEADLINE + 1, 429)
        assert (server.calls, slept) == (1, [])

    def test_it_gives_up_after_its_attempts(self, make: Make, server: GeminiServer) -> None:
        server.answer_always(Fault.SERVER_ERROR)
        with pytest.raises(TemporaryError) as raised:
            make(max_attempts=2).summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert raised.value.status == 500
        assert server.calls == 2
        assert server.url not in str(raised.value)

    def test_a_server_that_hangs_is_left(self, make: Make, server: GeminiServer) -> None:
        server.answer_always(Fault.HANG)
        with pytest.raises(TemporaryError, match="could not be reached") as raised:
            make(timeout=0.2, max_attempts=1).summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert raised.value.reason == "no_answer"

    def test_a_server_that_is_not_there_is_temporary(self, make: Make, server: GeminiServer) -> None:
        summariser = make(max_attempts=1)
        server.stop()
        with pytest.raises(TemporaryError, match="could not be reached") as raised:
            summariser.summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert raised.value.reason == "unreachable"

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            (Fault.SERVER_ERROR, "http_500"),
            (Fault.RATE_LIMITED, "rate_limited"),
            (Fault.HTML, "not_json"),
            (Fault.BAD_KEY, "bad_key"),
            (Fault.UNKNOWN_MODEL, "unknown_model"),
        ],
    )
    def test_each_passing_fault_has_a_reason(
        self, make: Make, server: GeminiServer, fault: Fault, reason: str
    ) -> None:
        server.answer_always(fault)
        with pytest.raises(TemporaryError) as raised:
            make(max_attempts=1).summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert raised.value.reason == reason

    def test_every_single_request_passes_the_gate(self, make: Make, server: GeminiServer) -> None:
        rate = Rate()
        server.answer_next(Fault.SERVER_ERROR)
        make(rate=rate).summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert len(rate.entered) == server.calls == 2
        (asked, _) = server.requests
        assert rate.entered[0] == (len(asked.instruction) + len(asked.content)) // 4
        assert rate.holds == []

    def test_a_named_delay_holds_the_whole_service_also_after_the_last_attempt(
        self, make: Make, server: GeminiServer
    ) -> None:
        server.retry_delay = 13.5
        server.answer_always(Fault.RATE_LIMITED)
        rate = Rate()
        with pytest.raises(TemporaryError):
            make(rate=rate, max_attempts=2).summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert rate.holds == [13.5, 13.5]

    def test_without_a_turn_nothing_is_asked(self, make: Make, server: GeminiServer) -> None:
        with pytest.raises(TemporaryError) as raised:
            make(rate=Rate(refuses=True)).summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert (raised.value.reason, server.calls, slept) == ("rate", 0, [])

    def test_what_was_paid_before_an_interruption_is_told(self, make: Make, server: GeminiServer) -> None:
        server.answer_next(Fault.INVALID_JSON, Fault.SERVER_ERROR)
        with pytest.raises(Interrupted) as raised:
            make(max_attempts=2).summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert raised.value.reason == "http_500"
        assert raised.value.input_tokens > 0

    @pytest.mark.parametrize("fault", [Fault.BAD_KEY, Fault.UNKNOWN_MODEL])
    def test_what_the_operator_must_mend_is_not_the_papers_fault(
        self, make: Make, server: GeminiServer, fault: Fault
    ) -> None:
        server.answer_always(fault)
        with pytest.raises(TemporaryError, match="Check GEMINI_API_KEY"):
            make().summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert server.calls == 1

    def test_a_refused_request_is_final(self, make: Make, server: GeminiServer) -> None:
        server.answer_always(Fault.BAD_REQUEST)
        with pytest.raises(PermanentError) as raised:
            make().summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert (raised.value.reason, raised.value.status, server.calls) == ("rejected", 400, 1)

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            (Fault.SAFETY, "safety"),
            (Fault.RECITATION, "recitation"),
            (Fault.BLOCKED_PROMPT, "prohibited_content"),
        ],
    )
    def test_a_block_is_final(self, make: Make, server: GeminiServer, fault: Fault, reason: str) -> None:
        server.answer_always(fault)
        with pytest.raises(UnusableAnswer) as raised:
            make().summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert (raised.value.reason, server.calls) == (reason, 1)
        assert raised.value.input_tokens > 0

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            (Fault.INVALID_JSON, "invalid_json"),
            (Fault.NO_TEXT, "no_text"),
            (Fault.NO_CANDIDATES, "no_candidates"),
            (Fault.TRUNCATED, "max_tokens"),
        ],
    )
    def test_an_unusable_answer_is_asked_for_once_more_and_paid_for(
        self, make: Make, server: GeminiServer, fault: Fault, reason: str
    ) -> None:
        summariser = make()
        server.answer_next(fault)
        twice = summariser.summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        once = summariser.summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert (server.calls, twice.input_tokens) == (3, 2 * once.input_tokens)
        server.answer_always(fault)
        with pytest.raises(UnusableAnswer) as raised:
            summariser.summarize(PAPER, language="en", detail=DetailLevel.HEADLINE)
        assert (raised.value.reason, server.calls) == (reason, 5)
        assert raised.value.input_tokens == 2 * once.input_tokens

    def test_a_truncated_answer_is_asked_for_again_with_more_room(
        self, make: Make, server: GeminiServer
    ) -> None:
        server.answer_next(Fault.TRUNCATED)
        make().summarize(PAPER, language="en", detail=DetailLevel.TAKEAWAYS)
        first, second = (asked.max_output_tokens for asked in server.requests)
        assert second == 2 * first

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            (Fault.INVENTED_QUOTE, "quote_not_found"),
            (Fault.INVENTED_NUMBER, "number_not_in_quote"),
            (Fault.LINK, "markup"),
        ],
    )
    def test_what_it_makes_up_in_the_headline_is_refused(
        self, make: Make, server: GeminiServer, fault: Fault, reason: str
    ) -> None:
        server.answer_next(fault)
        found = grounded(make())
        assert isinstance(found, Refusal)
        assert found.reason == reason

    def test_what_it_makes_up_in_a_takeaway_is_withheld(self, make: Make, server: GeminiServer) -> None:
        server.answer_next(Fault.INVENTED_TAKEAWAY)
        found = grounded(make())
        assert isinstance(found, Summary)
        assert [withheld.reason for withheld in found.withheld] == ["number_not_in_quote"]
        assert found.takeaways

    def test_the_package_is_loaded_when_first_used_and_not_before(self) -> None:
        check = (
            "import sys, newsletter.adapters.llm.gemini, newsletter.adapters.llm.genai;"
            "sys.exit('google.generativeai' in sys.modules or 'google.genai' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_an_interruption_survives_pickling_with_what_it_cost() -> None:
    error = Interrupted("ended", reason="http_500", status=500)
    error.input_tokens, error.output_tokens = 5, 6
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - its own bytes
    assert (copy.reason, copy.status, copy.input_tokens, copy.output_tokens) == ("http_500", 500, 5, 6)


def test_errors_with_tokens_survive_pickling() -> None:
    error = UnusableAnswer("ended", reason="safety", input_tokens=5, output_tokens=6)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - its own bytes
    assert (copy.reason, copy.input_tokens, copy.output_tokens) == ("safety", 5, 6)
