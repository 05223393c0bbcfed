"""The gate before a model: requests and tokens a minute, shared by whoever knows the same Redis."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from newsletter.adapters.llm.rate_limit import LONGEST_HOLD, ModelGate
from newsletter.errors import TemporaryError
from tests.fakes.processes import Processes, processes
from tests.fakes.redis import start_redis

Make = Callable[..., ModelGate]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Processes]]:
    """A real Redis: its URL, and what can end it."""
    with tempfile.TemporaryDirectory(prefix="newsletter-") as folder:
        path = Path(folder) / "redis.sock"
        with processes(tmp_path_factory.mktemp("redis")) as started:
            start_redis(started, path=path)
            yield f"unix://{path}", started


@pytest.fixture(params=["with Redis", "without"])
def make(request: pytest.FixtureRequest) -> Make:
    """Make a gate; with Redis every one of them is another worker's, and each test has its own model."""
    url = request.getfixturevalue("redis")[0] if request.param == "with Redis" else ""

    def make(*, requests: int = 1000, tokens: int | None = None) -> ModelGate:
        return ModelGate(request.node.name, requests=requests, tokens=tokens, redis_url=url)

    return make


def admitted(gate: ModelGate, *, tokens: int = 1, of: int = 1) -> int:
    """Return how many of so many requests may begin at once."""
    return sum(refusal(gate, tokens=tokens) is None for _ in range(of))


def refusal(gate: ModelGate, *, tokens: int = 1) -> TemporaryError | None:
    try:
        gate.enter(tokens=tokens, max_wait=0.0)
    except TemporaryError as error:
        return error
    return None


def test_it_lets_so_many_requests_pass_a_minute(make: Make) -> None:
    gate = make(requests=3)
    assert admitted(gate, of=5) == 3
    refused = refusal(gate)
    assert refused is not None
    assert (refused.reason, refused.status) == ("rate", None)
    assert 50 < (refused.retry_after or 0) <= 60


def test_it_counts_tokens_too(make: Make) -> None:
    gate = make(tokens=10_000)
    assert admitted(gate, tokens=4_000, of=5) == 2


def test_a_request_larger_than_a_minutes_tokens_passes_alone(make: Make) -> None:
    gate = make(tokens=10_000)
    assert admitted(gate, tokens=90_000, of=2) == 1


def test_threads_together_pass_no_more(make: Make) -> None:
    gate = make(requests=7)
    with ThreadPoolExecutor(8) as pool:
        passed = pool.map(lambda _: admitted(gate), range(40))
    assert sum(passed) == 7


def test_a_hold_holds_everything_and_ends(make: Make) -> None:
    gate = make()
    gate.hold(0.4)
    gate.hold(0.1)  # a shorter one ends nothing
    refused = refusal(gate)
    assert refused is not None
    assert 0.1 < (refused.retry_after or 0) <= 0.4
    gate.enter(tokens=1, max_wait=5.0)


def test_a_hold_is_an_hour_at_most(make: Make) -> None:
    gate = make()
    gate.hold(10 * LONGEST_HOLD)
    refused = refusal(gate)
    assert refused is not None
    assert (refused.retry_after or 0) <= LONGEST_HOLD


def test_workers_share_it(redis: tuple[str, Processes], request: pytest.FixtureRequest) -> None:
    url, _ = redis
    one, other = (ModelGate(request.node.name, requests=5, redis_url=url) for _ in range(2))
    assert admitted(one, of=3) + admitted(other, of=3) == 5
    one.hold(30)
    refused = refusal(other)
    assert refused is not None
    assert (refused.retry_after or 0) > 25


def test_models_do_not_share_it(redis: tuple[str, Processes]) -> None:
    url, _ = redis
    one, other = (ModelGate(name, requests=1, redis_url=url) for name in ("model-a", "model-b"))
    assert admitted(one, of=2) == admitted(other, of=2) == 1


def test_without_its_redis_it_goes_on_alone(caplog: pytest.LogCaptureFixture) -> None:
    gate = ModelGate("m", requests=2, redis_url="unix:///nowhere/redis.sock")
    assert admitted(gate, of=3) == 2
    assert "this process's own for now" in caplog.text
