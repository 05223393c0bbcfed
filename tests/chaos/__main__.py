"""``make chaos``: one run for each seed, its history, its verdict; exit code 1 when a promise was broken.

make chaos                                  one run of 2,000 digests and 50 kills by a seed of the clock's
make chaos ARGS='--seed 7'                  that run again
make chaos ARGS='--seed 1 --runs 10'        ten runs and their table
make chaos ARGS='--form smtp --seed 3'      by SMTP;  --form up: `newsletter up`, SQLite and the outbox
    make chaos ARGS='--form poison'             the pace of others beside digests that kill their worker
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from tests.chaos.poison import run_poison
from tests.chaos.result import HEAD, Result

FORMS = ("sendgrid", "smtp", "up", "poison")


def main() -> int:
    given = _arguments()
    if given.form == "poison":
        return run_poison(digests=given.digests, seconds=given.seconds)
    if given.runs > 1:
        return _many(given)
    result = _run(given)
    print(result.story())
    print(HEAD)
    print(result.line())
    return 1 if result.verdict.faults else 0


def _many(given: argparse.Namespace) -> int:
    """Run each seed in a process of its own, since Django is set up once for each; print one table."""
    lines, code = [], 0
    for seed in range(given.seed, given.seed + given.runs):
        words = ["--seed", str(seed), "--form", given.form, "--digests", str(given.digests)]
        words += ["--kills", str(given.kills), "--seconds", str(given.seconds)]
        done = subprocess.run(
            [sys.executable, "-m", "tests.chaos", *words], stdout=subprocess.PIPE, text=True
        )
        print(done.stdout, flush=True)
        rows = [line for line in done.stdout.splitlines() if line.startswith(f"| {seed} |")]
        lines += rows or [f"| {seed} | the run itself broke off |"]
        code = code or done.returncode
    print(HEAD, *lines, sep="\n")
    return code


def _run(given: argparse.Namespace) -> Result:
    """Run one; each form is imported when it is asked for, since it decides how Django is set up."""
    options = (given.seed, given.digests, given.kills, given.seconds)
    if given.form == "up":
        from tests.chaos.embedded import run_up

        return run_up(*options)
    from tests.chaos.cluster import run_cluster

    return run_cluster(given.form, *options)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--form", choices=FORMS, default="sendgrid")
    parser.add_argument("--digests", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300.0, help="after which a run has failed")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
