"""SPF, DKIM and DMARC records: what is wrong with each."""

from __future__ import annotations

import pytest

from newsletter.core.delivery.sender_records import dkim_fault, dmarc_policy, spf_fault


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        ([], "there is none"),
        (["google-site-verification=abc"], "there is none"),
        (["v=spf10 -all"], "there is none"),
        (["v=spf1 mx -all", "other"], ""),
        (["V=SPF1 a:mail.example.org ~all"], ""),
        (["v=spf1 redirect=_spf.example.org"], ""),
        (["v=spf1 mx -all", "v=spf1 a -all"], "there are 2"),
        (["v=spf1 +all"], "everybody"),
        (["v=spf1 mx"], "forbids nothing"),
        ([f"v=spf1 {' '.join(f'include:_{n}.example.org' for n in range(11))} -all"], "11 look-ups"),
        ([f"v=spf1 {' '.join(f'ip4:192.0.2.{n}' for n in range(40))} -all"], ""),
    ],
)
def test_an_spf_record(texts: list[str], fault: str) -> None:
    found = spf_fault(texts)
    assert (fault in found) if fault else found == ""


@pytest.mark.parametrize(
    ("texts", "policy"),
    [
        ([], ""),
        (["v=DMARC1; p=none"], "none"),
        (["v=DMARC1;p=Reject; rua=mailto:a@example.org"], "reject"),
        (["v=DMARC1"], ""),
        (["v=DMARC1; p=maybe"], ""),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], ""),
        (["p=none"], ""),
    ],
)
def test_a_dmarc_record(texts: list[str], policy: str) -> None:
    assert dmarc_policy(texts) == policy


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        ([], "there is none"),
        (["v=DKIM1; k=rsa; p=AAAA"], ""),
        (["v=DKIM1; k=rsa; p=AA AA"], ""),
        (["v=DKIM1; p="], "revokes"),
        (["v=DKIM1; p=BBBB"], "another key"),
    ],
)
def test_a_dkim_record(texts: list[str], fault: str) -> None:
    found = dkim_fault(texts, public_key="AAAA")
    assert (fault in found) if fault else found == ""
