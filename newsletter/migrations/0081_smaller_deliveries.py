from django.db import migrations, models

import newsletter.core.delivery.ids
import newsletter.models.checksums


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0080_send_journal")]

    operations = [
        migrations.AlterField(
            "delivery",
            "subscriber",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=models.deletion.CASCADE,
                related_name="deliveries",
                to="newsletter.subscriber",
            ),
        ),
        migrations.AlterField("delivery", "message_id", models.CharField(max_length=255)),
        # How they are written and made; the columns stay.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "delivery",
                    "fragments",
                    newsletter.models.checksums.ChecksumsField(blank=True, default=list),
                ),
                migrations.AlterField(
                    "delivery",
                    "id",
                    models.UUIDField(
                        default=newsletter.core.delivery.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
            ]
        ),
    ]
