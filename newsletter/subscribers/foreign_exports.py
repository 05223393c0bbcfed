"""Exports of other services: how to recognise each file, and the status it gives a person.

The columns are those of the services' files (Mailchimp, Substack, Buttondown, Ghost, listmonk, Keila;
SendGrid's suppressions). A file is recognised by a few columns and may have others, since services and users
add some. An unknown status is never taken for a reader's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from newsletter.audience.suppression import Reason
from newsletter.errors import BadInput, NewsletterError
from newsletter.subscribers.csv_files import Row, Sheet, refuse_repeated

ADDRESS_COLUMNS = ("email", "email address", "email_address", "e-mail", "e-mail address", "address")
"""The first of them that a file has holds the addresses."""
GO_TIME = re.compile(r"^(\S+ \S+) ([+-]\d{4}) \S+$")


class There(Enum):
    """Status at the other service of a person who has not left it."""

    READS = auto()
    PENDING = auto()
    """Never confirmed, or never asked."""


StatusThere = There | Reason
Cells = Mapping[str, str]

STATUSES: dict[str, StatusThere] = {
    **dict.fromkeys(("subscribed", "active", "enabled", "confirmed"), There.READS),
    # Buttondown's kinds of readers: paying, about to, formerly.
    **dict.fromkeys(("regular", "premium", "paid", "trialed", "unpaid", "gifted"), There.READS),
    **dict.fromkeys(("churning", "churned", "past_due", "paused", "upcoming"), There.READS),
    **dict.fromkeys(("pending", "unconfirmed", "unactivated"), There.PENDING),
    **dict.fromkeys(("nonsubscribed", "non-subscribed", "transactional"), There.PENDING),
    **dict.fromkeys(("unsubscribed", "unsubscribe"), Reason.UNSUBSCRIBED),
    # listmonk: a blocklisted reader may have left, bounced or complained; its export does not say.
    **dict.fromkeys(("disabled", "blocklisted", "blacklisted", "blocked", "spammy"), Reason.IMPORTED),
    **dict.fromkeys(("removed", "deleted", "archived"), Reason.IMPORTED),
    **dict.fromkeys(("cleaned", "bounced", "unreachable", "undeliverable", "invalid"), Reason.BOUNCED),
    **dict.fromkeys(("complained", "complaint", "spam"), Reason.COMPLAINED),
}
_TRUTH = {
    "true": True,
    "t": True,
    "1": True,
    "yes": True,
    "false": False,
    "f": False,
    "0": False,
    "no": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One kind of file of one service."""

    service: str
    required: frozenset[str]
    """Columns by which it is recognised, besides the address."""
    status: Callable[[Cells, Sheet], StatusThere]
    """Raises BadInput for a row that does not say."""
    is_whole: bool = False
    """It must have no other columns: these names are too common."""
    has_subscribers: bool = True
    """False: all in it are suppressed."""
    joined: tuple[str, ...] = ()
    """Columns with the time of joining; the first filled one counts."""
    left: tuple[str, ...] = ()
    """The same for the time of leaving."""
    caution: str = ""
    """What its file of readers lacks."""

    def matches(self, columns: frozenset[str]) -> bool:
        return self.required == columns if self.is_whole else self.required <= columns


def recognise(sheet: Sheet) -> Export | None:
    """Return the kind of export of a sheet whose addresses are in ``email``, or None."""
    columns = sheet.columns - {"email"}
    found = next((each for each in EXPORTS if "email" in sheet.columns and each.matches(columns)), None)
    if found is not None:
        refuse_repeated(sheet, {"email", *found.required, *found.joined, *found.left, *_STATUS_COLUMNS})
    return found


def with_email_column(sheet: Sheet) -> Sheet:
    """Return the sheet with its address column renamed to ``email``.

    Raises NewsletterError if several columns hold addresses under the same name.
    """
    named = next((name for name in ADDRESS_COLUMNS if name in sheet.columns), "email")
    refuse_repeated(sheet, {named})
    if named == "email":
        return sheet
    rows = [Row(row.line, {**row.cells, "email": row.cells[named]}) for row in sheet.rows]
    columns = sheet.columns - {named} | {"email"}
    return Sheet(sheet.name, columns, rows, sheet.faults, sheet.repeated)


def first_moment(cells: Cells, columns: tuple[str, ...]) -> datetime | None:
    """Return the time in the first of these columns that has one."""
    return next((moment for name in columns if (moment := _moment(cells.get(name, "")))), None)


def _moment(text: str) -> datetime | None:
    """Read a date or a time: ISO 8601, seconds since 1970, or as Go prints it (``… +0200 CEST``)."""
    try:
        if text.isascii() and text.isdecimal() and len(text) > len("20240301"):
            return datetime.fromtimestamp(int(text[:15]), UTC)
        moment = datetime.fromisoformat(GO_TIME.sub(r"\1\2", text))
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None


_STATUS_COLUMNS = ("status", "type", "subscriber_type")


def _by_status(cells: Cells, _sheet: Sheet) -> StatusThere:
    status = next((cells[name] for name in _STATUS_COLUMNS if cells.get(name)), "").lower()
    if status not in STATUSES:
        raise BadInput(f"status is {status!r}, but must be one of: {', '.join(STATUSES)}")
    return STATUSES[status]


def _mailchimp(cells: Cells, sheet: Sheet) -> StatusThere:
    """Its files of readers have LAST_CHANGED where those of others have UNSUB_TIME or CLEAN_TIME."""
    if sheet.name.lower().startswith(("nonsubscribed", "archived")):  # their columns are those of readers
        return There.PENDING
    for column, reason in (("clean_time", Reason.BOUNCED), ("unsub_time", Reason.UNSUBSCRIBED)):
        if cells.get(column) or (column in sheet.columns and "last_changed" not in sheet.columns):
            return reason
    return _by_status(cells, sheet) if cells.get("status") else There.READS


def _substack(cells: Cells, _sheet: Sheet) -> StatusThere:
    is_disabled = _truth(cells, "email_disabled") if cells.get("email_disabled") else False
    return Reason.UNSUBSCRIBED if is_disabled or cells.get("cancel date") else There.READS


def _ghost(cells: Cells, _sheet: Sheet) -> StatusThere:
    reads = _truth(cells, "subscribed_to_emails") and not cells.get("deleted_at")
    return There.READS if reads else Reason.UNSUBSCRIBED


def _truth(cells: Cells, column: str) -> bool:
    written = cells[column].lower()
    if written not in _TRUTH:
        raise BadInput(f"{column} is {written!r}, but must be true or false")
    return _TRUTH[written]


def _sendgrid(reason: Reason, *columns: str) -> Export:
    required = frozenset({*columns, "created"})
    return Export(
        service="SendGrid",
        required=required,
        status=lambda _cells, _sheet: reason,
        is_whole=True,
        has_subscribers=False,
        left=("created",),
    )


EXPORTS = (
    _sendgrid(Reason.BOUNCED, "status", "reason"),  # bounces, blocks
    _sendgrid(Reason.BOUNCED, "reason"),  # invalid emails
    _sendgrid(Reason.COMPLAINED, "ip"),  # spam reports
    _sendgrid(Reason.UNSUBSCRIBED),  # global and group unsubscribes
    Export(
        service="Mailchimp",
        required=frozenset({"optin_time"}),
        status=_mailchimp,
        joined=("confirm_time", "optin_time"),
        left=("unsub_time", "clean_time"),
    ),
    Export(
        service="Ghost",
        required=frozenset({"subscribed_to_emails"}),
        status=_ghost,
        joined=("created_at",),
        left=("deleted_at",),
    ),
    Export(
        service="Substack",
        required=frozenset({"active_subscription"}),
        status=_substack,
        joined=("created_at",),
    ),
    Export(  # the table of its page of subscribers
        service="Substack",
        required=frozenset({"start date"}),
        status=_substack,
        joined=("start date",),
        left=("cancel date",),
    ),
    *(
        Export(
            service="Buttondown",
            required=frozenset(required),
            status=_by_status,
            joined=("creation_date", "subscription date"),
            left=("unsubscription_date", "unsubscription date", "undeliverability_date"),
        )
        for required in ({"subscriber_type"}, {"type", "creation_date"}, {"status", "subscription date"})
    ),
    Export(
        service="listmonk",
        required=frozenset({"uuid", "status"}),
        status=_by_status,
        joined=("created_at",),
        left=("updated_at",),
        caution="listmonk calls readers enabled who have unsubscribed from a list. Export those too (the"
        " number beside each list leads to them) and import that file with --suppressions --every-row",
    ),
    Export(service="Keila", required=frozenset({"first name", "status"}), status=_by_status),
    Export(service="another service", required=frozenset({"status"}), status=_by_status, is_whole=True),
)


def unknown_columns(sheet: Sheet, *, columns: tuple[str, ...]) -> NewsletterError:
    """Return the error for a file that is neither ours nor another service's."""
    unknown = sorted(sheet.columns - set(columns))
    services = ", ".join(dict.fromkeys(each.service for each in EXPORTS[:-1]))
    return NewsletterError(
        f"unknown column {unknown[0]!r}: the columns are {','.join(columns)}, or those of an export of "
        f"{services}"
    )
