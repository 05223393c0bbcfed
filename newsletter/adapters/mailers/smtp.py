"""SMTP (RFC 5321): one kept connection a worker, one outcome a message.

``smtp_session`` speaks the protocol. The pipeline decides which message, when, and how often.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from newsletter.adapters.mailers.smtp_answers import CLOSING, Gone, Lost, Refused
from newsletter.adapters.mailers.smtp_session import Dialogue, Envelope, TimeOuts, open_dialogue
from newsletter.adapters.ports import Bodies, Outcome, Outgoing, Verdict
from newsletter.config import Config
from newsletter.config.smtp_url import parse_smtp_url
from newsletter.core.digests.headers import ascii_address, wire_address
from newsletter.errors import BadInput, PermanentError

NEEDS_SMTPUTF8 = (
    "cannot send to {!r}: its part before the @ is not ASCII, and the mail server does not offer "
    "SMTPUTF8 (RFC 6531), which such an address needs"
)


def mailer(config: Config) -> SmtpMailer:
    # In EHLO the site's name is said if it is a public name, else the machine's.
    host = urlsplit(config.base_url).hostname or ""
    is_public = "." in host and not host.replace(".", "").isdigit()
    return SmtpMailer(config.smtp_url, sign=_signer(config), ehlo_name=host if is_public else None)


def _signer(config: Config) -> Callable[[bytes], bytes] | None:
    if not config.dkim_key:
        return None
    from newsletter.adapters.mailers.dkim import DkimSigner  # only for those who sign: it imports slowly

    return DkimSigner(config.dkim_key, selector=config.dkim_selector, domain=config.signing_domain)


class SmtpMailer:
    """A ``Mailer`` over one SMTP server. Each thread that sends has a connection of its own."""

    name = "smtp"
    lease = timedelta(minutes=15)
    batch_size = shared_batch_size = 50
    sends_bytes = True

    def __init__(
        self,
        url: str,
        *,
        sign: Callable[[bytes], bytes] | None = None,
        time_outs: TimeOuts | None = None,
        ehlo_name: str | None = None,
        tls_context: ssl.SSLContext | None = None,
    ) -> None:
        """Raises ConfigurationError. ``sign`` puts a signature before a message."""
        self._server = parse_smtp_url(url)
        self._sign = sign
        self._time_outs = time_outs or TimeOuts()
        self._ehlo_name = ehlo_name
        self._tls_context = tls_context
        self._kept = threading.local()

    def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterator[Outcome]:
        """Send in order. Once the server is gone or hangs, the rest is not tried."""
        for index, message in enumerate(messages):
            try:
                outcome = self._deliver(message, bodies=bodies)
            except Gone as end:
                yield _outcome(message, end.verdict, detail=end.detail, code=end.code)
                rest = Verdict.RETRY if end.verdict is Verdict.UNKNOWN else end.verdict
                for left in messages[index + 1 :]:
                    yield _outcome(left, rest, detail=f"not tried: {end.detail}")
                return
            except BaseException:
                self._drop()  # the session's state is unknown
                raise
            yield outcome

    def evidence(self, delivery_id: str) -> bool | None:  # noqa: ARG002 - SMTP keeps no record to ask
        return None

    def forget(self, delivery_ids: Iterable[str]) -> None:
        """Do nothing: no copy is kept here."""

    def close(self) -> None:
        """QUIT this thread's connection, if there is one."""
        if self._dialogue is not None:
            self._dialogue.quit()
        self._drop()

    # --- one message -------------------------------------------------------------------------------------

    def _deliver(self, message: Outgoing, *, bodies: Bodies) -> Outcome:
        try:
            content = self._sign(message.message) if self._sign else message.message
            envelope = Envelope(
                sender=ascii_address(message.sender),
                recipient=wire_address(message.recipient),
                size=len(content),
            )
        except (BadInput, PermanentError) as error:
            return _outcome(message, Verdict.BAD_MESSAGE, detail=str(error))
        return self._with_envelope(message, envelope, content, bodies=bodies)

    def _with_envelope(
        self, message: Outgoing, envelope: Envelope, content: bytes, *, bodies: Bodies
    ) -> Outcome:
        lost = Verdict.RETRY
        try:
            dialogue = self._addressed(envelope)
            if dialogue is None:
                return _outcome(message, Verdict.BAD_MESSAGE, detail=NEEDS_SMTPUTF8.format(message.recipient))
            if message.delivery_id not in bodies.begin([message.delivery_id]):
                return _outcome(message, Verdict.NOT_BEGUN)
            dialogue.data()
            dialogue.body(content)
            bodies.end([message.delivery_id])
            lost = Verdict.UNKNOWN
            dialogue.end()
        except Refused as refusal:
            return self._refused(message, refusal)
        except Lost as error:
            self._drop()
            # After a hang-up the next message may well pass; a server that hangs would hold up each one.
            if error.hangs:
                raise Gone(lost, str(error)) from error
            return _outcome(message, lost, detail=str(error))
        return _outcome(message, Verdict.ACCEPTED, code="250")

    def _addressed(self, envelope: Envelope) -> Dialogue | None:
        """Return a dialogue that is ready for DATA, or None where the addresses cannot be sent.

        A kept connection that was closed is replaced once.
        """
        kept = self._usable()
        if kept is not None:
            try:
                return _addressed(kept, envelope, anew=True)
            except Lost:
                self._drop()
            except Refused as refusal:
                if refusal.code != CLOSING:
                    raise
                self._drop()
        fresh = self._dialogue = open_dialogue(
            self._server,
            ehlo_name=self._ehlo_name,
            tls_context=self._tls_context,
            time_outs=self._time_outs,
        )
        return _addressed(fresh, envelope, anew=False)

    def _refused(self, message: Outgoing, refusal: Refused) -> Outcome:
        if refusal.ends_all:
            self._drop()
            raise Gone(refusal.verdict, refusal.text, code=refusal.full_code) from refusal
        return _outcome(message, refusal.verdict, detail=refusal.text, code=refusal.full_code)

    # --- the connection ----------------------------------------------------------------------------------

    def _usable(self) -> Dialogue | None:
        kept = self._dialogue
        if kept is not None and (kept.is_stale or not kept.is_open):
            self._drop()
        return self._dialogue

    @property
    def _dialogue(self) -> Dialogue | None:
        dialogue: Dialogue | None = getattr(self._kept, "dialogue", None)
        return dialogue

    @_dialogue.setter
    def _dialogue(self, dialogue: Dialogue | None) -> None:
        self._kept.dialogue = dialogue

    def _drop(self) -> None:
        dialogue, self._dialogue = self._dialogue, None
        if dialogue is not None:
            dialogue.close()


def _addressed(dialogue: Dialogue, envelope: Envelope, *, anew: bool) -> Dialogue | None:
    if not dialogue.can_take(envelope):
        return None
    dialogue.address(envelope, anew=anew)
    return dialogue


def _outcome(message: Outgoing, verdict: Verdict, *, detail: str = "", code: str = "") -> Outcome:
    return Outcome(delivery_id=message.delivery_id, verdict=verdict, detail=detail, code=code)
