"""`swaptwin replay`: show a recording in 3D, in a window, as a picture or as a video."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twin.console import emit_json, progress
from twin.errors import InputError

if TYPE_CHECKING:
    from twin.viewer.compare import Ghost
    from twin.viewer.source import Source

FPS_RANGE, SPEED_RANGE, DURATION_RANGE_S = (1.0, 120.0), (0.01, 1000.0), (0.1, 3600.0)
QUALITY_NAMES = ("low", "medium", "high")


def command(
    recording: Annotated[str, typer.Argument(help="A recording (MCAP), whole, cut or still being written.")],
    ghost: Annotated[str | None, typer.Option(help="A second recording, shown translucent over the first.")] = None,
    align: Annotated[str, typer.Option(help="Alignment of the ghost in time: start or phase.")] = "start",
    at: Annotated[float | None, typer.Option(help="Start of the replay, or time of the screenshot, s.")] = None,
    view: Annotated[
        str | None,
        typer.Option(
            help="overview, seat, top, driver; approach (drive into the bay); auto: follow the work (videos)."
        ),
    ] = None,
    live: Annotated[bool, typer.Option("--live", help="Follow a recording while it is being written.")] = False,
    screenshot: Annotated[str | None, typer.Option(help="Write one picture to this .png instead of a window.")] = None,
    video: Annotated[str | None, typer.Option(help="Write a video to this .mp4 instead of a window.")] = None,
    from_: Annotated[float | None, typer.Option("--from", help="Video: first second of the recording.")] = None,
    to: Annotated[float | None, typer.Option("--to", help="Video: last second of the recording.")] = None,
    fps: Annotated[float, typer.Option(help="Video: frames a second.")] = 30.0,
    speed: Annotated[
        float | None, typer.Option(help="Video: recorded seconds per second. Default: at most 20 s of video.")
    ] = None,
    duration: Annotated[float | None, typer.Option(help="Video: its length in seconds, instead of --speed.")] = None,
    size: Annotated[str, typer.Option(help="Pixels, WIDTHxHEIGHT.")] = "1280x720",
    quality: Annotated[
        str | None, typer.Option(help="low, medium, high. Default: medium in a window, high in files.")
    ] = None,
    display: Annotated[bool, typer.Option(help="Time line and charts over the picture.")] = True,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    trace: Annotated[bool, typer.Option("--trace", hidden=True)] = False,
) -> None:
    """Show a recording in 3D: scrub, play, follow signals, compare with a second one.

    Without --screenshot or --video a window opens; H shows its help. With them no display and no GPU are needed.

    Exit code 0: done. 2: bad input, or this machine cannot draw.
    """
    from twin.viewer.compare import ALIGNMENTS, Ghost
    from twin.viewer.director import AUTO
    from twin.viewer.headless import check_range, parse_size
    from twin.viewer.scene.presets import usual_view, views_of
    from twin.viewer.source import Source

    size_px = parse_size(size)
    check_range(fps, *FPS_RANGE, "--fps")
    check_range(speed, *SPEED_RANGE, "--speed")
    check_range(duration, *DURATION_RANGE_S, "--duration")
    one_of(align, ALIGNMENTS, "--align")
    if quality is not None:
        one_of(quality, QUALITY_NAMES, "--quality")
    if view is not None:
        one_of(view, view_names(), "--view")  # whether the recording has it is known after opening
    files = bool(screenshot or video)
    if files and live:
        raise InputError("cannot be combined with --screenshot or --video", key="--live", value=True)
    if view == "auto" and not video:
        raise InputError("the automatic camera is for videos only", key="--view", value=view)

    with Source(recording) as source, report_not_finite(source):
        if view is not None:
            one_of(view, (*views_of(source.layout), AUTO), "--view")
        usual = usual_view(source.layout)
        other = Ghost(source, ghost, align) if ghost is not None else None
        try:
            start_s = None if at is None else source.check_time(at, "--at")
            if files:
                clip_options = (from_, to, fps, speed, duration)
                made = make_files(
                    source, other, screenshot, video, start_s, view, size_px, quality or "high", display, clip_options
                )
                if json:
                    emit_json(made)
                else:
                    report_files(made)
                return
            from twin.viewer.app import run_window

            on_state = trace_line if trace else None
            code = run_window(
                source,
                size=size_px,
                quality=quality or "medium",
                ghost=other,
                at=start_s,
                live=live,
                view=view or usual,
                on_state=on_state,
            )
        finally:
            if other is not None:
                other.close()
    if code:
        raise typer.Exit(code)


@contextmanager
def report_not_finite(source: Source) -> Iterator[None]:
    """Print a line on standard error, at the end, if poses could not be shown."""
    yield
    if source.not_finite_s is not None:
        shown = f"poses that are not finite from {source.not_finite_s:.2f} s on, shown as they were before"
        print(f"note: {source.path}: {shown}", file=sys.stderr)


def make_files(
    source: Source,
    ghost: Ghost | None,
    screenshot: str | None,
    video: str | None,
    at_s: float | None,
    view: str | None,
    size_px: tuple[int, int],
    quality: str,
    display: bool,
    clip_options: tuple[float | None, float | None, float, float | None, float | None],
) -> dict[str, Any]:
    """Draw the requested files and return their data. Every option is checked before anything is drawn."""
    from twin.viewer.files import output_path
    from twin.viewer.graphics.pipe import offscreen_pipe
    from twin.viewer.headless import Presenter, clip_of, film
    from twin.viewer.headless import screenshot as shoot
    from twin.viewer.scene.presets import usual_view

    png = output_path(screenshot, ".png", "--screenshot") if screenshot else None
    mp4 = output_path(video, ".mp4", "--video") if video else None
    clip = clip_of(source, *clip_options)
    pipe = offscreen_pipe()
    if pipe.note:
        print(f"note: {pipe.note}", file=sys.stderr)
    made: dict[str, Any] = {"recording": str(source.path), "renderer": pipe.name, "size_px": list(size_px)}
    if png is not None:
        at_s = source.start_s if at_s is None else at_s
        shown = view or usual_view(source.layout)
        with progress("drawing the picture"):
            presenter = Presenter(source, size_px, quality, shown, ghost, display, pipe)
            shoot(presenter, at_s, png)
            presenter.close()
        made["screenshot"] = {"file": str(png), "at_s": at_s, "view": shown}
    if mp4 is not None:
        with progress("drawing the frames of the video", total=clip.frames) as line:
            presenter = Presenter(source, size_px, quality, view or "auto", ghost, display, pipe)
            frames = film(presenter, clip, mp4, size_px, lambda done, _: line.update(completed=done))
            presenter.close()
        made["video"] = {
            "file": str(mp4),
            "from_s": clip.start_s,
            "to_s": clip.end_s,
            "speed": clip.speed,
            "fps": clip.fps,
            "frames": frames,
            "duration_s": frames / clip.fps,
            "view": view or "auto",
        }
    return made


def report_files(made: dict[str, Any]) -> None:
    """Print the created files."""
    width, height = made["size_px"]
    if shot := made.get("screenshot"):
        print(f"{shot['file']}: {width} x {height}, at {shot['at_s']:.2f} s, {shot['view']}")
    if video := made.get("video"):
        print(
            f"{video['file']}: {width} x {height}, {video['duration_s']:.1f} s at {video['fps']:g} frames a second, "
            f"{video['from_s']:.1f} to {video['to_s']:.1f} s of the recording at {video['speed']:.3g}x, {video['view']}"
        )


def view_names() -> tuple[str, ...]:
    from twin.viewer.director import AUTO
    from twin.viewer.scene.approach import APPROACH
    from twin.viewer.scene.views import PRESETS

    return (*PRESETS, APPROACH, AUTO)


def one_of(value: str, allowed: tuple[str, ...], option: str) -> None:
    if value not in allowed:
        raise InputError("unknown", key=option, value=value, allowed=", ".join(allowed))


def trace_line(state: dict[str, Any]) -> None:
    """Print the window's state for tests: one JSON line on standard error."""
    import orjson

    print(orjson.dumps(state).decode(), file=sys.stderr, flush=True)
