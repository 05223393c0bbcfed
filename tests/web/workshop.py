"""What the tests of the workshop's page share: its address, its form, and what it shows."""

from __future__ import annotations

import html
import re
from typing import Any

from django.test import Client

from newsletter.audience.tokens import Purpose
from tests.web.conftest import Service


def new_topic_page(service: Service) -> str:
    return f"{service.link(Purpose.PREFERENCES)}/topics/new"


def press(visitor: Client, path: str, **fields: str) -> Any:
    """Load the page and send its form with these fields, as a browser does."""
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', visitor.get(path).content.decode())
    assert found is not None
    return visitor.post(path, fields | {"csrfmiddlewaretoken": found[1]})


def shown_text(response: Any) -> str:
    return html.unescape(response.content.decode())


def query_of(response: Any) -> str:
    """Return what stands in the query field."""
    found = re.search(r'<textarea id="query".*?>(.*?)</textarea>', response.content.decode(), re.DOTALL)
    assert found is not None
    return html.unescape(found[1])
