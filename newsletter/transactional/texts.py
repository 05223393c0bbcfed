"""What transactional mails to readers say, in their language: confirmations and links."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from newsletter.audience.mailed_links import MailedLink
from newsletter.languages import interface_language
from newsletter.mail.transactional import EMAIL
from newsletter.transactional.mails import TransactionalMail

P = ParamSpec("P")


def _in_its_language(write: Callable[P, TransactionalMail]) -> Callable[P, TransactionalMail]:
    """Have ``gettext`` speak the argument ``language``."""

    @wraps(write)
    def written(*args: P.args, **named: P.kwargs) -> TransactionalMail:
        with translation.override(interface_language(str(named["language"]))):
            return write(*args, **named)

    return written


@_in_its_language
def confirmation(*, language: str, link: MailedLink) -> TransactionalMail:
    """Ask whether the request came from the address's owner."""
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
        reason=_entered(),
        language=language,
        label=gettext("See what you asked for, and confirm"),
        link=link,
    )


@_in_its_language
def already_reading(*, language: str, link: MailedLink) -> TransactionalMail:
    """Tell a reader that they are one."""
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
        reason=_entered(),
        language=language,
        label=gettext("Change topics or schedule"),
        link=link,
    )


@_in_its_language
def own_page(*, language: str, link: MailedLink) -> TransactionalMail:
    """Send a reader the link they have lost."""
    return TransactionalMail(
        subject=gettext("The link to your own page"),
        paragraphs=(
            gettext(
                "On your own page you can change topics, schedule and everything else. Whoever has "
                "its link can do so: please keep this mail to yourself."
            ),
        ),
        reason=_entered(),
        language=language,
        label=gettext("Change topics or schedule"),
        link=link,
    )


@_in_its_language
def page_of_who_left(*, language: str, link: MailedLink) -> TransactionalMail:
    """Send whoever has left the link to what is kept of them."""
    return TransactionalMail(
        subject=gettext("The link to your own page"),
        paragraphs=(
            gettext(
                "No digests come to %(email)s, and none will unless you join again. On your own page you "
                "can take your data with you, or have it erased."
            )
            % {"email": EMAIL},
        ),
        reason=_entered(),
        language=language,
        label=gettext("My digest"),
        link=link,
    )


@_in_its_language
def fresh_link(*, language: str, link: MailedLink, is_reading: bool = True) -> TransactionalMail:
    """Send a fresh link, for what a forwarded digest must not allow."""
    subject, label = gettext("Your link to data and erasure"), gettext("Data and erasure")
    opens = gettext(
        "The link opens a page on which you can take your data with you, or have it erased. It works for "
        "one hour."
    )
    if is_reading:
        subject = gettext("Your link to address, data and erasure")
        label = gettext("Address, data and erasure")
        opens = gettext(
            "The link opens a page on which you can change your address, take your data with you, "
            "or have it erased. It works for one hour."
        )
    return TransactionalMail(
        subject=subject,
        paragraphs=(
            opens,
            gettext("If you did not ask for it, do nothing: without the link nothing can be changed."),
        ),
        reason=gettext("You get this because a link was asked for on your own page, for %(email)s.")
        % {"email": EMAIL},
        language=language,
        label=label,
        link=link,
    )


@_in_its_language
def address_confirmation(*, language: str, link: MailedLink) -> TransactionalMail:
    """Ask at the new address whether it is the reader's."""
    return TransactionalMail(
        subject=gettext("Please confirm your new address"),
        paragraphs=(
            gettext(
                "A reader of ours, probably you, wants to get digests of new arXiv papers here. "
                "Nothing changes until you confirm."
            ),
            gettext(
                "The link opens a page with a button, and works for one day. If it was not you, do nothing."
            ),
        ),
        reason=gettext("You get this because %(email)s was given as a reader’s new address.")
        % {"email": EMAIL},
        language=language,
        label=gettext("Use this address"),
        link=link,
    )


@_in_its_language
def address_changed(*, language: str) -> TransactionalMail:
    """Tell the old address. It does not name the new one: this mailbox may be somebody else's by now."""
    return TransactionalMail(
        subject=gettext("Your digests go to another address now"),
        paragraphs=(
            gettext(
                "The address of your digests was changed, and the new one was confirmed. No more digests "
                "come here."
            ),
            gettext("If it was not you, please answer this mail."),
        ),
        reason=gettext("You get this because digests came to %(email)s until now.") % {"email": EMAIL},
        language=language,
    )


def _entered() -> str:
    site = urlsplit(settings.CONFIG.base_url).netloc
    return gettext("You get this because %(email)s was entered at %(site)s.") % {"email": EMAIL, "site": site}
