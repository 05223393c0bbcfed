"""CSV as spreadsheets write it."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.errors import NewsletterError
from newsletter.models import ConsentEvent, Subscriber
from newsletter.subscribers.csv_files import Fault, Row, read_sheet, written_csv
from newsletter.subscribers.import_subscribers import import_subscribers
from tests.subscribers.conftest import NOW, Write

ADA = {"email": "ada@example.org", "topics": "heads", "note": ""}


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("email,topics,note\nada@example.org,heads,\n", 2),
        ("sep=,\nemail,topics,note\nada@example.org,heads,\n", 3),
        ("\ufeffsep=,\r\nemail,topics,note\r\nada@example.org,heads,\r\n", 3),
        ('"sep=,"\r\nemail,topics,note\r\nada@example.org,heads,\r\n', 3),
        ("SEP=;\nemail;topics;note\nada@example.org;heads;\n", 3),
        ("sep=;\nemail;topics;note\n\nada@example.org;heads;\n", 4),
        ("sep=\t\nemail\ttopics\tnote\nada@example.org\theads\t\n", 3),
        ("email,topics,note,,,\nada@example.org,heads,,,,\n", 2),
        ("email,topics,,note\nada@example.org,heads,,\n", 2),
        ("email,topics,note\nada@example.org,heads\n", 2),
        ("email,topics,note\nada@example.org,heads,,, ,\n", 2),
        ("email,topics,note,note\nada@example.org,heads,,second\n", 2),
    ],
)
def test_what_spreadsheets_add_and_leave_out_changes_nothing(write: Write, content: str, line: int) -> None:
    sheet = read_sheet(write(content))
    assert sheet.columns == {"email", "topics", "note"}
    assert (sheet.rows, sheet.faults) == ([Row(line, ADA)], [])


@pytest.mark.parametrize("row", ["ada@example.org,heads,,more", "ada@example.org,heads,, ,more"])
def test_a_cell_to_which_no_column_belongs_is_a_fault(write: Write, row: str) -> None:
    sheet = read_sheet(write(f"email,topics,note,\n{row}\n"))
    assert sheet.rows == []
    assert sheet.faults == [Fault(2, f"{row.count(',') + 1} cells, but there are 3 columns")]


def test_a_file_with_no_more_than_a_separator_is_empty(write: Write) -> None:
    with pytest.raises(NewsletterError, match="empty"):
        read_sheet(write("sep=,\n"))


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize(
    "column", ["email", "topics", "consent_source", "timezone", "cadence", "at", "language"]
)
def test_a_nul_character_costs_its_own_row_only(write: Write, column: str) -> None:
    row = {"email": "ada@example.org", "topics": "heads", "consent_source": "list", column: "a\0b"}
    other = dict.fromkeys(row, "") | {
        "email": "bo@example.org",
        "topics": "heads",
        "consent_source": "list",
    }
    lines = [",".join(cells) for cells in (row, row.values(), other.values())]
    done = import_subscribers(write("\n".join(lines)), now=NOW)
    assert (done.imported, [fault.line for fault in done.faults]) == (1, [2])
    assert Subscriber.objects.get().email == "bo@example.org"
    assert ConsentEvent.objects.get().source == "list"


CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12).map(str.strip)
FORMULAS = st.builds("".join, st.tuples(st.sampled_from(["", "'", "''"]), st.sampled_from("=+-@＝"), CELLS))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.one_of(CELLS, FORMULAS), min_size=1, max_size=3))
def test_what_is_written_holds_no_formula_and_is_read_as_it_was(tmp_path: Path, cells: list[str]) -> None:
    path = tmp_path / "out.csv"
    path.write_bytes(
        written_csv([{"id": "1", "cell": cell} for cell in cells], columns=["id", "cell"]).encode()
    )
    sheet = read_sheet(path)
    assert [row.cells["cell"] for row in sheet.rows] == cells
    with path.open(encoding="utf-8", newline="") as file:
        assert not [row for row in csv.reader(file) if row[1][:1] in set("=+-@\t\r＝")]
