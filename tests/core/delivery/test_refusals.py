"""What real mail servers say, and whether it is about the mailbox. The words are the providers' own.

Sources: the providers' pages on their SMTP errors, and answers that others have published in bug reports and
in the tests of bounce readers; addresses and hosts are replaced.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from newsletter.adapters.mailers.sendgrid_events import SendgridEvents
from newsletter.adapters.mailers.smtp_answers import Refused
from newsletter.adapters.ports import Verdict
from newsletter.core.delivery.dsn import read_mail_report
from newsletter.core.delivery.events import EventKind
from newsletter.core.delivery.refusals import is_no_such_mailbox, refusal_code
from tests.fakes.reports import Recipient, delivery_report
from tests.fakes.sendgrid_events import sendgrid_event

NOW = datetime(2026, 6, 19, 8, tzinfo=UTC)
HARD = {
    "Gmail": "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking "
    "the recipient's email address for typos or unnecessary spaces. For more information, go to "
    "https://support.google.com/mail/?p=NoSuchUser x1-2 - gsmtp",
    "Gmail, disabled": "550 5.2.1 The email account that you tried to reach is disabled. Learn more at "
    "https://support.google.com/mail/?p=DisabledUser x1-2 - gsmtp",
    "Office 365, edge": "550 5.4.1 Recipient address rejected: Access denied. AS(201806281) "
    "[XX1.eop-EUR03.prod.protection.outlook.com 2026-02-12T17:42:55.527Z 08DE657A58651558]",
    "Office 365, edge, addressed": "550 5.4.1 [ann@example.org]: Recipient address rejected: Access denied "
    "[XX1.eop-APC01.prod.protection.outlook.com]",
    "Office 365, directory": "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ann@example.org not found "
    "by SMTP address lookup",
    "Exchange": "550 5.1.0 RESOLVER.ADR.RecipNotFound; not found",
    "Hotmail": "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302). "
    "[XX1PEPF00002313.namprd03.prod.outlook.com 2026-09-20T10:22:13.299Z 08DF145A87CDB346]",
    "Hotmail, older": "550 Requested action not taken: mailbox unavailable",
    "Yahoo": "554 delivery error: dd This user doesn't have a yahoo.com account (ann@yahoo.com) [0] - "
    "mta1543.mail.ne1.yahoo.com",
    "Yahoo, recipient": "554 delivery error: dd Not a valid recipient - atlas117.free.mail.ne1.yahoo.com",
    "Yahoo, disabled": "554 delivery error: dd Sorry, your message to ann@yahoo.com cannot be delivered. "
    "This mailbox is disabled (554.30). - mta4490.mail.gq1.yahoo.com",
    "Yahoo, discontinued": "554 delivery error: dd Sorry your message to ann@yahoo.com cannot be delivered. "
    "This account has been disabled or discontinued [#102]. - mta330.mail.mud.yahoo.com",
    "AOL": "554 5.7.1 <ann@aol.com>: Recipient address rejected: This account has been disabled or "
    "discontinued",
    "iCloud": "550 5.1.0 <ann@icloud.com>: Recipient address rejected",
    "iCloud, gone": "550 5.1.6 recipient no longer on server: ann@icloud.com",
    "iCloud, lookup": "550 5.1.1 <ann@icloud.com>: user lookup success but no user record found",
    "IronPort, in its own words": "550 5.1.0 - Unknown address error 550-'5.1.1 <ann@example.org>: Recipient "
    "address rejected: User unknown'",
    "Comcast": "550 5.1.0 Not our Customer",
    "Yandex": "550 5.7.1 No such user!",
    "IronPort": "550 #5.1.0 Address rejected.",
    "Postfix": "550 5.1.1 <no-spam@example.org>: Recipient address rejected: User unknown in relay recipient "
    "table",
    "Postfix, no host": "550 5.4.4 <ann@example.org>: Host or domain name not found. Name service error for "
    "name=example.org type=AAAA: Host not found",
    "SparkPost, no host": "550 5.4.4 [internal] no MX or A for domain",
    "qmail": "550 sorry, no mailbox here by that name. (#5.1.1)",
    "Exim": "550 No such user here",
    "163": "550 User not found: ann@163.com",
    "QQ": "550 Mailbox not found. http://service.mail.qq.com/cgi-bin/help?id=20022",
    "Mimecast": "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550",
    "a host called spam": "550 5.1.1 ann@example.org User unknown (mx10.mailspamprotection.com)",
}
SOFT = {
    "Gmail, rate": "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents "
    "additional messages from being delivered. For more information, please visit "
    "https://support.google.com/mail/?p=ReceivingRatePerm p41 - gsmtp",
    "Gmail, unsolicited": "550 5.7.1 [203.0.113.7 12] Our system has detected that this message is likely "
    "unsolicited mail. To reduce the amount of spam sent to Gmail, this message has been blocked.",
    "Gmail, unauthenticated": "550 5.7.26 Your email has been blocked because the sender is unauthenticated.",
    "Office 365, banned": "550 5.7.606 Access denied, banned sending IP [203.0.113.7]; To request removal "
    "visit https://sender.office.com",
    "Office 365, relay": "550 5.4.1 [ann@example.org]: Relay Access Denied",
    "Exchange, restricted": "550 5.7.1 RESOLVER.RST.RecipNotAuth; recipient requires authenticated senders",
    "policy with Exchange's words": "550 5.7.1 <ann@example.org>: Recipient address rejected: Access denied",
    "no answer": "550 5.4.1 No answer from host",
    "Hotmail, blocklist": "550 5.7.1 Unfortunately, messages from [203.0.113.7] weren't sent. Please contact "
    "your Internet service provider since part of their network is on our block list (S3150).",
    "Hotmail, older": "550 SC-001 (BAY004-MC1F5) Unfortunately, messages from 203.0.113.7 weren't sent. "
    "Reasons for rejection may be related to content with spam-like characteristics or IP/domain reputation.",
    "a code of Hotmail's": "550 5.5.0 Sender domain is empty",
    "Yahoo, policy": "554 Message not allowed - [PH01] Email not accepted for policy reasons.",
    "Yahoo, blocklist": "553 5.7.1 [BL21] Connections will not be accepted from 203.0.113.7, because the ip "
    "is in Spamhaus's list; see http://postmaster.yahoo.com/550-bl23.html",
    "iCloud, policy": "554 5.7.1 [CS01] Message rejected due to local policy. Please visit "
    "https://support.apple.com/en-us/HT204137",
    "iCloud, full": "552 5.2.2 <ann@icloud.com>: user is over quota",
    "sender": "550 5.1.0 <digest@news.example.org> sender rejected",
    "sender's domain": "550 5.1.8 <digest@news.example.org>: Sender address rejected: Domain not found",
    "sender's account": "550 5.7.1 <digest@news.example.org>: Sender address rejected: This account has been "
    "disabled",
    "Spamhaus": "554 5.7.1 Service unavailable; Client host [203.0.113.7] blocked using zen.spamhaus.org",
    "Spamhaus, in Postfix's words": "550 5.1.1 <ann@example.org>: Recipient address rejected: undeliverable "
    "address: host mx.example.org said: 554 5.7.1 Client host [203.0.113.7] blocked using zen.spamhaus.org",
    "Barracuda": "550 permanent failure for one or more recipients (ann@example.org:blocked)",
    "IronPort, of anything": "550 5.1.0 - Unknown address error 550-'Access from 203.0.113.7 refused'",
    "our account with the relay": "550 5.7.1 This account has been disabled",
    "our account, plainly": "550 Your account has been disabled. Contact support.",
    "our account, another": "554 Outgoing mail of this user is disabled",
    "full": "552 Requested mail action aborted: exceeded storage allocation",
    "size": "552 5.3.4 Message size exceeds fixed limit",
    "form": "550 5.6.11 Message contains bare line feeds and cannot be sent",
    "Abusix": "550 https://lookup.abusix.com/search?q=203.0.113.7",
    "nothing": "550 go away",
    "5.1.0 alone": "550 5.1.0 delivery failed",
    "GMX": "554 Transaction failed. Reject due to policy restrictions.",
    "163, SPF": "550 MI:SPF mx10, check the sender's SPF record",
}
TABLE = [
    *(pytest.param(said, True, id=f"hard: {name}") for name, said in HARD.items()),
    *(pytest.param(said, False, id=f"soft: {name}") for name, said in SOFT.items()),
]


@pytest.mark.parametrize(("said", "is_hard"), TABLE)
def test_an_answer_to_rcpt_is_judged_by_what_it_says(said: str, is_hard: bool) -> None:
    refusal = Refused(int(said[:3]), said[4:])
    assert refusal.verdict is (Verdict.BAD_ADDRESS if is_hard else Verdict.REFUSED)


@pytest.mark.parametrize(("said", "is_hard"), TABLE)
@pytest.mark.parametrize("status", ["its own", "5.0.0", ""])
def test_a_report_is_judged_by_the_same(said: str, is_hard: bool, status: str) -> None:
    status = refusal_code("", said) if status == "its own" else status
    mail = read_mail_report(delivery_report(Recipient(status=status, diagnostic=f"smtp; {said}")))
    assert mail is not None
    assert mail.kind is (EventKind.HARD_BOUNCE if is_hard else EventKind.SOFT_BOUNCE)


@pytest.mark.parametrize(("said", "is_hard"), TABLE)
@pytest.mark.parametrize("status", ["its own", "5.0.0"])
def test_an_event_of_sendgrids_is_judged_by_the_same(said: str, is_hard: bool, status: str) -> None:
    status = refusal_code("", said) if status == "its own" else status
    item = sendgrid_event("bounce", UUID(int=7), at=NOW) | {"reason": said, "status": status}
    [event] = SendgridEvents("").read(json.dumps([item]).encode(), now=NOW)
    assert event.kind is (EventKind.HARD_BOUNCE if is_hard else EventKind.SOFT_BOUNCE)


@pytest.mark.parametrize("said", HARD.values())
def test_what_is_only_refused_for_now_is_never_about_the_mailbox(said: str) -> None:
    assert Refused(450, said[4:].replace("5.", "4.", 1)).verdict is Verdict.RETRY
    assert not is_no_such_mailbox("4.4.7", said)
