"""Opens a log's file of any format as a table."""

from __future__ import annotations

from pathlib import Path

from twin.log_import.reading.csv_table import CsvTable
from twin.log_import.reading.layout import TableLayout
from twin.log_import.reading.parquet_table import ParquetTable
from twin.log_import.reading.source import PARQUET_MAGIC, open_regular
from twin.log_import.reading.table import Table


def open_table(path: str | Path, layout: TableLayout, key: str = "LOG") -> Table:
    """The table in a file, with its head read.

    Args:
        path: a regular file.
        layout: its format.
        key: name of the file in messages.

    Raises:
        InputError: if it is no table, or not in this format.
    """
    path = Path(path)
    file = open_regular(path)
    try:
        is_parquet = layout.format == "parquet" or (layout.format == "auto" and file.read(4) == PARQUET_MAGIC)
        file.seek(0)
        return (ParquetTable if is_parquet else CsvTable)(path, layout, key, file)
    except BaseException:
        file.close()
        raise
