"""Gemini through google-genai, the successor of google-generativeai: the extra ``genai``."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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
from newsletter.errors import ConfigurationError

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.errors import APIError
    from google.genai.types import GenerateContentResponse

_BUILDING = threading.Lock()


class GenaiSummariser(ModelSummariser):
    """Each instance has a client of its own; the package's environment variables are ignored."""

    _client: Client | None = None

    def _ask(self, prompt: Prompt, *, schema: Mapping[str, Any], max_output_tokens: int) -> Reply:
        with _BUILDING:
            self._client = client = self._client or self._new_client()
        import httpx2
        from google.genai.errors import APIError
        from google.genai.types import GenerateContentConfig

        try:
            response = client.models.generate_content(
                model=self.model,
                contents=prompt.content,
                config=GenerateContentConfig(
                    system_instruction=prompt.instruction,
                    response_mime_type="application/json",
                    response_schema=dict(schema),
                    max_output_tokens=max_output_tokens,
                    temperature=TEMPERATURE,
                ),
            )
        except APIError as error:
            raise _translated(error) from error
        except httpx2.HTTPError as error:
            is_unsent = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
            raise no_answer(error, is_unsent=is_unsent) from error
        except ValueError as error:  # an answer of another shape, or no JSON at all
            raise not_json() from error
        return _reply(response)

    def _new_client(self) -> Client:
        try:
            import httpx2
            from google.genai import Client
            from google.genai.types import HttpOptions
        except ImportError as error:
            raise ConfigurationError(
                "NEWSLETTER_SUMMARISER=genai needs google-genai: install arxiv-newsletter[genai]."
            ) from error
        http = httpx2.Client(timeout=self._timeout)
        weakref.finalize(self, http.close)
        return Client(
            api_key=self._api_key,
            vertexai=False,
            http_options=HttpOptions(
                base_url=self._endpoint or "https://generativelanguage.googleapis.com",
                api_version="v1beta",
                timeout=round(self._timeout * 1000),
                httpx_client=http,
            ),
        )


def _translated(error: APIError) -> Exception:
    body = error.details if isinstance(error.details, dict) else {}
    headers = getattr(error.response, "headers", None) or {}
    return error_for_status(
        error.code,
        error.message or "",
        details=body.get("error", {}).get("details", ()),
        retry_after=headers.get("retry-after"),
    )


def _reply(response: GenerateContentResponse) -> Reply:
    usage = response.usage_metadata
    candidate = response.candidates[0] if response.candidates else None
    parts = (candidate.content.parts if candidate and candidate.content else None) or []
    feedback = response.prompt_feedback
    input_tokens, output_tokens = token_counts(
        prompt=usage.prompt_token_count if usage else None,
        written=usage.candidates_token_count if usage else None,
        total=usage.total_token_count if usage else None,
    )
    return Reply(
        text="".join(part.text or "" for part in parts if not part.thought),
        finish_reason=candidate.finish_reason.value if candidate and candidate.finish_reason else "",
        block_reason=feedback.block_reason.value if feedback and feedback.block_reason else "",
        has_candidate=candidate is not None,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
    )
