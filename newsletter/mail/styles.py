"""The mail's design tokens and, per language, the inline styles made of them.

Inline, because some clients drop style blocks; longhand, because Outlook reads shorthands wrongly. The dark
values are in the style block of the templates: only colours change there.
"""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from newsletter.core.digests.languages import is_han

INK, SOFT, LINK, MARK = "#1B1D21", "#565B64", "#1A4FA0", "#FFEFA3"

SERIF = "Charter,Cambria,'Noto Serif','Times New Roman',serif"
"""Not Georgia: its old-style figures turn "Avatar-0" into "Avatar-o"."""
SANS = "'Segoe UI',-apple-system,BlinkMacSystemFont,'Helvetica Neue',Arial,sans-serif"
HAN = "'Segoe UI',-apple-system,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif"


def _type(
    size: int, line: int, *, family: str = "", weight: int = 0, colour: str = "", style: str = ""
) -> str:
    given = {
        "font-family": family,
        "font-size": f"{size}px",
        "font-weight": str(weight or ""),
        "font-style": style,
        "line-height": f"{line}px",
        "color": colour,
    }
    return ";".join(f"{name}:{value}" for name, value in given.items() if value)


@lru_cache(maxsize=4)
def styles(language: str) -> dict[str, Markup]:
    """Return the inline styles for text of ``language``, by name. Base of every row: sans 15/24, ink."""
    han = is_han(language)
    sans = HAN if han else SANS
    voice = sans if han else SERIF
    found = {
        "sans": sans,
        "mast": _type(17, 24, family=voice, weight=700),
        "notice": _type(20, 27, weight=700),
        "numeral": _type(44, 50, family=voice, weight=700),
        "opening": _type(19, 32 if han else 28),
        "sub": _type(15, 27 if han else 24, colour=SOFT),
        "sub_ink": _type(15, 27 if han else 24),
        "contents_topic": _type(15, 24, family=sans, colour=SOFT),
        "contents_paper": _type(15, 24, family=SERIF, colour=INK),
        "topic": _type(15, 22, weight=600),
        "topic_count": f"font-weight:400;color:{SOFT}",
        "title": _type(20, 27, family=SERIF, weight=700),
        "near_title": _type(17, 23, family=SERIF, weight=700),
        "authors": _type(15, 23, family=SERIF, colour=SOFT),
        "headline": _type(17, 30 if han else 27),
        "printed_headline": _type(17, 27, family=SERIF),
        "quote": _type(15, 24, family=SERIF, style="italic"),
        "mark": f"background-color:{MARK};font-style:normal;color:{INK}",
        "takeaways": _type(16, 28) if han else _type(15, 24),
        "printed_takeaways": _type(15, 24, family=SERIF),
        "section": _type(15, 24, weight=600),
        "not_stated": f"color:{SOFT}",
        "alt": _type(13, 20, family=SERIF, colour=SOFT),
        "caption": f"font-family:{SERIF}",
        "list": "margin-left:20px;padding:0",
        "list_rtl": "margin-right:20px;padding:0",
        "listed": _type(15, 22, family=SERIF),
        "meta": _type(13, 21 if han else 20, colour=SOFT),
        "added": f"font-family:{sans}" if han else "",
        "listed_meta": _type(13, 24, colour=SOFT),
        "aside": _type(13, 20, family=sans, style="normal", colour=SOFT),
        "sans_family": f"font-family:{sans}",
    }
    return {name: Markup(value) for name, value in found.items()}  # noqa: S704 - constants of this module
