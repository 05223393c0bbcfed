"""Mails for signing up, in the reader's language. Only their link is personal."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from newsletter.audience.mailed_links import MailedLink
from newsletter.languages import interface_language
from newsletter.mail.transactional import EMAIL
from newsletter.transactional.mails import TransactionalMail


def confirmation(*, language: str, link: MailedLink) -> TransactionalMail:
    """Ask whether the request came from the address's owner."""
    with translation.override(interface_language(language)):
        return TransactionalMail(
            subject=gettext("Please confirm: new arXiv papers by mail"),
            paragraphs=(
                gettext(
                    "Somebody, probably you, asked for digests of new arXiv papers to %(email)s. "
                    "None is sent until you confirm."
                )
                % {"email": EMAIL},
                gettext(
                    "The link opens a page with a button, and works for seven days. If it was not you, "
                    "do nothing: the request is forgotten."
                ),
            ),
            reason=_reason(),
            language=language,
            label=gettext("See what you asked for, and confirm"),
            link=link,
        )


def already_reading(*, language: str, link: MailedLink) -> TransactionalMail:
    """Tell a reader that they are one."""
    with translation.override(interface_language(language)):
        return TransactionalMail(
            subject=gettext("You get digests already"),
            paragraphs=(
                gettext(
                    "Somebody, probably you, asked for digests of new arXiv papers to %(email)s. "
                    "They come already, and nothing was changed."
                )
                % {"email": EMAIL},
                gettext("On your own page you can change topics, schedule and everything else."),
            ),
            reason=_reason(),
            language=language,
            label=gettext("Change topics or schedule"),
            link=link,
        )


def own_page(*, language: str, link: MailedLink) -> TransactionalMail:
    """Send a reader the link they have lost."""
    with translation.override(interface_language(language)):
        return TransactionalMail(
            subject=gettext("The link to your own page"),
            paragraphs=(
                gettext(
                    "On your own page you can change topics, schedule and everything else. Whoever has "
                    "its link can do so: please keep this mail to yourself."
                ),
            ),
            reason=_reason(),
            language=language,
            label=gettext("Change topics or schedule"),
            link=link,
        )


def page_of_who_left(*, language: str, link: MailedLink) -> TransactionalMail:
    """Send whoever has left the link to what is kept of them."""
    with translation.override(interface_language(language)):
        return TransactionalMail(
            subject=gettext("The link to your own page"),
            paragraphs=(
                gettext(
                    "No digests come to %(email)s, and none will unless you join again. On your own page you "
                    "can take your data with you, or have it erased."
                )
                % {"email": EMAIL},
            ),
            reason=_reason(),
            language=language,
            label=gettext("My digest"),
            link=link,
        )


def _reason() -> str:
    site = urlsplit(settings.CONFIG.base_url).netloc
    return gettext("You get this because %(email)s was entered at %(site)s.") % {"email": EMAIL, "site": site}
