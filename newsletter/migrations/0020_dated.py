from __future__ import annotations

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F


def keep_dates(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """What was tried already carried the time at which it was composed, and a retry sends the same bytes."""
    delivery = apps.get_model("newsletter", "Delivery")
    tried = delivery.objects.filter(state__in=("SENDING", "RETRY_WAIT"))
    tried.update(dated_at=F("composed_at"))


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0018_summary_asked_at")]

    operations = [
        migrations.AddField("Delivery", "dated_at", models.DateTimeField(null=True)),
        migrations.RunPython(keep_dates, migrations.RunPython.noop),
    ]
