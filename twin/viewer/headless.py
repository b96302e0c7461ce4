"""Screenshots and videos of a recording, without a display and without a GPU."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twin.errors import InputError
from twin.viewer import director
from twin.viewer.compare import Ghost
from twin.viewer.files import save_png, video
from twin.viewer.graphics.camera import View, blended
from twin.viewer.graphics.pipe import Pipe
from twin.viewer.scene.presets import usual_view
from twin.viewer.scene.scene import StationScene
from twin.viewer.source import Source
from twin.viewer.studio import Studio, view_of

USUAL_DURATION_S = 20.0
"""A video without speed and duration runs in real time, or faster if it would be longer than this."""


@dataclass(frozen=True)
class Clip:
    """A stretch of a recording as a video, one frame per `step_s` of recorded time."""

    start_s: float
    end_s: float
    fps: float
    speed: float

    @property
    def step_s(self) -> float:
        return self.speed / self.fps

    @property
    def frames(self) -> int:
        return max(1, round((self.end_s - self.start_s) / self.step_s))

    def time_of(self, frame: int) -> float:
        """Recorded time of a frame, from 0; the last frame is not after `end_s`."""
        return min(self.start_s + frame * self.step_s, self.end_s)


def clip_of(
    source: Source,
    start_s: float | None,
    end_s: float | None,
    fps: float,
    speed: float | None,
    duration_s: float | None,
) -> Clip:
    """The stretch that the options request; raises InputError for contradictory options."""
    first = source.start_s if start_s is None else source.check_time(start_s, "--from")
    last = source.end_s if end_s is None else source.check_time(end_s, "--to")
    if not last > first:
        raise InputError(
            "--to must be after --from", file=source.path, key="--to", value=last, allowed=f"above {first:g}"
        )
    if speed is not None and duration_s is not None:
        raise InputError("give --speed or --duration, not both", key="--duration", value=duration_s)
    if speed is None:
        speed = max((last - first) / USUAL_DURATION_S, 1.0) if duration_s is None else (last - first) / duration_s
    return Clip(first, last, fps, speed)


class Presenter:
    """Pictures of a source at any time: the scene, the ghost, the display over them."""

    def __init__(
        self,
        source: Source,
        size_px: tuple[int, int],
        quality: str,
        view: str | View,
        ghost: Ghost | None = None,
        display: bool = True,
        pipe: Pipe | None = None,
    ) -> None:
        self.source, self.ghost = source, ghost
        self.studio = Studio(source.layout, source.names, size_px, quality, "overview", pipe, source.provenance)
        self._view: str | View = view
        self._shots: list[tuple[float, str]] = []
        self._speed = 1.0
        self._other: StationScene | None = None
        if ghost is not None:
            self._other = StationScene(ghost.layout, ghost.names, ghost=True, provenance=ghost.source.provenance)
            self._other.root.reparent_to(self.studio.stage.world)
        self._display = None
        if display:
            from twin.viewer.hud.recorded import RecordedDisplay

            self._display = RecordedDisplay(self.studio.stage, source, ghost)

    def close(self) -> None:
        self.studio.close()

    def plan(self, clip: Clip) -> None:
        """Plan the automatic camera's cuts over a clip."""
        self._shots = self._cuts(clip.start_s, clip.end_s, clip.speed)
        self._speed = clip.speed

    def picture(self, t_s: float) -> np.ndarray:
        """The picture (height, width, 3) uint8 at t_s."""
        self._prepare(t_s)
        return self.studio.offscreen.picture()

    def draw_moving(self, t_s: float) -> None:
        """Draw t_s as a window does during playback, without smooth edges."""
        self.studio.stage.next_picture(still=False)
        self._prepare(t_s)
        self.studio.offscreen.draw()

    def _prepare(self, t_s: float) -> None:
        snapshot = self.source.snapshot(t_s)
        if self._other is not None and self.ghost is not None:
            self._other.update(self.ghost.snapshot_at(t_s), snapshot)
        self.studio.view = self._view_at(t_s)
        if self._display is not None and self.studio.stage.display_due:
            self._display.update(t_s, snapshot)
        self.studio.prepare(snapshot)

    def _cuts(self, start_s: float, end_s: float, speed: float) -> list[tuple[float, str]]:
        return director.cuts(self.source.phases, start_s, end_s, speed, usual_view(self.source.layout))

    def _view_at(self, t_s: float) -> str | View:
        if self._view != director.AUTO:
            return self._view
        shots = self._shots or self._cuts(self.source.start_s, self.source.end_s, 1.0)
        before, now, share = director.shot_at(shots, t_s, self._speed)
        snapshot = self.source.snapshot(t_s)
        layout = self.source.layout
        if share >= 1.0:
            return view_of(now, layout, snapshot)
        return blended(view_of(before, layout, snapshot), view_of(now, layout, snapshot), share)


def screenshot(presenter: Presenter, t_s: float, target: Path) -> None:
    """Write one picture as a PNG file."""
    save_png(presenter.picture(t_s), target)


def film(
    presenter: Presenter,
    clip: Clip,
    target: Path,
    size_px: tuple[int, int],
    on_progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write a clip as an H.264 file; returns the number of frames."""
    presenter.plan(clip)
    with video(target, size_px, clip.fps) as out:
        for frame in range(clip.frames):
            out.send(presenter.picture(clip.time_of(frame)))
            if on_progress is not None:
                on_progress(frame + 1, clip.frames)
    return clip.frames


def parse_size(text: str) -> tuple[int, int]:
    """Parse `1280x720` as (1280, 720); raises InputError for anything else, odd numbers and unsupported sizes."""
    parts = text.lower().split("x")
    if len(parts) == 2 and all(part.isascii() and part.isdigit() and len(part) <= 5 for part in parts):
        width, height = int(parts[0]), int(parts[1])
        if 64 <= width <= 7680 and 64 <= height <= 4320 and width % 2 == 0 and height % 2 == 0:
            return width, height
    raise InputError("not a size", key="--size", value=text, allowed="WIDTHxHEIGHT, even, 64x64 to 7680x4320")


def check_range(value: float | None, low: float, high: float, option: str) -> None:
    """Raise InputError for a number outside [low, high]; None passes."""
    if value is not None and not (math.isfinite(value) and low <= value <= high):
        raise InputError("out of range", key=option, value=value, allowed=f"{low:g} to {high:g}")
