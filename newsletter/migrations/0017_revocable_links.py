import re
import secrets

import django.db.models.deletion
import newsletter.models.signup
from django.db import migrations, models

CHUNK = 500
LETTERS = ("confirmation", "link")
OPEN = ("PLANNED", "COMPOSED", "RETRY_WAIT", "SENDING")
MAC_LENGTH = 12
LINK = re.compile(r"/(confirm|preferences|account|address)/([^/]+)$")
OLD_COUNTS = ("confirm", "confirm-ever", "reminder", "link")


def keep_what_links_are_made_of(apps, schema_editor):
    """Letters used to keep their links, which open what they opened until they are too old."""
    delivery = apps.get_model("newsletter", "Delivery")
    fresh_link = apps.get_model("newsletter", "FreshLink")
    letters = delivery.objects.filter(kind__in=LETTERS)
    letters.exclude(state__in=OPEN).exclude(slots={}).update(slots={})
    changed = []
    for letter in letters.filter(state__in=OPEN).only("slots", "slot_at", "subscriber_id").iterator(CHUNK):
        if "url" in letter.slots:
            letter.slots = _made_of(letter, fresh_link)
            changed.append(letter)
    delivery.objects.bulk_update(changed, ["slots"], batch_size=CHUNK)


def _made_of(letter, fresh_link):
    found = LINK.search(letter.slots["url"])
    if found is None:
        return {}
    place, token = found.groups()
    if place == "preferences":
        return {"link": place}
    if place == "account":  # it named the reader; now each has a key of its own
        link = fresh_link.objects.create(subscriber_id=letter.subscriber_id, requested_at=letter.slot_at)
        return {"link": place, "key": link.key}
    return {"link": place, "key": token[:-MAC_LENGTH].rpartition(".")[0]}


def revoke_links_of_who_moved(apps, schema_editor):
    """The mailboxes that readers left behind still hold links to their pages."""
    reader, revoked = (apps.get_model("newsletter", name) for name in ("Subscriber", "RevokedKey"))
    changes = apps.get_model("newsletter", "AddressChange").objects.filter(confirmed_at__isnull=False)
    moved_at = dict(changes.order_by("confirmed_at").values_list("subscriber_id", "confirmed_at"))
    for each in reader.objects.filter(pk__in=changes.values("subscriber_id")).only("link_key").iterator(CHUNK):
        revoked.objects.create(key=each.link_key, subscriber_id=each.pk, revoked_at=moved_at[each.pk])
        each.link_key = secrets.token_urlsafe(9)
        each.save(update_fields=["link_key"])


def forget_old_counts(apps, schema_editor):
    """Among them those by which three sign-ups barred an address for ever."""
    apps.get_model("newsletter", "Allowance").objects.filter(kind__in=OLD_COUNTS).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('newsletter', '0016_keys'),
    ]

    operations = [
        migrations.CreateModel(
            name='RevokedKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=16, unique=True)),
                ('revoked_at', models.DateTimeField()),
                ('subscriber', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='revoked_keys', to='newsletter.subscriber')),
            ],
        ),
        migrations.CreateModel(
            name='FreshLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(default=newsletter.models.signup._new_key, max_length=16, unique=True)),
                ('requested_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('subscriber', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='fresh_links', to='newsletter.subscriber')),
            ],
        ),
        migrations.RunPython(keep_what_links_are_made_of, migrations.RunPython.noop),
        migrations.RunPython(revoke_links_of_who_moved, migrations.RunPython.noop),
        migrations.RunPython(forget_old_counts, migrations.RunPython.noop),
    ]
