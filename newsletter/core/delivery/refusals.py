"""Whether a refusal says that there is no such mailbox: by its enhanced code (RFC 3463) and its words.

Large providers use codes that mean something else (Office 365: 5.4.1, Hotmail: 5.5.0, Yandex: 5.7.1) or none
(Yahoo). Refusals about us or the message (blocklist, policy, rate) say nothing about the mailbox, whatever
the code: one blocklisting must not suppress a whole list. SMTP answers, DSNs and provider events use this
rule.
"""

from __future__ import annotations

import re

ENHANCED_CODE = re.compile(r"(?<![.\d])[245]\.\d{1,3}\.\d{1,3}(?![.\w])")
"""RFC 3463 §2, anywhere in a text."""
BAD_ADDRESS_CODES = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"})
"""RFC 3463 §3.2 and §3.5, RFC 7505: no such mailbox, domain or syntax; a mailbox that has moved; a domain
without mail; a disabled mailbox; a domain without a host."""

_NAMES = re.compile(r"\S*(?:@|://)\S*|\b[\w-]+(?:\.[\w-]+)+\b")
"""Addresses, links, hosts and codes: ``mx.spamfilter.example`` is no verdict."""
_ABOUT_US = re.compile(
    r"""\b(?:block(?:ed|ing|list\w*)|black-?list\w*|deny-?list\w*|banned|dnsbl|rbl|reputation|spam\w*
    |unsolicited|polic(?:y|ies)|prohibit\w*|restrict\w*|grey-?list\w*|gray-?list\w*|virus|malware|phishing
    |spf|dkim|dmarc|ptr|rdns|reverse\ dns|authenticat\w*|unauthenticated|authoriz\w*|unauthorized|permission
    |rate|too\ (?:many|quickly|fast|large|big)|limit(?:ed|s)?|quota|storage|full|message\ size
    |temporar\w*|try\ (?:again|later)|relay(?:ing)?\ (?:access\ )?(?:denied|not)|unable\ to\ relay
    |(?:envelope\ |bad\ )?sender|mail\ from|your\ (?:host|server|ip|account|domain)|client\ host|content
    |outbound|outgoing|sending\ (?:ip|is|has|from)|suspend\w*)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_WHO = r"(?:user|recipient|mailbox|account|address(?:ee)?|alias|local[ -]part|person|customer)"
_GONE = (
    r"(?:unknown|not\ (?:found|exist|known|active|present)|invalid|non-?existent|inactive|disabled|closed)"
)
_IS = r"(?:\ (?:is|was|has\ been|could|be))*"
_NO_SUCH = re.compile(
    rf"""\bno\ such\ (?:e-?mail\ )?{_WHO} | \bno\ (?:mail\ ?box|account|{_WHO})\ (?:here|found|by\ that\ name)
    |\b{_WHO}{_IS}\ {_GONE}\b | \b(?:unknown|non-?existent)\ (?:or\ \w+\ )?{_WHO}\b(?!\ error)
    |\binvalid\ (?:recipient|mailbox|user|alias)\b | \b{_WHO}\ (?:\S+\ )?(?:does\ not|doesn['’]t)\ exist\b
    |\bdoesn['’]t\ have\ an?\ (?:\S+\ )?account\b
    |\bnot\ (?:a\ )?(?:known|valid)\ (?:user|recipient|mailbox)\b
    |\bnot\ our\ customer\b | \bno\ longer\ (?:on\ server|valid|in\ use|active|accepts\ mail|exists)\b
    |\baccount\ that\ you\ tried\ to\ reach\ (?:does\ not\ exist|is\ (?:disabled|inactive))\b
    |\bno\ user\ record\ found\b | \bRESOLVER\.ADR\.\w*NotFound\b | \bdelivery\ error:\ dd\b
    |\bdisabled\ or\ discontinued\b | \b(?:host\ or\ )?domain\ name\ not\ found\b""",
    re.IGNORECASE | re.VERBOSE,
)
"""Words that are enough without a code."""
_OF_A_RECIPIENT = re.compile(r"\brecipient\b|\bno such\b", re.IGNORECASE)
"""Required besides a policy code (5.7.x): "this account is disabled" may mean our account at the relay."""
_NO_SUCH_BY_CODE = {
    "": re.compile(r"\bmailbox unavailable\b", re.IGNORECASE),
    "5.0.0": re.compile(r"\bmailbox unavailable\b", re.IGNORECASE),
    "5.1.0": re.compile(r"\b(?:address|recipient)\b.*\brejected\b|\bmailbox unavailable\b", re.IGNORECASE),
    "5.4.1": re.compile(r"\brecipient address rejected\b", re.IGNORECASE),
    "5.5.0": re.compile(r"\bmailbox unavailable\b", re.IGNORECASE),
}
"""Words that count only with their code: Exchange's "Access denied" means unknown recipient with 5.4.1, and
untrusted sender with 5.7.1."""


def _unnamed(name: re.Match[str]) -> str:
    """Return what stays of a name: nothing, unless it is Exchange's own for a reason."""
    return name[0] if name[0].startswith("RESOLVER.ADR.") else " "


def refusal_code(status: str, words: str) -> str:
    """Return the enhanced code: the mail server's own, in ``words``, where ``status`` is a general one."""
    found, inner = ENHANCED_CODE.search(status), ENHANCED_CODE.search(words)
    if inner and (found is None or (found[0].endswith(".0.0") and inner[0][0] == found[0][0])):
        return inner[0]
    return found[0] if found else ""


def is_no_such_mailbox(status: str, words: str) -> bool:
    """Say whether a final refusal with this status and these words is about an address that is wrong."""
    code = refusal_code(status, words)
    said = " ".join(_NAMES.sub(_unnamed, words).split())
    if code[:1] == "4" or _ABOUT_US.search(said):
        return False
    if code in BAD_ADDRESS_CODES:
        return True
    if refusal_code("", words) not in ("", code):
        return False  # the code contradicts the quoted answer
    if _NO_SUCH.search(said):
        return not code.startswith("5.7.") or _OF_A_RECIPIENT.search(said) is not None
    by_code = _NO_SUCH_BY_CODE.get(code)
    return by_code is not None and by_code.search(said) is not None
