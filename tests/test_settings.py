"""Every process of a run has the tests' own settings, and the database that was asked for."""

from __future__ import annotations

import os

from django.conf import settings
from django.db import connection


def test_the_settings_are_those_of_the_tests() -> None:
    assert settings.SETTINGS_MODULE == "tests.settings"
    assert str(settings.DATA_DIR) == os.environ["NEWSLETTER_DATA_DIR"]  # no other process's


def test_the_database_is_the_one_that_was_asked_for() -> None:
    asked = "postgresql" if os.environ.get("TESTS_ON_POSTGRES") else "sqlite"
    assert connection.vendor == asked
