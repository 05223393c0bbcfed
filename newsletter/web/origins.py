"""Whether a form was sent from one of our own pages, where no cookie could tell."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def is_from_elsewhere(request: HttpRequest) -> bool:
    """Whether the browser says that another site's page sent this (Fetch, "Origin"; Fetch Metadata).

    What sends neither header is no browser, and stands for nobody but itself.
    """
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    own = {settings.CONFIG.base_url, f"{request.scheme}://{request.get_host()}"}
    return (
        site not in ("same-origin", "none")
        or request.headers.get("Origin", settings.CONFIG.base_url) not in own
    )
