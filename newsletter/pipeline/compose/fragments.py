"""Rendered fragments: those of a pass while it composes, and those lately read while mails are sent.

While composing they are in memory under what they were made from: to ask the database for one takes longer
than to render it. There a fragment is stored under its checksum.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Sequence
from threading import Lock

from newsletter.core.digests.message import Fragment
from newsletter.models import FragmentRow
from newsletter.models.summary import keep_fragments

CHUNK = 500
MOST = 8_192
"""Fragments in memory, of some kilobytes each."""


class StoredFragments:
    """The FragmentStore of a pass, and which of its fragments are in the Fragment table."""

    def __init__(self) -> None:
        self._fragments: dict[Hashable, Fragment] = {}
        self._saved: set[str] = set()

    def get(self, key: Hashable) -> Fragment | None:
        return self._fragments.get(key)

    def put(self, key: Hashable, fragment: Fragment) -> None:
        if len(self._fragments) >= MOST:
            self._fragments.clear()
            self._saved.clear()
        self._fragments[key] = fragment

    def save(self, fragments: Iterable[Fragment]) -> None:
        """Write those that this pass has not written yet, before the deliveries that name them."""
        new = {each.checksum: each for each in fragments if each.checksum not in self._saved}
        keep_fragments(new.values())
        self._saved.update(new)

    def take_back(self) -> None:
        """The transaction that saved some has failed: none counts as saved."""
        self._saved.clear()


class FragmentCache:
    """Fragments and their encoded forms, the most recently used kept. Safe to share between threads."""

    def __init__(self, *, max_bytes: int = 64 * 1024 * 1024) -> None:
        self._max_bytes = max_bytes
        self._kept: OrderedDict[str, Fragment] = OrderedDict()
        self._lock = Lock()
        self.kept_bytes = 0

    def take(self, checksums: Iterable[str]) -> dict[str, Fragment]:
        """Return these fragments, reading the missing ones together; one that is not stored is left out."""
        wanted = set(checksums)
        with self._lock:
            found = {checksum: self._kept[checksum] for checksum in wanted if checksum in self._kept}
        read = _read_fragments(sorted(wanted - found.keys()))
        with self._lock:
            for checksum, fragment in read.items():
                self.kept_bytes += _size(fragment) if checksum not in self._kept else 0
                self._kept[checksum] = fragment
            for checksum in found:
                if checksum in self._kept:
                    self._kept.move_to_end(checksum)
            while self.kept_bytes > self._max_bytes:
                self.kept_bytes -= _size(self._kept.popitem(last=False)[1])
        return found | read


def _size(fragment: Fragment) -> int:
    """Return about how much memory it takes: each form as text and encoded."""
    return 2 * (len(fragment.html) + len(fragment.text))


def _read_fragments(checksums: Sequence[str]) -> dict[str, Fragment]:
    fragments = {}
    for start in range(0, len(checksums), CHUNK):
        rows = FragmentRow.objects.filter(checksum__in=checksums[start : start + CHUNK])
        for checksum, html, text in rows.values_list("checksum", "html", "text"):
            fragments[checksum] = Fragment(html=html, text=text)
    return fragments
