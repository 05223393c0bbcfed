"""Postfix's test receiver, as a process: an SMTP server that nobody here has written.

with SmtpSink(folder, "-f", "RCPT") as sink:
    mailer = SmtpMailer(sink.url)
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections import Counter
from contextlib import closing, suppress
from email import message_from_bytes
from pathlib import Path
from types import TracebackType
from typing import Self

SMTP_SINK = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""
MISSING = "smtp-sink is not installed (Debian: postfix)"


class SmtpSink:
    """Refuses, delays and hangs up as its options say; what it takes is kept in ``folder``."""

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.port = port or _free_port()
        privileges = []
        if os.geteuid() == 0:  # it does not run as root
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            privileges = ["-u", "nobody", "-R", str(folder)]
        self._command = [SMTP_SINK, *privileges, "-d", "mail.", *options, f"127.0.0.1:{self.port}", "16"]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?tls=off"

    @property
    def dumps(self) -> list[bytes]:
        """The messages it took, each behind the headers that smtp-sink adds; lines end in \\n."""
        return [path.read_bytes() for path in sorted(self._folder.iterdir())]

    @property
    def accepted(self) -> Counter[str]:
        """How many copies it took, by X-Newsletter-Delivery."""
        return Counter(str(message_from_bytes(dump)["X-Newsletter-Delivery"]) for dump in self.dumps)

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, cwd=self._folder, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not self._listens():
            assert time.monotonic() < deadline, "smtp-sink does not come up"
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=60)

    def _listens(self) -> bool:
        with suppress(OSError), closing(socket.create_connection(("127.0.0.1", self.port), timeout=1)):
            return True
        return False


def _free_port() -> int:
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])
