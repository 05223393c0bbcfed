"""What one message costs: the byte join beside the standard library, same content, same run.

    python benchmarks/message_cost.py [--cards 10] [--messages 2000]

A digest of ready cards with a personal opening and footer. The fragments are encoded, as they are after a
worker's first digest; headers, slots and personal lines are new in every message. Below: what a DKIM
signature adds, for those who send by SMTP and have no relay that signs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from newsletter.adapters.mailers.dkim import DkimSigner
from newsletter.core.digests.headers import MessageHeaders
from newsletter.core.digests.message import Fragment, compose, join_html, join_text, placeholder

SENTENCE = (
    "We generate talking heads from speech at 42 frames a second on one consumer GPU, without a 3D prior. "
)
STYLE = "font-family:Charter,Cambria,'Noto Serif',serif;font-size:15px;line-height:24px;color:#1B1D21"


def card(number: int) -> Fragment:
    """Return a card of about 3.8 KB, the size of one with takeaways (mail.md)."""
    rows = "".join(f'<p style="{STYLE}">{number}.{row} {SENTENCE}</p>\n' for row in range(18))
    text = "".join(f"- {SENTENCE[:70]}\n  {SENTENCE[70:]}\n" for _ in range(7))
    return Fragment(f"<tr><td>\n{rows}</td></tr>\n", f"Paper {number}: Größe, 图像\n\n{text}\n")


def head_and_foot() -> tuple[Fragment, Fragment]:
    """Return the head and the foot of a digest: the foot is personal."""
    rules = "".join(f".c{number} {{ {STYLE} }}\n" for number in range(60))
    head = Fragment(f"<html><head><style>\n{rules}</style></head><body><table>\n", "arXiv digest\n\n")
    links = "".join(
        f'<a href="{placeholder(name)}">{name}</a>\n' for name in ("preferences_url", "unsubscribe_url")
    )
    foot = Fragment(
        f"<tr><td>Sent to {placeholder('email')}.\n{links}</td></tr>\n</table></body></html>\n",
        f"Sent to {placeholder('email')}.\n"
        f"{placeholder('preferences_url')}\n{placeholder('unsubscribe_url')}\n",
    )
    return head, foot


def placeholders_of(subscriber: int) -> dict[str, str]:
    base = "https://news.example.org"
    token = f"{subscriber:037d}"
    return {
        "email": f"reader{subscriber}@example.com",
        "preferences_url": f"{base}/preferences/{token}",
        "unsubscribe_url": f"{base}/unsubscribe/{token}",
    }


def headers_of(subscriber: int, placeholders: dict[str, str]) -> MessageHeaders:
    return MessageHeaders(
        from_name="arXiv digest",
        from_email="digest@news.example.org",
        to=placeholders["email"],
        subject="9 new papers: SpatialAvatar-0, SiGnature and 7 more",
        date=datetime(2026, 6, 19, 6, 0, tzinfo=UTC),
        message_id=f"<{subscriber:032x}@news.example.org>",
        delivery_id=f"{subscriber:032x}",
        list_id="digests.news.example.org",
        list_unsubscribe_url=placeholders["unsubscribe_url"],
        feedback_id="digest:arxiv-newsletter",
    )


def with_the_standard_library(headers: MessageHeaders, *, text: str, html: str) -> bytes:
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = f"{headers.from_name} <{headers.from_email}>"
    message["To"] = headers.to
    message["Subject"] = headers.subject
    message["Date"] = headers.date
    for name, value in (headers.personal() | headers.shared()).items():
        message[name] = value
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def bodies_of(message: bytes) -> list[str]:
    """Return the decoded bodies, line breaks as ``\\n``, to see that both ways say the same."""
    walked = message_from_bytes(message).walk()
    decoded = [part.get_payload(decode=True) for part in walked if not part.is_multipart()]
    return [body.decode().replace("\r\n", "\n") for body in decoded if isinstance(body, bytes)]


def microseconds(work: Callable[[int], object], *, times: int) -> float:
    """Return the median cost of one call over five rounds."""
    rounds = []
    for _ in range(5):
        started = time.perf_counter()
        for number in range(times):
            work(number)
        rounds.append((time.perf_counter() - started) / times * 1e6)
    return statistics.median(rounds)


def signers() -> dict[str, DkimSigner]:
    keys = {
        "DKIM, RSA 2048": rsa.generate_private_key(65537, 2048),
        "DKIM, RSA 4096": rsa.generate_private_key(65537, 4096),
        "DKIM, Ed25519": ed25519.Ed25519PrivateKey.generate(),
    }
    return {
        name: DkimSigner(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            selector="june",
            domain="news.example.org",
        )
        for name, key in keys.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--cards", type=int, default=10)
    parser.add_argument("--messages", type=int, default=2000)
    asked = parser.parse_args()

    head, foot = head_and_foot()
    fragments = [head, *(card(number) for number in range(asked.cards)), foot]

    def joined(subscriber: int) -> bytes:
        placeholders = placeholders_of(subscriber)
        return compose(headers_of(subscriber, placeholders), fragments, placeholders=placeholders)

    def generated(subscriber: int) -> bytes:
        placeholders = placeholders_of(subscriber)
        text, html = join_text(fragments, placeholders), join_html(fragments, placeholders)
        return with_the_standard_library(headers_of(subscriber, placeholders), text=text, html=html)

    assert bodies_of(joined(7)) == bodies_of(generated(7))
    ours = microseconds(joined, times=asked.messages)
    theirs = microseconds(generated, times=max(1, asked.messages // 100))
    print(f"{asked.cards} cards, {len(joined(7)):,} bytes a message, the same bodies both ways")
    print(f"{'':24}{'µs a message':>14}{'ratio':>10}")
    print(f"{'compose':24}{ours:>14,.1f}{1:>10}")
    print(f"{'EmailMessage.as_bytes':24}{theirs:>14,.1f}{theirs / ours:>10,.0f}")
    message = joined(7)
    for name, sign in signers().items():
        cost = microseconds(lambda _, sign=sign: sign(message), times=max(1, asked.messages // 200))
        print(f"{name:24}{cost:>14,.1f}{cost / ours:>10,.0f}")


if __name__ == "__main__":
    main()
