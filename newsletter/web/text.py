"""Text that no database should be asked about: NUL in a path, a query string or a form.

PostgreSQL refuses such a parameter with an error of its own, SQLite takes it. Here both refuse the request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.db import connection
from django.http import HttpRequest, HttpResponse

from newsletter.core.storable import fault_of


class RefuseUnstorableText:
    """Answer 400 as soon as a request puts such text into a query."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with connection.execute_wrapper(check):
            return self._get_response(request)


def check(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    if fault := fault_of(params):
        raise BadRequest(fault)
    return execute(sql, params, many, context)
