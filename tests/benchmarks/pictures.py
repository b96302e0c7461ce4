"""Pictures a second of the viewer."""

from __future__ import annotations

import statistics
from pathlib import Path

from tests.benchmarks.row import Row, unmeasured

REQUIRED_FPS = {"medium": 30, "low": 60}
"""Of the viewer at 1280x720, by quality; medium has shadows."""


def picture_rows(station: str, path: Path) -> list[Row]:
    """Pictures a second of the viewer at 1280x720, from recording to pixels, with shadows and without."""
    try:
        from tests.benchmarks.frame_rate import measure_frames
    except ImportError as error:  # the viewer is an optional part
        return [unmeasured(f"{station} pictures", error)]
    seconds = measure_frames(path, tuple(REQUIRED_FPS))
    first, second = seconds
    each = [slow / fast for slow, fast in zip(seconds[first], seconds[second], strict=True)]
    quartile, _, third = statistics.quantiles(each, n=4)
    rows = []
    for quality, times in seconds.items():
        fps = 1.0 / statistics.median(times)
        row = Row(f"{station} pictures, {quality}", fps, "frames/s")
        row.required, row.met = f">= {REQUIRED_FPS[quality]}", fps >= REQUIRED_FPS[quality]
        rows.append(row)
    rows[1].ratio, rows[1].against = statistics.median(each), rows[0].name
    rows[1].quartiles = (quartile, third)
    return rows
