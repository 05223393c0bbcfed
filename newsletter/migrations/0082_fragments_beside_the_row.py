from django.db import migrations


def set_storage(apps, schema_editor):
    """Keep the list of fragments beside the row: the versions that sending makes do not copy it."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE newsletter_delivery SET (toast_tuple_target = 512)")
        schema_editor.execute("ALTER TABLE newsletter_delivery ALTER COLUMN fragments SET STORAGE EXTERNAL")


def reset_storage(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE newsletter_delivery RESET (toast_tuple_target)")
        schema_editor.execute("ALTER TABLE newsletter_delivery ALTER COLUMN fragments SET STORAGE EXTENDED")


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0081_smaller_deliveries")]
    operations = [migrations.RunPython(set_storage, reset_storage)]
