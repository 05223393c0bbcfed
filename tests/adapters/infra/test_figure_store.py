"""The folder of figures, written by several processes and read by the web."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from newsletter.adapters.infra.figure_store import YOUNG, FigureStore
from newsletter.adapters.ports import Image
from newsletter.errors import TemporaryError

IMAGE = Image(data=b"pixels", extension="png", width=1, height=1)


def grow_old(path: Path) -> None:
    old = time.time() - YOUNG - 1
    os.utime(path, (old, old))


def test_the_same_content_has_one_name_and_one_file(tmp_path: Path) -> None:
    store = FigureStore(tmp_path / "media" / "figures")
    names = {store.put(IMAGE), store.put(IMAGE)}
    [name] = names
    found = store.path(name)
    assert found is not None
    assert found.read_bytes() == b"pixels"
    assert [path.name for path in store.folder.iterdir()] == [name]
    assert found.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TemporaryError, match="No space left"):
        FigureStore(tmp_path).put(IMAGE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["", "..", "../secret_key", "a.png", "0" * 40 + ".svg", "0" * 40 + ".png", "/etc/passwd"]
)
def test_it_gives_out_nothing_but_figures(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret_key").write_text("x")
    (tmp_path / "figures").mkdir()
    assert FigureStore(tmp_path / "figures").path(name) is None


def test_files_that_nothing_names_go_after_an_hour(tmp_path: Path) -> None:
    store = FigureStore(tmp_path)
    named, old, young = (
        store.put(Image(data=data, extension="jpg", width=1, height=1)) for data in (b"1", b"2", b"3")
    )
    left_over = tmp_path / ".half-written"
    left_over.write_bytes(b"")
    for path in (tmp_path / named, tmp_path / old, left_over):
        grow_old(path)

    assert store.remove_all_but({named}) == 2
    assert {path.name for path in tmp_path.iterdir()} == {named, young}


def test_putting_a_file_again_keeps_it_from_being_taken_for_old(tmp_path: Path) -> None:
    store = FigureStore(tmp_path)
    grow_old(tmp_path / store.put(IMAGE))
    name = store.put(IMAGE)
    assert store.remove_all_but(set()) == 0
    assert store.path(name)


def test_no_folder_is_no_figures(tmp_path: Path) -> None:
    assert FigureStore(tmp_path / "none").remove_all_but(set()) == 0


def test_a_folder_that_cannot_be_written_is_a_temporary_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TemporaryError, match="cannot be written"):
        FigureStore(tmp_path / "file" / "figures").put(IMAGE)
