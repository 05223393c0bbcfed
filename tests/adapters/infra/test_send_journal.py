"""The journals' files: who holds them, what a full disk does to them, and when they go."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from newsletter.adapters.infra import send_journal
from newsletter.adapters.infra.send_journal import Group, JournalError, SendJournal, kernel_boot_id
from newsletter.core.delivery.send_journal import NO_BOOT_ID, SIZE, Answer, Event, Unanswered

A, B = str(UUID(int=1)), str(UUID(int=2))


def fate(journal: SendJournal, group: Group, delivery_id: str = A) -> Answer | Unanswered | None:
    """Return what this process makes of a delivery in another one's group; None where it cannot read it."""
    with journal.found(group.journal_id) as found:
        return found.journal.fate(UUID(delivery_id), group=group.number) if found.journal else None


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*"))


OTHER_PROCESS = """
import sys, time, uuid
from pathlib import Path
from newsletter.adapters.infra.send_journal import SendJournal
from newsletter.core.delivery.send_journal import Event
group = SendJournal(Path(sys.argv[1])).next_group()
group.write(Event.STARTS, [str(uuid.UUID(int=1))])
print(group.journal_id, flush=True)
time.sleep(60)
"""


@contextmanager
def other_process(folder: Path) -> Iterator[tuple[subprocess.Popen[str], UUID]]:
    """Yield a process that has started a body, and its journal."""
    command = [sys.executable, "-c", OTHER_PROCESS, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, UUID(process.stdout.readline().strip())
        finally:
            process.kill()


def test_two_processes_have_a_file_each_and_neither_decides_about_the_other(tmp_path: Path) -> None:
    journal = SendJournal(tmp_path)
    own = journal.next_group()
    with other_process(tmp_path) as (process, theirs):
        assert len(files(tmp_path)) == 2
        with journal.found(theirs) as found:
            assert not found.is_ended
            assert found.journal is not None
            assert found.journal.fate(UUID(A), group=1) is Unanswered.UNKNOWN
        journal.remove([theirs])
        assert len(files(tmp_path)) == 2
        process.kill()
        process.wait()
        with journal.found(theirs) as found:
            assert found.is_ended
            assert found.journal is not None
            assert found.journal.fate(UUID(A), group=1) is Unanswered.NOT_SENT
    assert fate(journal, own) is Unanswered.NOT_SENT


def test_a_stopped_process_holds_its_journal(tmp_path: Path) -> None:
    with other_process(tmp_path) as (process, theirs):
        process.send_signal(signal.SIGSTOP)
        with SendJournal(tmp_path).found(theirs) as found:
            assert not found.is_ended


def test_of_two_who_look_at_an_ended_journal_one_decides(tmp_path: Path) -> None:
    writer = SendJournal(tmp_path)
    group = writer.next_group()
    writer.close()
    one, other = SendJournal(tmp_path), SendJournal(tmp_path)
    with one.found(group.journal_id) as first, other.found(group.journal_id) as second:
        assert (first.is_ended, second.is_ended) == (True, False)


FORKING = """
import os, sys, time, uuid
from pathlib import Path
from newsletter.adapters.infra.send_journal import JournalError, SendJournal
from newsletter.core.delivery.send_journal import Event
journal = SendJournal(Path(sys.argv[1]))
group = journal.next_group()
print(group.journal_id, flush=True)
if os.fork() == 0:
    try:
        group.write(Event.STARTS, [str(uuid.UUID(int=1))])
    except JournalError as error:
        print(error, flush=True)
    print(journal.next_group().journal_id, flush=True)
    time.sleep(60)
os._exit(0)
"""


def test_a_forked_child_has_a_file_of_its_own_and_does_not_keep_its_parents_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FORKING, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        try:
            parents, error, childs = (process.stdout.readline().strip() for _ in range(3))
            process.wait()
            looking = SendJournal(tmp_path)
            assert error.startswith("nothing is sent: ")
            assert looking.others() == {UUID(parents), UUID(childs)}
            with looking.found(UUID(parents)) as found, looking.found(UUID(childs)) as living:
                assert (found.is_ended, living.is_ended) == (True, False)
                assert found.journal is not None
                assert not found.journal.lines
        finally:
            os.killpg(process.pid, signal.SIGKILL)


def test_a_file_is_followed_by_another_when_it_is_large(tmp_path: Path) -> None:
    journal = SendJournal(tmp_path, most_bytes=3 * SIZE)
    first = journal.next_group()
    first.write(Event.STARTS, [A])
    same = journal.next_group()
    same.write(Event.STARTS, [B])
    second = journal.next_group()
    assert first.journal_id == same.journal_id != second.journal_id
    assert (first.number, same.number, second.number) == (1, 2, 3)
    assert journal.others() == {first.journal_id}
    assert fate(journal, same, B) is Unanswered.NOT_SENT


def test_it_is_readable_by_its_user_only(tmp_path: Path) -> None:
    SendJournal(tmp_path / "journals").next_group()
    [path] = files(tmp_path / "journals")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_what_ended_is_removed_and_what_lives_stays(tmp_path: Path) -> None:
    living, ended = SendJournal(tmp_path), SendJournal(tmp_path)
    ids = {living.next_group().journal_id, ended.next_group().journal_id}
    ended.close()
    looking = SendJournal(tmp_path)
    assert looking.others() == ids
    (tmp_path / "notes.txt").touch()
    (tmp_path / "notes.journal").touch()
    looking.remove({*ids, uuid4()})
    assert looking.others() == living.others() | {living.next_group().journal_id} < ids


def test_a_file_that_another_process_took_for_an_old_one_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the making of a file and its lock somebody may lock it, and find that nothing names it."""
    lock, removed = fcntl.flock, list[Path]()

    def late(descriptor: int, flags: int) -> None:
        if not removed:
            removed.extend(files(tmp_path))
            removed[0].unlink()
        lock(descriptor, flags)

    monkeypatch.setattr(fcntl, "flock", late)
    group = SendJournal(tmp_path).next_group()
    assert [path.stem for path in files(tmp_path)] == [str(group.journal_id)] != [removed[0].stem]


def test_a_journal_that_is_not_there_or_cannot_be_read_is_none(tmp_path: Path) -> None:
    with SendJournal(tmp_path / "nowhere").found(uuid4()) as found:
        assert (found.journal, found.is_ended) == (None, False)


@pytest.mark.parametrize("content", [b"", b"\0" * SIZE, b"\0" * (SIZE + 1)])
def test_a_journal_of_which_nothing_is_left_tells_nothing(tmp_path: Path, content: bytes) -> None:
    """A power loss may leave a name without content, or a length without what was written."""
    writer = SendJournal(tmp_path)
    group = writer.next_group()
    writer.close()
    files(tmp_path)[0].write_bytes(content)
    assert fate(SendJournal(tmp_path), group) is Unanswered.UNKNOWN


def test_its_lines_prove_less_after_another_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SendJournal(tmp_path)
    group = writer.next_group()
    writer.close()
    assert fate(SendJournal(tmp_path), group) is Unanswered.NOT_SENT
    monkeypatch.setattr(send_journal, "kernel_boot_id", uuid4)
    assert fate(SendJournal(tmp_path), group) is Unanswered.UNKNOWN


def test_the_kernel_names_its_boot() -> None:
    assert (kernel_boot_id() != NO_BOOT_ID) == sys.platform.startswith("linux")


# --- no space --------------------------------------------------------------------------------------------

FULL_DISK = """
import resource, sys, uuid
from pathlib import Path
from newsletter.adapters.infra.send_journal import JournalError, SendJournal
from newsletter.core.delivery.send_journal import Event
journal, limit, size = SendJournal(Path(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
try:
    group = journal.next_group()
    for number in range(10):
        group.write(Event.STARTS, [str(uuid.UUID(int=size * number + each)) for each in range(size)])
        print(number)
except JournalError as error:
    print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.next_group().write(Event.STARTS, [str(uuid.UUID(int=999))])
"""


@pytest.mark.parametrize(
    ("limit", "size", "written"),
    [(0, 1, -1), (60, 1, -1), (SIZE, 1, 0), (3 * SIZE + 50, 1, 2), (4 * SIZE + 1, 2, 1)],
)
def test_a_full_disk_is_an_error_and_leaves_whole_lines(
    tmp_path: Path, limit: int, size: int, written: int
) -> None:
    command = [sys.executable, "-c", FULL_DISK, str(tmp_path), str(limit), str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    *numbers, error = done.stdout.splitlines()
    assert [int(number) for number in numbers] == list(range(written))
    assert error.startswith("nothing is sent: ")
    assert error.endswith("File too large")
    [path] = files(tmp_path)  # the one that could not be made is gone, and writing goes on in the other
    assert path.stat().st_size == SIZE * (1 + size * max(written, 0) + 1)
    with SendJournal(tmp_path).found(UUID(path.stem)) as found:
        assert found.journal is not None
        assert found.journal.is_conclusive
        assert len(found.journal.lines) == size * max(written, 0) + 1


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "journals").touch()
    with pytest.raises(JournalError, match=r"nothing is sent: .*journals cannot be written: "):
        SendJournal(tmp_path / "journals").next_group()
