"""What all of the operator's pages share: who may see them, their frame, and the record of what was done."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from newsletter.operating.situation import Situation, pauses_in_words, situation
from newsletter.web.headers import PAGE_CSP
from newsletter.web.pages import page, private

View = Callable[..., HttpResponse]
PAGES = (
    ("operator", "Today"),
    ("operator_deliveries", "Deliveries"),
    ("operator_readers", "Readers"),
    ("operator_topics", "Topics"),
    ("operator_papers", "Papers"),
    ("operator_mistakes", "Reports"),
    ("operator_announce", "Announce"),
)


def operators(permission: str = "", *, methods: tuple[str, ...] = ("GET", "HEAD")) -> Callable[[View], View]:
    """Let only staff in, with this permission (``view_delivery``) if one is named; keep it out of caches."""

    def decorate(view: View) -> View:
        @wraps(view)
        def allowed(request: HttpRequest, **arguments: Any) -> HttpResponse:
            demand(request, permission)
            response = view(request, **arguments)
            response.headers.setdefault("Content-Security-Policy", PAGE_CSP)
            return response

        return require_http_methods([*methods])(staff_member_required(private(allowed)))

    return decorate


def demand(request: HttpRequest, permission: str) -> None:
    """Raise PermissionDenied unless this person has the permission."""
    if permission and not request.user.has_perm(f"newsletter.{permission}"):
        raise PermissionDenied


def may(request: HttpRequest, permission: str) -> bool:
    return bool(request.user.has_perm(f"newsletter.{permission}"))


def now_there(request: HttpRequest) -> Situation:  # noqa: ARG001 - one value a request, some day
    now = timezone.now()
    return situation(now=now, real_now=now)


def operator_page(
    request: HttpRequest, template: str, *, now: Situation, status: int = 200, **values: Any
) -> HttpResponse:
    """Render a page in the operator's frame: its pauses above it, what was done before, the other pages."""
    return page(
        request,
        template=f"operator/{template}",
        status=status,
        language="en",
        now=now,
        pages=[(name, words) for name, words in PAGES],
        pauses=pauses_in_words(now),
        is_paused=bool(now.pauses),
        may_pause=may(request, "add_sendpause"),
        may_resume=may(request, "delete_sendpause"),
        said=[(each.level_tag, str(each)) for each in messages.get_messages(request)],
        **values,
    )


@private
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - Django's signature
    """Answer staff who lack a right: only these pages and Django's admin ask for one."""
    response = operator_page(request, "forbidden.html", now=now_there(request), status=403)
    response.headers["Content-Security-Policy"] = PAGE_CSP
    return response


def back_to(name: str, **arguments: Any) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(name, kwargs=arguments))


def done(request: HttpRequest, row: Model | None, says: str, *, is_done: bool = True) -> None:
    """Show ``says`` on the next page, and keep it in the operator's log if something was done to ``row``."""
    (messages.success if is_done else messages.warning)(request, says)
    if row is not None and is_done:
        LogEntry.objects.create(
            user_id=request.user.pk or 0,
            content_type=ContentType.objects.get_for_model(row),
            object_id=str(row.pk),
            object_repr=str(row)[:200],
            action_flag=CHANGE,
            change_message=says,
        )
