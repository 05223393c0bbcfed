"""The operator's pages under ``/admin/``. Django finds the registrations by importing this package."""

from __future__ import annotations

from django.contrib import admin

from newsletter.admin import events, monitor, pauses, records, reports, subscribers, suppressions, topics

__all__ = ["events", "monitor", "pauses", "records", "reports", "subscribers", "suppressions", "topics"]

admin.site.site_header = admin.site.site_title = "Newsletter"
admin.site.index_title = "What the service knows"
