"""A database that cannot be used: which, how, and what to do, in one line."""

from __future__ import annotations

ADVICE = {
    "not a database": "restore it from a backup, or move it away to begin anew",
    "malformed": "restore it from a backup, or move it away to begin anew",
    "locked": "another process holds it; try again when that one has finished",
    "readonly": "let this user write to it",
}
"""Words in SQLite's errors → what to do."""


def database_failure(error: Exception) -> str:
    """Return in one line which database failed, how, and what to do."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    said = first_line(error)
    if database["ENGINE"].endswith("sqlite3"):
        advice = next(
            (advice for words, advice in ADVICE.items() if words in said), "is its folder writable?"
        )
        return f"the database {database['NAME']} cannot be used: {said}: {advice}"
    return f"the database of DATABASE_URL cannot be used: {said}: is it running, and is the address right?"


def first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
