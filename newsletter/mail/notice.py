"""A short mail of one purpose: a confirmation, a link, an alert. It is for one person and has no slots."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.core.composition import Piece
from newsletter.mail.styles import styles
from newsletter.mail.templates import load_template
from newsletter.mail.words import words_for


def render_notice(
    subject: str,
    *,
    paragraphs: Sequence[str],
    reason: str,
    language: str,
    name: str,
    postal_address: str = "",
    url: str = "",
    label: str = "",
) -> Piece:
    """Return the whole mail: subject as heading, paragraphs, one link, and why the reader gets it.

    ``paragraphs`` has at least one, whose beginning is the preheader. Everything given is plain text.
    """
    words = words_for(language)
    return load_template("notice").render(
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
