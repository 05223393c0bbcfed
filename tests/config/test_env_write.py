"""Settings are written whole, for one pair of eyes, and nothing that was there is lost."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.config.env_file import read_env_file
from newsletter.config.env_write import merged, write_env
from newsletter.errors import ConfigurationError

VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60).map(
    str.strip
)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_its_owners_only(tmp_path: Path) -> None:
    path = tmp_path / "folder" / ".env"
    os.umask(0o022)
    assert write_env(path, {"NEWSLETTER_NAME": "Our digest", "A": "1"}) is None
    assert (path.read_text(), mode(path)) == ("NEWSLETTER_NAME='Our digest'\nA=1\n", 0o600)
    assert list(path.parent.iterdir()) == [path]


def test_what_was_there_stays_where_it_stood_and_a_copy_is_kept(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    before = "# mine\nA=1  # one\n\nexport B='two'\nPEM=\"x\ny\"\nA=3\nLAST=9"
    path.write_text(before)
    path.chmod(0o644)
    copy = write_env(path, {"A": "4", "NEW": "5"})
    assert path.read_text() == "# mine\nA=4\n\nexport B='two'\nPEM=\"x\ny\"\nLAST=9\nNEW=5\n"
    assert copy is not None
    assert (copy.read_text(), mode(copy), mode(path)) == (before, 0o600, 0o600)


def test_a_half_written_file_can_be_read_afterwards(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text('NEWSLETTER_MAILER=smtp\nNEWSLETTER_NAME="half of\nB=2\n=\n')
    with pytest.raises(ConfigurationError):
        read_env_file(path)
    write_env(path, {"NEWSLETTER_NAME": "whole"})
    assert read_env_file(path) == {"NEWSLETTER_MAILER": "smtp", "NEWSLETTER_NAME": "whole", "B": "2"}
    assert '# NEWSLETTER_NAME="half of' in path.read_text()


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / ".env"
    real.write_text("A=1\n")
    link.symlink_to(real)
    write_env(link, {"A": "2"})
    assert (link.is_symlink(), real.read_text()) == (True, "A=2\n")


@pytest.mark.parametrize("value", ["two\nlines", "a${B}c"])
def test_what_no_line_can_hold_is_refused_and_the_file_untouched(tmp_path: Path, value: str) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    with pytest.raises(ConfigurationError, match="A cannot stand"):
        write_env(path, {"A": value})
    assert (path.read_text(), list(tmp_path.iterdir())) == ("A=1\n", [path])


def test_a_cut_in_the_middle_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".env"
    path.write_text("A=1\n")

    def no_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_disk)
    with pytest.raises(ConfigurationError, match="No space left"):
        write_env(path, {"A": "2"})
    assert (path.read_text(), list(tmp_path.iterdir())) == ("A=1\n", [path])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(st.dictionaries(st.sampled_from(["A", "B", "NEWSLETTER_X"]), VALUES))
def test_every_value_is_read_back_or_refused(tmp_path: Path, values: dict[str, str]) -> None:
    path = tmp_path / ".env"
    path.write_text("# mine\nB=old\nC=3\n")
    try:
        write_env(path, values)
    except ConfigurationError:
        assert any("${" in value for value in values.values()), "all else can be written"
        assert path.read_text() == "# mine\nB=old\nC=3\n"
        return
    found = dotenv_values(path)
    assert {name: found[name] for name in values} == values
    assert found["C"] == "3"
    assert merged(path.read_text(), values) == path.read_text()
