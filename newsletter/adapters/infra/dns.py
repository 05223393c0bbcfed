"""Ask DNS, with a limit on the time: the only importer of dnspython.

A name that is not there is an empty answer. Everything else that goes wrong is ``DnsError``: no answer, a
refusal, an answer that makes no sense.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
import dns.reversename

from newsletter.errors import TemporaryError

SECONDS = 4.0
"""For one question, all servers and repeats together."""


class DnsError(TemporaryError):
    """Nothing is known of the name: no answer in time, a refusal, or an answer that makes no sense."""


class Dns:
    def __init__(self, nameservers: Sequence[str] = (), *, port: int = 53, seconds: float = SECONDS) -> None:
        """Without ``nameservers`` the machine's own are asked."""
        self._seconds, self._nameservers, self._port = seconds, list(nameservers), port

    def texts(self, name: str) -> list[str]:
        """Return the TXT records; the strings of each are joined."""
        return [b"".join(record.strings).decode("utf-8", "replace") for record in self._records(name, "TXT")]

    def addresses(self, name: str) -> list[str]:
        """Return the IPv4 and IPv6 addresses."""
        return [record.address for kind in ("A", "AAAA") for record in self._records(name, kind)]

    def names(self, address: str) -> list[str]:
        """Return what an IP address is called (PTR)."""
        try:
            name = dns.reversename.from_address(address).to_text()
        except (dns.exception.DNSException, ValueError) as error:
            raise DnsError(f"{address} is no IP address") from error
        return [record.target.to_text(omit_final_dot=True) for record in self._records(name, "PTR")]

    def mail_servers(self, domain: str) -> list[str]:
        """Return who takes mail for the domain (MX), or its own address where there is no such record."""
        hosts = [record.exchange.to_text(omit_final_dot=True) for record in self._records(domain, "MX")]
        return hosts or ([domain] if self.addresses(domain) else [])

    def invents_names(self) -> bool:
        """Say if the name servers answer for a name that cannot exist (RFC 6761 §6.4)."""
        return bool(self.addresses(f"{secrets.token_hex(8)}.invalid"))

    def _records(self, name: str, kind: str) -> list[dns.rdatatype.Any]:  # type: ignore[name-defined]
        try:
            answer = self._resolver().resolve(
                name, kind, lifetime=self._seconds, search=False, raise_on_no_answer=False
            )
        except dns.resolver.NXDOMAIN:
            return []
        except dns.exception.Timeout as error:
            raise DnsError(f"no answer for {name} ({kind}) within {self._seconds:g} seconds") from error
        except (dns.exception.DNSException, OSError, ValueError) as error:
            said = " ".join(str(error).split())[:160]
            raise DnsError(f"no usable answer for {name} ({kind}): {said or type(error).__name__}") from error
        return list(answer)

    def _resolver(self) -> dns.resolver.Resolver:
        # One for each question: they are asked by several threads.
        resolver = dns.resolver.Resolver(configure=not self._nameservers)
        if self._nameservers:
            resolver.nameservers, resolver.port = list(self._nameservers), self._port
        return resolver
