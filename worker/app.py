"""The Celery app, bound to Django's settings. Run it as ``celery -A worker.app worker`` or ``… beat``."""

from __future__ import annotations

import os
import warnings
from functools import partial
from typing import Any

import django
from celery import Celery, Task, bootsteps
from celery.exceptions import SecurityWarning, WorkerLostError
from celery.signals import celeryd_init, setup_logging, task_failure, worker_process_init

from newsletter.adapters.infra.broker import TRANSPORT_OPTIONS, Queue, broker_url, publish_tick
from newsletter.adapters.infra.children import die_with_parent
from newsletter.config.starting import stopping_in_one_line
from newsletter.pipeline.db_retry import BackOff
from worker.schedule import SCHEDULE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
with stopping_in_one_line():
    django.setup()
# Messages are JSON and carry ids: running as root in a container executes nothing of theirs.
warnings.filterwarnings("ignore", category=SecurityWarning)

back_off = BackOff()


class PatientTask(Task):  # type: ignore[type-arg]  # generic in stubs only
    """A task that leaves a database that refuses alone for a while."""

    def __call__(self, *args: Any, **kwargs: Any) -> None:
        back_off.run(self.name, partial(self.run, *args, **kwargs))


app = Celery("newsletter", broker=broker_url(), include=["worker.tasks"], task_cls=PatientTask)
app.conf.update(
    beat_schedule=SCHEDULE,
    timezone="UTC",
    # Early acknowledgement, no countdowns, results ignored: the database is the queue (delivery.md).
    task_acks_late=False,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    task_soft_time_limit=240,
    task_time_limit=300,
    # A mail begun just before the soft limit may take as long as the SMTP time-outs.
    task_annotations={
        f"worker.tasks.{queue}": {"soft_time_limit": 1080, "time_limit": 1140}
        for queue in (Queue.SEND, Queue.TRANSACTIONAL)
    },
    task_default_queue=Queue.COMPOSE.value,
    task_queues=None,
    task_routes={f"worker.tasks.{queue}": {"queue": queue.value} for queue in Queue},
    broker_transport_options=TRANSPORT_OPTIONS,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    # No task is acknowledged late: this only silences a Celery warning.
    worker_cancel_long_running_tasks_on_connection_loss=True,
)


class LookAtOnce(bootsteps.StartStopStep):
    """Publish a tick when a worker connects: Redis may have lost its queues, and dead workers left leases."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, parent: Any) -> None:  # noqa: ARG002  # the base class's signature
        publish_tick()


app.steps["consumer"].add(LookAtOnce)


@task_failure.connect
def _look_after_a_lost_child(sender: Task[..., Any], exception: BaseException, **_: Any) -> None:
    """A killed child lost its task: publish a tick to find its leases. A killed tick waits for beat."""
    if isinstance(exception, WorkerLostError) and sender.name != "worker.tasks.tick":
        publish_tick()


@celeryd_init.connect
def _check_secret_key(**_: Any) -> None:
    from newsletter.audience.keys import check_secret_key_or_later  # models can be imported only now

    with stopping_in_one_line():
        check_secret_key_or_later()


main_process = os.getpid()


@celeryd_init.connect
def _remember_the_worker(**_: Any) -> None:
    """It may have been forked from one that had loaded this module (``newsletter up``)."""
    global main_process
    main_process = os.getpid()


@setup_logging.connect
def _keep_django_logging(**_: Any) -> None:
    """Do nothing: connecting this signal keeps Celery from replacing the logging configuration."""


@worker_process_init.connect
def _die_with_the_worker(**_: Any) -> None:
    die_with_parent(main_process)
