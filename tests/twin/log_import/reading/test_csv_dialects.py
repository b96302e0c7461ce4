"""Tables written in any dialect come back as they were written, with the line of every row."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.tiers import examples
from twin.errors import InputError
from twin.log_import.reading import source
from twin.log_import.reading.facts import ReadFacts
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.opening import open_table


@dataclass
class Read:
    """Everything a table gave."""

    names: tuple[str, ...]
    facts: ReadFacts
    units: tuple[str, ...] = ()
    rows: list[tuple[str | None, ...]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


def read(path: Path, data: bytes | str, batch_rows: int = 50_000, **layout: Any) -> Read:
    """What a file with this content gives, all columns."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    with open_table(path, TableLayout(**layout)) as table:
        found = Read(table.names, table.facts, table.units)
        for batch in table.batches(table.names, batch_rows):
            assert 0 < batch.rows <= batch_rows
            found.rows += zip(*(batch.columns[name].to_pylist() for name in table.names), strict=True)
            found.lines += [batch.line_of(k) for k in range(batch.rows)]
        found.facts = table.facts
    assert found.facts.rows == len(found.rows)
    assert found.facts.bytes_read == found.facts.total_bytes == path.stat().st_size
    return found


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.csv"


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=6)
CELL = st.one_of(
    TEXT, st.sampled_from(["", "1.5", "-2,5", "NaN", 'a"b', '"', '""', "x\ny", "\r", "\r\n", ";", ",", "#", " "])
)


@settings(max_examples=examples(250), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n), min_size=1, max_size=8)),
    gaps=st.lists(st.sampled_from(["", "# remark", '# 5" long', "   "]), max_size=4),
    dialect=st.fixed_dictionaries(
        {
            "delimiter": st.sampled_from(",;\t|"),
            "quote": st.sampled_from("\"'"),
            "encoding": st.sampled_from(["utf-8", "utf-16", "utf-16-be", "utf-32", "gb18030"]),
        }
    ),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    preamble=st.integers(0, 2),
    quote_all=st.booleans(),
    packed=st.booleans(),
    block_bytes=st.sampled_from([5, 64, 2 << 20]),
    batch_rows=st.sampled_from([1, 3, 50_000]),
)
@example(
    rows=[["a", "b"], ["c", "x\ny"]],
    gaps=[],
    dialect={"delimiter": ",", "quote": '"', "encoding": "utf-8"},
    line_end="\r",
    preamble=0,
    quote_all=True,
    packed=False,
    block_bytes=5,
    batch_rows=1,
)
def test_a_table_comes_back(
    rows: list[list[str]],
    gaps: list[str],
    dialect: dict[str, str],
    line_end: str,
    preamble: int,
    quote_all: bool,
    packed: bool,
    block_bytes: int,
    batch_rows: int,
    tmp_path: Path,
) -> None:
    quote, delimiter = dialect["quote"], dialect["delimiter"]

    def written(cell: str) -> str:
        special = any(sign in cell for sign in (delimiter, quote, "\r", "\n")) or cell.startswith("#")
        return quote + cell.replace(quote, quote * 2) + quote if special or quote_all else cell

    def line_feeds(text: str) -> int:
        return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")

    text = line_end.join(["Station A"] * preamble + [delimiter.join(f"c{k}" for k in range(len(rows[0])))]) + line_end
    lines = []
    for k, row in enumerate(rows):
        for gap in gaps[k : k + 1]:
            text += gap + line_end
        lines.append(line_feeds(text) + 1)
        text += delimiter.join(map(written, row)) + line_end
    data = text.encode(dialect["encoding"])
    layout = TableLayout()
    expected = [
        tuple(None if cell in layout.empty else cell.replace("\r\n", "\n").replace("\r", "\n") for cell in row)
        for row in rows
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "BLOCK_BYTES", block_bytes)
        found = read(
            tmp_path / "log.csv",
            gzip.compress(data) if packed else data,
            batch_rows,
            **dialect,
            header_line=preamble + 1,
            comment="#",
        )
    assert found.rows == expected
    assert found.lines == lines
    used = gaps[: len(rows)]
    assert found.facts.comments == sum(gap.startswith("#") for gap in used)
    assert found.facts.blank_lines == sum(not gap.strip() for gap in used)
    assert not found.facts.bad_rows
    assert not found.facts.cut_last_line
    assert found.facts.bytes_unpacked == len(data)


def test_rows_with_another_number_of_fields_are_left_out_and_counted(log: Path) -> None:
    found = read(log, "a,b\n1,2\n3\n4,5,6\n\n7,8\n" + "x\n" * 12 + "9,10\n")
    assert found.rows == [("1", "2"), ("7", "8"), ("9", "10")]
    assert found.lines == [2, 6, 19]
    assert found.facts.bad_rows == 14
    assert found.facts.bad_row_lines == [3, 4, *range(7, 15)]
    assert found.facts.blank_lines == 1


@pytest.mark.parametrize("text", ["a,b,\n1,2,\n3,4,\n", "a,b\n1,2,\n3,4,\n", "a,b,\n1,2\n3,4\n", "a,b\n1,2\n3,4\n"])
def test_a_delimiter_at_the_end_of_each_line_is_no_column(text: str, log: Path) -> None:
    found = read(log, text)
    assert found.names == ("a", "b")
    assert found.rows == [("1", "2"), ("3", "4")]
    assert found.facts.bad_rows == 0


def test_a_last_column_with_a_value_stays(log: Path) -> None:
    found = read(log, "a,b,\n1,2,\n3,4,x\n")
    assert found.names == ("a", "b", "column 3")
    assert found.rows[1] == ("3", "4", "x")


@pytest.mark.parametrize(
    ("end", "cut"), [("5,6", True), ("5", True), ('5,"x\r', False), ("", False), ("  ", False), ("\x1a", False)]
)
def test_a_last_line_without_an_end_is_left_out(end: str, cut: bool, log: Path) -> None:
    if end.startswith('5,"'):
        with pytest.raises(InputError, match="line 3: a quote is opened and not closed"):
            read(log, "a,b\n1,2\n" + end)
        return
    found = read(log, "a,b\n1,2\n" + end)
    assert found.rows == [("1", "2")]
    assert found.facts.cut_last_line == cut


def test_a_sign_cut_in_half_is_a_cut_last_line(log: Path) -> None:
    found = read(log, "a,b\n1,2\n3,°".encode()[:-1])
    assert found.rows == [("1", "2")]
    assert found.facts.cut_last_line


def test_preamble_header_and_units(log: Path) -> None:
    text = 'Station "A, north\n\n# Time , Pos,Pos,,Pos (2)\ns,mm,m\n1,2,3,4,5\n'
    found = read(log, text, header_line=3, units_line=True, comment="#")
    assert found.names == ("Time", "Pos", "Pos (2)", "column 4", "Pos (2) (2)")
    assert found.units == ("s", "mm", "m", "", "")
    assert found.lines == [5]


def test_a_table_without_a_header(log: Path) -> None:
    found = read(log, "1;2\n3;4\n", header_line=0, delimiter=";")
    assert found.names == ("column 1", "column 2")
    assert found.lines == [1, 2]


def test_quotes_mean_nothing_where_there_are_none(log: Path) -> None:
    found = read(log, 'a,b\n"1,2\n', quote="")
    assert found.rows == [('"1', "2")]


def test_quotes_within_fields_are_signs_like_others(log: Path) -> None:
    found = read(log, 'a,b\n5" pipe,6"\n3",x\n"1""2","y"z\n')
    assert found.rows == [('5" pipe', '6"'), ('3"', "x"), ('1"2', "yz")]


def test_blocks_may_end_anywhere(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '# x\na,b\n5" long,"one\ntwo"\n1,2\n\n3\n"4",° \n#"\nb,a\r\n5,"6"\n'
    whole = read(log, text, header_line=2, comment="#")
    assert whole.rows == [('5" long', "one\ntwo"), ("1", "2"), ("4", "° "), ("6", "5")]
    assert whole.lines == [3, 5, 8, 11]
    assert (whole.facts.bad_row_lines, whole.facts.blank_lines, whole.facts.comments) == ([7], 1, 1)
    for block_bytes in range(1, len(text.encode())):
        monkeypatch.setattr(source, "BLOCK_BYTES", block_bytes)
        found = read(log, text, header_line=2, comment="#")
        assert (found.rows, found.lines, found.facts) == (whole.rows, whole.lines, whole.facts), block_bytes


def test_what_stands_for_nothing_is_null(log: Path) -> None:
    found = read(log, 'a,b\nBad,x\n"",NaN\n')
    assert found.rows == [(None, "x"), (None, None)]
    assert read(log, "a,b\n-,x\n", empty=("-",)).rows == [(None, "x")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gbk", "GB18030", "utf-32"])
def test_encodings_and_their_marks(encoding: str, log: Path) -> None:
    mark = "\ufeff" if encoding in ("utf-8", "utf-16-le") else ""
    found = read(log, f"{mark}时间,温度[°C]\n1,2\n".replace("°", "").encode(encoding), encoding=encoding)
    assert found.names == ("时间", "温度[C]")


def test_members_of_a_gzip_are_read_one_after_the_other(log: Path) -> None:
    parts = ["a,b\n1,", "2\n", "", "3,4\n"]
    found = read(log, b"".join(gzip.compress(part.encode()) for part in parts) + bytes(8))
    assert found.rows == [("1", "2"), ("3", "4")]
    assert found.facts.compression == "gzip"
    assert not found.facts.compression_cut


def test_a_cut_gzip_is_read_as_far_as_it_goes(log: Path) -> None:
    text = "a,b\n" + "".join(f"{k},{k * k}\n" for k in range(20_000))
    data = gzip.compress(text.encode())
    found = read(log, data[: len(data) // 2])
    assert found.facts.compression_cut
    assert 1000 < len(found.rows) < 20_000
    assert found.rows == [(str(k), str(k * k)) for k in range(len(found.rows))]


def test_only_the_columns_asked_for_come_in_the_order_asked_for(log: Path) -> None:
    log.write_text("a,b,c\n1,2,3\n")
    with open_table(log, TableLayout()) as table:
        (batch,) = table.batches(["c", "a"])
        assert {name: column.to_pylist() for name, column in batch.columns.items()} == {"c": ["3"], "a": ["1"]}
        assert list(batch.columns) == ["c", "a"]
        assert [batch.rows for batch in table.batches([])] == [1]
        with pytest.raises(InputError, match="has no such column, got 'd'"):
            next(table.batches(["d"]))


def test_each_run_reads_from_the_start_and_counts_afresh(log: Path) -> None:
    log.write_text("a,b\n1,2\nx\n3,4\n")
    with open_table(log, TableLayout()) as table:
        for _ in range(2):
            assert sum(batch.rows for batch in table.batches(["a"])) == 2
            assert (table.facts.rows, table.facts.bad_rows) == (2, 1)


def test_blanks_within_a_name_stay(log: Path) -> None:
    assert read(log, '  Pos  X , "a",b\n1,2,3\n').names == ("Pos  X", '"a"', "b")
