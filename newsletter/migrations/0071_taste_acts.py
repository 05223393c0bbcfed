from datetime import UTC, datetime

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0070_taste")]

    operations = [
        migrations.AddField(
            model_name="paperfeedback", name="authors", field=models.JSONField(default=list)
        ),
        migrations.AddField(
            model_name="paperfeedback", name="categories", field=models.JSONField(default=list)
        ),
        migrations.AddField(
            model_name="paperfeedback",
            name="published_at",
            field=models.DateTimeField(default=datetime(2026, 1, 1, tzinfo=UTC)),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="paperfeedback",
            index=models.Index(
                condition=models.Q(("delivery__isnull", False)),
                fields=["subscriber", "at"],
                name="feedback_by_link",
            ),
        ),
        migrations.AddField(
            model_name="subscriber", name="muted_terms", field=models.JSONField(default=dict)
        ),
        migrations.CreateModel(
            name="LibraryImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                ("started_at", models.DateTimeField()),
                ("found", models.JSONField(default=list)),
                ("sought", models.JSONField(default=list)),
                ("missing", models.JSONField(default=list)),
                ("problems", models.JSONField(default=list)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("leased_until", models.DateTimeField(null=True)),
                (
                    "subscriber",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="library_import",
                        to="newsletter.subscriber",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MailedAct",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("arxiv_id", models.CharField(max_length=40)),
                (
                    "act",
                    models.CharField(choices=[("save", "Save"), ("more", "More"), ("less", "Less")], max_length=4),
                ),
                ("at", models.DateTimeField()),
                ("before", models.JSONField(null=True)),
                ("is_ignored", models.BooleanField(default=False)),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feedback_acts",
                        to="newsletter.delivery",
                    ),
                ),
                (
                    "subscriber",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mailed_acts",
                        to="newsletter.subscriber",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["at"], name="mailed_act_at")],
                "constraints": [
                    models.UniqueConstraint(fields=("delivery", "arxiv_id", "act"), name="mailed_act_once"),
                    models.CheckConstraint(
                        condition=models.Q(("act__in", ["save", "more", "less"])), name="mailed_act_is_known"
                    )
                ],
            },
        ),
    ]
