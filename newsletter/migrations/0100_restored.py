"""Two more causes of a pause. Nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("newsletter", "0099_subscriber_name"),
    ]

    operations = [
        migrations.AlterField(
            model_name="sendpause",
            name="cause",
            field=models.CharField(
                choices=[
                    ("operator", "a person"),
                    ("refused", "the transport refuses us"),
                    ("breaker", "too many bounces or complaints"),
                    ("canary", "an unsubscribe that did not hold"),
                    ("restored", "restored from a back-up"),
                    ("unlogged", "restored from a back-up, without the log of who left since"),
                ],
                default="operator",
                max_length=10,
            ),
        ),
    ]
