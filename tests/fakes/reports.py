"""Mails as mail servers send them back: delivery reports and complaints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DATE = "Fri, 19 Jun 2026 08:05:00 +0000"


@dataclass(frozen=True, kw_only=True)
class Recipient:
    action: str = "failed"
    status: str = "5.1.1"
    diagnostic: str = "smtp; 550 5.1.1 <ann@example.org>: Recipient address rejected: no such user"
    final: str = "rfc822; ann@example.org"
    original: str = "rfc822;ann@example.org"

    def fields(self) -> str:
        lines = {
            "Final-Recipient": self.final,
            "Original-Recipient": self.original,
            "Action": self.action,
            "Status": self.status,
            "Diagnostic-Code": self.diagnostic,
        }
        return "".join(f"{name}: {value}\n" for name, value in lines.items() if value)


def delivery_report(
    *recipients: Recipient,
    to: str = "bounces@news.example.org",
    returned: str = "",
    returned_type: str = "message/rfc822",
    status_type: str = "message/delivery-status",
    date: str = DATE,
) -> bytes:
    """Write a report as Postfix does: words, fields, the mail or its headers."""
    groups = "\n".join(each.fields() for each in recipients or [Recipient()])
    return f"""Return-Path: <>
Delivered-To: {to}
Received: by mx.example.org (Postfix)
Date: {date}
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: {to}
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="A.B/mx.example.org"

This is a MIME-encapsulated message.

--A.B/mx.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.org.

--A.B/mx.example.org
Content-Description: Delivery report
Content-Type: {status_type}

Reporting-MTA: dns; mx.example.org
Arrival-Date: {DATE}

{groups}
--A.B/mx.example.org
Content-Description: Undelivered Message
Content-Type: {returned_type}

{returned}

--A.B/mx.example.org--
""".encode()


def complaint(
    kind: str = "abuse", *, returned: str = "", mail_from: str = "", to: str = "abuse@news.example.org"
) -> bytes:
    """Write a complaint in ARF, the reader's address taken out as most senders do."""
    named = f"Original-Mail-From: {mail_from}\n" if mail_from else ""
    return f"""Date: {DATE}
From: feedback@mailbox.example
Subject: FW: 9 new papers
To: {to}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part"

--part
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--part
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
{named}Arrival-Date: {DATE}

--part
Content-Type: message/rfc822

{returned}
--part--
""".encode()


def headers_of(message: bytes, *, without: Sequence[str] = ()) -> str:
    """Return a message's headers as one that returns them writes them."""
    lines: list[str] = []
    for line in message.partition(b"\r\n\r\n")[0].decode().split("\r\n"):
        if line[0] in " \t":
            lines[-1] += "\n" + line
        else:
            lines.append(line)
    return "\n".join(line for line in lines if line.partition(":")[0] not in without) + "\n"
