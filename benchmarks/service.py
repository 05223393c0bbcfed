"""A service of its own for a benchmark: an empty database, and Django started on it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def fresh_service(**settings: str) -> Iterator[Path]:
    """Start Django on SQLite in a folder that goes away, or as ``settings`` say; yield that folder."""
    with tempfile.TemporaryDirectory() as folder:
        own = {"NEWSLETTER_DATA_DIR": folder, "NEWSLETTER_SECRET_KEY": "only for this benchmark"}
        os.environ |= own | {"DATABASE_URL": "", "REDIS_URL": "", "GEMINI_API_KEY": ""} | settings
        from newsletter.cli.start import start_django

        start_django(migrated=False)
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield Path(folder)
