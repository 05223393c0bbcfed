"""The digest that would go out to one reader, as it would be; no delivery is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from newsletter.core.composition import join_html, join_text
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import Kind
from newsletter.pipeline.choose import FIRST, choose
from newsletter.pipeline.compose import Bench
from newsletter.pipeline.messages import message_from_parts
from newsletter.pipeline.stages import Stages
from newsletter.pipeline.summarise import write_extracts, write_summaries


@dataclass(frozen=True, slots=True)
class Preview:
    subject: str
    html: str
    text: str
    message: bytes
    account: dict[str, int]
    """summarised, listed, counted, scanned."""
