"""The server's deadlines and bounds, with a small application behind it; deadlines are shortened."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest
from waitress import wasyncore

from newsletter.adapters.infra import supervisor
from newsletter.adapters.infra.supervisor import Fork
from newsletter.web import server as module
from newsletter.web.bounds import MOST_BODY_BYTES, MOST_HEADER_BYTES
from newsletter.web.server import Server, listen, serve_in_forks
from tests.fakes.processes import wait_until
from tests.fakes.slow_clients import Trick, slow_clients

BIG = b"x" * 3_000_000


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read()
    answer = BIG if environ["PATH_INFO"] == "/big" else f"{environ['PATH_INFO']} {len(body)}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return [answer]


@contextmanager
def served() -> Iterator[Server]:
    """Run a server in a thread."""
    server = Server(application, listener=listen("127.0.0.1:0"))
    ended = threading.Event()

    def run() -> None:
        while not ended.is_set():
            server._turn(seconds=0.05)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield server
    finally:
        ended.set()
        thread.join()
        server.task_dispatcher.shutdown(timeout=1)
        for channel in server.channels:
            channel.handle_close()
        wasyncore.close_all(server.connections)


def port_of(server: Server) -> int:
    assert server.socket is not None
    return int(server.socket.getsockname()[1])


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port_of(server)), timeout=60)


def ask(server: Server, request: bytes) -> bytes:
    """Send a request and return the whole answer, up to the end of the connection."""
    answer = b""
    with connect(server) as connection:
        connection.sendall(request)
        while part := connection.recv(65_536):
            answer += part
    return answer


def head(path: str, *lines: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: x", "Connection: close", *lines, "", ""]).encode()


def test_it_answers_what_was_sent_and_adds_no_name_of_its_own() -> None:
    with served() as server:
        answer = ask(server, head("/a", "Content-Length: 3") + b"abc")
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(b"\r\n\r\n/a 3")
        assert b"Server:" not in answer
        chunked = head("/a", "Transfer-Encoding: chunked") + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
        assert ask(server, chunked).endswith(b"/a 3")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEADER_SECONDS", "BODY_SECONDS", "IDLE_SECONDS", "ANSWER_SECONDS"):
        monkeypatch.setattr(module, name, 1)


def test_who_reads_nothing_of_the_answer_is_closed(short: None) -> None:  # noqa: ARG001
    with served() as server, connect(server) as lazy:
        lazy.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: bool(server.channels), seconds=60, otherwise=lambda: "nobody came")
        wait_until(lambda: not server.channels, seconds=60, otherwise=lambda: "still open")


@pytest.mark.parametrize("trick", [trick for trick in Trick if not trick.reads_little])
def test_whoever_dawdles_is_closed(trick: Trick, short: None) -> None:  # noqa: ARG001
    with served() as server, slow_clients(port_of(server), trick, number=20) as clients:
        wait_until(lambda: clients.closed >= 20, seconds=60, otherwise=lambda: f"closed: {clients.closed}")


def test_who_sends_steadily_is_not_hurried() -> None:
    with served() as server, connect(server) as connection:
        for part in (
            head("/a", "Content-Length: 4")[:20],
            head("/a", "Content-Length: 4")[20:],
            b"ab",
            b"cd",
        ):
            connection.sendall(part)
            time.sleep(1.1)  # a look by the maintenance lies between
        assert connection.recv(1000).endswith(b"/a 4")


def test_one_connection_too_many_costs_the_one_that_has_waited_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MOST_CONNECTIONS", 30)
    with served() as server:
        first = connect(server)
        with slow_clients(port_of(server), Trick.HEADERS, number=60):
            assert first.recv(10) == b""
            for _ in range(10):
                assert ask(server, head("/a")).startswith(b"HTTP/1.1 200")
            assert len(server.channels) <= 31
        first.close()


def test_a_body_too_long_is_refused_before_any_of_it_is_sent() -> None:
    with served() as server:
        for path, most in (("/", MOST_BODY_BYTES), ("/hooks/sendgrid", 2_000_000), ("/admin/x", 1_000_000)):
            assert ask(server, head(path, f"Content-Length: {most + 1}")).startswith(b"HTTP/1.1 413"), path
        assert ask(server, head("/", f"Content-Length: {MOST_BODY_BYTES}") + b"a" * MOST_BODY_BYTES).endswith(
            f"/ {MOST_BODY_BYTES}".encode()
        )


def test_a_body_in_chunks_is_cut_off_where_it_gets_too_long() -> None:
    chunk = b"8000\r\n" + b"a" * 0x8000 + b"\r\n"
    with served() as server, connect(server) as connection:
        connection.sendall(head("/preferences/", "Transfer-Encoding: chunked"))
        sent = 0
        with pytest.raises(OSError, match=r"."):  # noqa: PT012 - somewhere in the loop
            for _ in range(1000):
                connection.sendall(chunk)
                sent += len(chunk)
                time.sleep(0.005)
        assert sent < 5_000_000


def test_files_are_refused_wherever_none_is_expected() -> None:
    multipart = ("Content-Type: Multipart/Form-Data; boundary=x", "Content-Length: 1")
    with served() as server:
        for path in ("/", "/preferences/x", "/admin/login/", "/hooks/sendgrid"):
            assert ask(server, head(path, *multipart)).startswith(b"HTTP/1.1 415"), path
        for path in ("/unsubscribe/x", "/preferences/x/taste/import"):
            assert ask(server, head(path, *multipart) + b"a").endswith(f"{path} 1".encode())


def test_one_request_at_a_time_is_taken() -> None:
    request = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
    with served() as server, connect(server) as patient, connect(server) as hasty:
        for _ in range(2):
            patient.sendall(request)
            answer = b""
            while not answer.endswith(b"/a 0"):
                answer += patient.recv(1000)
        hasty.sendall(request * 20)
        wait_until(lambda: len(server.channels) == 1, seconds=60, otherwise=lambda: "still open")


def test_a_head_too_long_is_refused() -> None:
    padding = MOST_HEADER_BYTES - len(head("/", "X-A: "))
    with served() as server:
        assert ask(server, head("/", "X-A: " + "a" * (padding - 1))).endswith(b"/ 0")
        assert ask(server, head("/", "X-A: " + "a" * padding)).startswith(b"HTTP/1.0 431")


def test_answers_that_nobody_reads_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_HELD_BYTES", 5_000_000)
    with served() as server:
        lazy = [connect(server) for _ in range(8)]
        for each in lazy:
            each.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")

        def is_little() -> bool:
            channels = server.channels
            return bool(channels) and sum(each.total_outbufs_len for each in channels) <= 5_000_000

        time.sleep(1)
        wait_until(is_little, seconds=60, otherwise=lambda: "too much is held")
        assert ask(server, head("/a")).startswith(b"HTTP/1.1 200")
        for each in lazy:
            each.close()


def who_answers(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    answer = b"%d" % os.getpid()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return [answer]


def test_several_processes_answer_on_one_socket_and_one_that_dies_comes_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(supervisor, "STEADY_SECONDS", 0)
    with listen("127.0.0.1:0") as listener:
        serve = partial(serve_in_forks, who_answers, listener, processes=2, keep_index_up=False)
        parent = Fork("site", serve).begin()

        def answered_by() -> int:
            with socket.create_connection(listener.getsockname(), timeout=10) as connection:
                connection.sendall(head("/", "Content-Length: 0"))
                with connection.makefile("rb") as answer:
                    return int(answer.read().rpartition(b"\r\n\r\n")[2])

        def wait_for_two(*, without: int = 0) -> set[int]:
            seen: set[int] = set()

            def are_two() -> bool:
                seen.update({answered_by()} - {without})
                return len(seen) == 2

            wait_until(are_two, seconds=20, otherwise=lambda: f"answered by {seen}")
            return seen

        try:
            first = wait_for_two()
            killed = first.pop()
            os.kill(killed, signal.SIGKILL)
            then = wait_for_two(without=killed)
            assert first < then
        finally:
            parent.terminate()
            parent.join(10)
        assert parent.exitcode == 0
        for each in then:
            with pytest.raises(ProcessLookupError):
                os.kill(each, 0)
