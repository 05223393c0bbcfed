"""Mails about a reader's data and address, in the reader's language."""

from __future__ import annotations

from django.utils import translation
from django.utils.translation import gettext

from newsletter.audience.mailed_links import MailedLink
from newsletter.languages import interface_language
from newsletter.mail.transactional import EMAIL
from newsletter.transactional.mails import TransactionalMail


def fresh_link(*, language: str, link: MailedLink, is_reading: bool = True) -> TransactionalMail:
    """Send a fresh link, for what a forwarded digest must not allow."""
    with translation.override(interface_language(language)):
        subject, label = gettext("Your link to data and erasure"), gettext("Data and erasure")
        opens = gettext(
            "The link opens a page on which you can take your data with you, or have it erased. It works for "
            "one hour."
        )
        if is_reading:
            subject, label = (
                gettext("Your link to address, data and erasure"),
                gettext("Address, data and erasure"),
            )
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


def address_confirmation(*, language: str, link: MailedLink) -> TransactionalMail:
    """Ask at the new address whether it is the reader's."""
    with translation.override(interface_language(language)):
        return TransactionalMail(
            subject=gettext("Please confirm your new address"),
            paragraphs=(
                gettext(
                    "A reader of ours, probably you, wants to get digests of new arXiv papers here. "
                    "Nothing changes until you confirm."
                ),
                gettext(
                    "The link opens a page with a button, and works for one day. If it was not you, "
                    "do nothing."
                ),
            ),
            reason=gettext("You get this because %(email)s was given as a reader’s new address.")
            % {"email": EMAIL},
            language=language,
            label=gettext("Use this address"),
            link=link,
        )


def address_changed(*, language: str) -> TransactionalMail:
    """Tell the old address. It does not name the new one: this mailbox may be somebody else's by now."""
    with translation.override(interface_language(language)):
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
