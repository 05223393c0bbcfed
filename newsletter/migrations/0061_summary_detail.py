from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("newsletter", "0060_vocabulary")]

    operations = [
        migrations.RemoveConstraint(model_name="summary", name="summary_depth"),
        migrations.RenameField(model_name="summary", old_name="depth", new_name="detail"),
        migrations.AddConstraint(
            model_name="summary",
            constraint=models.CheckConstraint(
                condition=models.Q(("detail__in", ["headline", "takeaways", "reading"])), name="summary_detail"
            ),
        ),
    ]
