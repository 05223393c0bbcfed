from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("newsletter", "0102_summary_written"),
    ]

    operations = [
        # Null for what was written once: then ``written_at`` says it. Of what was deepened before, nothing
        # earlier is known.
        migrations.AddField(
            model_name="summary",
            name="first_written_at",
            field=models.DateTimeField(null=True),
        ),
    ]
