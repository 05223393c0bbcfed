"""Gemini through google-generativeai, which is at end of life: ``genai.py`` does the same without it."""

from __future__ import annotations

import re
import threading
import warnings
import weakref
from collections.abc import Mapping
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from newsletter.adapters.llm.calls import (
    TEMPERATURE,
    ModelSummariser,
    Reply,
    error_for_status,
    no_answer,
    not_json,
    token_counts,
)
from newsletter.core.summaries.prompt import Prompt

_IMPORTING = threading.Lock()
"""``warnings.catch_warnings`` changes the whole process: only one thread at a time may import."""


_REQUEST_LINE = re.compile(r"^POST \S+: ")
"""Prefix that the package puts before the service's message."""


class GeminiSummariser(ModelSummariser):
    """Each instance has its own client; nothing is configured globally."""

    _client: Any = None

    def _ask(self, prompt: Prompt, *, schema: Mapping[str, Any], max_output_tokens: int) -> Reply:
        with _IMPORTING:
            sdk = _import_sdk()
            self._client = self._client or self._new_client()
        from google.api_core.exceptions import GoogleAPICallError
        from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]

        model = sdk.GenerativeModel(self.model, system_instruction=prompt.instruction)
        # The public way, genai.configure(), is global: all summarisers would share one key.
        model._client = self._client
        try:
            response = model.generate_content(
                prompt.content,
                generation_config={
                    "response_mime_type": "application/json",
                    "response_schema": dict(schema),
                    "max_output_tokens": max_output_tokens,
                    "temperature": TEMPERATURE,
                },
                request_options={"timeout": self._timeout, "retry": None},
            )
        except GoogleAPICallError as error:
            header = error.response.headers.get("Retry-After") if error.response is not None else None
            message = _REQUEST_LINE.sub("", error.message)
            raise error_for_status(
                int(error.code or 500), message, details=error.details, retry_after=header
            ) from error
        except requests.RequestException as error:
            raise no_answer(error, is_unsent=_is_unsent(error)) from error
        except ParseError as error:
            raise not_json() from error
        return _reply(response)

    def _new_client(self) -> Any:
        from google.ai.generativelanguage import GenerativeServiceClient

        options = {"api_key": self._api_key}
        if self._endpoint:
            options["api_endpoint"] = self._endpoint
        client = GenerativeServiceClient(transport="rest", client_options=options)
        weakref.finalize(self, client.transport.close)
        return client


def _is_unsent(error: requests.RequestException) -> bool:
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(reason, NewConnectionError)


def _import_sdk() -> Any:
    """Import on first use: it takes a second, and raises FutureWarnings about its end of life."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", r"\s*All support for the `google\.generativeai` package has ended", FutureWarning
        )
        warnings.filterwarnings("ignore", r"You are using a Python version", FutureWarning)
        import google.generativeai as sdk

        return sdk


def _reply(response: Any) -> Reply:
    usage = response.usage_metadata
    candidate = response.candidates[0] if response.candidates else None
    blocked = response.prompt_feedback.block_reason
    input_tokens, output_tokens = token_counts(
        prompt=usage.prompt_token_count, written=usage.candidates_token_count, total=usage.total_token_count
    )
    return Reply(
        text="".join(part.text for part in candidate.content.parts if not getattr(part, "thought", False))
        if candidate
        else "",
        finish_reason=candidate.finish_reason.name if candidate and candidate.finish_reason else "",
        block_reason=blocked.name if blocked else "",
        has_candidate=candidate is not None,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
    )
