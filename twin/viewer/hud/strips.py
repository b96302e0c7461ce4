"""Lines of strip charts in pieces, so that a moving window only draws its new piece."""

from __future__ import annotations

import math

import numpy as np

from twin.viewer.hud.traces import simplified, trace
from twin.viewer.signals import BLOCK_S, Piece

KEPT_PIECES = 4000
OFF_PX = 0.12
"""Largest error of a drawn line, pixels, at any column."""


class Strips:
    """Cache of the pieces' points. Columns count from time zero, independent of the window."""

    def __init__(self) -> None:
        self._points: dict[object, tuple[np.ndarray, np.ndarray]] = {}

    def line(
        self,
        names: tuple[str, ...],
        pieces: list[Piece],
        column_s: float,
        first: int,
        columns: int,
        per_px: float | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Columns from `first` on and values; `per_px` is the value of a pixel, None for all points of the line."""
        if len(self._points) > KEPT_PIECES:
            self._points.clear()
        at_parts: list[np.ndarray] = []
        value_parts: list[np.ndarray] = []
        before: int | None = None
        for piece in pieces:
            if before is not None and piece.block != before + 1:  # not loaded yet
                at_parts.append(np.array([math.nan]))
                value_parts.append(np.array([math.nan]))
            before = piece.block
            key = (names, piece.block, piece.known_to_s, column_s, per_px)
            if key not in self._points:
                self._points[key] = _points(piece, column_s, per_px)
            at, values = self._points[key]
            at_parts.append(at)
            value_parts.append(values)
        if not at_parts:
            return np.empty(0), np.empty(0)
        return _cut(np.concatenate(at_parts) - first, np.concatenate(value_parts), columns)


def _points(piece: Piece, column_s: float, per_px: float | None) -> tuple[np.ndarray, np.ndarray]:
    at, values = trace(piece.t_s, piece.values, 0.0, column_s, max(round(BLOCK_S / column_s), 1))
    if per_px is None:
        return at, values
    kept = simplified(at, values, OFF_PX * per_px)
    return at[kept], values[kept]


def _cut(at: np.ndarray, values: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """The part of a line from column 0 to `columns`, cut at both ends."""
    inside = np.flatnonzero((at >= 0.0) & (at <= columns))
    low = int(inside[0]) if len(inside) else int(np.count_nonzero(at < 0.0))
    high = int(inside[-1]) + 1 if len(inside) else low
    ends: list[tuple[np.ndarray, np.ndarray]] = [(at[low:high], values[low:high])]
    if 0 < low < len(at):
        ends.insert(0, _between(at, values, low - 1, 0.0))
    if 0 < high < len(at):
        ends.append(_between(at, values, high - 1, float(columns)))
    return np.concatenate([end[0] for end in ends]), np.concatenate([end[1] for end in ends])


def _between(at: np.ndarray, values: np.ndarray, k: int, column: float) -> tuple[np.ndarray, np.ndarray]:
    share = (column - at[k]) / max(at[k + 1] - at[k], 1e-12)
    return np.array([column]), np.array([values[k] + share * (values[k + 1] - values[k])])


def reach(pieces: list[Piece], start_s: float, end_s: float) -> tuple[float, float]:
    """The lowest and the highest sample of a window; NaN without samples."""
    least, most = math.inf, -math.inf
    for piece in pieces:
        low, high = 0, len(piece.t_s)
        if piece.t_s[0] < start_s or piece.t_s[-1] > end_s:
            low, high = int(piece.t_s.searchsorted(start_s)), int(piece.t_s.searchsorted(end_s, "right"))
        if high > low:
            values = piece.values[low:high]
            least, most = min(least, float(np.fmin.reduce(values))), max(most, float(np.fmax.reduce(values)))
    return (least, most) if least <= most else (math.nan, math.nan)
