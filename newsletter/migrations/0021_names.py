"""Columns take the names of docs/architecture.md, "One word, one thing"."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0020_dated")]

    operations = [
        migrations.RenameField("subscriber", "spent", "seen_papers"),
        migrations.RenameField("signup", "wishes", "preferences"),
        migrations.RenameField("sendday", "awaited", "transactional"),
        migrations.RenameField("summary", "claimed_until", "leased_until"),
        migrations.RenameField("fulltextrecord", "claimed_until", "leased_until"),
        migrations.RenameField("delivery", "slots", "placeholders"),
        migrations.RenameField("delivery", "parts", "fragments"),
        migrations.RenameModel("Fragment", "FragmentRow"),
    ]
