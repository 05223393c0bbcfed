from django.db import migrations

LIKE_INDEXES = """
SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND indexname LIKE '%%\\_like'
AND tablename IN
    ('newsletter_delivery', 'newsletter_selection', 'newsletter_fragmentrow', 'newsletter_subscriber')
"""
UPDATED = ("newsletter_subscriber", "newsletter_subscription")


def make_lean(apps, schema_editor):
    """On PostgreSQL: drop the second index that Django makes of a unique text, for searches that begin with
    something; and leave room in pages of rows that every digest updates, so that their indexes are not
    written. Rows that are there move when they are updated."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(LIKE_INDEXES, [])
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")
    for table in UPDATED:
        schema_editor.execute(f"ALTER TABLE {table} SET (fillfactor = 80)")


def reset(apps, schema_editor):
    """The indexes do not come back: nothing asks for them."""
    if schema_editor.connection.vendor == "postgresql":
        for table in UPDATED:
            schema_editor.execute(f"ALTER TABLE {table} RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0092_fewer_indexes")]
    operations = [migrations.RunPython(make_lean, reset)]
