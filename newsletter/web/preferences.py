"""The reader's own page: preferences, and the forms that change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from newsletter.audience.tokens import Purpose, make_token
from newsletter.core.delivery.cadence import Cadence
from newsletter.core.summaries.summary import DetailLevel
from newsletter.errors import BadInput
from newsletter.languages import interface_language
from newsletter.models import FollowedAuthor, Subscriber
from newsletter.models.composed import Composed
from newsletter.models.subscriber import Status
from newsletter.subscribers.account import mail_fresh_link
from newsletter.subscribers.change import LONGEST_PAUSE, pause, resume
from newsletter.subscribers.on_demand import Answer, send_one_now
from newsletter.subscribers.revoke_links import sign_out_everywhere
from newsletter.subscribers.taste.listing import counts_and_liked
from newsletter.subscribers.taste.words import profile_words, strongest
from newsletter.web import schedules
from newsletter.web.own_page import subscriber_of
from newsletter.web.own_topics import MOST_WORDS, Offered, offered_groups, offered_to, own_topics
from newsletter.web.pages import broken_link, page, private
from newsletter.web.past_digests import past_digests
from newsletter.web.preference_fields import zone_options
from newsletter.web.preferences_form import PreferencesForm
from newsletter.web.rendered import version_of_all
from newsletter.web.taste import ACTIONS as TASTE

ANSWERS = {
    Answer.PLANNED: "now",
    Answer.UNDER_WAY: "under-way",
    Answer.HAD_TODAY: "had-today",
    Answer.NOT_MAILED: "not-mailed",
}


@require_http_methods(["GET", "HEAD", "POST"])
@private
def preferences_of(request: HttpRequest, token: str) -> HttpResponse:
    """Show the reader's page; POST changes everything requested, or nothing."""
    subscriber = subscriber_of(token)
    if subscriber is None:
        return broken_link(request)
    form = PreferencesForm.of(subscriber)
    do = request.POST.get("do", "")
    if request.method == "POST" and do == "revoke":
        return _sign_out(request, subscriber)
    if request.method == "POST" and (subscriber.status == Status.ACTIVE or do in ACTIONS_OF_WHO_LEFT):
        with translation.override(interface_language(subscriber.language)):
            act = ACTIONS.get(do, _save)
            form, done = act(request, subscriber, timezone.now())
        if not form.errors:
            # Redirect after POST, so that a reload sends nothing twice.
            return HttpResponseRedirect(f"{request.path}?{_result(request, done)}", status=303)
    return _show(request, subscriber, form=form)


def _result(request: HttpRequest, done: str) -> str:
    code, _, place = done.partition("#")
    dropped = {"topic": request.POST["drop"][:80]} if code == "dropped" else {}
    return urlencode({"done": code, **dropped}) + (f"#{place}" if place else "")


def _sign_out(request: HttpRequest, subscriber: Subscriber) -> HttpResponse:
    """Revoke all links. The new one is mailed, not shown: a stranger may have pressed the button."""
    sign_out_everywhere(subscriber, now=timezone.now())
    return page(
        request,
        template="links-revoked.html",
        language=interface_language(subscriber.language),
        is_mailed=subscriber.may_ask_for_links(),
    )


Acted = tuple[PreferencesForm, str]
"""The form with its errors; and a word for what was done, if there are none."""


def _save(request: HttpRequest, subscriber: Subscriber, now: datetime) -> Acted:
    form = PreferencesForm.sent(request, subscriber=subscriber)
    if not form.errors:
        form.save(subscriber, now=now)
    return form, next((done for field, done in DONE_BY.items() if field in request.POST), "saved#when")


def _pause(request: HttpRequest, subscriber: Subscriber, now: datetime) -> Acted:
    form, given = PreferencesForm.of(subscriber), request.POST.get("until", "").strip()[:80]
    try:
        pause(subscriber, until=date.fromisoformat(given), now=now)
    except (BadInput, ValueError):
        days = {"given": given, "days": LONGEST_PAUSE.days}
        form.errors["until"] = gettext("“%(given)s” is not a date in the next %(days)s days.") % days
    return form, "paused"


def _resume(request: HttpRequest, subscriber: Subscriber, now: datetime) -> Acted:  # noqa: ARG001 - an action
    resume(subscriber, now=now)
    return PreferencesForm.of(subscriber), "resumed"


def _send_now(request: HttpRequest, subscriber: Subscriber, now: datetime) -> Acted:  # noqa: ARG001 - an action
    return PreferencesForm.of(subscriber), ANSWERS[send_one_now(subscriber, now=now)]


def _mail_link(request: HttpRequest, subscriber: Subscriber, now: datetime) -> Acted:  # noqa: ARG001 - an action
    return PreferencesForm.of(subscriber), "link" if mail_fresh_link(subscriber, now=now) else "no-link"


ACTIONS: dict[str, Callable[[HttpRequest, Subscriber, datetime], Acted]] = {
    "pause": _pause,
    "resume": _resume,
    "now": _send_now,
    "link": _mail_link,
}
ACTIONS_OF_WHO_LEFT = {"link"}
DONE_BY = {"move": "moved#topics", "add": "added#topics", "drop": "dropped#topics"}
"""A field of the forms of topics → what is said then, and where."""


def _taste(act: Callable[[HttpRequest, Subscriber, datetime], str]) -> Callable[..., Acted]:
    """Return an action of the page "What I like" as one of this page."""

    def acted(request: HttpRequest, subscriber: Subscriber, now: datetime) -> Acted:
        form, problem = PreferencesForm.of(subscriber), act(request, subscriber, now)
        if problem:
            form.errors["taste"] = problem
        return form, f"{request.POST['do']}#taste"

    return acted


ACTIONS |= {name: _taste(TASTE[name]) for name in ("mute", "unfollow", "switches", "forget")}


def _show(request: HttpRequest, subscriber: Subscriber, *, form: PreferencesForm) -> HttpResponse:
    language, now = interface_language(subscriber.language), timezone.now()
    today = now.astimezone(subscriber.zone).date()
    with translation.override(language):
        values = _values(request, subscriber, form=form, language=language, now=now)
    return page(
        request,
        template="preferences.html",
        status=400 if form.errors else 200,
        language=language,
        subscriber=subscriber,
        status_now=subscriber.shown_status(now=now),
        next_at=subscriber.next_slot_at.astimezone(subscriber.zone) if subscriber.next_slot_at else None,
        may_ask_for_links=subscriber.may_ask_for_links(),
        paused_until=subscriber.paused_until.astimezone(subscriber.zone) if subscriber.paused_until else None,
        pause_first=today + timedelta(days=1),
        pause_last=today + LONGEST_PAUSE,
        form=form,
        done=request.GET.get("done", "") if request.method != "POST" else "",
        token=make_token(Purpose.PREFERENCES, subject=subscriber.link_key),
        unsubscribe_token=make_token(Purpose.UNSUBSCRIBE, subject=subscriber.link_key),
        **values,
    )


_FOLLOWED_AUTHORS = Composed[FollowedAuthor](
    lambda pk: FollowedAuthor.objects.filter(subscriber=pk).order_by("name_key"), sample=-1
)


def _values(
    request: HttpRequest, subscriber: Subscriber, *, form: PreferencesForm, language: str, now: datetime
) -> dict[str, Any]:
    digests = past_digests(subscriber, now=now)
    offered = offered_to(subscriber, language=language, version=version_of_all(request))
    find = request.GET.get("find", "").strip()[:MOST_WORDS]
    shelves, kept = counts_and_liked(subscriber)
    return {
        "digests": digests,
        "cadence_words": schedules.in_words(Cadence.parse(subscriber.cadence)),
        "own_topics": own_topics(
            form.topics,
            offered=offered,
            cadences=form.cadences,
            subscriber=subscriber,
            digests=digests,
        ),
        "find": find,
        "dropped": _dropped(request, offered, followed=form.topics),
        "groups": offered_groups(offered, chosen=form.topics, find=find),
        "cadences": schedules.options(form.values["cadence"]),
        "depths": [depth.value for depth in DetailLevel],
        "zones": zone_options(),
        "shelves": shelves,
        "kept": kept,
        "words": strongest(profile_words(subscriber)) if subscriber.taste_version else ([], []),
        "authors": list(_FOLLOWED_AUTHORS.models(subscriber.pk)) if subscriber.taste_version else [],
    }


def _dropped(
    request: HttpRequest, offered: Mapping[str, Offered], *, followed: Sequence[str]
) -> tuple[str, str] | None:
    """Return slug and name of the topic that was unfollowed a moment ago, to be taken back."""
    topic = offered.get(request.GET.get("topic", ""))
    return (topic.slug, topic.name) if topic and topic.slug not in followed else None
