"""The window: a recording on a stage, the mouse and the keys, drawn only where something changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from twin.viewer import files
from twin.viewer.controls import HINT, REPEATING, action_of
from twin.viewer.eye import Eye
from twin.viewer.graphics.quality import QUALITIES
from twin.viewer.graphics.window import Press, Window
from twin.viewer.hud import Charts, Hit, Hud
from twin.viewer.hud.model import GhostRow
from twin.viewer.hud.recorded import WINDOW_S, load, model_at
from twin.viewer.hud.style import clock, words
from twin.viewer.layout import Layout
from twin.viewer.playback import Playback
from twin.viewer.scene.scene import StationScene
from twin.viewer.scene.views import PRESETS
from twin.viewer.signals import SHOWN_AT_FIRST, Signals, chart_sets
from twin.viewer.snapshot import Names, Snapshot
from twin.viewer.source import Marker, PhaseSpan, Source

FRAME_S, IDLE_S = 1.0 / 60.0, 0.015
REDRAW_S = 1.0
"""At rest the picture is still drawn this often: a window that was covered may have lost it."""
REFRESH_S = 0.2
TOAST_S, HINT_S = 2.5, 12.0
CHART_BUDGET_S = 0.008
WINDOWS_S = (2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0)
LEAST_STRETCH_S = 1.0
SCALE_PER_NOTCH = 0.8

State = dict[str, Any]


class Ghost(Protocol):
    """A second run that is shown over the first, at the instant that belongs to an instant of the first."""

    @property
    def label(self) -> str: ...
    @property
    def layout(self) -> Layout: ...
    @property
    def names(self) -> Names: ...
    def snapshot_at(self, t_s: float) -> Snapshot: ...
    def rows(self) -> list[GhostRow]: ...


def run_window(
    source: Source,
    *,
    size: tuple[int, int] = (1280, 720),
    quality: str = "medium",
    ghost: Ghost | None = None,
    at: float | None = None,
    live: bool = False,
    view: str = "overview",
    play: bool = False,
    on_state: Callable[[State], None] | None = None,
) -> int:
    """Shows a recording in a window until the user closes it; returns the exit code.

    Args:
        at: seconds into the recording to begin at; without it the start, or where `live` the end.
        on_state: is called with what the window shows (time, speed, view, …) whenever that has changed.

    Raises:
        InputError: where no window can be opened.
    """
    window = Window(f"{source.path.name} · SwapTwin", size, QUALITIES[quality])
    try:
        viewer = Viewer(window, source, ghost=ghost, at=at, live=live, view=view, on_state=on_state)
        if play:
            viewer.playback.play()
        viewer.run()
    finally:
        window.close()
    return 0


class Viewer:
    """The window's contents and what the user's input does to them."""

    def __init__(
        self,
        window: Window,
        source: Source,
        *,
        ghost: Ghost | None = None,
        at: float | None = None,
        live: bool = False,
        view: str = "overview",
        on_state: Callable[[State], None] | None = None,
    ) -> None:
        self.window, self.source, self.ghost, self._on_state = window, source, ghost, on_state
        self.signals = Signals(source, CHART_BUDGET_S)
        self.playback = Playback(source, t_s=at, live=live, sample_times=self.signals.sample_times)
        self.eye = Eye(source.layout, PRESETS, view)
        self.scene = StationScene(source.layout, source.names)
        self.scene.root.reparent_to(window.stage.world)
        self.other: StationScene | None = None
        if ghost is not None:
            self.other = StationScene(ghost.layout, ghost.names, ghost=True)
            self.other.root.reparent_to(window.stage.world)
        self.hud = Hud(window.stage.hud, window.stage.size_px)
        self.show = {
            "charts": True,
            "ghost": ghost is not None,
            "forces": self.scene.show_forces,
            "measured": self.scene.show_measured,
            "help": False,
        }
        self._sets = set(SHOWN_AT_FIRST)
        self._robot, self._window_s = 0, WINDOW_S
        self._stretch_s: tuple[float, float] | None = None
        self._toast, self._toast_until_s = "", 0.0
        self._hint_until_s = time.monotonic() + HINT_S
        self._drag: str | None = None
        self._pointer: tuple[float, float] | None = None
        self._under: object = None
        self._done = False
        self._stale = True
        self._told: State = {}

    def run(self) -> None:
        """Until the user quits or closes the window."""
        last_s = drawn_s = refreshed_s = time.monotonic()
        while not self._done and self.window.open:
            for press in self.window.poll():
                self._take(press)
            self._point()
            now_s = time.monotonic()
            if self.playback.live and now_s - refreshed_s >= REFRESH_S:
                refreshed_s = now_s
                if self.source.refresh():
                    self.playback.refreshed()
                    self._stale = True
            self._stale |= self.playback.advance(min(now_s - last_s, 0.25))
            last_s = now_s
            self._stale |= self._expired(now_s)
            if self.window.resized():
                self.hud.resize(self.window.stage.size_px)
                self._stale = True
            if self._stale or now_s - drawn_s >= REDRAW_S:
                drawn_s = now_s
                self.draw()
            self._tell()
            busy = self._stale or self.playback.moving or self._drag is not None
            rest_s = (FRAME_S if busy else IDLE_S) - (time.monotonic() - now_s)
            if rest_s > 0.0:
                time.sleep(rest_s)
        self._tell(quit=True)

    # --- drawing --------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Shows the present instant."""
        self._prepare()
        self.window.draw()

    def _prepare(self) -> None:
        t_s, stage = self.playback.t_s, self.window.stage
        snapshot = self.source.snapshot(t_s)
        self.scene.update(snapshot)
        if self.other is not None and self.ghost is not None and self.show["ghost"]:
            self.other.update(self.ghost.snapshot_at(t_s))
        charts = self._charts()
        model = model_at(self.source, self.playback, None, self.ghost if self.show["ghost"] else None, controls=True)
        now_s = time.monotonic()
        self._stale = charts is not None and not load(charts, self.source, t_s)
        self.hud.update(
            replace(
                model,
                charts=charts,
                view_s=self._stretch_s,
                views=tuple(PRESETS),
                view=self.eye.name,
                help_open=self.show["help"],
                toast=self._toast if now_s < self._toast_until_s else None,
                hint=HINT if now_s < self._hint_until_s else None,
                pointer_px=self._pointer if self._drag in (None, "scrub") else None,
            )
        )
        stage.show_world_in(*self.hud.free)
        stage.look(self.eye.view(snapshot))

    def _charts(self) -> Charts | None:
        if not self.show["charts"]:
            return None
        sets = chart_sets(self.source.layout, self.source.names, self.source.provenance, self._robot)
        shown = tuple(chart for chart in sets if chart.key in self._sets)
        return Charts(shown, self.signals, self._window_s, self._robot, self.source.layout.robots)

    def _expired(self, now_s: float) -> bool:
        """True once when a message or the hint has had its time."""
        ended = False
        if self._toast and now_s >= self._toast_until_s:
            self._toast, ended = "", True
        if self._hint_until_s and now_s >= self._hint_until_s:
            self._hint_until_s, ended = 0.0, True
        return ended

    def say(self, text: str) -> None:
        """A message for a moment."""
        self._toast, self._toast_until_s = text, time.monotonic() + TOAST_S
        self._stale = True

    # --- keys -----------------------------------------------------------------------------------------------------

    def _take(self, press: Press) -> None:
        if press.kind == "close":
            self._done = True
        elif press.name.startswith(("mouse", "wheel")):
            self._mouse(press)
        elif press.kind == "typed":
            if press.name in "+-=?" and (action := action_of(press.name)):
                self.act(action)
        elif press.kind in ("down", "repeat") and not press.other and press.name not in "+-=?":
            action = action_of(press.name, press.shift)
            if action is not None and (press.kind == "down" or action in REPEATING):
                self.act(action)

    def act(self, action: str) -> None:
        """Does what a key or a button stands for."""
        self._hint_until_s = 0.0
        self._stale = True
        group, _, name = action.partition(":")
        if self.show["help"] and action not in ("help", "quit", "screenshot"):
            self.show["help"] = False
        if group == "view":
            self.eye.choose(name)
        elif group == "chart":
            self.show["charts"] = True
            self._sets ^= {name}
        elif action == "quit":
            if self.show["help"]:
                self.show["help"] = False
            else:
                self._done = True
        elif action in self.show:
            self._switch(action)
        elif action == "robot":
            self._robot = (self._robot + 1) % self.source.layout.robots
        elif action == "screenshot":
            self._screenshot()
        else:
            self._play(action)

    def _play(self, action: str) -> None:
        playback = self.playback
        moves: dict[str, Callable[[], object]] = {
            "play": playback.toggle,
            "step": lambda: playback.step(1),
            "step_back": lambda: playback.step(-1),
            "second": lambda: playback.scrub(playback.t_s + 1.0),
            "second_back": lambda: playback.scrub(playback.t_s - 1.0),
            "faster": playback.faster,
            "slower": lambda: playback.faster(-1),
            "speed": playback.normal_speed,
            "start": playback.to_start,
            "end": playback.to_end,
            "next_phase": playback.next_phase,
            "previous_phase": playback.previous_phase,
            "next_event": playback.next_event,
            "previous_event": playback.previous_event,
            "trip": playback.to_trip,
            "before_trip": playback.to_before_trip,
            "follow": lambda: playback.follow(not playback.following),
        }
        found = moves[action]()
        if isinstance(found, Marker):
            self.say(told(found))
        elif isinstance(found, PhaseSpan):
            self.say(words(found.name))
        elif action in ("next_event", "previous_event"):
            self.say("no event after this" if action == "next_event" else "no event before this")
        elif action in ("trip", "before_trip"):
            self.say("no trip in this recording")
        elif action == "follow" and not playback.live:
            self.say("not a live recording: open it with --live to follow it")
        elif action in ("faster", "slower", "speed"):
            self.say(f"speed {playback.speed:g}×")
        self._keep_in_sight()

    def _switch(self, what: str) -> None:
        if what == "ghost" and self.other is None:
            self.say("no other run: --ghost OTHER shows one")
            return
        self.show[what] = not self.show[what]
        if what == "ghost" and self.other is not None:
            (self.other.root.show if self.show["ghost"] else self.other.root.hide)()
        if what in ("forces", "measured"):
            self.scene.show_forces, self.scene.show_measured = self.show["forces"], self.show["measured"]
            name = {"forces": "contact forces", "measured": "measured pose"}[what]
            self.say(f"{name} {'shown' if self.show[what] else 'hidden'}")

    def _screenshot(self) -> None:
        stem = f"{self.source.path.stem}_{clock(self.playback.t_s).replace(':', '-')}"
        target = Path.cwd() / f"{stem}.png"
        k = 2
        while target.exists():
            target, k = target.with_name(f"{stem}_{k}.png"), k + 1
        self._toast = ""
        self._prepare()
        try:
            files.save_png(self.window.picture(), target)
        except OSError as error:
            self.say(f"no picture could be written here: {error.strerror}")
            return
        self.say(f"picture written: {target.name}")

    # --- mouse ----------------------------------------------------------------------------------------------------

    def _mouse(self, press: Press) -> None:
        pointer = self.window.pointer_px or self._pointer
        if press.kind == "up":
            self._drag = None
            self._stale = True
            return
        if press.kind != "down" or pointer is None:
            return
        self._hint_until_s = 0.0
        self._stale = True
        found = self.hud.hit(*pointer)
        if press.name in ("wheel_up", "wheel_down"):
            self._wheel(found, 1.0 if press.name == "wheel_up" else -1.0)
        elif found is None:
            self._drag = "move" if press.shift or press.name != "mouse1" else "turn"
            self._pointer = pointer
        elif press.name == "mouse1":
            self._click(found)

    def _click(self, found: Hit) -> None:
        if found.kind == "help":
            self.show["help"] = False
        elif found.kind == "button":
            self.act(found.name)
        elif found.t_s is not None:
            self.playback.scrub(found.t_s)
            if found.marker is not None:
                self.say(told(found.marker))
            elif found.kind != "chart":
                self._drag = "scrub"

    def _wheel(self, found: Hit | None, notches: float) -> None:
        if found is None:
            self.eye.zoom(notches)
        elif found.kind == "chart" or (found.kind == "panel" and found.name == "charts"):
            k = WINDOWS_S.index(self._window_s) - round(notches)
            self._window_s = WINDOWS_S[min(max(k, 0), len(WINDOWS_S) - 1)]
        elif found.kind in ("timeline", "phase", "event") and found.t_s is not None:
            self._stretch(found.t_s, SCALE_PER_NOTCH**notches)

    def _stretch(self, about_s: float, factor: float) -> None:
        """Shows a shorter or longer stretch on the time line; what is under the pointer stays there."""
        start_s, end_s = self._stretch_s or (self.source.start_s, self.source.end_s)
        start_s, end_s = (about_s + (edge_s - about_s) * factor for edge_s in (start_s, end_s))
        start_s, end_s = max(start_s, self.source.start_s), min(end_s, self.source.end_s)
        whole = end_s - start_s >= 0.999 * (self.source.end_s - self.source.start_s)
        if whole:
            self._stretch_s = None
        elif end_s - start_s >= LEAST_STRETCH_S:
            self._stretch_s = (start_s, end_s)

    def _keep_in_sight(self) -> None:
        """Moves a stretched time line so that the cursor is on it."""
        if self._stretch_s is None:
            return
        start_s, end_s = self._stretch_s
        if not start_s <= self.playback.t_s <= end_s:
            half_s = (end_s - start_s) / 2.0
            middle_s = min(max(self.playback.t_s, self.source.start_s + half_s), self.source.end_s - half_s)
            self._stretch_s = (middle_s - half_s, middle_s + half_s)

    def _point(self) -> None:
        """Follows the pointer: drags, and what lights up under it."""
        pointer = self.window.pointer_px
        if self._drag is not None and pointer is None:
            pointer = self._pointer
        if pointer == self._pointer:
            return
        before, self._pointer = self._pointer, pointer
        if self._drag is not None and pointer is not None and before is not None:
            dx, dy = pointer[0] - before[0], pointer[1] - before[1]
            height = self.window.stage.size_px[1]
            if self._drag == "scrub":
                self.playback.scrub(self.hud.timeline.scale.time(pointer[0]))
            else:
                (self.eye.turn if self._drag == "turn" else self.eye.move)(dx, dy, height)
            self._stale = True
            return
        found = self.hud.hit(*pointer) if pointer is not None else None
        told_by = found if found is not None and found.kind != "chart" else None
        self._stale |= told_by != self._under
        self._under = told_by

    # --- what is told ---------------------------------------------------------------------------------------------

    def _tell(self, quit: bool = False) -> None:
        if self._on_state is None:
            return
        playback = self.playback
        state: State = {
            "t_s": playback.t_s,
            "start_s": self.source.start_s,
            "end_s": self.source.end_s,
            "playing": playback.playing,
            "following": playback.following,
            "speed": playback.speed,
            "view": self.eye.name,
            "charts": sorted(self._sets) if self.show["charts"] else [],
            "robot": self._robot,
            **{name: self.show[name] for name in ("help", "ghost", "forces", "measured")},
            "message": self._toast,
            "size_px": list(self.window.stage.size_px),
            "timeline_px": [float(v) for v in self.hud.timeline.area],
            "quit": quit,
        }
        if state != self._told:
            self._told = state
            self._on_state(state)


def told(marker: Marker) -> str:
    """An event as a message."""
    return f"{clock(marker.t_s)}  {words(marker.name)}" + (f": {marker.message}" if marker.message else "")
