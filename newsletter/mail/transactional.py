"""Render a transactional mail: a confirmation, a link, an alert."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.core.digests.message import Fragment, placeholder
from newsletter.mail.styles import styles
from newsletter.mail.templates import load_template
from newsletter.mail.words import words_for

EMAIL, URL = f"\ue000{'email':\ue002<28}\ue001", "\ue000url\ue001"
"""Stand-ins for the reader's own strings: private-use characters that no text of ours holds.

``EMAIL`` is as wide as a long address, so that lines of the text part stay within their columns when filled.
"""


def render_transactional(
    subject: str,
    *,
    paragraphs: Sequence[str],
    reason: str,
    language: str,
    name: str,
    postal_address: str = "",
    url: str = "",
    label: str = "",
) -> Fragment:
    """Return the whole mail: subject as heading, paragraphs, one link, and why the reader gets it.

    ``paragraphs`` has at least one, whose beginning is the preheader. Everything given is plain text;
    ``EMAIL`` and ``URL`` in it become placeholders.
    """
    words = words_for(language)
    fragment = load_template("transactional").render(
        "start",
        words=words,
        css=styles(language),
        name=words.service(name),
        subject=subject,
        paragraphs=tuple(paragraphs),
        reason=reason,
        postal_address=postal_address,
        url=url,
        label=label,
    )
    return Fragment(html=_with_placeholders(fragment.html), text=_with_placeholders(fragment.text))


def _with_placeholders(text: str) -> str:
    return text.replace(EMAIL, placeholder("email")).replace(URL, placeholder("url"))
