"""Form fields of preferences. Their names are the columns of a CSV file of readers (docs/operating.md)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django.utils.html import format_html_join
from django.utils.translation import gettext

from newsletter.errors import BadInput
from newsletter.subscribers.preferences import MAX_PAPERS, MIN_PAPERS, Preferences

DEFAULTS = {
    "cadence": "weekly:mon",
    "at": "08:00",
    "timezone": "UTC",
    "language": "en",
    "depth": "takeaways",
    "max_papers": "10",
}
"""Field → default, as for ``newsletter subscriber add``."""


def preferences_of(values: Mapping[str, str]) -> Preferences:
    """Check these values, with defaults for the others. Raises BadInput, or ValueError for a non-number."""
    given: dict[str, Any] = dict(values)
    if "max_papers" in given:
        given["max_papers"] = int(given["max_papers"])
    return Preferences.checked(**given)


def preference_errors(values: Mapping[str, str]) -> dict[str, str]:
    """Return field → one sentence that says what to do, for wrong fields."""
    errors = {}
    for name, value in values.items():
        try:
            preferences_of({name: value})
        except (BadInput, ValueError):
            errors[name] = _sentence(name, value)
    return errors


def _sentence(name: str, value: str) -> str:
    given = {"given": value}
    if name == "at":
        return gettext("“%(given)s” is not a time of day. Write hours and minutes, such as 08:00.") % given
    if name == "timezone":
        return gettext("“%(given)s” is not a time zone. Write a name such as Europe/Berlin or UTC.") % given
    if name == "max_papers":
        limits = {"least": MIN_PAPERS, "most": MAX_PAPERS}
        return gettext("The number of papers is a whole number from %(least)s to %(most)s.") % limits
    return gettext("“%(given)s” is not one of the choices.") % given


@lru_cache(maxsize=1)
def zone_options() -> str:
    """Return the options of a list. Under ``Etc/`` signs are the reverse of what people mean."""
    places = (name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return format_html_join("", '<option value="{}">', ((name,) for name in ["UTC", *sorted(places)]))
