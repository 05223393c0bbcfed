"""Where a quote stands, in words."""

from __future__ import annotations

from django.utils.translation import gettext

from newsletter.core.summaries.summary import Evidence


def place_in_words(evidence: Evidence) -> str:
    where = {"place": evidence.where, "number": evidence.page}
    if evidence.where == "abstract":
        return gettext("from the abstract")
    if evidence.where == "title":
        return gettext("from the title")
    if evidence.page and evidence.where:
        return gettext("from “%(place)s”, page %(number)s") % where
    return (gettext("from page %(number)s") if evidence.page else gettext("from “%(place)s”")) % where
