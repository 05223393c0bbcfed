"""The scheduler's app: the workers' schedule, without what only workers need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

LOADED = """
import sys
from worker.beat import app
app.loader.import_default_modules()
from worker.schedule import SCHEDULE
assert app.conf.beat_schedule == SCHEDULE
unwanted = ("django.contrib", "newsletter.models", "newsletter.pipeline", "tantivy", "numpy", "mjml")
print([name for name in unwanted if name in sys.modules], app.conf.broker_url)
"""


def test_it_loads_neither_django_nor_the_pipeline(tmp_path: Path) -> None:
    own = {"REDIS_URL": "unix:///tmp/redis.socket", "NEWSLETTER_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", LOADED]
    done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "redis+socket:///tmp/redis.socket"]


def test_it_stops_in_one_line_where_a_setting_is_wrong(tmp_path: Path) -> None:
    own = {"NEWSLETTER_SEND_RATE": "fast", "NEWSLETTER_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", "import worker.beat"]
    done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (4, 1)
