"""Figures, served while setting and licence allow it."""

from __future__ import annotations

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from newsletter.adapters import registry
from newsletter.pipeline.summarize.figures import may_serve

TYPES = {".png": "image/png", ".jpg": "image/jpeg"}


@require_safe
def figure(request: HttpRequest, name: str) -> FileResponse:  # noqa: ARG001 - a view
    """Return an image, cacheable for ever: its name is its content's hash."""
    path = registry.figure_store(settings.CONFIG).path(name)
    if path is None or not may_serve(name):
        raise Http404
    response = FileResponse(path.open("rb"), content_type=TYPES[path.suffix])
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
