"""The service's own settings, shut off from the machine: no ``.env``, no shell, a data folder to discard.

This must be a settings module, since pytest-django loads the settings before it reads any conftest.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from newsletter.config import Config

DATA_FOLDER = tempfile.mkdtemp(prefix="newsletter-tests-")
atexit.register(shutil.rmtree, DATA_FOLDER, ignore_errors=True)

for name in [name for name in os.environ if name.startswith("NEWSLETTER_")]:
    del os.environ[name]
# An empty value in the environment goes before .env, and means the default.
os.environ.update({str(field.alias): "" for field in Config.model_fields.values()})
os.environ["NEWSLETTER_DATA_DIR"] = DATA_FOLDER
os.environ["NEWSLETTER_ENV_FILE"] = os.devnull
# Under a name of its own, since everything above is taken away: tests/fakes/postgres.py sets it.
if POSTGRES_URL := os.environ.get("TESTS_ON_POSTGRES", ""):
    os.environ |= {"DATABASE_URL": POSTGRES_URL, "NEWSLETTER_SECRET_KEY": "only for these tests"}

from newsletter.settings import *  # noqa: F403, E402  # this is how one settings module builds on another

if POSTGRES_URL and "postgresql" not in DATABASES["default"]["ENGINE"]:  # noqa: F405
    raise RuntimeError("these tests were to run on PostgreSQL")

INSTALLED_APPS = [*INSTALLED_APPS, "tests"]  # noqa: F405  # for its flush

# What a test starts as a process of its own takes the service's settings, with this environment.
os.environ["DJANGO_SETTINGS_MODULE"] = "newsletter.settings"

# WhiteNoise warns of a folder that is not there, and warnings are errors.
(Path(DATA_FOLDER) / "static").mkdir()
