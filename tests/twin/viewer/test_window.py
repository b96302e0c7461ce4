"""The window itself, on a virtual display, with a mouse and a keyboard: what a person does reaches the picture."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from panda3d.core import Filename, PNMImage

from tests.twin.viewer.screen import screen

SIZE = (1000, 600)
PATIENCE_S = 60.0
ROOT = Path(__file__).resolve().parents[3]

needs_display = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
pytestmark = pytest.mark.skipif(
    bool(needs_display),
    reason=f"{' and '.join(needs_display)} not installed: the window was NOT tested (Debian: apt install xvfb xdotool)",
)


class Driver:
    """A `swaptwin replay` in its own process, and hands for it.

    Ready once the window answers to a key. The hands wait until the window has seen the pointer where they put it, so
    that no press is met by a pointer that is still elsewhere, however slow the machine.
    """

    def __init__(self, display: str, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self._environment = {**os.environ, "DISPLAY": display, "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, str(ROOT / "swaptwin.py"), "replay", *arguments, "--trace"],
            cwd=folder,
            env=self._environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.states: list[dict[str, Any]] = []
        self.other: list[str] = []
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()
        self.wait(lambda state: True)
        found = self._xdotool("search", "--sync", "--pid", str(self.process.pid), "--name", "SwapTwin")
        self._window = found.split()[0]
        self._xdotool("windowfocus", "--sync", self._window)
        for shown in (True, False):
            self.wait(lambda state, shown=shown: state["help"] is shown, self.keys("h"))

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                if line.startswith("{"):
                    self.states.append(json.loads(line))
                else:
                    self.other.append(line)
                self._news.notify_all()

    def _xdotool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=self._environment, capture_output=True, text=True, timeout=PATIENCE_S
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def state(self) -> dict[str, Any]:
        return self.states[-1]

    def wait(self, wanted: Callable[[dict[str, Any]], bool], since: int = 0) -> dict[str, Any]:
        """The first state from number `since` on that is as wanted."""
        end_s = time.monotonic() + PATIENCE_S
        with self._news:
            while True:
                for state in self.states[since:]:
                    if wanted(state):
                        return state
                left_s = end_s - time.monotonic()
                if left_s <= 0.0 or not self._news.wait(min(left_s, 1.0)):
                    assert self.process.poll() is None or left_s > PATIENCE_S - 1.0, "".join(self.other)
                assert left_s > 0.0, f"never came; last: {self.states[-1:]} {''.join(self.other)}"

    def keys(self, *names: str) -> int:
        """Presses keys; returns the number of the state that comes next."""
        count = len(self.states)
        self._xdotool("key", *names)
        return count

    def mouse(self, x: float, y: float, *presses: str) -> int:
        """Moves the pointer and then presses (`click`, `mousedown`, `mouseup` and the button); counts like `keys`."""
        self._xdotool("mousemove", "--window", self._window, str(x), str(y))
        self.wait(lambda state: state["pointer_px"] == [x, y], len(self.states) - 1)
        count = len(self.states)
        if presses:
            self._xdotool(*presses)
        return count

    def start(self) -> None:
        """To the start of the recording, unless it is there already: then no new state comes."""
        self.wait(lambda state: state["t_s"] == 0.0, self.keys("Home") - 1)

    def picture(self) -> np.ndarray:
        """What the window shows (height, width, 3), 0 to 255, by its own key for pictures."""
        before = self.state["message"]
        since = self.keys("s")
        reported = self.wait(lambda s: s["message"].startswith("picture written") and s["message"] != before, since)
        target = self.folder / reported["message"].split(": ")[1]
        image = PNMImage()
        assert image.read(Filename.from_os_specific(str(target)))
        width, height = image.get_x_size(), image.get_y_size()
        pixels = [[image.get_xel_val(x, y) for x in range(0, width, 4)] for y in range(0, height, 4)]
        return np.array([[(p[0], p[1], p[2]) for p in row] for row in pixels])

    def on_screen(self, screens: Path, wanted: Callable[[np.ndarray], bool]) -> np.ndarray:
        """The window's own pixels on the screen (height, width, 3), as soon as they are as wanted."""
        place = dict(line.split("=") for line in self._xdotool("getwindowgeometry", "--shell", self._window).split())
        x, y, width, height = (int(place[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))
        end_s = time.monotonic() + PATIENCE_S
        while True:
            pixels = screen(screens)[y : y + height, x : x + width].astype(float)
            if wanted(pixels):
                return pixels
            assert time.monotonic() < end_s, f"never seen on the screen; colours there: {colours(pixels)}"
            time.sleep(0.05)

    def time_px(self, t_s: float) -> tuple[int, int]:
        """A pixel on the time line, below the phases."""
        x, y, width, height = self.state["timeline_px"]
        share = (t_s - self.state["start_s"]) / (self.state["end_s"] - self.state["start_s"])
        return round(x + share * (width - 1)), round(y + height - 4)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def window(display, made_up_swap, slower_swap, tmp_path_factory):
    """One window for all tests; each begins where the last one left it."""
    driver = Driver(
        display,
        tmp_path_factory.mktemp("window"),
        str(made_up_swap),
        *("--ghost", str(slower_swap), "--quality", "low", "--size", f"{SIZE[0]}x{SIZE[1]}"),
    )
    yield driver
    driver.close()


def differs(a: np.ndarray, b: np.ndarray) -> float:
    """Share of pixels that are clearly not the same."""
    return float((np.abs(a - b).max(axis=2) > 24).mean())


def colours(pixels: np.ndarray) -> int:
    """How many colours, of 16 steps a channel, a good share of the pixels has."""
    kinds, counts = np.unique((pixels // 16).astype(int).reshape(-1, 3), axis=0, return_counts=True)
    return int((counts > 0.002 * counts.sum()).sum())


def share(pixels: np.ndarray, low: tuple[int, int, int], high: tuple[int, int, int]) -> float:
    """Share of pixels whose red, green and blue lie between two colours."""
    return float(((pixels >= low) & (pixels <= high)).all(axis=2).mean())


def shows_the_station(pixels: np.ndarray) -> bool:
    """Sky, grey lane and yellow gantry in the picture, white marks and coloured phases on the display's dark ground."""
    scene, line = pixels[40:-120, :600], pixels[-60:-10]
    picture = colours(scene) > 10 and share(scene, (190, 200, 210), (225, 235, 245)) > 0.1
    lane = share(scene, (70, 70, 70), (150, 155, 165)) > 0.03
    robot = share(scene, (190, 130, 0), (255, 215, 90)) > 0.005
    display = share(line, (15, 18, 20), (50, 52, 60)) > 0.2 and colours(line) > 3
    return picture and lane and robot and display


def test_what_is_drawn_is_on_the_screen(window, screens):
    """The picture that the key S saves is right even where the window itself stays black."""
    at_rest = window.on_screen(screens, shows_the_station)
    window.keys("space")
    moved = window.on_screen(screens, lambda now: differs(at_rest[40:-120, :600], now[40:-120, :600]) > 0.002)
    assert shows_the_station(moved)
    since = window.keys("space")
    window.wait(lambda s: not s["playing"], since)
    paused = window.on_screen(screens, shows_the_station)
    window.mouse(*window.time_px(22.0), "click", "1")
    window.on_screen(
        screens, lambda now: shows_the_station(now) and differs(paused[40:-120, :600], now[40:-120, :600]) > 0.01
    )
    window.start()
    window.on_screen(screens, lambda now: differs(at_rest[40:-120, :600], now[40:-120, :600]) < 0.002)


def test_begins_at_rest_at_the_start(window):
    state = window.state
    assert (state["t_s"], state["playing"], state["view"]) == (0.0, False, "overview")
    assert state["size_px"] == list(SIZE)
    assert state["ghost"]


def test_plays_and_pauses(window):
    since = window.keys("space")
    window.wait(lambda s: s["playing"] and s["t_s"] > 0.5, since)
    since = window.keys("space")
    window.wait(lambda s: not s["playing"], since)
    since = window.keys("plus", "plus")
    window.wait(lambda s: s["speed"] == 4.0, since)
    since = window.keys("minus", "minus")
    window.wait(lambda s: s["speed"] == 1.0, since)


def test_scrubs_by_click_and_by_drag(window):
    since = window.mouse(*window.time_px(10.0), "click", "1")
    window.wait(lambda s: abs(s["t_s"] - 10.0) < 0.1, since)
    since = window.mouse(*window.time_px(11.0), "mousedown", "1")
    window.mouse(*window.time_px(15.0))
    window.mouse(*window.time_px(20.0))
    state = window.wait(lambda s: abs(s["t_s"] - 20.0) < 0.1, since)
    window.mouse(*window.time_px(20.0), "mouseup", "1")
    window.mouse(400, 250)
    assert not state["playing"]


def test_steps_by_recorded_samples(window):
    window.start()
    since = window.keys("Right", "Right", "Right")
    window.wait(lambda s: s["t_s"] == pytest.approx(0.06, abs=1e-9), since)
    since = window.keys("Left")
    window.wait(lambda s: s["t_s"] == pytest.approx(0.04, abs=1e-9), since)


def test_jumps_to_events_and_to_the_trip(window):
    since = window.keys("Home", "n")
    state = window.wait(lambda s: s["t_s"] == 15.0, since)
    assert "retry" in state["message"]
    since = window.keys("n")
    window.wait(lambda s: s["t_s"] == 24.5, since)
    since = window.keys("p")
    window.wait(lambda s: s["t_s"] == 15.0, since)
    since = window.keys("shift+t")
    window.wait(lambda s: s["t_s"] == 19.5, since)
    since = window.keys("t")
    window.wait(lambda s: s["t_s"] == 24.5, since)
    since = window.keys("End")
    window.wait(lambda s: s["t_s"] == 26.0, since)


def test_the_camera_changes_by_key_and_by_mouse(window):
    since = window.keys("Home", "c", "1")
    window.wait(lambda s: s["charts"] == [], since)
    overview = window.picture()
    since = window.keys("3")
    window.wait(lambda s: s["view"] == "top", since)
    top = window.picture()
    assert differs(overview, top) > 0.3
    since = window.mouse(300, 250, "mousedown", "1")
    window.mouse(340, 270)
    window.mouse(400, 300)
    window.wait(lambda s: s["view"] == "free", since)
    window.mouse(400, 300, "mouseup", "1")
    turned = window.picture()
    assert differs(top, turned) > 0.05
    window.mouse(400, 300, "click", "5", "click", "5", "click", "5")
    assert differs(turned, window.picture()) > 0.05
    since = window.keys("1", "c")
    window.wait(lambda s: s["view"] == "overview" and s["charts"], since)


def test_the_ghost_comes_and_goes(window):
    with_ghost = window.picture()
    since = window.keys("g")
    window.wait(lambda s: not s["ghost"], since)
    assert differs(with_ghost, window.picture()) > 0.02
    since = window.keys("g")
    window.wait(lambda s: s["ghost"], since)


def test_help_opens_and_closes(window):
    before = window.picture()
    since = window.keys("question")
    window.wait(lambda s: s["help"], since)
    assert differs(before, window.picture()) > 0.3
    since = window.mouse(300, 250, "click", "1")
    window.wait(lambda s: not s["help"], since)


def test_buttons_do_what_they_show(window):
    x, y, _, _ = window.state["timeline_px"]
    window.start()
    since = window.mouse(int(x) + 90, int(y) - 18, "click", "1")  # the fourth of the row: play
    window.wait(lambda s: s["playing"], since)
    since = window.keys("space")
    window.wait(lambda s: not s["playing"], since)


def test_at_rest_it_rests(window):
    """No picture is drawn and no processor used where nothing changes (but one picture a second)."""
    time.sleep(0.5)

    def used_s() -> float:
        fields = Path(f"/proc/{window.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before_s = used_s()
    time.sleep(2.0)
    assert used_s() - before_s < 0.8


def test_quits_with_exit_code_zero(window):
    since = window.keys("q")
    window.wait(lambda s: s["quit"], since)
    assert window.process.wait(timeout=20) == 0
