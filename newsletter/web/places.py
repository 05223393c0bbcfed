"""Where a quote stands, in words."""

from __future__ import annotations

from django.utils.translation import gettext

from newsletter.core.summaries.summary import Evidence


def place_in_words(evidence: Evidence) -> str:
    if evidence.where == "abstract":
        return gettext("from the abstract")
    if evidence.where == "title":
        return gettext("from the title")
    if not evidence.where:
        return gettext("from the text")
    return gettext("from “%(place)s”") % {"place": evidence.where}
