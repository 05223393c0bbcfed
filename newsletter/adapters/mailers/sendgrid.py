"""SendGrid's v3 mail send on its own SDK: build requests, translate answers into outcomes per message.

Readers with identical digests share one request. A request refused for its content is split until the bad
message is alone. Each part begins again: none of it was accepted, and a reader may have unsubscribed
meanwhile.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from html import escape
from urllib.parse import urlsplit

from sendgrid import SendGridAPIClient

from newsletter.adapters.mailers.sendgrid_answers import Judgement, judge
from newsletter.adapters.mailers.sendgrid_events import DELIVERY_ARG, SendgridEvents
from newsletter.adapters.mailers.sendgrid_http import Connections, KeptClient, NoAnswer, NotSent
from newsletter.adapters.ports import Bodies, Outcome, Outgoing, Verdict
from newsletter.config import Config
from newsletter.config.mailers import SENDGRID_HOST
from newsletter.core.digests.headers import ascii_address
from newsletter.core.digests.message import PLACEHOLDER_CLOSE, PLACEHOLDER_OPEN, fill, placeholder_names
from newsletter.errors import ConfigurationError, NewsletterError

log = logging.getLogger(__name__)

_MAX_RECIPIENTS = 1000
"""Personalizations a request may hold."""
_MAX_PERSONAL_BYTES = 25_000_000
"""Of the 30 MB of a request; the rest is for the content."""
_MAX_SUBSTITUTIONS = 10_000
"""Bytes of substitutions, names included, that one personalization must stay under."""
_RESERVED = frozenset(
    {
        *("x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"),
        *("to", "from", "subject", "reply-to", "cc", "bcc", "date", "mime-version"),
    }
)
"""Headers that SendGrid rejects or writes itself."""
_TRACKING_OFF = {
    "click_tracking": {"enable": False, "enable_text": False},
    "open_tracking": {"enable": False},
    "subscription_tracking": {"enable": False},
    "ganalytics": {"enable": False},
}
_SANDBOX = {"mail_settings": {"sandbox_mode": {"enable": True}}}
_CHECKED = "200"
"""The sandbox's answer to a request that would have been accepted."""
_DRY_RUN = Judgement(
    Verdict.RETRY,
    detail="a dry run: SendGrid found nothing wrong with it, and sent nothing",
    code=_CHECKED,
    retry_after=timedelta(hours=1).total_seconds(),
)


def mailer(config: Config) -> SendgridMailer:
    is_dry_run = config.sendgrid_sandbox == "on"
    return SendgridMailer(config.sendgrid_api_key, host=config.sendgrid_host, is_dry_run=is_dry_run)


def event_reader(config: Config) -> SendgridEvents:
    return SendgridEvents(config.sendgrid_webhook_key)


class SendgridMailer:
    """A ``Mailer`` over SendGrid. Each thread that sends keeps a connection of its own."""

    name = "sendgrid"
    lease = timedelta(seconds=60)
    batch_size = 50
    shared_batch_size = _MAX_RECIPIENTS
    """One request's worth. Messages that are not identical take a request each, so the batch above is
    small."""
    sends_bytes = False

    def __init__(
        self,
        api_key: str,
        *,
        host: str = SENDGRID_HOST,
        connect_timeout: float = 10,
        timeout: float = 30,
        is_dry_run: bool = False,
    ) -> None:
        """Time-outs are in seconds; their sum must be shorter than the lease. Raises ConfigurationError.

        In a dry run (sandbox mode) SendGrid checks every message and sends none; all stay due.
        """
        if not api_key or not api_key.isascii() or not api_key.isprintable():
            raise ConfigurationError("SENDGRID_API_KEY: it is empty or holds characters that no key has")
        address = urlsplit(host)
        if address.scheme not in {"http", "https"} or not address.hostname:
            raise ConfigurationError(f"NEWSLETTER_SENDGRID_HOST: {host!r} is not an http or https address")
        self._is_dry_run = is_dry_run
        if is_dry_run:
            log.warning("a dry run (NEWSLETTER_SENDGRID_SANDBOX=on): SendGrid sends nothing")
        self._connections = Connections()
        self._sdk = SendGridAPIClient(api_key, host=host.rstrip("/"))
        self._sdk.client = KeptClient(
            host=self._sdk.host,
            request_headers=self._sdk.client.request_headers,
            connections=self._connections,
            timeout=(connect_timeout, timeout),
        )

    def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterator[Outcome]:
        """Send group by group. Stop after an answer that the next request would get too."""
        waiting = deque(_groups(messages))
        while waiting:
            group = waiting.popleft()
            if fault := _fault(group[0]):
                yield _outcome(group[0], Judgement(Verdict.BAD_MESSAGE, detail=fault))
                continue
            allowed = bodies.begin([message.delivery_id for message in group])
            for message in group:
                if message.delivery_id not in allowed:
                    yield _outcome(message, Judgement(Verdict.NOT_BEGUN))
            group = [message for message in group if message.delivery_id in allowed]
            if not group:
                continue
            payload = _payload(group)
            # Where in a request its last byte leaves cannot be seen: it may be accepted from here on.
            bodies.end([message.delivery_id for message in group])
            judgement = self._post(payload)
            if judgement.is_worth_splitting and len(group) > 1:
                waiting.extendleft(reversed(_split(group, judgement)))
                continue
            for message in group:
                yield _outcome(message, judgement)
            if judgement.stops:
                for message in (left for rest in waiting for left in rest):
                    yield _outcome(message, judgement.for_the_rest())
                return

    def evidence(self, delivery_id: str) -> bool | None:  # noqa: ARG002 - only webhook events tell
        return None

    def forget(self, delivery_ids: Iterable[str]) -> None:
        """Do nothing: no copy is kept here."""

    def close(self) -> None:
        """Close this thread's connection."""
        self._connections.close()

    def _post(self, payload: dict[str, object]) -> Judgement:
        if not self._is_dry_run:
            return self._answer_to(payload)
        judgement = self._answer_to(payload | _SANDBOX)
        if judgement.code == _CHECKED:
            return _DRY_RUN
        # Nothing was sent, so no answer can be lost.
        return replace(judgement, verdict=Verdict.RETRY) if judgement.is_lost else judgement

    def _answer_to(self, payload: Mapping[str, object]) -> Judgement:
        try:
            answer = self._sdk.send(payload)
        except NotSent as error:
            return Judgement(Verdict.RETRY, detail=str(error), stops=True)
        except NoAnswer as error:
            return Judgement(Verdict.UNKNOWN, detail=str(error), stops=True)
        return judge(answer.status_code, headers=answer.headers, body=answer.body)


def _groups(messages: Sequence[Outgoing]) -> list[list[Outgoing]]:
    """Return what goes in one request each, in the order in which each group's first message came."""
    groups: dict[tuple[str, str], list[Outgoing]] = {}
    for message in messages:
        alone = not message.shared_key or _fault(message) or not _is_safe_to_substitute(message)
        key = ("", message.delivery_id) if alone else (message.shared_key, "")
        groups.setdefault(key, []).append(message)
    return [request for group in groups.values() for request in _requests(group)]


def _requests(group: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
    """Yield what fits into one request each. A message that is too large for any request goes alone."""
    if len(group) == 1:
        yield list(group)
        return
    request, size = list[Outgoing](), 0
    for message in group:
        its_size = len(json.dumps(_personalization(message, is_shared=True)))
        if request and (len(request) == _MAX_RECIPIENTS or size + its_size > _MAX_PERSONAL_BYTES):
            yield request
            request, size = [], 0
        request.append(message)
        size += its_size
    yield request


def _fault(message: Outgoing) -> str:
    """Return why this message can never be sent; empty if it can."""
    try:
        for address in (message.recipient, message.from_email, message.reply_to or message.from_email):
            ascii_address(address)
    except NewsletterError as error:
        return str(error)
    missing = (placeholder_names(message.html) | placeholder_names(message.text)) - set(_values(message))
    forged = {name for name, value in _values(message).items() if PLACEHOLDER_OPEN in value}
    return f"no usable value for {', '.join(sorted(missing | forged))}" if missing or forged else ""


def _is_safe_to_substitute(message: Outgoing) -> bool:
    """SendGrid puts one value in both forms, unescaped, so it must read the same in HTML and in text."""
    values = message.substitutions.values()
    size = sum(len(part.encode()) for pair in message.substitutions.items() for part in pair)
    return size < _MAX_SUBSTITUTIONS and all(escape(value) == value for value in values)


def _values(message: Outgoing) -> dict[str, str]:
    """Return the substitutions by the names of their placeholders."""
    return {
        placeholder.removeprefix(PLACEHOLDER_OPEN).removesuffix(PLACEHOLDER_CLOSE): value
        for placeholder, value in message.substitutions.items()
    }


def _payload(group: Sequence[Outgoing]) -> dict[str, object]:
    """Build the request as plain values: the SDK's helpers take six times as long and reverse the order."""
    first = group[0]
    html, text = first.html, first.text
    if len(group) == 1:
        values = _values(first)
        html, text = fill(html, values, html=True), fill(text, values, html=False)
    payload: dict[str, object] = {
        "from": {"email": ascii_address(first.from_email), "name": first.from_name},
        "subject": first.subject,
        "personalizations": [_personalization(message, is_shared=len(group) > 1) for message in group],
        "content": [{"type": "text/plain", "value": text}, {"type": "text/html", "value": html}],
        "headers": _allowed(first.headers),
        "tracking_settings": _TRACKING_OFF,
    }
    if first.reply_to:
        payload["reply_to"] = {"email": ascii_address(first.reply_to)}
    return payload


def _personalization(message: Outgoing, *, is_shared: bool) -> dict[str, object]:
    personalization: dict[str, object] = {
        "to": [{"email": ascii_address(message.recipient)}],
        "headers": _allowed(message.personal_headers),
        "custom_args": {DELIVERY_ARG: message.delivery_id},
    }
    if is_shared:
        personalization["substitutions"] = dict(message.substitutions)
    return personalization


def _allowed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _RESERVED}


def _split(group: Sequence[Outgoing], judgement: Judgement) -> list[list[Outgoing]]:
    """Return smaller requests: each message that the answer names, and the others; or two halves."""
    named = [message for place, message in enumerate(group) if place in judgement.culprits]
    if 0 < len(named) < len(group):
        others = [message for place, message in enumerate(group) if place not in judgement.culprits]
        return [others, *([message] for message in named)]
    middle = len(group) // 2
    return [list(group[:middle]), list(group[middle:])]


def _outcome(message: Outgoing, judgement: Judgement) -> Outcome:
    return Outcome(
        delivery_id=message.delivery_id,
        verdict=judgement.verdict,
        detail=judgement.detail,
        code=judgement.code,
        provider_id=judgement.provider_id,
        retry_after=judgement.retry_after,
    )
