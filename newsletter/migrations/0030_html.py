"""Full texts come from arXiv's HTML: no pages, but what a paper cites; what had no PDF may be asked for again."""

from django.db import migrations, models
from django.db.migrations.state import StateApps


def begin_anew(apps: StateApps, schema_editor: object) -> None:
    """Texts of PDFs are kept for a day and have another form; what a PDF did not give, HTML may."""
    apps.get_model("newsletter", "KeptText").objects.all().delete()
    unread = apps.get_model("newsletter", "FullTextRecord").objects.filter(read_at=None)
    unread.update(attempts=0, reason="", is_final=False, retry_at=None, leased_until=None)


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0021_names")]

    operations = [
        migrations.RunPython(begin_anew, migrations.RunPython.noop),
        migrations.AddField("arxivgate", "next_crawl_at", models.DateTimeField(null=True)),
        migrations.AddField("fulltextrecord", "cites", models.JSONField(default=list)),
        migrations.RemoveField("fulltextrecord", "pages"),
        migrations.RemoveField("figure", "page"),
    ]
