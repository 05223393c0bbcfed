"""What cadences are called, in mails and on pages."""

from __future__ import annotations

from newsletter.core.delivery.cadence import LAST, Cadence, Rhythm
from newsletter.core.digests.typography import NO_BREAK

WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")


def in_words(cadence: Cadence, *, is_choice: bool = False) -> str:
    match cadence.rhythm:
        case Rhythm.DAILY:
            return "每天"
        case Rhythm.WEEKDAYS:
            return "每个工作日（周一至周五）" if is_choice else "每个工作日"
        case Rhythm.WEEKLY:
            return f"每{'、'.join(WEEKDAYS[day] for day in cadence.weekdays)}"
        case Rhythm.BIWEEKLY:
            return f"每两周的{WEEKDAYS[cadence.weekdays[0]]}"
        case Rhythm.MONTHLY if cadence.month_day == LAST:
            return "每月最后一天"
        case Rhythm.MONTHLY:
            return f"每月 {cadence.month_day}{NO_BREAK}日"
