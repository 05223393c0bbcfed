"""The tasks, in the order of the flow. Each calls one function of the pipeline."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from newsletter.adapters.infra.heartbeat import note_scheduler
from newsletter.adapters.registry import paper_finder
from newsletter.canary import fly as _canary
from newsletter.pipeline import tasks as work
from newsletter.pipeline.monitor.alerts import check_health as _check_health
from newsletter.pipeline.monitor.retention import forget_old as _forget_old
from newsletter.subscribers.confirm import forget_unconfirmed as _forget_unconfirmed
from newsletter.subscribers.taste.imports import look_up_libraries as _look_up_libraries
from worker.app import app

LOOKUP_TIME = timedelta(minutes=1)
"""Gathers wait meanwhile: arXiv has one connection for the whole service."""


@app.task
def gather_if_due() -> None:
    work.gather_if_due()


@app.task
def ask_revisions() -> None:
    work.ask_revisions()


@app.task
def gather() -> None:
    work.gather()


@app.task
def tick() -> None:
    work.tick()


@app.task
def summarize() -> None:
    work.summarize()


@app.task
def compose(after: str = "") -> None:
    work.compose(after=after)


@app.task
def send() -> None:
    work.send()


@app.task
def transactional(after: str = "") -> None:
    work.transactional(after=after)


@app.task
def events() -> None:
    work.events()


@app.task
def retry() -> None:
    # Only the scheduler publishes this, every few seconds.
    note_scheduler(settings.CONFIG.redis_url)
    work.retry()


@app.task
def forget_figures() -> None:
    work.forget_figures()


@app.task
def check_health() -> None:
    _check_health(now=timezone.now())


@app.task
def canary() -> None:
    _canary(now=timezone.now())


@app.task
def look_up_libraries() -> None:
    _look_up_libraries(paper_finder(settings.CONFIG), deadline=timezone.now() + LOOKUP_TIME)


@app.task
def forget_old() -> None:
    _forget_old(now=timezone.now())


@app.task
def forget_unconfirmed() -> None:
    _forget_unconfirmed(now=timezone.now())
