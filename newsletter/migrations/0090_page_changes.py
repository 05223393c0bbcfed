from django.db import migrations, models

from newsletter.models.page_change import install_triggers, remove_triggers


def install(_apps, schema_editor):
    install_triggers(using=schema_editor.connection.alias)


def remove(_apps, schema_editor):
    remove_triggers(schema_editor.connection)


class Migration(migrations.Migration):
    """The triggers that fill it are made anew after every migration (``models/page_change.py``)."""

    dependencies = [("newsletter", "0080_send_journal")]

    operations = [
        migrations.CreateModel(
            name="PageChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("paper", models.BigIntegerField(db_index=True, null=True)),
                ("at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.RunPython(install, remove),
    ]
