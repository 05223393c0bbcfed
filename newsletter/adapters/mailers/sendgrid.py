"""SendGrid's v3 mail send on its own SDK: build requests, translate answers into outcomes per message.

Readers with identical digests share one request. A request refused for its content is split until the bad
message is alone. Each part begins again: none of it was accepted, and a reader may have unsubscribed
meanwhile.
"""

from __future__ import annotations

import http
import logging
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from html import escape
from urllib.parse import urlsplit

import orjson
import requests
from sendgrid import SendGridAPIClient

from newsletter.adapters.mailers.sendgrid_answers import Judgement, judge
from newsletter.adapters.mailers.sendgrid_events import DELIVERY_ARG, SendgridEvents
from newsletter.adapters.mailers.sendgrid_http import KeptConnection, NoAnswer, NotSent
from newsletter.adapters.ports import Bodies, Outcome, Outgoing, Verdict
from newsletter.config import Config
from newsletter.config.mailers import SENDGRID_HOST
from newsletter.core.digests.headers import ascii_address
from newsletter.core.digests.message import PLACEHOLDER_OPEN, join_html, join_text, placeholder
from newsletter.errors import ConfigurationError, NewsletterError, PermanentError, TemporaryError

log = logging.getLogger(__name__)

_PATH = "/v3/mail/send"
_MAX_RECIPIENTS = 1000
"""Personalizations a request may hold."""
_MAX_PERSONAL_BYTES = 25_000_000
"""Of the 30 MB of a request; the rest is for the content."""
_MAX_SUBSTITUTIONS = 10_000
"""Bytes of substitutions, names included, that one personalization must stay under."""
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


def check_login(config: Config) -> str:
    """Ask what the key may do, and send nothing. Raises TemporaryError or PermanentError."""
    try:
        answer = requests.get(
            f"{config.sendgrid_host}/v3/scopes",
            headers={"Authorization": f"Bearer {config.sendgrid_api_key}"},
            timeout=(5, 15),
            allow_redirects=False,
        )
        scopes = answer.json().get("scopes", []) if answer.status_code == http.HTTPStatus.OK else []
    except (requests.RequestException, ValueError, AttributeError) as error:
        raise TemporaryError(f"SendGrid does not answer: {type(error).__name__}") from error
    if answer.status_code in (401, 403):
        raise PermanentError(f"SendGrid refuses the key: HTTP {answer.status_code}")
    if answer.status_code != http.HTTPStatus.OK:
        raise TemporaryError(f"SendGrid answers HTTP {answer.status_code}")
    if "mail.send" not in scopes:
        raise PermanentError("the key may not send mail: make one with the right Mail Send")
    return "SendGrid, with a key that may send"


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
        sdk = SendGridAPIClient(api_key, host=host.rstrip("/"))
        self._headers = {**sdk.client.request_headers, "Content-Type": "application/json"}
        self._connection = KeptConnection(sdk.host, connect_timeout=connect_timeout, timeout=timeout)

    def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterator[Outcome]:
        """Send group by group. Stop after an answer that the next request would get too."""
        faults = {message.delivery_id: fault for message in messages if (fault := _fault(message))}
        for delivery_id, fault in faults.items():
            yield Outcome(delivery_id=delivery_id, verdict=Verdict.BAD_MESSAGE, detail=fault)
        waiting = deque(_groups([message for message in messages if message.delivery_id not in faults]))
        while waiting:
            group = waiting.popleft()
            # Connecting may take longer than a begin is valid.
            judgement = self._connect()
            if judgement is None:
                allowed = bodies.begin([message.delivery_id for message in group])
                for message in group:
                    if message.delivery_id not in allowed:
                        yield _outcome(message, Judgement(Verdict.NOT_BEGUN))
                group = [message for message in group if message.delivery_id in allowed]
                judgement = self._post(group, bodies=bodies) if group else Judgement(Verdict.NOT_BEGUN)
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
        self._connection.close()

    def _connect(self) -> Judgement | None:
        try:
            self._connection.open()
        except NotSent as error:
            return Judgement(Verdict.RETRY, detail=str(error), stops=True)
        return None

    def _post(self, group: Sequence[Outgoing], *, bodies: Bodies) -> Judgement:
        payload = _payload(group)
        # Where in a request its last byte leaves cannot be seen: it may be accepted from here on.
        bodies.end([message.delivery_id for message in group])
        if not self._is_dry_run:
            return self._answer_to(payload)
        judgement = self._answer_to(payload | _SANDBOX)
        if judgement.code == _CHECKED:
            return _DRY_RUN
        # Nothing was sent, so no answer can be lost.
        return replace(judgement, verdict=Verdict.RETRY) if judgement.is_lost else judgement

    def _answer_to(self, payload: Mapping[str, object]) -> Judgement:
        try:
            answer = self._connection.post(_PATH, orjson.dumps(payload), headers=self._headers)
        except NotSent as error:
            return Judgement(Verdict.RETRY, detail=str(error), stops=True)
        except NoAnswer as error:
            return Judgement(Verdict.UNKNOWN, detail=str(error), stops=True)
        return judge(answer.status, headers=answer.headers, body=answer.body)


def _groups(messages: Sequence[Outgoing]) -> list[list[Outgoing]]:
    """Return what goes in one request each, in the order in which each group's first message came."""
    groups: dict[str, list[Outgoing]] = {}
    for message in messages:
        groups.setdefault(message.shared_key or message.delivery_id, []).append(message)
    return [request for group in groups.values() for request in _requests(group)]


def _requests(group: Sequence[Outgoing]) -> Iterator[list[Outgoing]]:
    """Yield what fits into one request each. A message that is too large for any request goes alone."""
    if len(group) == 1:
        yield list(group)
        return
    request, alone, size = list[Outgoing](), list[Outgoing](), 0
    for message in group:
        if not _is_safe_to_substitute(message):
            alone.append(message)
            continue
        its_size = len(orjson.dumps(_personalization(message, is_shared=True)))
        if request and (len(request) == _MAX_RECIPIENTS or size + its_size > _MAX_PERSONAL_BYTES):
            yield request
            request, size = [], 0
        request.append(message)
        size += its_size
    if request:
        yield request
    yield from ([message] for message in alone)


def _fault(message: Outgoing) -> str:
    """Return why this message can never be sent; empty if it can."""
    headers = message.headers
    try:
        for address in (message.recipient, headers.from_email, headers.reply_to or headers.from_email):
            ascii_address(address)
        headers.personal(), headers.shared()
    except NewsletterError as error:
        return str(error)
    names = {name for fragment in message.fragments for name in fragment.placeholders}
    unusable = names - message.values.keys()
    unusable |= {name for name, value in message.values.items() if PLACEHOLDER_OPEN in value}
    return f"no usable value for {', '.join(sorted(unusable))}" if unusable else ""


def _is_safe_to_substitute(message: Outgoing) -> bool:
    """SendGrid puts one value in both forms, unescaped, so it must read the same in HTML and in text."""
    size = sum(len(part.encode()) for pair in _substitutions(message).items() for part in pair)
    return size < _MAX_SUBSTITUTIONS and all(escape(value) == value for value in message.values.values())


def _payload(group: Sequence[Outgoing]) -> dict[str, object]:
    """Build the request as plain values: the SDK's helpers take six times as long and reverse the order."""
    first = group[0]
    headers, values = first.headers, first.values if len(group) == 1 else None
    html, text = join_html(first.fragments, values), join_text(first.fragments, values)
    payload: dict[str, object] = {
        "from": {"email": ascii_address(headers.from_email), "name": headers.from_name},
        "subject": headers.subject,
        "personalizations": [_personalization(message, is_shared=len(group) > 1) for message in group],
        "content": [{"type": "text/plain", "value": text}, {"type": "text/html", "value": html}],
        "headers": headers.shared(),
        "tracking_settings": _TRACKING_OFF,
    }
    if headers.reply_to:
        payload["reply_to"] = {"email": ascii_address(headers.reply_to)}
    return payload


def _personalization(message: Outgoing, *, is_shared: bool) -> dict[str, object]:
    personalization: dict[str, object] = {
        "to": [{"email": ascii_address(message.recipient)}],
        "headers": message.headers.personal(),
        "custom_args": {DELIVERY_ARG: message.delivery_id},
    }
    if is_shared:
        personalization["substitutions"] = _substitutions(message)
    return personalization


def _substitutions(message: Outgoing) -> dict[str, str]:
    return {placeholder(name): value for name, value in message.values.items()}


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
