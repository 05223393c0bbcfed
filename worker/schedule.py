"""The periodic tasks. One that finds nothing due costs one query."""

from __future__ import annotations

from typing import Any

from celery.schedules import crontab

SCHEDULE: dict[str, dict[str, Any]] = {
    "plan what is due, re-publish what stalled": {
        "task": "worker.tasks.tick",
        "schedule": crontab(),  # as a minute begins, since slots do
        "options": {"queue": "compose", "expires": 60},
    },
    "hand over retries that fell due": {
        "task": "worker.tasks.retry",
        "schedule": 5.0,
        "options": {"queue": "transactional", "expires": 5},
    },
    "ask arXiv after an announcement": {
        "task": "worker.tasks.gather_if_due",
        "schedule": 300.0,
        "options": {"queue": "gather", "expires": 300},
    },
    "look up the libraries that readers brought": {
        "task": "worker.tasks.look_up_libraries",
        "schedule": 60.0,
        "options": {"queue": "gather", "expires": 60},
    },
    "ask what has become of papers that were read": {
        "task": "worker.tasks.ask_revisions",
        "schedule": 3600.0,
        "options": {"queue": "gather", "expires": 3600},
    },
    "remove figures that may be shown no longer": {
        "task": "worker.tasks.forget_figures",
        "schedule": 3600.0,
        "options": {"queue": "gather", "expires": 3600},
    },
    "notice what is late, and tell the operator": {
        "task": "worker.tasks.check_health",
        "schedule": 60.0,
        "options": {"queue": "transactional", "expires": 60},
    },
    "prove daily that leaving works": {
        "task": "worker.tasks.canary",
        "schedule": 300.0,
        "options": {"queue": "compose", "expires": 300},
    },
    "forget what is old": {
        "task": "worker.tasks.forget_old",
        "schedule": 3600.0,
        "options": {"queue": "compose", "expires": 3600},
    },
    "forget addresses that never confirmed": {
        "task": "worker.tasks.forget_unconfirmed",
        "schedule": 3600.0,
        "options": {"queue": "transactional", "expires": 3600},
    },
}
