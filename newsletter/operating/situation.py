"""What holds mail at this moment, whoever it is for: pauses, the day's number, a gather, the model's cap."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cached_property

from django.conf import settings

from newsletter.core.delivery.rate_limits import without_kept
from newsletter.core.delivery.spreading import LONGEST
from newsletter.models import ArxivGate, Paper, Quota, SendPause
from newsletter.models.delivery import Cause
from newsletter.operating.words import clock, one_line
from newsletter.pipeline.gather_history import untried_since
from newsletter.pipeline.send.pause import SIGN_UP
from newsletter.pipeline.send.rate_limit import RateLimit
from newsletter.pipeline.summarize.budget import KIND as MODEL_TOKENS


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Read once, in at most six statements; what few digests depend on, when it is asked for."""

    now: datetime
    """The clock of what is recorded: slots, outcomes."""
    real_now: datetime
    """The clock of leases and waits."""
    pauses: list[SendPause] = field(default_factory=list)
    day_limit: int | None = None
    """How many mails may begin today; None: any number."""
    digests_left: int | None = None
    is_warming_up: bool = False
    """The day's number is that of a warm-up, which doubles daily."""
    gathers_until: datetime | None = None
    """While arXiv is asked, digests wait."""
    is_matching: bool = False
    """New papers were not compared with the topics yet."""
    has_model: bool = False
    tokens_used: int = 0
    tokens_cap: int = 0
    domain_rates: dict[str, float] = field(default_factory=dict)
    send_rate: float | None = None
    longest_delay: timedelta = LONGEST
    """Over how long after a slot its digests are spread."""

    @property
    def sending_pause(self) -> SendPause | None:
        """The pause that holds digests: an operator's before the service's own."""
        holding = [each for each in self.pauses if each.transport != SIGN_UP]
        return min(holding, key=lambda each: (each.transport != "*", each.since), default=None)

    @property
    def sign_up_pause(self) -> SendPause | None:
        return next((each for each in self.pauses if each.transport == SIGN_UP), None)

    @property
    def tomorrow(self) -> datetime:
        """When the day's number begins anew."""
        return datetime.combine(
            self.real_now.astimezone(UTC).date() + timedelta(days=1), time.min, tzinfo=UTC
        )

    @cached_property
    def untried_since(self) -> datetime | None:
        """Since when no papers were asked for, while they are due: late digests wait for that."""
        return untried_since(self.now)

    @property
    def is_capped(self) -> bool:
        """Whether the model may write nothing more today."""
        return self.has_model and self.tokens_used >= self.tokens_cap


def situation(*, now: datetime, real_now: datetime) -> Situation:
    config = settings.CONFIG
    limit = RateLimit(config.mailer, daily=config.send_daily, warmup=config.warmup)
    today = real_now.astimezone(UTC).date()
    day_limit = limit.limit_on(today)
    tokens = Quota.objects.filter(kind=MODEL_TOKENS, key="", day=now.astimezone(UTC).date()).first()
    gate = ArxivGate.objects.filter(held_until__gt=real_now).first()
    return Situation(
        now=now,
        real_now=real_now,
        pauses=[each for each in SendPause.objects.order_by("transport") if _concerns(each, config.mailer)],
        day_limit=day_limit,
        digests_left=limit.left_today(transactional=False, real_now=real_now),
        is_warming_up=config.warmup is not None and day_limit != config.send_daily,
        gathers_until=gate.held_until if gate else None,
        is_matching=Paper.objects.filter(matched_at=None, first_seen_at__lte=now).exists(),
        has_model=config.summariser_name != "extractive",
        tokens_used=tokens.count if tokens else 0,
        tokens_cap=config.gemini_daily_tokens,
        domain_rates=dict(config.domain_rates),
        send_rate=config.send_rate,
        longest_delay=config.longest_delay,
    )


def _concerns(pause: SendPause, mailer: str) -> bool:
    return pause.transport in ("*", SIGN_UP, mailer)


def pauses_in_words(told: Situation) -> list[str]:
    """Return each pause as a sentence with its whole reason: what was written for whoever finds it."""
    found = []
    for pause in told.pauses:
        by = "" if pause.transport in ("*", SIGN_UP) else f" by {pause.transport}"
        what = "Nobody can sign up" if pause.transport == SIGN_UP else f"No mail goes out{by}"
        since, reason = clock(pause.since, now=told.now), one_line(pause.reason)
        found.append(f"{what} since {since} UTC ({Cause(pause.cause).label}): {reason}")
    return found


def limit_in_words(told: Situation) -> str:
    """Return the day's number in words, where there is one."""
    if told.day_limit is None:
        return ""
    setting = "NEWSLETTER_WARMUP" if told.is_warming_up else "NEWSLETTER_SEND_DAILY"
    name = "the warm-up's number of today" if told.is_warming_up else "today's number"
    digests = without_kept(told.day_limit)
    kept = told.day_limit - digests
    return f"{name}, {told.day_limit:,} mails ({setting}; {kept:,} are kept for mail that people wait for)"
