"""Parquet files: the columns asked for, in order, and damaged ones refused."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from twin.errors import InputError
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.opening import open_table

ROWS = 1000
START = datetime(2026, 2, 11, 6, 23, 41, tzinfo=UTC)


@pytest.fixture
def table() -> pa.Table:
    return pa.table(
        {
            "time": pa.array([START + timedelta(milliseconds=20 * k) for k in range(ROWS)], pa.timestamp("us", "UTC")),
            "x [mm]": [k * 0.5 if k % 7 else None for k in range(ROWS)],
            "mode": pa.array([f"word {k // 3}" for k in range(ROWS)]),
            "step": pa.array([str(k % 5) for k in range(ROWS)]).dictionary_encode(),
            "on": [k % 2 == 0 for k in range(ROWS)],
            "count": pa.array(range(ROWS), pa.int32()),
        }
    )


@pytest.mark.parametrize("group", [1000, 300])
def test_columns_come_back_in_batches(table: pa.Table, group: int, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(table, path, row_group_size=group)
    wanted = ["count", "mode", "time", "x [mm]", "step", "on"]
    parts: dict[str, list[object]] = {name: [] for name in wanted}
    with open_table(path, TableLayout()) as opened:
        assert opened.names == tuple(table.column_names)
        row = 1
        for batch in opened.batches(wanted, 128):
            assert row == batch.line_of(0)
            assert batch.rows <= 128
            assert list(batch.columns) == wanted
            row += batch.rows
            for name, column in batch.columns.items():
                assert not isinstance(column, pa.DictionaryArray)
                parts[name] += column.to_pylist()
        assert (opened.facts.rows, opened.facts.bytes_read) == (ROWS, path.stat().st_size)
    for name in wanted:
        assert parts[name] == table[name].to_pylist()


def test_names_that_come_twice(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table([pa.array([1, 2]), pa.array([3, 4]), pa.array(["a", "b"])], names=["x", "x", "y"]), path)
    with open_table(path, TableLayout()) as opened:
        assert opened.names == ("x", "x (2)", "y")
        (batch,) = opened.batches(["y", "x (2)"])
        assert [column.to_pylist() for column in batch.columns.values()] == [["a", "b"], [3, 4]]


def test_nested_columns_are_refused_and_others_beside_them_read(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"list": [[1], [2]], "of": [{"a": 1}, {"a": 2}], "x": [1, 2]}), path)
    with open_table(path, TableLayout()) as opened:
        assert opened.plain_names == ("x",)
        assert [batch.rows for batch in opened.batches(["x"])] == [2]
        with pytest.raises(InputError, match=r"column 'list' is of type list<.*> \(allowed: plain columns\)"):
            next(opened.batches(["list"]))


def test_a_file_without_rows_is_refused(table: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(table.slice(0, 0), path)
    with pytest.raises(InputError, match="has no row of data"):
        open_table(path, TableLayout())
    pq.write_table(pa.table({}), path)
    with pytest.raises(InputError, match="has no columns"):
        open_table(path, TableLayout())


def test_a_long_word_that_comes_often_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    codes = pa.array(np.zeros(50_000, np.int32))
    pq.write_table(pa.table({"s": pa.DictionaryArray.from_arrays(codes, pa.array(["x" * 100_000]))}), path)
    assert path.stat().st_size < 50_000
    with open_table(path, TableLayout()) as opened, pytest.raises(InputError, match="has more than 67108864 bytes in"):
        next(opened.batches(["s"]))


@pytest.mark.parametrize("checksum", [True, False])
def test_damaged_files_are_read_or_refused(table: pa.Table, checksum: bool, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(table, path, write_page_checksum=checksum)
    good = path.read_bytes()
    rng = random.Random(1)
    refused = 0
    for _ in range(200):
        data = bytearray(good)
        for _ in range(rng.choice((1, 3))):
            data[rng.randrange(4, len(data) - 4)] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        try:
            with open_table(path, TableLayout()) as opened:
                for _ in opened.batches(opened.plain_names):
                    pass
        except InputError:
            refused += 1
    assert refused > (180 if checksum else 20)


def test_times_without_a_zone_and_dates(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"t": [datetime(2026, 2, 11, 14)], "d": [date(2026, 2, 11)]}), path)
    with open_table(path, TableLayout()) as opened:
        (batch,) = opened.batches(["t", "d"])
        assert batch.columns["t"].type.tz is None
