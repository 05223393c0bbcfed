"""Every error the service raises on purpose.

The class says what a caller may do: try again, or record and go on. Adapters translate
their package's errors into these with ``raise … from``.
"""

from __future__ import annotations


class NewsletterError(Exception):
    """Base of all expected errors. ``str()`` is one line: what, where, what to do."""


class BadInput(NewsletterError):
    """Input that cannot be used. ``position``: the 0-based character at fault, if any."""

    def __init__(self, message: str, *, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (type(self), self.args, self.__dict__))


class NotFound(BadInput):
    """An unknown reader or topic."""


class ConfigurationError(NewsletterError):
    """A setting is wrong or missing: nothing can start until it is corrected."""


class TemporaryError(NewsletterError):
    """It may work later. ``retry_after``: seconds the server asked to wait, if any.

    ``reason`` is a stable code, for counting, where there is one.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        status: int | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status
        self.reason = reason

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (type(self), self.args, self.__dict__))


class IncompleteAnswer(TemporaryError):
    """arXiv sent fewer entries than its answer promises; ``missing``: how many fewer."""

    missing = 0


class PermanentError(NewsletterError):
    """It will never work as asked: record it and go on. ``reason`` is a stable code, for counting."""

    def __init__(self, message: str, *, reason: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.status = status

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (type(self), self.args, self.__dict__))


class UnusableAnswer(PermanentError):
    """A model's answer was paid for and is unusable. The tokens are the cost of all tries."""

    def __init__(
        self, message: str, *, reason: str = "", input_tokens: int = 0, output_tokens: int = 0
    ) -> None:
        super().__init__(message, reason=reason)
        self.input_tokens = input_tokens
        self.output_tokens = output_tokens


class Interrupted(TemporaryError):
    """A model's answer was paid for and unusable, and the retry failed for now."""

    input_tokens = 0
    output_tokens = 0


def _restore(
    kind: type[NewsletterError], args: tuple[object, ...], fields: dict[str, object]
) -> NewsletterError:
    """Rebuild an error from its pickle: Celery carries errors between processes."""
    error = kind(*args)
    error.__dict__.update(fields)
    return error
