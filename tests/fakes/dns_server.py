"""A name server on loopback: it has the records it was given, and lies, refuses or says nothing on request.

with DnsServer({"example.org": {"TXT": ["v=spf1 mx -all"]}}) as server:
    Dns([server.host], port=server.port)
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Mapping
from enum import Enum
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = dict[str, dict[str, list[str]]]


class Trouble(Enum):
    HANG = "no answer at all"
    REFUSE = "REFUSED"
    NONSENSE = "bytes that are no DNS message"
    INVENT = "an address for every name there is not"
    LOOP = "an alias that leads to itself"


class DnsServer:
    host = "127.0.0.1"

    def __init__(self, zone: Mapping[str, Mapping[str, list[str]]] | None = None) -> None:
        self.zone: Zone = {
            name: {kind: list(values) for kind, values in records.items()}
            for name, records in (zone or {}).items()
        }
        """By name without the last dot, then by type. TXT without quotes; of more than 255 bytes in parts."""
        self.trouble: Trouble | None = None
        self.questions: list[tuple[str, str]] = []
        self._server = _Server((self.host, 0), _Handler, owner=self)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def add(self, line: str) -> None:
        """Add a record as one types it at a provider: ``example.org. TXT "v=spf1 -all"``."""
        name, kind, value = line.split(None, 2)
        self.zone.setdefault(name.rstrip("."), {})[kind] = [
            value.strip('"').replace('" "', "") if kind == "TXT" else value
        ]

    def answer(self, request: bytes) -> bytes | None:
        question = dns.message.from_wire(request)
        [asked] = question.question
        name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
        self.questions.append((name, kind))
        if self.trouble is Trouble.HANG:
            return None
        if self.trouble is Trouble.NONSENSE:
            return request[:2] + b"\xff" * 40
        response = dns.message.make_response(question)
        response.flags |= dns.flags.RA
        values = self.zone.get(name, {}).get(kind, [])
        if self.trouble is Trouble.REFUSE:
            response.set_rcode(dns.rcode.REFUSED)
        elif self.trouble is Trouble.LOOP:
            response.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "CNAME", asked.name.to_text()))
        elif values:
            response.answer.append(
                dns.rrset.from_text(asked.name, 60, "IN", kind, *(_typed(each, kind=kind) for each in values))
            )
        elif self.trouble is Trouble.INVENT and kind == "A":
            response.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "A", "192.0.2.1"))
        elif name not in self.zone:
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _typed(value: str, *, kind: str) -> str:
    if kind != "TXT":
        return value
    return " ".join(f'"{value[at : at + 250]}"' for at in range(0, max(1, len(value)), 250))


class _Server(socketserver.ThreadingUDPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[_Handler], *, owner: DnsServer) -> None:
        self.owner = owner
        super().__init__(address, handler)


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        request, sock = self.request
        if (answer := self.server.owner.answer(request)) is not None:
            sock.sendto(answer, self.client_address)
