"""One sending process of ``send.py``: the worker's task on what is due, or a naive script on its half.

It prints JSON: when it began, CPU milliseconds by stage, statements and commits.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from newsletter.cli.start import start_django

start_django(migrated=False)

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from newsletter.models import Delivery, FragmentRow  # noqa: E402
from newsletter.pipeline import tasks  # noqa: E402
from newsletter.pipeline.send import bodies, send  # noqa: E402

STAGES = (
    (send, "lease_batch", "lease"),
    (send, "outgoing", "write"),
    (bodies, "begin", "begin"),
    (send, "record", "record"),
)


def main(kind: str, number: int, count: int) -> None:
    counts, used = Counter[str](), Counter[str]()
    watch(counts)
    for module, name, stage in STAGES:
        setattr(module, name, timed(getattr(module, name), stage, used))
    began, cpu = time.monotonic(), time.process_time()
    with connection.execute_wrapper(counter_of(counts)):
        if kind == "worker":
            while Delivery.objects.due(real_now=timezone.now()).exists():
                tasks.send()
        else:
            naive(kind, number, count)
    used["all"] = 1000 * (time.process_time() - cpu)  # type: ignore[assignment]
    used["hand over"] = used["all"] - sum(used[stage] for _, _, stage in STAGES)
    tasks.context().mailer.close()
    print(json.dumps({"began": began, **counts, "cpu": used}))


def timed(function: Callable[..., Any], stage: str, used: Counter[str]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        before = time.process_time()
        try:
            return function(*arguments, **options)
        finally:
            used[stage] += 1000 * (time.process_time() - before)  # type: ignore[assignment]

    return call


def watch(counts: Counter[str]) -> None:
    commit = connection.commit

    def committed() -> None:
        counts["commits"] += 1
        commit()

    connection.commit = committed  # type: ignore[method-assign]


def counter_of(counts: Counter[str]) -> Callable[..., Any]:
    def counted(execute: Any, sql: str, *arguments: Any) -> Any:
        if not sql.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            counts["statements"] += 1
            counts["commits"] += not connection.in_atomic_block
        return execute(sql, *arguments)

    return counted


def naive(kind: str, number: int, count: int) -> None:
    """Send as a script of an afternoon does: no queue, no groups, no promises."""
    say = {"smtp": naive_smtp, "sendgrid": naive_sendgrid}[kind]()
    pieces = {row.checksum: row for row in FragmentRow.objects.all()}
    for row in list(Delivery.objects.select_related("subscriber").order_by("pk"))[number::count]:
        link = f"https://news.example.org/unsubscribe/{row.pk}"
        html = "".join(pieces[each].html for each in row.fragments).replace("[[unsubscribe_url]]", link)
        text = "".join(pieces[each].text for each in row.fragments).replace("[[unsubscribe_url]]", link)
        say(row.subject, text, html, row.subscriber.email if row.subscriber else "", link)
        Delivery.objects.filter(pk=row.pk).update(state="ACCEPTED")


def naive_smtp() -> Callable[..., object]:
    from django.core.mail import EmailMultiAlternatives, get_connection

    server = settings.CONFIG.smtp_url.removeprefix("smtp://").partition("?")[0]
    host, _, port = server.partition(":")
    kept = get_connection("django.core.mail.backends.smtp.EmailBackend", host=host, port=int(port))
    kept.open()

    def say(subject: str, text: str, html: str, to: str, link: str) -> None:
        headers = {"List-Unsubscribe": f"<{link}>"}
        mail = EmailMultiAlternatives(
            subject, text, "digest@news.example.org", [to], headers=headers, connection=kept
        )
        mail.attach_alternative(html, "text/html")
        mail.send()

    return say


def naive_sendgrid() -> Callable[..., object]:
    from sendgrid import SendGridAPIClient
    from sendgrid.helpers.mail import Mail

    client = SendGridAPIClient(settings.CONFIG.sendgrid_api_key, host=settings.CONFIG.sendgrid_host)

    def say(subject: str, text: str, html: str, to: str, _link: str) -> None:
        client.send(
            Mail(
                from_email="digest@news.example.org",
                to_emails=to,
                subject=subject,
                plain_text_content=text,
                html_content=html,
            )
        )

    return say


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
