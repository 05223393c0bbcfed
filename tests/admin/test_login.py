"""The admin's login: locked after five failures, and the only place with sessions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

LOGIN = "/admin/login/"
OK, REFUSED, LOCKED = 302, 200, 429


@pytest.fixture(autouse=True)
def operator_account(db: None, settings: Settings) -> None:  # noqa: ARG001 - the database
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a quick one
    User.objects.create_superuser("operator", password="right horse")


def _log_in(password: str, *, name: str = "operator", ip: str = "192.0.2.1") -> HttpResponse:
    client = Client(SERVER_NAME="localhost", REMOTE_ADDR=ip)
    response = client.post(LOGIN, {"username": name, "password": password, "next": "/admin/"})
    assert isinstance(response, HttpResponse)
    return response


def _fail(times: int) -> list[int]:
    return [_log_in("wrong").status_code for _ in range(times)]


def test_the_fifth_failure_locks_and_the_right_password_no_longer_helps() -> None:
    assert _fail(5) == [REFUSED] * 4 + [LOCKED]
    locked = _log_in("right horse")
    assert locked.status_code == LOCKED
    assert "Wait an hour" in locked.content.decode()


def test_four_failures_lock_nobody_and_a_success_forgets_them() -> None:
    _fail(4)
    assert _log_in("right horse").status_code == OK
    assert not AccessAttempt.objects.exists()


def test_another_address_is_not_locked() -> None:
    _fail(6)
    assert _log_in("right horse", ip="192.0.2.2").status_code == OK


def test_whoever_tries_one_password_on_many_names_is_locked_like_one_who_tries_many_on_one() -> None:
    tries = [_log_in("spring2026", name=f"name{number}").status_code for number in range(8)]
    assert tries == [REFUSED] * 4 + [LOCKED] * 4
    assert _log_in("right horse").status_code == LOCKED


def test_the_addresses_of_one_ipv6_network_count_together() -> None:
    tries = [_log_in("wrong", ip=f"2001:db8:1:2::{number}").status_code for number in range(1, 8)]
    assert tries == [REFUSED] * 4 + [LOCKED] * 3
    assert _log_in("right horse", ip="2001:db8:1:3::1").status_code == OK


@pytest.mark.parametrize("password", ["short", "password1234", "123456789012345", "operator-1234"])
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, User.objects.get(username="operator"))


def test_a_long_one_is_taken() -> None:
    validate_password("brown fox over lazy dogs", User.objects.get(username="operator"))


def test_it_ends_after_an_hour_however_often_one_tries() -> None:
    _fail(5)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=59))
    assert _fail(3) == [LOCKED] * 3
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=61))
    assert _log_in("right horse").status_code == OK


def test_an_operator_can_unlock() -> None:
    _fail(5)
    call_command("axes_reset", verbosity=0)
    assert _log_in("right horse").status_code == OK


def test_no_password_is_kept_and_no_log_of_who_came_from_where() -> None:
    _fail(2)
    _log_in("right horse")
    _log_in("wrong secret")
    kept = str(list(AccessAttempt.objects.values()))
    assert "secret" not in kept
    assert not AccessLog.objects.exists()


def test_the_settings_satisfy_the_checks(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check", fail_level="WARNING")
    assert "0 silenced" in capsys.readouterr().out


def test_only_the_admin_has_sessions_and_its_cookie_goes_nowhere_else() -> None:
    client = Client(SERVER_NAME="localhost")
    for path in ("/", "/topics/", "/preferences/", "/unsubscribe/nobody"):
        client.get(path)
    assert "sessionid" not in client.cookies
    assert not Session.objects.exists()
    cookie = _log_in("right horse").cookies["sessionid"]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/admin/", True, "Lax")
