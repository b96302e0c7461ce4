"""`swaptwin replay` without a display: pictures, videos, and one clear line for each mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from swaptwin import main
from twin.recording import open_recording

ROOT = Path(__file__).resolve().parents[3]
Run = Callable[..., subprocess.CompletedProcess[str]]


def test_a_screenshot_is_a_picture_of_that_instant(run_swaptwin: Run, top_lift_swap: Path, tmp_path: Path) -> None:
    said = run_swaptwin(
        *("replay", str(top_lift_swap), "--screenshot", "shot.png", "--at", "10", "--view", "seat", "--json"),
        *("--size", "640x360", "--quality", "low"),
    )
    assert said.returncode == 0, said.stderr
    made = json.loads(said.stdout)
    assert made["size_px"] == [640, 360]
    assert made["screenshot"]["at_s"] == 10.0
    data = (tmp_path / "shot.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(data[16:20], "big") == 640
    assert int.from_bytes(data[20:24], "big") == 360
    assert len(data) > 20_000, "an empty picture"
    assert [f.name for f in tmp_path.iterdir()] == ["shot.png"], "nothing else is left behind"


def test_a_video_has_the_length_and_the_frames_that_were_asked_for(
    run_swaptwin: Run, chassis_swap: Path, tmp_path: Path
) -> None:
    said = run_swaptwin(
        *("replay", str(chassis_swap), "--video", "v.mp4", "--from", "1", "--to", "7", "--duration", "2"),
        *("--fps", "6", "--size", "320x180", "--quality", "low", "--json"),
    )
    assert said.returncode == 0, said.stderr
    reported = json.loads(said.stdout)["video"]
    assert (reported["frames"], reported["speed"], reported["duration_s"]) == (12, 3.0, 2.0)
    frames = imageio_ffmpeg.read_frames(str(tmp_path / "v.mp4"))
    about = next(frames)
    assert about["size"] == (320, 180)
    assert about["fps"] == pytest.approx(6.0)
    pictures = [np.frombuffer(frame, np.uint8) for frame in frames]
    assert len(pictures) == 12
    assert np.abs(pictures[0].astype(int) - pictures[-1]).max() > 40, "nothing moves"


def test_a_ghost_is_seen(run_swaptwin: Run, made_up_swap: Path, slower_swap: Path, tmp_path: Path) -> None:
    plain = ("replay", str(made_up_swap), "--at", "20", "--size", "320x180", "--quality", "low", "--no-display")
    assert run_swaptwin(*plain, "--screenshot", "a.png").returncode == 0
    said = run_swaptwin(*plain, "--screenshot", "b.png", "--ghost", str(slower_swap), "--align", "phase")
    assert said.returncode == 0, said.stderr
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()


def test_a_cut_recording_opens_as_far_as_it_goes(run_swaptwin: Run, top_lift_swap: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mcap"
    data = top_lift_swap.read_bytes()
    cut.write_bytes(data[: len(data) // 2])
    with open_recording(cut) as recording:
        end_s = recording.end_s
    small = ("--size", "320x180", "--quality", "low")
    said = run_swaptwin("replay", str(cut), "--screenshot", "c.png", "--at", f"{end_s - 0.1:.2f}", *small)
    assert said.returncode == 0, said.stderr
    said = run_swaptwin("replay", str(cut), "--screenshot", "d.png", "--at", "21.9", *small)
    assert said.returncode == 2
    assert "cut.mcap" in said.stderr
    assert f"{end_s:.2f}" in said.stderr


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Calls the command in an empty folder and gives the one line with which it refuses."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> str:
        assert main(arguments) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert len(said.err.strip().splitlines()) == 1, said.err
        return said.err

    return call


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("--screenshot", "a.png", "--at", "999"), ("--at", "999", "25.")),
        (("--screenshot", "a.png", "--at", "-1"), ("--at", "-1")),
        (("--screenshot", "a.png", "--at", "nan"), ("--at", "nan")),
        (("--screenshot", "a.jpg"), ("--screenshot", "a.jpg", ".png")),
        (("--screenshot", "no/such/folder/a.png"), ("--screenshot", "folder")),
        (("--video", "a.avi"), ("--video", ".mp4")),
        (("--video", "a.mp4", "--from", "9", "--to", "9"), ("--to", "--from")),
        (("--video", "a.mp4", "--from", "9", "--to", "4"), ("--to", "--from")),
        (("--video", "a.mp4", "--to", "100"), ("--to", "100")),
        (("--video", "a.mp4", "--fps", "0"), ("--fps", "1 to 120")),
        (("--video", "a.mp4", "--speed", "2", "--duration", "3"), ("--speed", "--duration")),
        (("--video", "a.mp4", "--duration", "nan"), ("--duration",)),
        (("--video", "a.mp4", "--size", "1281x720"), ("--size", "1281x720", "even")),
        (("--video", "a.mp4", "--size", "big"), ("--size", "big")),
        (("--video", "a.mp4", "--quality", "ultra"), ("--quality", "ultra", "medium")),
        (("--video", "a.mp4", "--view", "back"), ("--view", "back", "overview")),
        (("--video", "a.mp4", "--align", "middle"), ("--align", "middle", "phase")),
        (("--video", "a.mp4", "--live"), ("--live",)),
        (("--screenshot", "a.png", "--view", "auto"), ("--view", "auto")),
        (("--video", "a.mp4", "--ghost", "none.mcap"), ("none.mcap",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_each_mistake_is_one_line(
    refused: Callable[..., str], top_lift_swap: Path, tmp_path: Path, arguments: tuple[str, ...], names: tuple[str, ...]
) -> None:
    line = refused("replay", str(top_lift_swap), *arguments)
    for name in names:
        assert name in line, line
    assert list(tmp_path.iterdir()) == [], "nothing half-written"


def test_what_is_no_recording_is_refused(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "folder.mcap").mkdir()
    (tmp_path / "text.mcap").write_text("not a recording")
    (tmp_path / "empty.mcap").write_bytes(b"")
    for name in ("text.mcap", "empty.mcap", "missing.mcap", "folder.mcap"):
        line = refused("replay", name, "--screenshot", "a.png")
        assert name in line


def test_a_recording_without_a_station_says_what_is_missing(refused: Callable[..., str], tmp_path: Path) -> None:
    from twin.recording import Frame, Header, Recorder

    with Recorder(tmp_path / "other.mcap", Header(frames=(Frame("truck"),), channels=(), sensors=())) as recorder:
        recorder.state(0.0, np.array([[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]]), np.empty(0))
        recorder.close("completed", "", {})
    line = refused("replay", "other.mcap", "--screenshot", "a.png")
    assert "other.mcap" in line
    assert "station" in line


def test_without_a_display_the_ways_without_one_are_named(
    refused: Callable[..., str], top_lift_swap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    line = refused("replay", str(top_lift_swap))
    assert "--video" in line
    assert "--screenshot" in line


def test_the_viewer_compiles_no_kernels_and_loads_no_plant() -> None:
    code = (
        "import sys, twin.viewer.app, twin.viewer.headless, twin.viewer.source;"
        "sys.exit(str({'numba', 'pybullet', 'gymnasium', 'twin.setup.setup', 'twin.plants'} & set(sys.modules) or ''))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr.strip() == ""
