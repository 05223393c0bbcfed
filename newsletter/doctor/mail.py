"""Whether mail goes out and is believed: the mailer's login, and what DNS says of the sender."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from email.utils import parseaddr
from urllib.parse import urlsplit

from newsletter.adapters import registry
from newsletter.adapters.infra.dns import Dns, DnsError
from newsletter.config import Config
from newsletter.config.dkim_key import dkim_public_key
from newsletter.core.delivery.sender_records import dkim_fault, dmarc_policy, spf_fault
from newsletter.doctor.finding import Finding, fine, look, mend
from newsletter.errors import ConfigurationError, NewsletterError, PermanentError

DNS_WHY = "Large mail services refuse or hide mail whose sender they cannot check."
LOGIN = {
    "smtp": "NEWSLETTER_SMTP_URL=smtp://user:password@host:587",
    "sendgrid": "SENDGRID_API_KEY=SG.…",
    "outbox": "NEWSLETTER_OUTBOX_DIR=",
}


def login(config: Config) -> Iterator[Finding]:
    """Log in, and send nothing."""
    typed = LOGIN.get(config.mailer, ())
    try:
        reached = registry.check_login(config)
    except (PermanentError, ConfigurationError) as error:
        yield mend("mailer", f"The mailer refuses us: {error}.", why="No mail goes out.", type=typed)
    except NewsletterError as error:
        yield mend("mailer", f"The mailer does not answer: {error}.", why="No mail goes out.", type=typed)
    else:
        yield fine("mailer", f"{config.mailer} answers: {reached}.")
        if config.mailer == "outbox":
            yield look(
                "mailer-leaves",
                "Mails stay on this machine: no mailer is chosen.",
                why="Readers get nothing; it is good for a trial.",
                type=("NEWSLETTER_MAILER=smtp", LOGIN["smtp"]),
            )


def sender_checks(config: Config, dns: Dns) -> list[tuple[str, Callable[[], Iterator[Finding]]]]:
    """Return what to ask DNS, each with its name; nothing where no mail leaves this machine."""
    if not config.leaves_machine:
        return []
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        ("dns", lambda: _honest(dns)),
        ("dkim", lambda: _dkim(config, dns)),
        ("dmarc", lambda: _dmarc(config, dns)),
    ]
    if not config.mailer_facts.is_service:
        checks += [
            ("spf", lambda: _spf(config, dns)),
            ("reverse-dns", lambda: _reverse(config, dns)),
            ("bounces", lambda: _bounces(config, dns)),
        ]
    return checks


def _honest(dns: Dns) -> Iterator[Finding]:
    if dns.invents_names():
        yield look(
            "dns",
            "The name servers of this machine answer for names that do not exist.",
            why="What they say of records that are missing cannot be believed.",
            type="echo 'nameserver 9.9.9.9' | sudo tee /etc/resolv.conf",
        )
    else:
        yield fine("dns", "The name servers answer, and do not invent names.")


def bounce_domain(config: Config) -> str:
    """Return the domain of the envelope's sender, which SPF is about."""
    address = config.bounce_address
    return config.sender_domain if address in ("", "off") else parseaddr(address)[1].rpartition("@")[2]


def _spf(config: Config, dns: Dns) -> Iterator[Finding]:
    domain = bounce_domain(config)
    if fault := spf_fault(dns.texts(domain)):
        yield mend("spf", f"The SPF record of {domain}: {fault}.", why=DNS_WHY, type=spf_line(config))
    else:
        yield fine("spf", f"{domain} has an SPF record. Make sure that it names your mail server.")


def spf_line(config: Config) -> str:
    host = urlsplit(config.smtp_url).hostname or "mail.example.org"
    return f'{bounce_domain(config)}. TXT "v=spf1 a:{host} mx -all"'


def _dkim(config: Config, dns: Dns) -> Iterator[Finding]:
    if config.mailer_facts.is_service:
        yield from _dkim_of_sendgrid(config, dns)
        return
    if not config.dkim_key:
        yield look(
            "dkim",
            "This service signs nothing: your mail server must.",
            why="Unsigned, one-click unsubscribe does not count (RFC 8058), and mail is hidden as spam.",
            type=(
                "openssl genrsa 2048 > dkim.pem && chmod 600 dkim.pem",
                "NEWSLETTER_DKIM_KEY_FILE=dkim.pem",
                "NEWSLETTER_DKIM_SELECTOR=digest",
            ),
        )
        return
    name, line = dkim_name(config), dkim_line(config)
    _, public = dkim_public_key(config.dkim_key, selector=config.dkim_selector, domain=config.signing_domain)
    if fault := dkim_fault(dns.texts(name), public_key=public):
        why = "Signatures that cannot be checked count as none, and one-click unsubscribe with them."
        yield mend("dkim", f"The DKIM record at {name}: {fault}.", why=why, type=line)
    else:
        yield fine("dkim", f"The key that signs stands at {name}.")


def dkim_name(config: Config) -> str:
    return f"{config.dkim_selector}._domainkey.{config.signing_domain}"


def dkim_line(config: Config) -> str:
    """Return the record to add for the key of the settings."""
    kind, public = dkim_public_key(
        config.dkim_key, selector=config.dkim_selector, domain=config.signing_domain
    )
    value = f"v=DKIM1; k={kind}; p={public}"
    strings = " ".join(f'"{value[at : at + 250]}"' for at in range(0, len(value), 250))
    return f"{dkim_name(config)}. TXT {strings}"


def _dkim_of_sendgrid(config: Config, dns: Dns) -> Iterator[Finding]:
    names = [f"s{number}._domainkey.{config.sender_domain}" for number in (1, 2)]
    if missing := [name for name in names if not dns.texts(name)]:
        yield mend(
            "dkim",
            f"There is no record at {' and '.join(missing)}.",
            why="SendGrid then signs with its own name, and DMARC fails for yours.",
            type="SendGrid, Settings, Sender Authentication: add the records that it shows",
        )
    else:
        yield fine("dkim", f"SendGrid's keys stand under {config.sender_domain}.")


def _dmarc(config: Config, dns: Dns) -> Iterator[Finding]:
    """A domain without a record has that of the domain above it (RFC 7489 §6.6.3)."""
    labels = config.sender_domain.split(".")
    domains = [".".join(labels[at:]) for at in range(max(1, len(labels) - 1))]
    for domain in domains:
        if policy := dmarc_policy(dns.texts(f"_dmarc.{domain}")):
            yield fine("dmarc", f"{domain} has a DMARC record (p={policy}).")
            return
    yield mend(
        "dmarc",
        f"There is no usable DMARC record for {config.sender_domain}.",
        why="Gmail and Yahoo refuse bulk mail without one.",
        type=dmarc_line(config),
    )


def dmarc_line(config: Config) -> str:
    reports = f"; rua=mailto:{config.operator_email}" if config.operator_email else ""
    return f'_dmarc.{config.sender_domain}. TXT "v=DMARC1; p=none{reports}"'


def _reverse(config: Config, dns: Dns) -> Iterator[Finding]:
    """Look at what the mail server's address is called, and if that name leads back."""
    host = urlsplit(config.smtp_url).hostname or ""
    addresses = [host] if _is_ip(host) else dns.addresses(host)
    if not addresses:
        yield mend(
            "reverse-dns",
            f"{host} has no address in DNS.",
            why="The mail server cannot be reached.",
            type=LOGIN["smtp"],
        )
        return
    nameless = [
        each for each in addresses if not any(each in dns.addresses(name) for name in dns.names(each))
    ]
    if nameless:
        yield look(
            "reverse-dns",
            f"The name of {nameless[0]} ({host}) does not lead back to it.",
            why="A mail server whose address has no name is refused by many others.",
            type=f"{ipaddress.ip_address(nameless[0]).reverse_pointer}. PTR {host}.",
        )
    else:
        yield fine("reverse-dns", f"The address of {host} and its name lead to each other.")


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _bounces(config: Config, dns: Dns) -> Iterator[Finding]:
    domain = bounce_domain(config)
    if not dns.mail_servers(domain):
        yield mend(
            "bounces",
            f"No mail server takes mail for {domain}.",
            why="What cannot be delivered comes back there: without it dead addresses are mailed for ever.",
            type=f"{domain}. MX 10 mail.{domain}.",
        )
    else:
        yield fine("bounces", f"Mail for {domain} has a server.")


def unknown(check: str, error: DnsError) -> Finding:
    return look(
        check,
        f"Not known: {error}.",
        why="DNS that does not answer here may be DNS that does not answer others.",
        type="newsletter doctor",
    )
