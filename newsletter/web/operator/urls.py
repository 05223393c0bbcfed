"""The addresses of the operator's pages; all else below ``/admin/`` is Django's admin."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, path

from newsletter.web.operator import announce, deliveries, mistakes, papers, subscribers, today, topics

urlpatterns: list[URLPattern] = [
    path("", today.today, name="operator"),
    path("pause/", today.pause, name="operator_pause"),
    path("resume/", today.resume, name="operator_resume"),
    path("deliveries/", deliveries.listing, name="operator_deliveries"),
    path("deliveries/of/", deliveries.of_subscriber, name="operator_deliveries_of"),
    path("deliveries/<uuid:key>/", deliveries.one, name="operator_delivery"),
    path("deliveries/<uuid:key>/mail/<str:part>", deliveries.mail, name="operator_mail"),
    path("deliveries/<uuid:key>/<slug:deed>/", deliveries.act, name="operator_delivery_act"),
    path("readers/", subscribers.listing, name="operator_readers"),
    path("readers/<int:key>/", subscribers.one, name="operator_reader"),
    path("readers/<int:key>/preview", subscribers.preview, name="operator_preview"),
    path("readers/<int:key>/<slug:deed>/", subscribers.act, name="operator_reader_act"),
    path("topics/", topics.listing, name="operator_topics"),
    path("topics/<slug:slug>/", topics.one, name="operator_topic"),
    path("papers/", papers.listing, name="operator_papers"),
    path("papers/<path:arxiv_id>/", papers.one, name="operator_paper"),
    path("mistakes/", mistakes.listing, name="operator_mistakes"),
    path("mistakes/<int:key>/", mistakes.one, name="operator_mistake"),
    path("announce/", announce.announce, name="operator_announce"),
    path("announce/<int:key>/end/", announce.end, name="operator_announce_end"),
    path("records/", admin.site.admin_view(admin.site.index), name="operator_records"),
]
