"""Files of rows: read as they were written, whatever a killed run left in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.swap_rows import REDUCED, REFERENCE, read_rows, stored, write_rows
from tests.agents.swap_rows import row
from twin.errors import InputError


def test_rows_come_back_ascending_and_equal(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [row(REDUCED, 10), row(REFERENCE, 9), row(REFERENCE, 10, outcome="jam", violations=(3,))]
    write_rows(path, rows)
    assert read_rows(path) == [rows[1], rows[2], rows[0]]


def test_half_a_line_at_the_end_is_passed_over_and_gone_once_more_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows(path, [row(REFERENCE, 0), row(REFERENCE, 1)])
    path.write_text(path.read_text()[:-20])
    assert [one.seed for one in read_rows(path)] == [0]
    with stored(path) as store:
        store.put(row(REFERENCE, 2))
        assert [json.loads(line)["seed"] for line in path.read_text().splitlines()] == [0, 2], "kept as it comes"
    assert [one.seed for one in read_rows(path)] == [0, 2]


def test_the_last_row_of_a_swap_counts(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    with stored(path) as store:
        store.put(row(REFERENCE, 0, outcome="jam"))
        store.put(row(REFERENCE, 0))
    assert [one.outcome for one in read_rows(path)] == ["completed"]
    assert len(path.read_text().splitlines()) == 1


def test_rows_are_kept_when_the_run_is_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"

    def run() -> None:
        with stored(path) as store:
            store.put(row(REFERENCE, 5))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert [one.seed for one in read_rows(path)] == [5]


LINE = row(REFERENCE, 3).as_line().strip()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("not json", "line 2: is not valid JSON"),
        ("[1, 2]", "line 2: not the row of a swap"),
        ('{"seed": 3}', "line 2.plant: not the row of a swap: Field required"),
        (LINE.replace('"seed": 3', '"seed": "3"'), "line 2.seed: not the row of a swap"),
        (
            row(REFERENCE, 3).as_line().strip().replace("150.0", "NaN"),
            "line 2.mechanical_time_s: not the row of a swap",
        ),
    ],
)
def test_a_line_that_is_no_row_is_reported_by_its_number(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(row(REFERENCE, 0).as_line() + line + "\n")
    with pytest.raises(InputError) as reported:
        read_rows(path)
    assert f"{path}: {said}" in str(reported.value)


def test_a_missing_file_is_reported_with_its_option(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--reference: cannot be read: No such file"):
        read_rows(tmp_path / "none.jsonl", "--reference")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_rows(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="it is no text"):
        read_rows(tmp_path / "binary")
