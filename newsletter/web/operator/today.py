"""Today: is everything out, and if not, why? And the pause of all sending."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from newsletter.errors import NewsletterError
from newsletter.operating import history
from newsletter.operating.today import today as read_day
from newsletter.pipeline.send.pause import pause_sending, resume_sending, waiting_mails
from newsletter.web.operator import charts
from newsletter.web.operator.pages import back_to, done, now_there, operator_page, operators

LONGEST_REASON = 1000
ON_A_PHONE = 7
KINDS = ("accepted", "waiting", "failed")


@operators()
def today(request: HttpRequest) -> HttpResponse:
    now = now_there(request)
    found = read_day(now)
    days = history.deliveries_a_day(found)
    stacks = [(row.day, [(kind, getattr(row, kind)) for kind in KINDS]) for row in days]
    subscribers, claims = history.subscribers(now.now), history.claims(now.now)
    spend, complaints = history.spend(now), history.complaints_a_week(now.now)
    cap = now.tokens_cap if now.has_model else None
    return operator_page(
        request,
        "today.html",
        now=now,
        today=found,
        days=days,
        bars=charts.bars(stacks),
        phone_bars=charts.bars(stacks[-ON_A_PHONE:], width=320, height=180),
        readers=subscribers,
        reader_line=charts.line(subscribers.by_week, value=f"{subscribers.by_week[-1][1]:,}"),
        spend=spend,
        spend_line=charts.line(spend, value=_thousands(spend[-1][1]), cap=cap),
        cap=cap,
        complaints=complaints,
        complaint_line=charts.line(complaints, value=f"{complaints[-1][1]:g}"),
        claims=claims,
    )


def _thousands(tokens: int) -> str:
    return f"{tokens / 1000:,.0f}"


@operators("add_sendpause", methods=("GET", "HEAD", "POST"))
def pause(request: HttpRequest) -> HttpResponse:
    """Ask why, then stop all sending."""
    reason = request.POST.get("reason", "")[:LONGEST_REASON]
    problem = ""
    if request.method == "POST":
        try:
            standing = pause_sending(reason, now=timezone.now())
        except NewsletterError as error:
            problem = str(error)
        else:
            done(request, standing, "Sending is paused: no mail begins from now on; those begun finish.")
            return back_to("operator")
    return operator_page(
        request,
        "pause.html",
        now=now_there(request),
        status=400 if problem else 200,
        reason=reason,
        problem=problem,
        waiting=waiting_mails(),
    )


@operators("delete_sendpause", methods=("POST",))
def resume(request: HttpRequest) -> HttpResponse:
    try:
        ended = resume_sending()
    except NewsletterError as error:
        done(request, None, str(error), is_done=False)
        return back_to("operator")
    for pause in ended:
        done(request, pause, f"Sending goes on. The pause is over: {pause.reason}")
    if not ended:
        done(request, None, "Sending was not paused.")
    return back_to("operator")
