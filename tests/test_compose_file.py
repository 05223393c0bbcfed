"""``docker-compose.yml`` against the code that it starts."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from newsletter.adapters.infra.broker import Queue
from newsletter.config import Config, load_config
from newsletter.errors import ConfigurationError
from tests.fakes.compose import ROOT, Service, compose_file, interpolate, our_services, services

GIVEN = {"POSTGRES_PASSWORD": "p4ssw0rd", "NEWSLETTER_SECRET_KEY": "0123456789abcdef" * 3}
OURS = list(our_services())
LASTING = [service for service in services() if not service.is_short]


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
        assert service.is_short or before["redis"]["condition"] == "service_healthy"


def test_topics_are_loaded_from_the_folder_once() -> None:
    (topics,) = (service for service in OURS if service.name == "topics")
    assert topics.command(given=GIVEN) == ["newsletter", "topic", "load", "/topics", "--or-starter"]
    assert "./topics:/topics:ro" in topics.written["volumes"]
    assert topics.is_short


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
    assert service.written["env_file"] == ".env"
    config = load_config(filled | GIVEN, env_file=ROOT / "no such file")
    assert config.database_url
    assert config.postgres_password == GIVEN["POSTGRES_PASSWORD"]
    assert config.redis_url


def test_it_holds_no_secret_itself() -> None:
    secrets = [
        value
        for service in services()
        for name, value in service.environment.items()
        if name.endswith(("_KEY", "PASSWORD", "PASSWORD_FILE"))
    ]
    assert secrets
    assert all(value.startswith("${") for value in secrets)


def test_without_the_secret_key_nothing_of_ours_starts() -> None:
    """The database's own image refuses to start without its password."""
    filled = dict(OURS[0].environment)
    with pytest.raises(ConfigurationError, match="NEWSLETTER_SECRET_KEY must be given"):
        load_config(filled | {"POSTGRES_PASSWORD": "p4ssw0rd"}, env_file=ROOT / "no such file")


def test_a_secret_may_be_a_file_and_nothing_else_is_needed_for_it(tmp_path: Path) -> None:
    for name, value in GIVEN.items():
        (tmp_path / name).write_text(f"{value}\n")
    files = {f"{name}_FILE": str(tmp_path / name) for name in GIVEN}
    for service in services():
        for value in service.environment.values():
            interpolate(value, given=files)
    config = load_config(dict(OURS[0].environment) | files, env_file=ROOT / "no such file")
    assert (config.postgres_password, config.secret_key) == tuple(GIVEN.values())
    (database,) = (service for service in services() if service.name == "postgres")
    assert interpolate(database.environment["POSTGRES_PASSWORD_FILE"], given=files) == str(
        tmp_path / "POSTGRES_PASSWORD"
    )
    assert all("./secrets:/run/secrets:ro" in each.written["volumes"] for each in (database, *OURS))


def test_the_proxy_is_there_on_request_only_and_keeps_the_numbers_to_itself() -> None:
    (caddy,) = (service for service in services() if service.name == "caddy")
    assert caddy.written["profiles"] == ["caddy"]
    assert [service.name for service in services() if "profiles" in service.written] == ["caddy"]
    caddyfile = (ROOT / "docker" / "Caddyfile").read_text(encoding="utf-8")
    assert "respond /metrics 403" in caddyfile
    assert "reverse_proxy web:8000" in caddyfile


def test_no_log_grows_without_end_and_a_relay_on_the_host_can_be_reached() -> None:
    for service in services():
        assert service.written["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    for service in OURS:
        assert service.written["extra_hosts"] == ["host.docker.internal:host-gateway"]


def test_what_must_last_is_on_a_named_volume_and_redis_keeps_nothing() -> None:
    mounts = {service.name: service.written.get("volumes", []) for service in services()}
    used = {mount.partition(":")[0] for mount in chain.from_iterable(mounts.values())}
    kept = {name for name in used if not name.startswith("./")}
    assert kept == set(compose_file()["volumes"]) == {"data", "postgres", "caddy"}
    assert mounts["redis"] == []
    # The web serves what workers wrote: figures, and the outbox.
    assert all("data:/data" in mounts[service.name] for service in OURS)


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
