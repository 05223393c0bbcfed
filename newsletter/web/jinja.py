"""Jinja2 as web pages use it."""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse
from jinja2 import Environment, StrictUndefined


def environment(**options: Any) -> Environment:
    """Return the environment; Django's backend passes ``autoescape=True`` and its loader in ``options``."""
    env = Environment(**{**options, "undefined": StrictUndefined, "trim_blocks": True})  # noqa: S701
    env.globals.update(static=static, url=reverse)
    return env
