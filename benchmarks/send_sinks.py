"""What takes the mails of ``send.py``: Postfix's smtp-sink, and a sink that answers as SendGrid does.

The latter reads nothing of a request but its length: ``python benchmarks/send_sinks.py PORT``.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress

import psutil

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
SMTP_SINK, SMTP_SOURCE = (shutil.which(name, path=_PATH) for name in ("smtp-sink", "smtp-source"))
_ACCEPTED = (
    b"HTTP/1.1 202 Accepted\r\nServer: nginx\r\nDate: Mon, 15 Jun 2026 08:00:00 GMT\r\nContent-Length: 0\r\n"
    b"Connection: keep-alive\r\nX-Message-Id: 8Kh0sTnpQ1ybtx8lM2bcsA\r\n"
    b"Access-Control-Allow-Methods: POST\r\nAccess-Control-Max-Age: 600\r\n"
    b"Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n\r\n"
)
_LENGTH = b"content-length:"


class _Answering(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._head, self._left = transport, b"", 0

    def data_received(self, data: bytes) -> None:
        while data:
            if not self._left:
                head, end, data = (self._head + data).partition(b"\r\n\r\n")
                if not end:
                    self._head = head
                    return
                lower = head.lower()
                start = lower.index(_LENGTH) + len(_LENGTH)
                self._head, self._left = b"", int(lower[start:].partition(b"\r\n")[0])
            taken = min(self._left, len(data))
            self._left, data = self._left - taken, data[taken:]
            if not self._left:
                self._transport.write(_ACCEPTED)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Answering, "127.0.0.1", port)
    await server.serve_forever()


@contextmanager
def smtp_sink() -> Iterator[int]:
    """Yield the port of a smtp-sink."""
    port = _free_port()
    privileges = ["-u", pwd.getpwnam("nobody").pw_name] if os.geteuid() == 0 else []
    with _running([str(SMTP_SINK), *privileges, f"127.0.0.1:{port}", "64"], port):
        yield port


@contextmanager
def sendgrid_sink() -> Iterator[int]:
    port = _free_port()
    with _running([sys.executable, __file__, str(port)], port) as process:
        report_limit(port, process)
        yield port


def report_limit(
    port: int, process: subprocess.Popen[bytes], *, requests: int = 500, size: int = 70_000
) -> None:
    """Print what the sink takes from a client that does nothing but write."""
    request = b"POST /v3/mail/send HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % size + bytes(size)
    used, began = psutil.Process(process.pid).cpu_times(), time.monotonic()
    with closing(socket.create_connection(("127.0.0.1", port))) as client:
        for _ in range(requests):
            client.sendall(request)
            client.recv(4096)
    seconds, after = time.monotonic() - began, psutil.Process(process.pid).cpu_times()
    cpu = after.user + after.system - used.user - used.system
    print(f"the sink by itself: {requests / seconds:.0f} requests of {size // 1000} KB a second", end="")
    print(f" from one client, {1000 * cpu / requests:.2f} ms of its CPU each")


def smtp_source(port: int, *, mails: int, size: int, sessions: int) -> float:
    """Return the seconds that Postfix's own generator takes for as many mails of this size."""
    where = ["-s", str(sessions), "-l", str(size), "-m", str(mails), f"127.0.0.1:{port}"]
    began = time.monotonic()
    subprocess.run([str(SMTP_SOURCE), *where], check=True)
    return time.monotonic() - began


@contextmanager
def _running(command: Sequence[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command)
    try:
        while True:
            with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), timeout=1)):
                break
            time.sleep(0.05)
        yield process
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        return int(free.getsockname()[1])


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
