"""``docker-compose.yml`` against the code that it starts."""

from __future__ import annotations

from collections import Counter
from itertools import chain

import pytest

from newsletter.adapters.infra.broker import Queue
from newsletter.config import Config, load_config
from tests.fakes.compose import ROOT, Service, compose_file, interpolate, our_services, services

GIVEN = {"POSTGRES_PASSWORD": "p4ssw0rd", "NEWSLETTER_SECRET_KEY": "0123456789abcdef" * 3}
OURS = list(our_services())
LASTING = [service for service in services() if service.name != "migrate"]


def names(found: list[Service]) -> list[str]:
    return [service.name for service in found]


def test_each_queue_is_drained_by_exactly_one_service() -> None:
    drained = Counter(queue for service in OURS for queue in service.queues)
    assert drained == {stage.value: 1 for stage in Queue}


def test_what_a_person_waits_for_has_a_worker_of_its_own() -> None:
    assert [service.queues for service in OURS if Queue.TRANSACTIONAL in service.queues] == [
        [Queue.TRANSACTIONAL]
    ]


@pytest.mark.parametrize("service", OURS, ids=names(OURS))
def test_migrations_run_before_anything_else_of_ours(service: Service) -> None:
    before = service.written["depends_on"]
    assert before["postgres"]["condition"] == "service_healthy"
    if service.name != "migrate":
        assert before["migrate"]["condition"] == "service_completed_successfully"
        assert before["redis"]["condition"] == "service_healthy"


def test_migrations_run_once() -> None:
    (migrate,) = (service for service in OURS if service.name == "migrate")
    assert migrate.command(given=GIVEN) == ["newsletter", "migrate"]
    assert migrate.written["restart"] == "no"


@pytest.mark.parametrize("service", LASTING, ids=names(LASTING))
def test_a_service_that_lasts_is_restarted_and_asked_for_its_health(service: Service) -> None:
    assert service.written["restart"] == "unless-stopped"
    assert service.health_command(given=GIVEN)


@pytest.mark.parametrize("service", OURS, ids=names(OURS))
def test_it_sets_only_settings_that_exist_and_agree(service: Service) -> None:
    known = {str(field.alias) for field in Config.model_fields.values()}
    filled = {name: interpolate(value, given=GIVEN) for name, value in service.environment.items()}
    assert set(filled) <= known
    config = load_config(filled, env_file=ROOT / "no such file")
    assert config.database_url
    assert config.redis_url


def test_it_holds_no_secret_itself() -> None:
    secrets = [
        value
        for service in services()
        for name, value in service.environment.items()
        if name.endswith(("_KEY", "PASSWORD"))
    ]
    assert secrets
    assert all(value.startswith("${") for value in secrets)


@pytest.mark.parametrize("name", sorted(GIVEN))
def test_it_refuses_to_start_without_its_secrets(name: str) -> None:
    values = [value for service in services() for value in service.environment.values()]
    with pytest.raises(KeyError, match=f"{name}: set it in .env"):
        [interpolate(value, given=GIVEN | {name: ""}) for value in values]


def test_what_must_last_is_on_a_named_volume_and_redis_keeps_nothing() -> None:
    mounts = {service.name: service.written.get("volumes", []) for service in services()}
    used = {mount.partition(":")[0] for mount in chain.from_iterable(mounts.values())}
    assert used == set(compose_file()["volumes"]) == {"data", "postgres"}
    assert mounts["redis"] == []
    # The web serves what workers wrote: figures, and the outbox.
    assert {tuple(mounts[service.name]) for service in OURS} == {("data:/data",)}


def test_the_image_gets_everything_that_it_copies() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {
        source
        for line in dockerfile
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert copied == {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_the_image_runs_the_whole_service_and_not_as_root() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    final = dockerfile.rpartition("\nFROM ")[2]
    assert "\nUSER newsletter\n" in final
    assert 'CMD ["newsletter", "up", "--host", "0.0.0.0"]' in final
