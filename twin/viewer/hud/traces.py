"""Converts samples to a chart's line: one or two points per pixel, round axis ranges, dashes. No drawing."""

from __future__ import annotations

import math

import numpy as np

OVER = 0.06
"""Share of a step by which a line may exceed its axis before the axis is extended by a step."""
DASH_COLUMNS, GAP_COLUMNS = 4, 3


def trace(
    t_s: np.ndarray, values: np.ndarray, start_s: float, column_s: float, columns: int
) -> tuple[np.ndarray, np.ndarray]:
    """Columns (from 0, fractional) and values of a line; minimum and maximum if samples are dense."""
    if len(t_s) == 0:
        return np.empty(0), np.empty(0)
    at = (t_s - start_s) / column_s
    if len(t_s) <= 1.5 * columns:
        return at, values
    column = np.floor(at).astype(np.int64)
    first = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    low, high = np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)
    out_at, out = np.empty(2 * len(first)), np.empty(2 * len(first))
    out_at[0::2], out_at[1::2] = column[first] + 0.25, column[first] + 0.75
    rising = values[first] <= values[np.append(first[1:], len(values)) - 1]
    out[0::2], out[1::2] = np.where(rising, low, high), np.where(rising, high, low)
    return out_at, out


def simplified(at: np.ndarray, y_px: np.ndarray, off_px: float = 0.12, passes: int = 6) -> np.ndarray:
    """Indices of the points that a line needs: every second point on the line is removed, repeatedly."""
    kept = np.arange(len(at))
    for _ in range(passes):
        if len(kept) < 5:
            break
        x, y = at[kept], y_px[kept]
        before, here, after = slice(0, -2, 2), slice(1, -1, 2), slice(2, None, 2)
        n = min(len(x[before]), len(x[here]), len(x[after]))
        x0, x1, x2 = x[before][:n], x[here][:n], x[after][:n]
        y0, y1, y2 = y[before][:n], y[here][:n], y[after][:n]
        on_line = y0 + (y2 - y0) * (x1 - x0) / np.maximum(x2 - x0, 1e-9)
        needed = ~(np.abs(y1 - on_line) < off_px)  # NaN is kept
        if needed.all():
            break
        keep = np.ones(len(kept), bool)
        keep[1 : 2 * n : 2] = needed
        kept = kept[keep]
    return kept


def dashed(at: np.ndarray, values: np.ndarray, first_column: int, scale: float) -> np.ndarray:
    """The values with gaps (NaN) that move with the data, not with the window."""
    period = (DASH_COLUMNS + GAP_COLUMNS) * scale
    return np.where((at + first_column) % period < DASH_COLUMNS * scale, values, np.nan)


def nice_step(least: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten that is at least `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * k for k in (1.0, 2.0, 5.0, 10.0) if power * k >= least * (1.0 - 1e-9))


def nice_range(low: float, high: float, least_span: float, steps: int) -> tuple[float, float, float]:
    """(low, high, step) of an axis that includes low and high and at least a span, in `steps` steps or one more."""
    if not (math.isfinite(low) and math.isfinite(high)):
        low = high = 0.0
    if high - low < least_span:
        middle = (low + high) / 2.0
        # a non-negative range keeps zero as its lower end
        low, high = (0.0, least_span) if low >= 0.0 and high <= least_span else (middle - least_span / 2.0,) * 2
        high = max(high, low + least_span)
    step = nice_step((high - low) / steps)
    first, last = math.floor(low / step + OVER), math.ceil(high / step - OVER)
    if last - first > steps + 1:
        step = nice_step(step * 1.01)
        first, last = math.floor(low / step + OVER), math.ceil(high / step - OVER)
    return first * step, last * step, step


def number(value: float, decimals: int) -> str:
    """A number with a true minus sign and grouped thousands; a dash for none."""
    if not math.isfinite(value):
        return "–"
    text = f"{value:,.{decimals}f}".replace(",", " ").replace("-", "−")
    return text[1:] if text.startswith("−") and not text.strip("−0. ") else text


def decimals_of(step: float) -> int:
    """Number of decimals for multiples of a step."""
    return max(0, -math.floor(math.log10(step) + 1e-9))
