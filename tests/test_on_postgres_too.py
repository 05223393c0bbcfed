"""The other half of what ``test_on_postgres`` lists: a file is one worker's, and this is another's."""

from __future__ import annotations

import pytest

from tests.fakes.postgres import run_tests_on_postgres
from tests.test_on_postgres import TIME, half


@pytest.mark.timeout(TIME + 60)
def test_the_rest_holds_on_postgresql_too() -> None:
    run_tests_on_postgres(half(1), timeout=TIME)
