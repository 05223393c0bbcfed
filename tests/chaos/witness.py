"""Who left what and when, and when each body began, as the database itself saw it commit.

Triggers write both down, whatever the service believes. Where several write at once (PostgreSQL), the order
is that of the commit timestamps; SQLite has one writer, so there it is the order of the rows.
"""

from __future__ import annotations

from django.db import connection

TABLE = {
    "postgresql": "CREATE TABLE chaos_witness "
    "(id bigserial, what text, reader bigint, delivery uuid, topics jsonb, topic bigint)",
    "sqlite": "CREATE TABLE chaos_witness "
    "(id integer PRIMARY KEY, what text, reader bigint, delivery text, topics text, topic bigint)",
}
BEGUN = (
    "INSERT INTO chaos_witness (what, reader, delivery, topics) "
    "VALUES ('begun', NEW.subscriber_id, NEW.id, NEW.topics);"
)
LEFT = "INSERT INTO chaos_witness (what, reader) VALUES ('left', NEW.id);"
LEFT_TOPIC = (
    "INSERT INTO chaos_witness (what, reader, topic) VALUES ('topic', OLD.subscriber_id, OLD.topic_id);"
)
TRIGGERS = {
    "chaos_begun": (
        "AFTER UPDATE OF body_begun_at ON newsletter_delivery FOR EACH ROW",
        "NEW.body_begun_at IS NOT NULL",
        BEGUN,
    ),
    "chaos_left": (
        "AFTER UPDATE OF status ON newsletter_subscriber FOR EACH ROW",
        "NEW.status <> 'active'",
        LEFT,
    ),
    "chaos_left_topic": ("AFTER DELETE ON newsletter_subscription FOR EACH ROW", "true", LEFT_TOPIC),
}
BEGUN_AFTER_LEAVING = (
    "SELECT DISTINCT begun.delivery FROM chaos_witness begun JOIN chaos_witness gone "
    "ON begun.reader = gone.reader WHERE begun.what = 'begun' "
    "AND (gone.what = 'left' OR (gone.what = 'topic' AND {holds})) AND {later}"
)
HOLDS = {
    "postgresql": "begun.topics @> to_jsonb(gone.topic)",
    "sqlite": "gone.topic IN (SELECT value FROM json_each(begun.topics))",
}
LATER = {
    "postgresql": "pg_xact_commit_timestamp(begun.xmin) > pg_xact_commit_timestamp(gone.xmin)",
    "sqlite": "begun.id > gone.id",
}


def set_up() -> None:
    """Install the triggers in the database that Django is connected to."""
    vendor = connection.vendor
    with connection.cursor() as cursor:
        cursor.execute(TABLE[vendor])
        for name, (event, condition, body) in TRIGGERS.items():
            for statement in _trigger(vendor, name, event=event, condition=condition, body=body):
                cursor.execute(statement)


def remove() -> None:
    """Take the triggers and what they wrote away again."""
    drop = {"postgresql": "DROP FUNCTION {} CASCADE", "sqlite": "DROP TRIGGER {}"}[connection.vendor]
    with connection.cursor() as cursor:
        for name in TRIGGERS:
            cursor.execute(drop.format(name))
        cursor.execute("DROP TABLE chaos_witness")


def _trigger(vendor: str, name: str, *, event: str, condition: str, body: str) -> list[str]:
    if vendor == "sqlite":
        return [f"CREATE TRIGGER {name} {event} WHEN {condition} BEGIN {body} END"]
    return [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$",
        f"CREATE TRIGGER {name} {event} WHEN ({condition}) EXECUTE FUNCTION {name}()",
    ]


def begun() -> set[str]:
    """Return the deliveries of which a body was ever allowed to begin."""
    return {str(key) for (key,) in _rows("SELECT DISTINCT delivery FROM chaos_witness WHERE what = 'begun'")}


def begun_after_leaving() -> list[str]:
    """Return the deliveries that were allowed to begin after leaving them, or a topic in them, committed."""
    query = BEGUN_AFTER_LEAVING.format(holds=HOLDS[connection.vendor], later=LATER[connection.vendor])
    return [str(key) for (key,) in _rows(query)]


def _rows(query: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
