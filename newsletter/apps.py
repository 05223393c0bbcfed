"""Django's entry for this app."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class NewsletterConfig(AppConfig):
    name = "newsletter"
    verbose_name = "Newsletter"

    def ready(self) -> None:
        from newsletter.models.page_change import install_triggers  # models load before this

        post_migrate.connect(install_triggers, sender=self)
