"""The topic workshop: one page for readers' private topics and the operator's public ones.

Every button sends the whole form. Only "Save" and "Remove" change anything; a query that a model writes is
counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from newsletter.adapters.ports import QueryWriter
from newsletter.adapters.registry import query_writer
from newsletter.audience.query_preview import DAYS, TooBroadError
from newsletter.audience.topics import add_topic, edit_topic
from newsletter.core.arxiv.query_proposal import MAX_PAPERS
from newsletter.errors import BadInput, NewsletterError
from newsletter.languages import interface_language
from newsletter.models import Subscriber, Topic
from newsletter.models.subscriber import Status
from newsletter.pipeline.summarize.budget import DailyBudget
from newsletter.subscribers.private_topics import (
    MOST,
    LastTopicError,
    TooManyTopicsError,
    add_private_topic,
    change_private_topic,
    find_private_topic,
    remove_private_topic,
)
from newsletter.subscribers.taste.acts import TooManyPapersError
from newsletter.web.excerpts import matched_paper
from newsletter.web.own_page import subscriber_of
from newsletter.web.pages import broken_link, current_language, page, private
from newsletter.web.topics import newest_papers_at
from newsletter.web.workshop_form import Bench
from newsletter.web.workshop_words import too_broad

SHOWN = 30
"""Papers on one page."""

METHODS = ["GET", "HEAD", "POST"]


@require_http_methods(METHODS)
@private
def private_topic(request: HttpRequest, token: str, slug: str = "") -> HttpResponse:
    """A reader's page for a private topic, or a new one. Another reader's topic is unknown."""
    subscriber = subscriber_of(token)
    if subscriber is None:
        return broken_link(request)
    home = reverse("preferences_of", kwargs={"token": token})
    if subscriber.status != Status.ACTIVE:
        return HttpResponseRedirect(home)
    topic = find_private_topic(subscriber, slug) if slug else None
    if slug and topic is None:
        raise Http404
    with translation.override(interface_language(subscriber.language)):
        return _work(request, _Subscribers(subscriber, topic=topic, token=token, home=home))


@require_http_methods(METHODS)
@staff_member_required
@private
def everyones_topic(request: HttpRequest, slug: str = "") -> HttpResponse:
    """The operator's page for a public topic, or a new one."""
    if not request.user.has_perm("newsletter.change_topic" if slug else "newsletter.add_topic"):
        raise PermissionDenied
    topic = get_object_or_404(Topic, slug=slug, owner__isnull=True) if slug else None
    return _work(request, _Operators(topic))


@dataclass(slots=True)
class _Subscribers:
    """Saving and removing for a reader."""

    subscriber: Subscriber
    topic: Topic | None
    token: str
    home: str
    is_operator = False

    def save(self, bench: Bench) -> str:
        if self.topic is None:
            topic = add_private_topic(
                self.subscriber, name=bench.name, query=bench.query, now=timezone.now(), likes=bench.liked()
            )
        else:
            topic = change_private_topic(
                self.topic, name=bench.name, query=bench.query, now=timezone.now(), likes=bench.liked()
            )
        return reverse("private_topic", kwargs={"token": self.token, "slug": topic.slug})

    def remove(self) -> str:
        if self.topic is not None:
            remove_private_topic(self.subscriber, topic=self.topic, now=timezone.now())
        return self.home

    @property
    def language(self) -> str:
        return interface_language(self.subscriber.language)


@dataclass(slots=True)
class _Operators:
    """Saving for the operator, who removes topics in the admin."""

    topic: Topic | None
    subscriber = None
    is_operator = True

    def save(self, bench: Bench) -> str:
        if self.topic is None:
            topic = add_topic(
                bench.slug, name=bench.name, query=bench.query, group=bench.group, now=timezone.now()
            )
        else:
            query = bench.query if bench.query != self.topic.query else None
            topic = edit_topic(self.topic.slug, name=bench.name, query=query, group=bench.group)
        return reverse("workshop_topic", kwargs={"slug": topic.slug})

    def remove(self) -> str:
        raise Http404

    @property
    def home(self) -> str:
        return reverse("admin:newsletter_topic_changelist")

    @property
    def language(self) -> str:
        return current_language()


_Owner = _Subscribers | _Operators


def _work(request: HttpRequest, owner: _Owner) -> HttpResponse:
    if request.method != "POST":
        bench = _present(owner.topic)
        bench.attempt(now=newest_papers_at())
        return _show(request, bench, owner=owner)
    bench = Bench.sent(request.POST, subscriber=owner.subscriber)
    action = request.POST.get("action") if not {"exclude", "include"} & request.POST.keys() else None
    if action == "save" and (saved := _save(bench, owner=owner)):
        # Redirect, so that a reload sends nothing twice. #main: the form's own fragment would hide "Saved."
        return HttpResponseRedirect(f"{saved}?saved=1#main", status=303)
    if action == "remove" and (removed := _attempt(owner.remove, bench=bench)):
        return HttpResponseRedirect(f"{removed}?done=saved#topics", status=303)
    bench.do(request.POST, now=newest_papers_at(), writer=_writer() if action == "write" else None)
    return _show(request, bench, owner=owner)


def _writer() -> QueryWriter | None:
    budget = DailyBudget(daily=settings.CONFIG.gemini_daily_tokens)
    return query_writer(settings.CONFIG, budget=budget)


def _present(topic: Topic | None) -> Bench:
    if topic is None:
        return Bench()
    return Bench(name=topic.name, query=topic.query, slug=topic.slug, group=topic.group)


def _save(bench: Bench, *, owner: _Owner) -> str | None:
    bench.check_name()
    bench.check_query()
    return None if bench.errors else _attempt(lambda: owner.save(bench), bench=bench)


def _attempt(change: Callable[[], str], *, bench: Bench) -> str | None:
    """Return the next URL; None if refused, with the error in the form."""
    try:
        return change()
    except TooManyTopicsError:
        most = {"most": MOST}
        bench.errors["form"] = (
            gettext("You have %(most)s topics of your own already: remove one first.") % most
        )
    except LastTopicError:
        bench.errors["form"] = gettext(
            "This is your only topic. Choose another one on your page first, or unsubscribe there."
        )
    except TooBroadError as error:
        bench.errors["form"] = too_broad(error)
    except TooManyPapersError:
        bench.errors["form"] = gettext(
            "You have kept so many papers that these do not fit in: remove some first, or save without them."
        )
    except (BadInput, NewsletterError) as error:
        # Only a slug is left that can be wrong: name and query were checked.
        bench.errors["slug"] = str(error)
    return None


def _show(request: HttpRequest, bench: Bench, *, owner: _Owner) -> HttpResponse:
    trial = bench.trial
    shown = trial.newest(SHOWN) if trial else []
    return page(
        request,
        template="workshop.html",
        status=400 if bench.errors else 200,
        language=owner.language,
        bench=bench,
        topic=owner.topic,
        is_operator=owner.is_operator,
        home_url=owner.home,
        has_saved="saved" in request.GET and request.method != "POST",
        days=DAYS,
        matched=[matched_paper(paper.record, query=trial.query) for paper in shown] if trial else [],
        has_model=settings.CONFIG.summariser_name != "extractive",
        most=MAX_PAPERS,
        **_figures(bench),
        **_around(bench),
    )


def _around(bench: Bench) -> dict[str, Any]:
    """What the topic is about, against what the query finds."""
    if not (bench.about and bench.trial):
        return {"examples": 0, "found_examples": 0, "missed": []}
    around = bench.surroundings(now=newest_papers_at())
    query = bench.trial.query
    examples = {paper.arxiv_id for paper in around.given.values()}
    return {
        "examples": len(examples),
        "found_examples": around.found_examples(query),
        "missed": [(paper.record, paper.arxiv_id in examples) for paper in around.missed(query)],
    }


def _figures(bench: Bench) -> dict[str, Any]:
    trial = bench.trial
    return {
        "count": len(trial.paper_ids) if trial else 0,
        "compared": trial.of if trial else 0,
        "per_week": trial.per_week if trial else 0,
        "until": trial.recent.until if trial else None,
    }
