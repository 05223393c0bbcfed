"""The Jinja2 environment of web pages."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.conf.locale import LANG_INFO
from django.http import HttpRequest
from django.template.backends.utils import csrf_input
from django.templatetags.static import static
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, gettext, ngettext
from jinja2 import Environment, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from newsletter.core.digests.languages import is_han, tag
from newsletter.core.digests.typography import NO_BREAK, author_line, typeset
from newsletter.languages import interface_language
from newsletter.pipeline.send.pause import pauses_on, sign_up_pause
from newsletter.subscribers.preferences import offered_languages
from newsletter.web.numbers import in_words
from newsletter.web.rendered import kept_value, version_of_all


def environment(**options: Any) -> Environment:
    """Return the environment; Django's backend passes ``autoescape=True`` and its loader in ``options``."""
    settings = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    env = Environment(**{**options, **settings}, extensions=["jinja2.ext.i18n"])  # noqa: S701
    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]  # the extension's
    # The extension's own does the same in three calls a message, of which a page has a hundred.
    env.globals.update(gettext=_gettext, _=_gettext)
    env.globals.update(static=lru_cache(static), url=_url, author_line=author_line, paused_since=paused_since)
    env.globals.update(sign_up_pause=sign_up_pause)
    env.globals.update(
        languages=languages, language_name=language_name, tag=tag, interface_language=interface_language
    )
    env.filters.update(day=day, month=month, moment=moment, typeset=typeset, grouped=grouped, zip=zip)
    env.filters.update(in_words=in_words, short_day=short_day)
    return env


def one_csrf_field(request: HttpRequest) -> dict[str, object]:
    """Mask a page's CSRF token once, not once a form. A page without a form gets none, and no cookie."""
    return {"csrf_input": SimpleLazyObject(lambda: csrf_input(request))}


def _gettext(message: str, /, **values: object) -> str:
    """Translate as newstyle gettext does: always a format string, with escaped values."""
    language = get_language() or ""
    return _said(language, message) % values if values else _without_values(language, message)


@lru_cache(maxsize=4096)
def _said(language: str, message: str) -> Markup:  # noqa: ARG001 - of the words
    return Markup(gettext(message))  # noqa: S704 - from a template or a catalogue


@lru_cache(maxsize=4096)
def _without_values(language: str, message: str) -> str:
    return _said(language, message) % {}


def languages() -> list[tuple[str, str]]:
    """Return the languages a reader may choose, each with its name in itself."""
    return [(code, language_name(code)) for code in offered_languages()]


def language_name(code: str) -> str:
    return str(LANG_INFO.get(code, {}).get("name_local", code))


def day(value: date) -> str:
    """Return a date as the page's language writes it."""
    # Translators: Django's date format, day month year
    return _dated(value, gettext("j F Y"))


def short_day(value: date) -> str:
    """Return a date of this year without the year."""
    return day_and_month(value) if value.year == timezone.now().year else day(value)


def day_and_month(value: date) -> str:
    # Translators: Django's date format, day month
    return _dated(value, gettext("j F"))


def _dated(value: date, form: str) -> str:
    return _date_in(get_language() or "", value.date() if isinstance(value, datetime) else value, form)


@lru_cache(maxsize=4096)
def _date_in(language: str, value: date, form: str) -> str:  # noqa: ARG001 - of the words
    return formats.date_format(value, form)


def month(value: date) -> str:
    # Translators: Django's date format, month year
    return formats.date_format(value, gettext("F Y"))


def grouped(number: int) -> str:
    """Return a count as the page's language writes it: Chinese groups no thousands."""
    return str(number) if is_han(get_language() or "") else f"{number:,}"


def moment(value: datetime) -> str:
    """Return a date and time of day (24 hours), in the zone ``value`` is in; no line ends within it."""
    return f"{day(value)} {value:%H:%M}".replace(" ", NO_BREAK)


def _url(name: str, **arguments: object) -> str:
    return reverse(name, kwargs=arguments) if arguments else _plain_url(name)


_plain_url: Callable[[str], str] = lru_cache(reverse)


@pass_context
def paused_since(context: Context) -> datetime | None:
    """Return since when sending is paused, or None: for pages on which somebody waits for a mail."""
    mailer = settings.CONFIG.mailer
    return kept_value(
        f"paused-{mailer}",
        lambda: min((pause.since for pause in pauses_on(mailer)), default=None),
        version=version_of_all(context["request"]),
    )
