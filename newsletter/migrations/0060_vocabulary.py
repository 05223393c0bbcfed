"""Names take the words of docs/architecture.md, "One word, one thing"."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0042_papers_removed")]

    operations = [
        migrations.RenameField("fragmentrow", "digest", "checksum"),
        migrations.RenameIndex("delivery", old_name="delivery_awaited", new_name="delivery_transactional"),
        migrations.RemoveConstraint("allowance", "allowance_once_a_day"),
        migrations.RenameModel("Allowance", "Quota"),
        migrations.AddConstraint(
            "quota", models.UniqueConstraint(fields=("kind", "key", "day"), name="quota_once_a_day")
        ),
    ]
