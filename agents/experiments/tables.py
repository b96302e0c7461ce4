"""Tables of an experiment, a row a trial, as CSV or Parquet: written from its results, and read again row by row."""

from __future__ import annotations

import csv
import io
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from agents.experiments.results import Results
from twin.catalogue.explain import hint
from twin.console import atomic_write
from twin.errors import InputError
from twin.sequence.program import OUTCOMES

ROWS = 512
"""Rows in memory: some kB each as Python has them."""
GROUP = 32 * ROWS
"""Rows of a row group of Parquet."""
PARQUET = ".parquet"
ENDINGS = (".csv", PARQUET)
OUTCOME = "outcome"
"""First column that is no level: those before it are setting, levels and seed."""
NOT_FINITE = ("nan", "+nan", "-nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity")
LONGEST = 12
"""Characters of the longest of them, with some blanks."""
KNOWN_OUTCOMES = (*OUTCOMES, "error")
More = Callable[[int, int], Mapping[str, Any]]


def read_rows(file: Path, key: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table; of CSV as text.

    Args:
        key: the argument's name, for messages.

    Raises:
        InputError: the file is no table in UTF-8, or no Parquet file.
    """
    if file.suffix == PARQUET:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(file) as stored:
                number = 0
                for some in stored.iter_batches(ROWS):
                    for row in some.to_pylist():
                        number += 1
                        yield _checked(row, number, file)
        except (pa.ArrowException, OSError):
            raise InputError("is no Parquet file", key=key, value=str(file)) from None
        return
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            for number, row in enumerate(csv.DictReader(stream), 1):
                if None in row:
                    raise InputError(f"row {number} has more values than there are columns", key=key, value=str(file))
                yield _checked(row, number, file)
    except (UnicodeDecodeError, csv.Error):
        raise InputError("is no table of experiment run", key=key, value=str(file)) from None


def _checked(row: dict[str, Any], number: int, file: Path) -> dict[str, Any]:
    """Return a row whose numbers are finite and whose outcome there is: others would count as what they are not.

    Raises:
        InputError: names file, row, column and value.
    """
    for name, value in row.items():
        if isinstance(value, float):
            finite = math.isfinite(value)
        else:
            finite = not isinstance(value, str) or len(value) > LONGEST or value.strip().lower() not in NOT_FINITE
        if not finite:
            raise InputError(f"row {number} has a value that is not finite", file=file, key=name, value=value)
    outcome = row.get(OUTCOME)
    if outcome is not None and outcome not in KNOWN_OUTCOMES:
        problem = f"row {number} has an unknown outcome{hint(str(outcome), KNOWN_OUTCOMES)}"
        raise InputError(problem, file=file, key=OUTCOME, value=outcome, allowed=", ".join(KNOWN_OUTCOMES))
    return row


def write_table(results: Results, path: Path, more: More | None = None) -> None:
    """Write a row a trial as CSV or, by the name's ending, Parquet; in memory `ROWS` at a time.

    Args:
        more: further columns of a setting's number and a seed.
    """
    kinds: dict[str, set[type]] = {}
    for row in _rows(results, more):
        for name, value in row.items():
            known = kinds.setdefault(name, set())
            if value is not None:
                known.add(type(value))
    write = _write_parquet if path.suffix == PARQUET else _write_csv
    with atomic_write(path) as file:
        write(file, kinds, _rows(results, more))


def _rows(results: Results, more: More | None) -> Iterator[dict[str, Any]]:
    for row in results.rows():
        yield row if more is None else {**row, **more(row["setting"], row["seed"])}


def _write_csv(file: IO[bytes], kinds: Mapping[str, set[type]], rows: Iterator[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(kinds), restval="", lineterminator="\n")
    writer.writeheader()
    while some := list(itertools.islice(rows, ROWS)):
        writer.writerows(some)
        file.write(text.getvalue().encode())
        text.seek(0)
        text.truncate()


def _write_parquet(file: IO[bytes], kinds: Mapping[str, set[type]], rows: Iterator[dict[str, Any]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}

    def type_of(some: set[type]) -> Any:
        if not some:
            return pa.null()
        return types[next(iter(some))] if len(some) == 1 else pa.float64() if some <= {int, float} else pa.string()

    schema = pa.schema([(name, type_of(some)) for name, some in kinds.items()])
    with pq.ParquetWriter(file, schema) as writer:
        group: list[Any] = []
        while some := list(itertools.islice(rows, ROWS)):
            columns = {name: _column([row.get(name) for row in some], kinds[name]) for name in kinds}
            group.append(pa.table(columns, schema))
            if len(group) * ROWS >= GROUP:
                writer.write_table(pa.concat_tables(group), GROUP)
                group.clear()
        if group:
            writer.write_table(pa.concat_tables(group), GROUP)


def _column(values: Sequence[Any], kinds: set[type]) -> list[Any]:
    """Values of one type: a factor whose levels are numbers and words becomes text."""
    if len(kinds) > 1 and not kinds <= {int, float}:
        return [None if value is None else str(value) for value in values]
    return [float(value) if len(kinds) > 1 and value is not None else value for value in values]
