"""Write ``newsletter/data/tables.sql`` anew, after a new migration: ``python -m tests.models.tables``.

``--print`` prints it instead.
"""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import tempfile
from pathlib import Path

FILE = Path(__file__).parents[2] / "newsletter" / "data" / "tables.sql"
HEAD = "-- What all migrations make of an empty SQLite database. Written by: python -m tests.models.tables\n"
APPLIED = 'INSERT INTO "django_migrations" '
ROWS = ("INSERT INTO ", 'DELETE FROM "sqlite_sequence"')
"""Left out, but for ``APPLIED``: each ``migrate`` writes them."""
MOMENT = re.compile(r"'[-0-9]+ [:.0-9]+'")
NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now')"


def script_of(database: sqlite3.Connection) -> str:
    """Return the SQL, one transaction, that makes such tables where there are none."""
    lines = [each for each in database.iterdump() if each.startswith(APPLIED) or not each.startswith(ROWS)]
    return HEAD + "".join(
        f"{MOMENT.sub(NOW, each) if each.startswith(APPLIED) else each}\n" for each in lines
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"NEWSLETTER_DATA_DIR": folder, "NEWSLETTER_ENV_FILE": os.devnull, "DATABASE_URL": ""}
        from newsletter.cli.start import start_django

        start_django(migrated=False)
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        script = script_of(connection.connection)
    if "--print" in sys.argv:
        sys.stdout.write(script)
    else:
        FILE.write_text(script, encoding="utf-8")


if __name__ == "__main__":
    main()
