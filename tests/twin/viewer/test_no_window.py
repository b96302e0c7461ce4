"""Where the window cannot be shown, one line says why and what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from twin.viewer.graphics import x11

ROOT = Path(__file__).resolve().parents[3]

needs_xvfb = pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb not installed (Debian: apt install xvfb)")

WITHOUT_A_BACK_BUFFER = """
import sys
import twin.viewer.app, twin.viewer.graphics.window as window
from swaptwin import main

class SingleBuffered(window.FrameBufferProperties):
    def set_back_buffers(self, n): pass

window.FrameBufferProperties = SingleBuffered
twin.viewer.app.BLACK_S = 1.0
sys.exit(main(["replay", *sys.argv[1:]]))
"""


def refused(recording: Path, folder: Path, display: str | None, *python: str, **environment: str) -> str:
    """The one line with which `swaptwin replay` ends where it cannot show a window."""
    inherited = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    shown_on = {"DISPLAY": display} if display is not None else {}
    done = subprocess.run(
        [sys.executable, *(python or (str(ROOT / "swaptwin.py"), "replay")), str(recording), "--quality", "low"],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(ROOT), **shown_on, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert "--video" in lines[0]
    assert "--screenshot" in lines[0]
    return lines[0]


@needs_xvfb
def test_a_window_that_stays_black_says_so(display, made_up_swap, tmp_path):
    """Mesa's software OpenGL shows nothing of a window without a back buffer."""
    line = refused(made_up_swap, tmp_path, display, "-c", WITHOUT_A_BACK_BUFFER)
    assert "black" in line
    assert "LIBGL_ALWAYS_SOFTWARE" in line


@needs_xvfb
def test_without_opengl_it_names_the_display_and_the_packages(display, made_up_swap, tmp_path):
    line = refused(made_up_swap, tmp_path, display, LIBGL_DRIVERS_PATH=str(tmp_path))
    assert f"no OpenGL at DISPLAY={display}" in line
    assert "libgl1-mesa-dri" in line
    assert "libGL" in line.rpartition("[")[2], "what the driver said"


@needs_xvfb
def test_an_x_server_that_resets_when_its_last_client_leaves_is_not_taken_for_absent(monkeypatch):
    """Xvfb without -noreset refuses about one connection in sixty that follows another at once."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "640x400x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        monkeypatch.setenv("DISPLAY", f":{server.stdout.readline().strip()}")
        assert all(x11.server_answers() for _ in range(100))
    finally:
        server.terminate()
        server.wait(timeout=20)


def test_without_an_answer_of_the_x_server_it_names_the_display(made_up_swap, tmp_path):
    assert "no X server answers at DISPLAY=:4711" in refused(made_up_swap, tmp_path, ":4711")


def test_without_a_display_it_names_the_ways_without_one(made_up_swap, tmp_path):
    assert "DISPLAY is not set" in refused(made_up_swap, tmp_path, None)


@needs_xvfb
def test_an_x_server_that_goes_away_under_an_open_window_is_reported_in_one_line(made_up_swap, tmp_path):
    """Xlib lets no program go on, and Panda3D's own handler aborts with a message of its own and a core dump."""
    command = ["Xvfb", "-noreset", "-displayfd", "1", "-screen", "0", "640x400x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    display = f":{server.stdout.readline().strip()}"
    viewer = subprocess.Popen(
        [sys.executable, str(ROOT / "swaptwin.py"), "replay", str(made_up_swap), "--quality", "low", "--trace"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "DISPLAY": display},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert viewer.stderr.readline().startswith("{"), "the window is open"
    server.kill()
    server.wait(timeout=20)
    _, said = viewer.communicate(timeout=60)
    lines = [line for line in said.splitlines() if not line.startswith("{")]
    assert lines == [f"error: the X server at DISPLAY={display} went away, and the window with it"]
    assert viewer.returncode == 2
