"""The workers' app with two bugs: composing one reader's digest, or writing another's, kills the worker.

celery -A tests.chaos.poisoned worker
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

from worker.app import app  # it sets Django up, so it comes first

# isort: split
from newsletter.models import Delivery
from newsletter.pipeline.compose import compose
from newsletter.pipeline.compose import message as messages
from tests.chaos.poison import COMPOSING, WRITING

__all__ = ["app"]


def _deadly(module: Any, name: str, *, to: str) -> None:
    """Have a function die of this reader's deliveries; to all others it is what it was."""
    genuine: Callable[..., Any] = getattr(module, name)

    def function(given: Delivery | Iterable[Delivery], **options: Any) -> Any:
        deliveries = [given] if isinstance(given, Delivery) else given
        if any(delivery.subscriber and delivery.subscriber.email.startswith(to) for delivery in deliveries):
            os.kill(os.getpid(), signal.SIGKILL)
        return genuine(given, **options)

    setattr(module, name, function)


_deadly(compose, "select", to=COMPOSING)
_deadly(messages, "_addressed", to=WRITING)
