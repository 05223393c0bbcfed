"""The scheduler's Celery app, for ``celery -A worker.beat beat``: tasks by name, without Django."""

from __future__ import annotations

from celery import Celery

from newsletter.adapters.infra.broker import TRANSPORT_OPTIONS, kombu_url
from newsletter.config import load_config
from newsletter.config.starting import stopping_in_one_line
from worker.schedule import SCHEDULE

with stopping_in_one_line():
    url = kombu_url(load_config().redis_url)

# Without fixups: the one for Django would load it.
app = Celery("newsletter-beat", broker=url, fixups=[], set_as_current=False)
app.conf.update(beat_schedule=SCHEDULE, timezone="UTC", broker_transport_options=TRANSPORT_OPTIONS)
