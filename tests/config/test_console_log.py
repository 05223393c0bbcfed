"""The console's log: what repeats is told of a few times a minute."""

from __future__ import annotations

import io
import logging
from datetime import UTC, datetime, timedelta

import time_machine

from newsletter.config.console_log import MOST, ConsoleHandler

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


def _log() -> tuple[logging.Logger, io.StringIO]:
    logger = logging.Logger("test")
    handler = ConsoleHandler()
    handler.stream = written = io.StringIO()
    logger.addHandler(handler)
    return logger, written


def test_of_many_alike_few_are_written_and_one_has_its_traceback() -> None:
    logger, written = _log()
    for number in range(1_000):
        try:
            int(f"row {number}")
        except ValueError:
            logger.exception("delivery %d could not be composed", number)
    lines = written.getvalue().splitlines()
    assert sum("could not be composed" in line for line in lines) == MOST
    assert sum("Traceback" in line for line in lines) == 1
    assert any(line.startswith("delivery 1 could not be composed: ValueError: invalid") for line in lines)
    assert "counted" in lines[-1]


def test_a_minute_later_it_says_how_many_were_left_out() -> None:
    logger, written = _log()
    with time_machine.travel(NOON, tick=False) as clock:
        for number in range(MOST + 7):
            logger.warning("no answer from %d", number)
        clock.shift(timedelta(minutes=1))
        logger.warning("no answer from %d", 99)
    assert written.getvalue().splitlines()[-1] == "no answer from 99 (and 7 like it before)"


def test_other_kinds_and_what_is_no_warning_are_written_as_ever() -> None:
    logger, written = _log()
    for number in range(2 * MOST):
        logger.info("composed %d digests", number)
        logger.warning("no answer")
    logger.warning("a page")
    lines = written.getvalue().splitlines()
    assert sum("composed" in line for line in lines) == 2 * MOST
    assert lines[-1] == "a page"
