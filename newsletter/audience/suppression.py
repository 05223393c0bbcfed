"""Addresses that must not be mailed: stored only as keyed hashes, which outlive a reader's erasure.

Hashes are made with a key of their own, which is in the database and never changes. Look-ups also try the
secret keys of earlier versions (ADR 26). Callers decide who is suppressed and when.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import partial
from hashlib import sha256
from itertools import chain

import idna
from django.db import transaction
from django.utils import timezone

from newsletter.audience.departures import Other, note_all, note_topics
from newsletter.errors import BadInput
from newsletter.models import Subscriber, Suppression, SuppressionKey

CHUNK = 500
_DOT_ATOM = re.compile(r'[^\s"(),:;<>@\[\\\].]+(?:\.[^\s"(),:;<>@\[\\\].]+)*')
"""What needs no quotes before the @ (RFC 5322 §3.2.3, RFC 6531)."""
_ESCAPED, _MUST_BE_ESCAPED, _WITH_BACKSLASH = re.compile(r"\\(.)"), re.compile(r'["\\]'), r"\\\g<0>"


class Reason(StrEnum):
    """Why an address is suppressed, the weakest first: a weaker reason never replaces a stronger one."""

    UNSUBSCRIBED = "unsubscribed"
    ERASED = "erased"
    IMPORTED = "imported"
    BOUNCED = "bounced"
    COMPLAINED = "complained"

    def outranks(self, other: Reason) -> bool:
        return _strength(self) > _strength(other)


_STRENGTH = {reason.value: strength for strength, reason in enumerate(Reason)}


def address_key(email: str) -> str:
    r"""Fold an address, so that one mailbox is one reader.

    The domain becomes IDNA's lower-case ASCII form; the rest is case-folded, without quotes that it does not
    need: ``"ada"@example.org`` and ``"a\da"@example.org`` are ``ada@example.org`` (RFC 5321 §4.1.2).

    Raises BadInput without a local part or a possible domain.
    """
    local, _, domain = email.strip().rpartition("@")
    if not local or not domain:
        raise BadInput(f"{email!r} is not an address: something@example.org is expected")
    return f"{_unquoted(local).casefold()}@{_ascii_domain(domain, email=email)}"


def _unquoted(local: str) -> str:
    if len(local) < 2 or not local[0] == local[-1] == '"':
        return local
    content = _ESCAPED.sub(r"\1", local[1:-1])
    if _DOT_ATOM.fullmatch(content):
        return content
    return f'"{_MUST_BE_ESCAPED.sub(_WITH_BACKSLASH, content)}"'


def _ascii_domain(domain: str, *, email: str) -> str:
    if domain.isascii():  # IDNA's rules are stricter than SMTP's (RFC 5321 §2.3.5)
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise BadInput(f"{email!r} is not an address: no domain can be called {domain!r}") from error


def ensure_own_key() -> None:
    """Make the key that new suppressions are made with, when there is none."""
    SuppressionKey.objects.get_or_create(is_own=True, defaults={"value": secrets.token_hex(32)})


def remember_keys(secret_keys: Iterable[str]) -> None:
    """Store the keys of earlier versions' suppressions, for look-ups only."""
    derived = {_derived(key) for key in secret_keys}
    known = SuppressionKey.objects.filter(value__in=derived).values_list("value", flat=True)
    if missing := derived.difference(known):
        rows = (SuppressionKey(value=value) for value in sorted(missing))
        SuppressionKey.objects.bulk_create(rows, ignore_conflicts=True)


def inherited(email_keys: Collection[str]) -> list[str]:
    """Return those of these addresses whose suppression was not made with the suppressions' own key."""
    own = SuppressionKey.objects.filter(is_own=True).values_list("value", flat=True)
    hmacs = {_hmac(key, email_key): email_key for key in own for email_key in email_keys}
    made = Suppression.objects.filter(email_hmac__in=hmacs).values_list("email_hmac", flat=True)
    ours = {hmacs[each] for each in made}
    return [email_key for email_key in email_keys if email_key not in ours]


def recognises(secret_keys: Iterable[str], email_keys: Iterable[str]) -> bool:
    """Say if any of these addresses is suppressed with one of these secret keys."""
    derived = [_derived(key) for key in secret_keys]
    hmacs = [_hmac(key, email_key) for email_key in email_keys for key in derived]
    return Suppression.objects.filter(email_hmac__in=hmacs).exists()


def email_hmacs(email_keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the hashes of normalized addresses under every key there is, the suppressions' own key first."""
    keys = SuppressionKey.objects.order_by("-is_own", "-pk").values_list("value", flat=True)
    found = list(keys)
    return {email_key: tuple(_hmac(key, email_key) for key in found) for email_key in email_keys}


def own_hmacs(email_keys: Iterable[str]) -> dict[str, str]:
    """Return the hashes of normalized addresses as the departure log has them: under our own key."""
    ensure_own_key()
    return {email_key: hmacs[0] for email_key, hmacs in email_hmacs(email_keys).items()}


def note_other(email_key: str, kind: Other, *, at: datetime, topics: Iterable[int] = ()) -> None:
    """Note in the departure log what is no suppression: topics that were left, or an address, or links."""
    address = own_hmacs([email_key])[email_key]
    if kind is Other.TOPIC:
        note_topics(address, topics, at=at)
    else:
        note_all({address: (kind, at)})


def _derived(secret_key: str) -> str:
    """Return the one-way key that earlier versions derived from a secret key."""
    return sha256(b"newsletter.suppression" + secret_key.encode()).hexdigest()


def _hmac(key: str, email_key: str) -> str:
    return hmac.new(bytes.fromhex(key), email_key.encode(), sha256).hexdigest()


def suppressed(email_keys: Iterable[str]) -> dict[str, Reason]:
    """Return the reason for each of these normalized addresses that is suppressed."""
    owners = {made: key for key, hmacs in email_hmacs(set(email_keys)).items() for made in hmacs}
    hmacs, found = list(owners), dict[str, Reason]()
    for start in range(0, len(hmacs), CHUNK):
        rows = Suppression.objects.filter(email_hmac__in=hmacs[start : start + CHUNK])
        for made, reason in rows.values_list("email_hmac", "reason"):
            key = owners[made]
            found[key] = max(Reason(reason), found.get(key, Reason.UNSUBSCRIBED), key=_strength)
    return found


def is_suppressed(email_key: str) -> bool:
    return bool(suppressed([email_key]))


def suppress(email_key: str, *, reason: Reason, at: datetime) -> None:
    """Suppress a normalized address. A repeat changes nothing, unless its reason is a stronger one."""
    ensure_own_key()
    hmacs = email_hmacs([email_key])[email_key]
    with transaction.atomic():
        # A send that begins locks this row: the suppression commits before or after it.
        list(Subscriber.objects.select_for_update(no_key=True).filter(email_key=email_key).values_list("pk"))
        known = Suppression.objects.select_for_update().filter(email_hmac__in=hmacs).first()
        if known is None:
            Suppression.objects.get_or_create(
                email_hmac=hmacs[0], defaults={"reason": reason.value, "at": at}
            )
        elif reason.outranks(Reason(known.reason)):
            Suppression.objects.filter(pk=known.pk).update(reason=reason.value, at=at)
        note_all({hmacs[0]: (reason, at)})


@transaction.atomic
def suppress_all(entries: Mapping[str, tuple[Reason, datetime]]) -> None:
    """Suppress many normalized addresses, each with reason and time, by the rules of ``suppress``."""
    subscribers = Subscriber.objects.select_for_update(no_key=True).filter(email_key__in=entries)
    list(subscribers.order_by("pk").values_list("pk"))
    ensure_own_key()
    hmacs = email_hmacs(entries)
    rows = Suppression.objects.select_for_update().filter(email_hmac__in=chain(*hmacs.values()))
    known = {row.email_hmac: row for row in rows.order_by("pk")}
    added, changed = list[Suppression](), list[Suppression]()
    for key, (reason, at) in entries.items():
        row = next((known[made] for made in hmacs[key] if made in known), None)
        if row is None:
            added.append(Suppression(email_hmac=hmacs[key][0], reason=reason.value, at=at))
        elif reason.outranks(Reason(row.reason)):
            row.reason, row.at = reason.value, at
            changed.append(row)
    Suppression.objects.bulk_create(added, ignore_conflicts=True)
    Suppression.objects.bulk_update(changed, ["reason", "at"], batch_size=CHUNK)
    new = {row.email_hmac for row in (*added, *changed)}
    noted = {hmacs[key][0]: told for key, told in entries.items() if not new.isdisjoint(hmacs[key])}
    note_all(noted)


def lift(email_key: str) -> bool:
    """Delete a suppression: its owner has confirmed from the address itself. Return whether there was one."""
    hmacs = email_hmacs([email_key])[email_key]
    was_suppressed = Suppression.objects.filter(email_hmac__in=hmacs).delete()[0] > 0
    if was_suppressed:  # after the commit: whoever has not come back must not be mailed
        noted = {hmacs[0]: (Other.RETURNED, timezone.now())}
        transaction.on_commit(partial(note_all, noted))
    return was_suppressed


def _strength(reason: Reason) -> int:
    return _STRENGTH[reason.value]
