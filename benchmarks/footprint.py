"""What ``newsletter up`` costs while nothing happens: memory (PSS) a process, and seconds until it is ready.

    python benchmarks/footprint.py [--settle 20]

Starts the service in a temporary folder, with a source of papers that refuses connections, and reads
/proc/*/smaps_rollup (Linux) once it has answered and been idle for so many seconds. PSS counts a page that
processes share once in all, so the sum is what the service takes.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil

PORT_OF_NOTHING = "http://127.0.0.1:9"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--settle", type=float, default=20, help="seconds of idling before it is measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [sys.executable, "-m", "newsletter", "up", "--port", str(port)]
        begun = time.perf_counter()
        service = subprocess.Popen(command, env=environment(folder))
        try:
            wait_until_ready(port)
            ready, cpu = time.perf_counter() - begun, used(psutil.Process(service.pid))
            time.sleep(options.settle)
            report(psutil.Process(service.pid), ready=ready, cpu=cpu)
        finally:
            service.terminate()
            service.wait(timeout=30)


def environment(folder: str) -> dict[str, str]:
    urls = ("NEWSLETTER_ARXIV_API_URL", "NEWSLETTER_ARXIV_HTML_URL", "NEWSLETTER_ARXIV_OAI_URL")
    own = {
        "NEWSLETTER_DATA_DIR": folder,
        "NEWSLETTER_ENV_FILE": os.devnull,
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }
    return os.environ | own | dict.fromkeys(urls, PORT_OF_NOTHING)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_until_ready(port: int) -> None:
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5)
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return


def used(service: psutil.Process) -> float:
    """Return the seconds of CPU of all its processes, also of those that have ended."""
    times = [each.cpu_times() for each in (service, *service.children(recursive=True))]
    return sum(each.user + each.system for each in times) + times[0].children_user + times[0].children_system


def report(service: psutil.Process, *, ready: float, cpu: float) -> None:
    total = 0.0
    for process in (service, *service.children(recursive=True)):
        pss = memory(process.pid)
        total += pss
        print(f"{pss:7.1f} MiB, {memory(process.pid, 'Private_Dirty'):6.1f} of its own  {process.name()}")
    print(f"{total:7.1f} MiB in all; ready after {ready:.1f} s and {cpu:.1f} s of CPU")


def memory(pid: int, what: str = "Pss") -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) / 1024


if __name__ == "__main__":
    main()
