"""All URLs.

Links in mails have no trailing slash: a mail program's POST must not be redirected.
"""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.views.generic import RedirectView

from newsletter.models.taste import Act
from newsletter.web import (
    account,
    confirm,
    digests,
    feedback,
    feeds,
    figures,
    health,
    home,
    hooks,
    legal,
    library,
    link_by_mail,
    metrics,
    outbox,
    papers,
    preferences,
    reports,
    saved,
    taste,
    topics,
    unsubscribe,
    workshop,
)


class ActConverter:
    """The last part of a feedback link."""

    regex = "|".join(Act.values)

    def to_python(self, value: str) -> Act:
        return Act(value)

    def to_url(self, value: Act) -> str:
        return value.value


register_converter(ActConverter, "act")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("papers/<path:arxiv_id>/report/thanks/", reports.thanks, name="report_thanks"),
    path("papers/<path:arxiv_id>/report/", reports.report, name="report"),
    path("papers/<path:arxiv_id>/", papers.paper, name="paper"),
    path("figures/<str:name>", figures.figure, name="figure"),
    path("topics/", topics.topics, name="topics"),
    path("topics/<slug:slug>/", topics.topic, name="topic"),
    path("topics/<slug:slug>/feed.atom", feeds.topic_feed, name="topic_feed"),
    path("topics/<slug:slug>/export.md", feeds.topic_export, name="topic_export"),
    path("digests/<str:token>", digests.digest, name="digest"),
    path("r/<str:token>/<path:arxiv_id>/<act:act>", feedback.act, name="feedback_act"),
    path("r/<str:token>/<path:arxiv_id>", feedback.paper, name="feedback_paper"),
    path("confirm/<str:token>", confirm.confirm, name="confirm"),
    path("preferences/", link_by_mail.link_by_mail, name="preferences"),
    path("preferences/<str:token>", preferences.preferences_of, name="preferences_of"),
    path("preferences/<str:token>/taste", taste.taste, name="taste"),
    path("preferences/<str:token>/taste/import", library.library, name="library"),
    path("preferences/<str:token>/taste/export.<str:form>", taste.export, name="taste_export"),
    path("preferences/<str:token>/saved", saved.saved, name="saved"),
    path("preferences/<str:token>/topics/new", workshop.private_topic, name="private_topic_new"),
    path("preferences/<str:token>/topics/<slug:slug>", workshop.private_topic, name="private_topic"),
    path("account/<str:token>", account.account, name="account"),
    path("account/<str:token>/export", account.export, name="account_export"),
    path("account/<str:token>/erase", account.erase, name="account_erase"),
    path("address/<str:token>", account.address, name="address"),
    path("unsubscribe/<str:token>", unsubscribe.unsubscribe, name="unsubscribe"),
    path("unsubscribe/<str:token>/", unsubscribe.unsubscribe),  # as some programs write it; never redirected
    path("unsubscribe/<str:token>/<slug:topic>", unsubscribe.unsubscribe, name="unsubscribe_topic"),
    path("unsubscribe/<str:token>/<slug:topic>/", unsubscribe.unsubscribe),
    path("privacy/", legal.privacy, name="privacy"),
    path("about/", legal.about, name="about"),
    path("outbox/", outbox.outbox, name="outbox"),
    path("outbox/<str:mail_id>/", outbox.outbox_mail, name="outbox_mail"),
    path("outbox/<str:mail_id>/html", outbox.outbox_html, name="outbox_html"),
    path("outbox/<str:mail_id>/raw", outbox.outbox_raw, name="outbox_raw"),
    path("favicon.ico", RedirectView.as_view(url=static("newsletter/icon.svg"))),
    path("hooks/<slug:provider>", hooks.events),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
    path("admin/newsletter/topic/workshop/", workshop.everyones_topic, name="workshop"),
    path("admin/newsletter/topic/workshop/<slug:slug>/", workshop.everyones_topic, name="workshop_topic"),
    path("admin/", include("newsletter.web.operator.urls")),
    path("admin/", admin.site.urls),
]

handler404 = "newsletter.web.pages.not_found"
handler500 = "newsletter.web.pages.server_error"
