"""Frame-rate measurement: qualities in turns, over the same instants of the same recording."""

from __future__ import annotations

import time
from pathlib import Path

from twin.viewer.headless import Presenter
from twin.viewer.source import Source

TURN_FRAMES = 10
WARM_UP_FRAMES = 3


def measure_frames(
    path: Path, qualities: tuple[str, ...] = ("medium", "low"), size_px: tuple[int, int] = (1280, 720), turns: int = 12
) -> dict[str, list[float]]:
    """Seconds per picture, a mean per turn, by quality: from recording to pixels, display included.

    Edges are not smoothed, as in a window during playback. The view is the overview; the recording plays at four times
    its speed, so that everything moves.
    """
    with Source(path) as source:
        presenters = {quality: Presenter(source, size_px, quality, "overview") for quality in qualities}
        span_s = source.end_s - source.start_s
        step_s = min(4.0 / 30.0, span_s / (turns * TURN_FRAMES))
        seconds: dict[str, list[float]] = {quality: [] for quality in qualities}
        for presenter in presenters.values():
            for _ in range(WARM_UP_FRAMES):
                presenter.draw_moving(source.start_s)
        for turn in range(turns):
            order = qualities[turn % len(qualities) :] + qualities[: turn % len(qualities)]
            for quality in order:
                began_s = time.perf_counter()
                for k in range(TURN_FRAMES):
                    presenters[quality].draw_moving(source.start_s + (turn * TURN_FRAMES + k) * step_s)
                seconds[quality].append((time.perf_counter() - began_s) / TURN_FRAMES)
        for presenter in presenters.values():
            presenter.close()
    return seconds
