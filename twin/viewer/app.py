"""The window: shows a recording, handles mouse and keys, and redraws only after changes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from twin.viewer import files
from twin.viewer.controls import REPEATING, action_of
from twin.viewer.graphics.quality import QUALITIES
from twin.viewer.graphics.window import InputEvent, Window
from twin.viewer.hud import Hud
from twin.viewer.hud.recorded import Compared
from twin.viewer.hud.style import clock
from twin.viewer.layout import Layout
from twin.viewer.scene.approach import sun_of
from twin.viewer.scene.scene import StationScene
from twin.viewer.scene.views import from_above, truck_hides_work
from twin.viewer.session import CHART_BUDGET_S, Session, State
from twin.viewer.snapshot import Names, Snapshot
from twin.viewer.source import Source

FRAME_S, IDLE_S = 1.0 / 60.0, 0.015
LONGEST_FRAME_S = 0.25
"""Upper limit of a frame's wall time: playback does not jump after a busy period of the machine."""
STILL_S = 0.15
"""After this time without motion the picture is redrawn with smooth edges and its own shadows."""
REDRAW_S = 1.0
"""Redraw interval at rest: a window that was covered may have lost its picture."""
REFRESH_S = 0.2
LOOK_S = 0.5
BLACK_S = 6.0
"""Interval at which the window is checked on the screen until it is visible; a window of one colour for this long will
never show anything."""
CHART_SHARE = 0.3
"""Share of a frame's time for reading the charts' samples."""
TYPED = "+-=?"
"""Keys that differ between keyboard layouts are matched by their character."""


class Ghost(Compared, Protocol):
    """A second run shown over the first, at the corresponding instant."""

    @property
    def layout(self) -> Layout: ...
    @property
    def names(self) -> Names: ...
    def snapshot_at(self, t_s: float) -> Snapshot: ...


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
    """Show a recording in a window until the user closes it; returns the exit code.

    Args:
        at: start time in the recording, s; by default its start, or with `live` its end.
        on_state: called with the window's state (time, speed, view, …) after each change.

    Raises:
        InputError: if no window can be opened, or the picture does not reach the screen.
    """
    window = Window(f"{source.path.name} · SwapTwin", size, QUALITIES[quality])
    try:
        session = Session(source, ghost=ghost, at=at, live=live, view=view)
        if play:
            session.playback.play()
        Viewer(window, session, ghost, on_state).run()
    finally:
        window.close()
    return 0


class Viewer:
    """Connects the user's input to the session, and the session to the window."""

    def __init__(
        self,
        window: Window,
        session: Session,
        ghost: Ghost | None = None,
        on_state: Callable[[State], None] | None = None,
    ) -> None:
        self.window, self.session, self.ghost, self._on_state = window, session, ghost, on_state
        source = session.source
        self.scene = StationScene(source.layout, source.names, provenance=source.provenance)
        self.scene.root.reparent_to(window.stage.world)
        if source.layout.docking:
            window.stage.aim_sun(*sun_of(source.layout))
        self.other: StationScene | None = None
        if ghost is not None:
            self.other = StationScene(ghost.layout, ghost.names, ghost=True, provenance=ghost.source.provenance)
            self.other.root.reparent_to(window.stage.world)
        self.hud = Hud(window.stage.hud, window.stage.size_px)
        self._drag: str | None = None
        self._pointer: tuple[float, float] | None = None
        self._under: object = None
        self._told: State = {}

    def run(self) -> None:
        """Run until the user quits or closes the window."""
        session = self.session
        last_s = drawn_s = refreshed_s = moved_s = time.monotonic()
        looked_s = began_s = last_s
        seen = False
        while not session.done and self.window.open:
            for press in self.window.poll():
                self._take(press)
            self._point()
            now_s = time.monotonic()
            if session.playback.live and now_s - refreshed_s >= REFRESH_S:
                refreshed_s = now_s
                session.refresh()
            session.pass_time(min(now_s - last_s, LONGEST_FRAME_S))
            last_s = now_s
            if self.window.resized():
                self.hud.resize(self.window.stage.size_px)
                session.stale = True
            if session.wants_picture:
                self._save_picture()
            moves = session.playback.moving or self._drag is not None
            moved_s = now_s if moves else moved_s
            still = not moves and now_s - moved_s >= STILL_S
            if session.stale or still != self.window.stage.still or now_s - drawn_s >= REDRAW_S:
                drawn_s = now_s
                self.window.stage.next_picture(still)
                self.draw()
            if not seen and now_s - looked_s >= LOOK_S:
                looked_s = now_s
                seen = not self.window.black
                if not seen and now_s - began_s >= BLACK_S:
                    raise self.window.refuse_black()
            self._tell()
            spent_s = time.monotonic() - now_s
            session.signals.budget_s = max(CHART_BUDGET_S, CHART_SHARE * min(spent_s, LONGEST_FRAME_S))
            busy = session.stale or moves
            time.sleep(max((FRAME_S if busy else IDLE_S) - spent_s, 0.0))
        self._tell(quit=True)

    def draw(self) -> None:
        """Draw the present instant."""
        self.prepare()
        self.window.draw()

    def prepare(self) -> None:
        """Update scene, ghost, camera and display to the present instant."""
        session, stage = self.session, self.window.stage
        t_s = session.playback.t_s
        snapshot = session.source.snapshot(t_s)
        self.scene.show_forces, self.scene.show_measured = session.show["forces"], session.show["measured"]
        self.scene.see_through_truck(session.show["glass"] != truck_hides_work(session.eye.name, self.scene.layout))
        self.scene.uncover(from_above(session.eye.name))
        self.scene.update(snapshot)
        if self.other is not None and self.ghost is not None:
            if session.show["ghost"]:
                self.other.root.show()
                self.other.update(self.ghost.snapshot_at(t_s), snapshot)
            else:
                self.other.root.hide()
        if stage.display_due or self._drag is not None:
            self.hud.update(session.model(self._pointer if self._drag in (None, "scrub") else None))
        stage.show_world_in(*self.hud.free)
        stage.look(session.eye.view(snapshot))

    def _save_picture(self) -> None:
        """Save the picture, without messages, in the working directory under an unused name."""
        session = self.session
        session.wants_picture, session.message = False, ""
        stem = f"{session.source.path.stem}_{clock(session.playback.t_s).replace(':', '-')}"
        target, k = Path.cwd() / f"{stem}.png", 2
        while target.exists():
            target, k = target.with_name(f"{stem}_{k}.png"), k + 1
        self.prepare()
        self.window.stage.next_picture(still=True)
        try:
            files.save_png(self.window.picture(), target)
        except OSError as error:
            session.say(f"no picture could be written here: {error.strerror}")
            return
        session.say(f"picture written: {target.name}")

    def _take(self, press: InputEvent) -> None:
        if press.kind == "close":
            self.session.done = True
        elif press.name.startswith(("mouse", "wheel")):
            self._take_button(press)
        elif press.kind == "typed":
            if press.name in TYPED and (action := action_of(press.name)):
                self.session.act(action)
        elif press.kind in ("down", "repeat") and not press.other and press.name not in TYPED:
            action = action_of(press.name, press.shift)
            if action is not None and (press.kind == "down" or action in REPEATING):
                self.session.act(action)

    def _take_button(self, press: InputEvent) -> None:
        session = self.session
        pointer = self.window.pointer_px or self._pointer
        if press.kind == "up":
            self._drag = None
            session.stale = True
        elif press.kind == "down" and pointer is not None:
            found = self.hud.hit(*pointer)
            self._pointer = pointer
            if press.name in ("wheel_up", "wheel_down"):
                session.wheel(found, 1.0 if press.name == "wheel_up" else -1.0)
            elif found is None:
                session.drop_hint()
                self._drag = "move" if press.shift or press.name != "mouse1" else "turn"
            elif press.name == "mouse1" and session.click(found):
                self._drag = "scrub"

    def _point(self) -> None:
        """Process the pointer: drags, and highlights under it."""
        pointer = self.window.pointer_px
        if self._drag is not None and pointer is None:
            pointer = self._pointer  # a drag outside the window
        if pointer == self._pointer:
            return
        before, self._pointer = self._pointer, pointer
        session = self.session
        if self._drag is not None and pointer is not None and before is not None:
            dx, dy = pointer[0] - before[0], pointer[1] - before[1]
            if self._drag == "scrub":
                session.playback.scrub(self.hud.timeline.scale.time(pointer[0]))
            elif self._drag == "turn":
                session.eye.turn(dx, dy, self.window.stage.size_px[1])
            else:
                session.eye.move(dx, dy, self.window.stage.size_px[1])
            session.stale = True
            return
        found = self.hud.hit(*pointer) if pointer is not None else None
        under = found if found is not None and found.kind != "chart" else None
        session.stale |= under != self._under
        self._under = under

    def _tell(self, quit: bool = False) -> None:
        if self._on_state is None:
            return
        state: State = {
            **self.session.state,
            "size_px": list(self.window.stage.size_px),
            "timeline_px": [float(v) for v in self.hud.timeline.area],
            "pointer_px": list(self._pointer) if self._pointer is not None else None,
            "quit": quit,
        }
        if state != self._told:
            self._told = state
            self._on_state(state)
