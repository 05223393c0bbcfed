"""When what public pages show has changed: a row a change, written by the database itself.

Pages are kept rendered in the memory of each web process, and must not outlive a change that another
process made, by whatever statement. So triggers write the rows, in the transaction of the change. PostgreSQL
only adds rows: a counter would be one row that all writers wait for. SQLite has one writer anyway, and keeps
the newest row of each paper.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from itertools import product
from typing import Any

from django.apps import apps
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "newsletter_pagechange"
EVENTS = ("INSERT", "UPDATE", "DELETE")
Version = tuple[Any, ...]
"""Differs after every change: rows that commit late have smaller ids, so they are counted too."""


class PageChange(models.Model):
    paper = models.BigIntegerField(null=True, db_index=True)
    """The only paper concerned; null for everything. No foreign key: the row outlives its paper."""
    at = models.DateTimeField(db_index=True)
    """Real time."""

    def __str__(self) -> str:
        return f"{self.paper or 'everything'} {self.at:%Y-%m-%d %H:%M}"


def page_version(
    connection: BaseDatabaseWrapper, *, topic: str = "", paper: str = "", papers: Collection[int] = ()
) -> Version:
    """Return the version of what is public, and of the summaries of a topic's papers, one paper or some."""
    condition, values = "paper IS NULL", list[str | int]()
    if topic:
        condition += (
            " OR EXISTS (SELECT 1 FROM newsletter_match WHERE newsletter_match.paper_id = paper"
            " AND topic_id = (SELECT id FROM newsletter_topic WHERE slug = %s))"
        )
        values.append(topic)
    if paper:
        condition += " OR paper = (SELECT id FROM newsletter_paper WHERE arxiv_id = %s)"
        values.append(paper)
    if papers:
        condition += f" OR paper IN ({', '.join(['%s'] * len(papers))})"
        values += papers
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT MAX(id), COUNT(*), MAX(at) FROM {TABLE} WHERE {condition}", values)  # noqa: S608  # our own names
        found: Version = cursor.fetchone()
    return found


def forget_page_changes(*, before: datetime) -> int:
    """Delete rows that no page in a cache can be older than."""
    return PageChange.objects.filter(at__lt=before).delete()[0]


# --- the triggers ----------------------------------------------------------------------------------------

EVERYTHING = {
    "Topic": ["looks_back"],
    "Paper": ["matched_at", "state_asked_at", "changed_at"],
    "Match": [],
    "Figure": [],
    "SendPause": [],
    "TopicWeek": [],
    "FormerSlug": [],
}
"""Models of which a change concerns all pages, and columns that no page shows."""
ONE_PAPER = {
    "Summary": ["leased_until", "retry_at", "attempts", "asked_at", "input_tokens", "output_tokens"],
    "FullTextRecord": ["leased_until", "retry_at", "attempts"],
    "PaperRevision": [],
    "DigestNotice": [],
}
"""Models of which a change concerns the pages that show one paper."""


def install_triggers(*, using: str = "default", **_signal: Any) -> None:
    """Make the triggers anew: a migration on SQLite drops those of every table that it changes.

    They name no table but their own and ours, and on PostgreSQL no column, so that none hinders a migration.
    """
    connection = connections[using]
    with transaction.atomic(using=using), connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        if TABLE not in there:
            return  # an earlier version's tables
        # The last row: no page may be older than the triggers.
        for statement in (*_triggers(connection.vendor, there), _row("NULL", vendor=connection.vendor)):
            cursor.execute(statement)


def remove_triggers(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for table, event in product(_tables(), EVENTS):
            name = f"{table}_{event.lower()}_shown"
            cursor.execute(
                f"DROP TRIGGER IF EXISTS {name}"
                if connection.vendor == "sqlite"
                else f"DROP FUNCTION IF EXISTS {name}() CASCADE"
            )


def _tables() -> dict[str, str]:
    """Return table → model."""
    return {apps.get_model("newsletter", name)._meta.db_table: name for name in EVERYTHING | ONE_PAPER}


def _row(paper: str, *, vendor: str) -> str:
    now = {"postgresql": "clock_timestamp()", "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')"}[vendor]
    return f"INSERT INTO {TABLE} (paper, at) SELECT {paper}, {now}"


def _triggers(vendor: str, there: Collection[str]) -> Iterator[str]:
    make = {"postgresql": _on_postgresql, "sqlite": _on_sqlite}[vendor]
    for (table, model), event in product(_tables().items(), EVENTS):
        if table not in there:
            continue
        sides = {"INSERT": ("NEW",), "UPDATE": ("NEW", "OLD"), "DELETE": ("OLD",)}[event]
        paper = f"{sides[0]}.paper_id" if model in ONE_PAPER else "NULL"
        # Private topics are on no public page.
        public = " OR ".join(f"{side}.owner_id IS NULL" for side in sides) if model == "Topic" else ""
        yield from make(f"{table}_{event.lower()}_shown", table, event, paper, public)


def _on_sqlite(name: str, table: str, event: str, paper: str, condition: str) -> Iterator[str]:
    yield f"DROP TRIGGER IF EXISTS {name}"
    rows = f"DELETE FROM {TABLE} WHERE paper IS {paper}; {_row(paper, vendor='sqlite')}"  # noqa: S608  # our own names
    when = f"WHEN {condition}" if condition else ""
    yield f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW {when} BEGIN {rows}; END"


def _on_postgresql(name: str, table: str, event: str, paper: str, condition: str) -> Iterator[str]:
    """Of thousands of rows that come or go at once there is one row a statement."""
    hidden = (EVERYTHING | ONE_PAPER)[_tables()[table]]
    row, each = _row(paper, vendor="postgresql"), "FOR EACH ROW"
    if event == "UPDATE":
        passed_over = f"'{{{','.join(hidden)}}}'::text[]"
        changed = f"to_jsonb(OLD) - {passed_over} IS DISTINCT FROM to_jsonb(NEW) - {passed_over}"
        condition = f"({condition or 'TRUE'}) AND {changed}"
    elif paper == "NULL" and not condition:
        side = "OLD" if event == "DELETE" else "NEW"
        row, each = f"{row} FROM changed LIMIT 1", f"REFERENCING {side} TABLE AS changed FOR EACH STATEMENT"
    if condition:
        row = f"IF {condition} THEN {row}; END IF"
    yield (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {row}; RETURN NULL; END $$"
    )
    yield f"CREATE OR REPLACE TRIGGER {name} AFTER {event} ON {table} {each} EXECUTE FUNCTION {name}()"
