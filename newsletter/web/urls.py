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
    cite,
    confirm,
    digests,
    feedback,
    feeds,
    figures,
    follow,
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
    previews,
    reports,
    robots,
    saved,
    search,
    share_image,
    sitemap,
    taste,
    topic_pages,
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


class WeekConverter:
    """A name such as 2026-W25; whether there is such a week is the page's."""

    regex = "[0-9]{4}-W[0-9]{2}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(ActConverter, "act")
register_converter(WeekConverter, "week")
register_converter(cite.FormConverter, "cite_form")

urlpatterns: list[URLPattern | URLResolver] = [
    path("", home.home, name="home"),
    path("robots.txt", robots.robots, name="robots"),
    path("sitemap.xml", sitemap.index, name="sitemap"),
    path("sitemap-<slug:section>-<int:number>.xml", sitemap.section, name="sitemap_section"),
    path("papers/", papers.find, name="papers"),
    path("papers/<path:arxiv_id>/cite.<cite_form:form>", cite.paper, name="paper_cite"),
    path("papers/<path:arxiv_id>/card.png", share_image.share_image, name="paper_card"),
    path("papers/<path:arxiv_id>/report/thanks/", reports.thanks, name="report_thanks"),
    path("papers/<path:arxiv_id>/report/", reports.report, name="report"),
    path("papers/<path:arxiv_id>/", papers.paper, name="paper"),
    path("figures/<str:name>", figures.figure, name="figure"),
    path("topics/", topics.topics, name="topics"),
    path("topics/<slug:slug>/", topic_pages.topic, name="topic"),
    path("topics/<slug:slug>/feed.atom", feeds.topic_feed, name="topic_feed"),
    path("topics/<slug:slug>/export.md", feeds.topic_export, name="topic_export"),
    path("topics/<slug:slug>/<week:week>/", topic_pages.topic_week, name="topic_week"),
    path("topics/<slug:slug>/<week:week>/cite.<cite_form:form>", cite.topic_week, name="topic_week_cite"),
    path("topics/<slug:slug>/<week:week>/export.md", feeds.topic_export, name="topic_week_export"),
    path("search", search.search, name="search"),
    path("digests/<str:token>", digests.digest, name="digest"),
    path("digests/<str:token>/cite.<cite_form:form>", cite.digest, name="digest_cite"),
    path("r/<str:token>/<path:arxiv_id>/follow", follow.follow, name="feedback_follow"),
    path("digests/<str:token>/mail", digests.as_mailed, name="digest_as_mailed"),
    path("r/<str:token>/<path:arxiv_id>/<act:act>", feedback.act, name="feedback_act"),
    path("r/<str:token>/<path:arxiv_id>", feedback.paper, name="feedback_paper"),
    path("confirm/<str:token>", confirm.confirm, name="confirm"),
    path("preferences/", link_by_mail.link_by_mail, name="preferences"),
    path("preferences/<str:token>", preferences.preferences_of, name="preferences_of"),
    path("preferences/<str:token>/preview", previews.preview, name="preview"),
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

handler403 = "newsletter.web.operator.pages.forbidden"
handler404 = "newsletter.web.pages.not_found"
handler500 = "newsletter.web.pages.server_error"
