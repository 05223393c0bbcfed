"""What a run proved: the provider's ledger against the database, and neither against itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from tests.chaos import witness
from tests.chaos.ledger import Entry


@dataclass(slots=True)
class Verdict:
    states: dict[str, int]
    faults: list[str] = field(default_factory=list)
    duplicates: int = 0
    lost: int = 0
    after_leaving: int = 0

    @property
    def ambiguous(self) -> int:
        return self.states.get("AMBIGUOUS", 0)


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    state: str
    email: str
    status: str
    seen_papers: bytes
    attempt: int


def unsettled(*, with_ambiguous: bool) -> int:
    """Return how many readers are still to be planned, and how many digests may still change."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT COUNT(*) FROM newsletter_delivery WHERE "
            "(state = 'PLANNED' AND slot_at <= CURRENT_TIMESTAMP) "
            "OR state IN ('COMPOSED', 'SENDING', 'RETRY_WAIT', %s)) "
            "+ (SELECT COUNT(*) FROM newsletter_subscriber "
            "WHERE status = 'active' AND next_slot_at <= CURRENT_TIMESTAMP)",
            ["AMBIGUOUS" if with_ambiguous else ""],
        )
        return int(cursor.fetchone()[0])


def composed() -> int:
    """Return how many digests have been composed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM newsletter_delivery WHERE composed_at IS NOT NULL")
        return int(cursor.fetchone()[0])


def judge(ledger: Sequence[Entry], *, subscribers: int, most_ambiguous: int) -> Verdict:
    """Hold the ledger against the database; each fault is one line."""
    rows = _rows()
    verdict = Verdict(states=dict(Counter(row.state for row in rows)))
    taken = Counter(entry.delivery_id for entry in ledger)
    _once(verdict, rows, subscribers=subscribers)
    _nothing_twice(verdict, taken, {row.id: row for row in rows})
    _nothing_lost(verdict, rows, taken)
    _nobody_after_leaving(verdict, taken)
    _right_address(verdict, {row.id: row for row in rows}, ledger)
    if verdict.ambiguous > most_ambiguous:
        verdict.faults.append(f"{verdict.ambiguous} ambiguous, where {most_ambiguous} can be explained")
    return verdict


def _rows() -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.id, d.state, s.email, s.status, s.seen_papers, d.attempt FROM newsletter_delivery d "
            "JOIN newsletter_subscriber s ON s.id = d.subscriber_id"
        )
        found = cursor.fetchall()
    return [
        Row(str(UUID(str(key))), state, email, status, bytes(seen_papers), attempt)
        for key, state, email, status, seen_papers, attempt in found
    ]


def _once(verdict: Verdict, rows: Sequence[Row], *, subscribers: int) -> None:
    """Each reader has one digest, unless they left before it was planned."""
    planned = Counter(row.email for row in rows)
    verdict.faults += [f"{email} has {count} digests" for email, count in planned.items() if count > 1]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM newsletter_subscriber s WHERE s.status = 'active' AND NOT EXISTS "
            "(SELECT 1 FROM newsletter_delivery d WHERE d.subscriber_id = s.id)"
        )
        unplanned = int(cursor.fetchone()[0])
        cursor.execute("SELECT COUNT(*) FROM newsletter_subscriber")
        known = int(cursor.fetchone()[0])
    verdict.lost += unplanned
    if unplanned or known != subscribers:
        verdict.faults.append(f"{unplanned} of {subscribers} readers were never planned, {known} are known")


def _nothing_twice(verdict: Verdict, taken: Mapping[str, int], rows: Mapping[str, Row]) -> None:
    for key, count in taken.items():
        if key not in rows:
            verdict.faults.append(f"{key} was taken in, and nobody knows it")
        if count > 1:
            verdict.duplicates += 1
            verdict.faults.append(f"{key} ({rows[key].state}) was taken in {count} times")


def _nothing_lost(verdict: Verdict, rows: Sequence[Row], taken: Mapping[str, int]) -> None:
    """What the provider has is ACCEPTED or AMBIGUOUS, what it has not is AMBIGUOUS or its reader left."""
    for row in rows:
        is_right = (
            row.state in {"ACCEPTED", "AMBIGUOUS"}
            if row.id in taken
            else row.state == "AMBIGUOUS" or (row.state == "CANCELLED" and row.status != "active")
        )
        if not is_right:
            verdict.lost += row.id not in taken
            known = "taken in" if row.id in taken else "not taken in"
            verdict.faults.append(f"{row.id} is {row.state} ({row.attempt} attempts) and was {known}")
        if bool(row.seen_papers) != (row.state == "ACCEPTED"):
            verdict.faults.append(
                f"{row.id} is {row.state}, its papers are {'' if row.seen_papers else 'not '}seen"
            )


def _nobody_after_leaving(verdict: Verdict, taken: Mapping[str, int]) -> None:
    late = set(witness.begun_after_leaving())
    verdict.after_leaving = len(late)
    verdict.faults += [f"{key} began after its reader had left it, or a topic of it" for key in late]
    unseen = set(taken) - {str(UUID(key)) for key in witness.begun()}
    verdict.faults += [f"{key} was taken in and had never begun" for key in unseen]


def _right_address(verdict: Verdict, rows: Mapping[str, Row], ledger: Sequence[Entry]) -> None:
    verdict.faults += [
        f"{entry.delivery_id} went to {entry.recipient}"
        for entry in ledger
        if entry.delivery_id in rows and rows[entry.delivery_id].email != entry.recipient
    ]
