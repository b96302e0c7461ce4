"""Columns of numbers on disk: the data read from a log, in line order, until all of it is known.

The whole log must be read before the first sample can be written: its clock may have jumped, a tag may be missing. So
the numbers are stored in temporary files, and memory is independent of the log's length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np


class Spool:
    """Rows of one clock: a time in ns and the values of `columns`; NaN for no entry."""

    def __init__(self, folder: Path, name: str, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self.rows = 0
        self._times = (folder / f"{name}.time").open("w+b", buffering=0)
        self._values = (folder / f"{name}.values").open("w+b", buffering=0)

    def append(self, t_ns: np.ndarray, values: np.ndarray) -> None:
        """Add rows: `t_ns` (K,) int64, `values` (K, C) float64."""
        if values.shape != (len(t_ns), len(self.columns)):
            raise ValueError(f"values have the shape {values.shape}")
        self._times.write(np.ascontiguousarray(t_ns, np.int64).data)
        self._values.write(np.ascontiguousarray(values, np.float64).data)
        self.rows += len(t_ns)

    def read(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Times (K,) and values (K, C) of rows `start` to `stop`."""
        stop = min(stop, self.rows)
        count, width = max(stop - start, 0), len(self.columns)
        self._times.seek(8 * start)
        self._values.seek(8 * start * width)
        t_ns = np.fromfile(self._times, np.int64, count)
        values = np.fromfile(self._values, np.float64, count * width)
        return t_ns, values.reshape(count, width)

    def write_over(self, start: int, values: np.ndarray) -> None:
        """Replace the values of the rows from `start` on by (K, C) others; the times stay."""
        self._values.seek(8 * start * len(self.columns))
        self._values.write(np.ascontiguousarray(values, np.float64).data)

    def pieces(self, rows: int, *, backwards: bool = False) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All rows in their order, or in reverse: times (K,) and values (K, C)."""
        starts = range(0, self.rows, rows)
        for start in reversed(starts) if backwards else starts:
            t_ns, values = self.read(start, start + rows)
            yield (t_ns[::-1], values[::-1]) if backwards else (t_ns, values)

    def close(self) -> None:
        self._times.close()
        self._values.close()
