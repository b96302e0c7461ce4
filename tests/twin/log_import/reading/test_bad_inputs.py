"""Files that are no tables, or damaged ones: one clear line each, in bounded memory."""

from __future__ import annotations

import errno
import gzip
import io
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.tiers import examples
from twin.errors import InputError
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.opening import open_table
from twin.log_import.reading.sniff import sniff

ROOT = Path(__file__).resolve().parents[4]
NOISE = random.Random(1).randbytes(100_000)
GOOD = b"a,b\n" + b"1,2\n" * 5


def read(path: Path, **layout: Any) -> int:
    """Rows that a file gives."""
    with open_table(path, TableLayout(**layout), key="LOG") as table:
        for _ in table.batches(table.names):
            pass
        return table.facts.rows


@pytest.mark.parametrize(
    ("data", "layout", "told"),
    [
        (b"", {}, "is empty"),
        (b"a,b\n", {}, "has no whole row of data after its header"),
        (b"a,b\n1,2", {}, "has no whole row of data after its header"),
        (b"a,b", {}, "has no header that ends"),
        (b"a,b\n1,2\n", {"header_line": 9}, "ends before its header, which should be line 9"),
        (b"\na,b\n1,2\n", {}, "line 1 is blank, it should be the header"),
        (b"a,b\n1,2,3\n4,5,6\n", {}, "line 2 has 3 fields, the header has 2, with delimiter ','"),
        (b"a,b\n1,2\n3,\0\n", {}, "line 3, byte 10: a NUL character, no utf-8 text: binary data?"),
        ("a,°\r1,2\r\n3,\0\n".encode(), {}, "line 3, byte 12: a NUL character, no utf-8 text: binary data?"),
        ("a,b\n1,2\n".encode("utf-16-le"), {}, "is it written in utf-16-le?"),
        ("a,b\n1,2\n".encode("utf-16"), {}, "line 1, byte 0 (0xff): no utf-8 text; it may be utf-16, got 'utf-8'"),
        (GOOD + "5,°C\n".encode("cp1252"), {}, "line 7, byte 26 (0xb0): no utf-8 text; it may be gbk or cp1252"),
        (GOOD + "5,温度\n".encode("gbk"), {}, "line 7, byte 26 (0xce): no utf-8 text; it may be gbk"),
        (GOOD + b"5,\x81\x20\n", {"encoding": "gbk"}, "line 7, byte 26 (0x81): no gbk text, got 'gbk'"),
        (GOOD + b'7,"8\n9,10\n', {}, "quote: line 7: a quote is opened and not closed before the file ends"),
        (b"x" * (1 << 20) + b"y\n1\n", {}, "line 1: is longer than 1048576 bytes"),
        (GOOD + b"1," + b"x" * (1 << 20) + b"\n" + GOOD, {}, "line 7: is longer than 1048576 bytes"),
        (GOOD + b'1,"x' + b"1,2\n" * (1 << 19), {}, "line 7: is longer than 1048576 bytes, or a quote that is not"),
        (GOOD + b"x\n" * 20_000, {}, "rows have another number of fields than the header, and only 5 have as many"),
        (b"," * 20_000 + b"\n" + b"," * 20_000 + b"\n", {}, "has 20001 columns (allowed: up to 10000)"),
        (b"PK\x03\x04" + NOISE, {}, "is a ZIP archive or an Excel workbook, not a table"),
        (b"\x28\xb5\x2f\xfd" + NOISE, {}, "is packed with zstd, not a table: unpack it"),
        (b"PAR1" + NOISE, {}, "a Parquet file that was cut: its end is missing"),
        (b"PAR1" + NOISE + b"PAR1", {}, "a damaged Parquet file in its end"),
        (b"a,b\n1,2\n", {"format": "parquet"}, "is no Parquet file"),
        (gzip.compress(b"a,b\n1,2\n")[:10], {}, "has no header that ends"),
        (gzip.compress(GOOD)[:-8] + b"12345678", {}, "damaged gzip after"),
        (gzip.compress(GOOD) + b"more", {}, "damaged gzip after 24 unpacked bytes"),
        (b"\x1f\x8b\x08" + NOISE, {}, "damaged gzip after 0 unpacked bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_clear_line(data: bytes, layout: dict[str, Any], told: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(data)
    with pytest.raises(InputError) as error:
        read(path, **layout)
    assert told in str(error.value)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_damage_in_the_middle_of_a_gzip_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    text = b"a,b\n" + b"".join(b"%d,%d\n" % (k, k * k) for k in range(20_000))
    data = bytearray(gzip.compress(text))
    data[len(data) // 2 : len(data) // 2 + 8] = bytes(8)
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged gzip after [0-9]+ unpacked bytes"):
        read(path)


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, told in (
        (tmp_path, "a folder, not a log"),
        (tmp_path / "none.csv", "no such file"),
        (tmp_path / "pipe", "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (tmp_path / ("x" * 5000), "cannot be read"),
    ):
        for reader in (read, sniff):
            with pytest.raises(InputError, match=told):
                reader(path)


def test_a_file_that_must_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:  # as root may read everything
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    path = tmp_path / "log.csv"
    path.write_bytes(GOOD)
    monkeypatch.setattr(io, "FileIO", refuse)
    with pytest.raises(InputError, match="cannot be read: Permission denied"):
        read(path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "xlsx"),
        ("encoding", "klingon"),
        ("encoding", "rot13"),
        ("encoding", "utf-7"),
        ("encoding", "cp037"),
        ("encoding", "hex"),
        ("encoding", "idna"),
        ("encoding", "unicode_escape"),
        ("encoding", "a\0b"),
        ("delimiter", ""),
        ("delimiter", ",,"),
        ("delimiter", "\n"),
        ("delimiter", "；"),
        ("delimiter", '"'),
        ("decimal", ";"),
        ("thousands", "."),
        ("thousands", "1"),
        ("quote", "ab"),
        ("header_line", -1),
        ("header_line", True),
        ("header_line", 10**9),
        ("comment", "#\n"),
    ],
)
def test_layouts_that_cannot_be(key: str, value: Any) -> None:
    with pytest.raises(InputError) as error:
        TableLayout(**{key: value})
    assert error.value.key == ("quote" if value == '"' else key)


def read_or_refused(path: Path) -> None:
    """Nothing but an InputError comes of it, whatever is in it."""
    for reader in (read, sniff):
        told = ""
        try:
            reader(path)
        except InputError as error:
            told = str(error)
        assert not told or told.startswith(str(path))


BOUNDED = """
import gzip, sys
from tests.process_memory import peak_mib
from twin.errors import InputError
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.numbers import to_float
from twin.log_import.reading.sniff import sniff
from twin.log_import.reading.opening import open_table

def run(path, **layout):
    try:
        with open_table(path, TableLayout(**layout)) as table:
            for batch in table.batches(table.names):
                for column in batch.columns.values():
                    to_float(column, table.layout)
            return table.facts.rows
    except InputError as error:
        return error

with open("small.csv", "w") as file:
    file.write("a,b\\n1,2\\n")
run("small.csv"), sniff("small.csv")  # whatever is loaded at first
before = peak_mib()
{body}
print(round(peak_mib() - before))
"""


def bounded(body: str, tmp_path: Path) -> list[str]:
    """What a fresh process prints, and then by how many MiB its memory grew."""
    done = subprocess.run(
        [sys.executable, "-c", BOUNDED.replace("{body}", body)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.splitlines()


def test_a_long_log_needs_little_memory(tmp_path: Path) -> None:
    row = ",".join(["2026-02-11T14:23:41.200+08:00", *(f"{k}.125" for k in range(39))]) + "\n"
    body = f"""
with open("long.csv", "w") as file:
    file.write(",".join(f"c{{k}}" for k in range(40)) + "\\n")
    for _ in range(200):
        file.write({row!r} * 1000)
print(run("long.csv"))
"""
    rows, grown_mib = bounded(body, tmp_path)
    assert rows == "200000"
    assert int(grown_mib) < 60


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    body = """
part = gzip.compress((b"1," + b"0" * 4000 + b"\\n") * 1000)
with open("bomb.csv.gz", "wb") as file:
    file.write(gzip.compress(b"a,b\\n") + part * 25)
before = peak_mib()
print(run("bomb.csv.gz"))
"""
    told, grown_mib = bounded(body, tmp_path)
    assert "unpacks to more than 300 times its size" in told
    assert int(grown_mib) < 60


def test_a_line_without_an_end_is_refused(tmp_path: Path) -> None:
    body = """
with gzip.open("line.csv.gz", "wb") as file:
    file.write(b"a,b\\n1,2\\n3,")
    for _ in range(64):
        file.write(b"x" * (1 << 20))
with open("hole.csv", "wb") as file:
    file.write(b"a,b\\n1,2\\n3,")
    file.truncate(5 << 30)
print(run("line.csv.gz"))
print(run("hole.csv"))
for name in ("line.csv.gz", "hole.csv"):
    try:
        sniff(name)
    except InputError as error:
        print(error)
"""
    *told, grown_mib = bounded(body, tmp_path)
    assert told == [
        "line.csv.gz: line 3: is longer than 1048576 bytes, so this is no table",
        "hole.csv: line 3, byte 10: a NUL character, no utf-8 text: binary data?",
        "line.csv.gz: line 3: is longer than 1048576 bytes, so this is no table",
        "hole.csv: line 3, byte 10: a NUL character, no utf-8 text: binary data?",
    ]
    assert int(grown_mib) < 60


@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.one_of(st.binary(max_size=400), st.text(st.sampled_from('a1,;."\n\r\t#|: -/\0é'), max_size=200)))
def test_whatever_a_file_holds_it_is_read_or_refused(data: bytes | str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    read_or_refused(path)


def test_damaged_gzips_are_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    good = gzip.compress(b"time,b\n" + b"".join(b"%d,%d\n" % (k, k * k) for k in range(200)))
    rng = random.Random(1)
    for _ in range(200):
        data = bytearray(good[: rng.randrange(len(good))] if rng.random() < 0.3 else good)
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        read_or_refused(path)
