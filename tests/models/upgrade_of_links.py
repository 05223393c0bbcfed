"""Make a database as version 0.1 left it, upgrade it, and print what stands in it then (run by its test)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import django

MADE = datetime(2026, 6, 16, 9, 0, tzinfo=UTC)
LETTERS = (
    ("confirmation", "COMPOSED", "/confirm/sign-ups-key.6a3114f0MACMACMACMAC"),
    ("confirmation", "ACCEPTED", "/confirm/sign-ups-key.6a3114f0MACMACMACMAC"),
    ("link", "RETRY_WAIT", "/address/changes-key.6a3114f0MACMACMACMAC"),
    ("link", "COMPOSED", "/account/linkkeyofada.6a3114f0MACMACMACMAC"),
    ("link", "SENDING", "/preferences/linkkeyofadaMACMACMACMAC"),
)


def fill(apps: Any) -> None:
    """Store readers and letters with the models of then."""
    subscriber, delivery, change, allowance = (
        apps.get_model("newsletter", name)
        for name in ("Subscriber", "Delivery", "AddressChange", "Allowance")
    )
    ada = subscriber.objects.create(
        email="a@x.org", email_key="a@x.org", link_key="linkkeyofada", joined_at=MADE
    )
    bob = subscriber.objects.create(
        email="b@x.org", email_key="b@x.org", link_key="linkkeyofbob", joined_at=MADE
    )
    change.objects.create(
        subscriber=bob, email="b@x.org", email_key="b@x.org", requested_at=MADE, confirmed_at=MADE
    )
    for number, (kind, state, path) in enumerate(LETTERS):
        delivery.objects.create(
            subscriber=ada,
            kind=kind,
            state=state,
            slots={"url": f"https://digest.example.org{path}"},
            slot_key=str(number),
            slot_at=MADE,
            planned_at=MADE,
            message_id=f"<{number}@x>",
        )
    allowance.objects.create(kind="confirm-ever", key="x", day=MADE.date(), count=3)


def main() -> None:
    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    executor.migrate([("newsletter", "0013_skipped")])
    fill(executor.loader.project_state([("newsletter", "0013_skipped")]).apps)
    call_command("migrate", verbosity=0)
    from newsletter.models import Delivery, FreshLink, Quota, RevokedKey, Subscriber

    stored = {
        "placeholders": list(Delivery.objects.order_by("slot_key").values_list("placeholders", flat=True)),
        "fresh": list(FreshLink.objects.values_list("key", flat=True)),
        "revoked": list(RevokedKey.objects.values_list("key", "subscriber__email")),
        "keys": dict(Subscriber.objects.values_list("email", "link_key")),
        "counts": Quota.objects.count(),
    }
    print(json.dumps(stored))  # noqa: T201 - its test reads it


if __name__ == "__main__":
    main()
