"""The mail's design tokens and, per language, the inline styles made of them.

Two voices: what the paper says is serif, what we or a model say is sans. Inline, because some clients drop
style blocks; longhand, because Outlook reads shorthands wrongly. Font and ink of the sans stand once, on the
table around all rows. The dark values are in the style blocks of the templates: only colours change there.
"""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from newsletter.core.digests.languages import is_han

INK, SOFT, LINK = "#1B1D21", "#565B64", "#1A4FA0"
MARK, MARK_RULE = "#FFEFA3", "#B3850C"
HAIRLINE, NOTICE_RULE = "#D9DCE1", "#8A4B00"

SERIF = "Charter,Cambria,serif"
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
    """Return the inline styles for text of ``language``, by name."""
    han = is_han(language)
    sans = HAN if han else SANS
    small = _type(13, 22 if han else 20, colour=SOFT)
    found = {
        "sans": f"font-family:{sans}",
        "serif": f"font-family:{SERIF}",
        "base": f"font-family:{sans};{_type(15, 24)};color:{INK}",
        "mast": _type(17, 24, family="" if han else SERIF, weight=700),
        "date": f"font-size:13px;font-weight:400;color:{SOFT}" + (f";font-family:{sans}" if not han else ""),
        "large": _type(20, 32 if han else 28, weight=400),
        "small": small,
        "notice": f"padding:0 0 0 12px;border-left:3px solid {NOTICE_RULE};{_type(15, 26 if han else 24)}",
        "lead_title": _type(24, 30, family=SERIF, weight=700),
        "lead_finding": _type(18, 31 if han else 27),
        "heading": f"margin:0;padding:8px 0 0;border-top:2px solid {INK};{_type(15, 22, weight=600)}",
        "share": f"font-weight:400;color:{SOFT}",
        "line_topic": f"{small};font-weight:600",
        "line": _type(16, 28 if han else 24),
        "name": f"font-family:{SERIF};font-weight:700;color:{LINK};text-decoration:none",
        "title": _type(20, 26, family=SERIF, weight=700),
        "brief_title": _type(17, 24, family=SERIF, weight=700),
        "near_title": _type(17, 23, family=SERIF, weight=700),
        "authors": _type(15, 22, family=SERIF, colour=SOFT),
        "added": f"font-family:{sans};font-size:13px;white-space:nowrap" if han else "",
        "id": f"font-family:{sans};font-size:13px;white-space:nowrap",
        "venue": _type(15, 22, family=SERIF),
        "near_finding": _type(15, 27 if han else 23),
        "quote": _type(15, 24, family=SERIF, style="italic"),
        "mark": f"background-color:{MARK};border-bottom:1px solid {MARK_RULE};color:{INK}",
        "takeaways": _type(16, 27) if han else _type(15, 23),
        "part": _type(16, 27, weight=600) if han else _type(15, 23, weight=600),
        "soft": f"color:{SOFT}",
        "links": _type(14, 30),
        "link": f"color:{LINK};white-space:nowrap",
        "act": f"color:{SOFT};white-space:nowrap",
        "save": f"font-size:13px;color:{SOFT};white-space:nowrap",
        "listed": _type(15, 22, family=SERIF),
        "foot_links": _type(15, 28),
        "hairline": f"border-top:1px solid {HAIRLINE};font-size:0;line-height:0",
    }
    return {name: Markup(value) for name, value in found.items()}  # noqa: S704 - constants of this module
