"""What a WSGI server loads."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from newsletter.config.starting import stopping_in_one_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
with stopping_in_one_line():
    # Files are served from where they are; WhiteNoise warns when there is no folder of collected ones.
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    application = get_wsgi_application()

    from newsletter.audience.keys import check_secret_key_or_later

    check_secret_key_or_later()
len(get_resolver().url_patterns)  # loads the pages: forks share them, and no visitor waits for it
