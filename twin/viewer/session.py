"""State of a window and the effect of actions: time, camera, panels, messages. No window, no drawing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from twin.viewer.controls import HINT
from twin.viewer.eye import Eye
from twin.viewer.hud.model import Charts, HudModel
from twin.viewer.hud.recorded import WINDOW_S, Compared, load, model_at
from twin.viewer.hud.regions import Hit
from twin.viewer.hud.style import clock, words
from twin.viewer.playback import Playback
from twin.viewer.scene.presets import views_of
from twin.viewer.signals import SHOWN_AT_FIRST, ChartSet, Signals, chart_sets
from twin.viewer.source import Marker, PhaseSpan, Source

TOAST_S, HINT_S = 2.5, 12.0
CHART_BUDGET_S = 0.008
WINDOWS_S = (2.0, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0)
MIN_STRETCH_S = 1.0
SCALE_PER_NOTCH = 0.8

State = dict[str, Any]


class Session:
    """An interactive view of a recording. `stale` is True if the picture is not up to date."""

    def __init__(
        self, source: Source, *, ghost: Compared | None = None, at: float | None = None, live: bool = False, view: str
    ) -> None:
        self.source, self.ghost = source, ghost
        self.signals = Signals(source, CHART_BUDGET_S)
        self.playback = Playback(source, t_s=at, live=live, sample_times=self.signals.sample_times)
        self.eye = Eye(source.layout, views_of(source.layout), view)
        self.show = {"charts": True, "ghost": ghost is not None, "forces": True, "measured": True, "help": False}
        self.show["glass"] = False
        self.sets = set(SHOWN_AT_FIRST)
        self.robot, self.window_s = source.layout.robot, WINDOW_S
        self.stretch_s: tuple[float, float] | None = None
        self.message = ""
        self.wants_picture = self.done = False
        self.stale = True
        self._message_until_s = 0.0
        self._hint_until_s = time.monotonic() + HINT_S

    def model(self, pointer_px: tuple[float, float] | None) -> HudModel:
        """The display of this instant. Stays stale while samples are still to be read."""
        charts = self._charts()
        other = self.ghost if self.show["ghost"] else None
        self.stale = charts is not None and not load(charts, self.source, self.playback.t_s)
        return replace(
            model_at(self.source, self.playback, None, other, controls=True),
            charts=charts,
            view_s=self.stretch_s,
            views=tuple(views_of(self.source.layout)),
            view=self.eye.name,
            help_open=self.show["help"],
            toast=self.message or None,
            hint=HINT if self._hint_until_s else None,
            pointer_px=pointer_px,
        )

    def _charts(self) -> Charts | None:
        if not self.show["charts"]:
            return None
        shown = tuple(chart for chart in self._all_sets() if chart.key in self.sets)
        return Charts(shown, self.signals, self.window_s, self.robot, self.source.layout.charted_robots)

    def _all_sets(self) -> tuple[ChartSet, ...]:
        return chart_sets(self.source.layout, self.source.names, self.source.provenance, self.robot)

    @property
    def state(self) -> State:
        """State for tests."""
        return {
            "t_s": self.playback.t_s,
            "start_s": self.source.start_s,
            "end_s": self.source.end_s,
            "playing": self.playback.playing,
            "following": self.playback.following,
            "speed": self.playback.speed,
            "view": self.eye.name,
            "charts": sorted(self.sets) if self.show["charts"] else [],
            "robot": self.robot,
            **{name: self.show[name] for name in ("help", "ghost", "forces", "measured", "glass")},
            "message": self.message,
        }

    def pass_time(self, wall_s: float) -> None:
        """Advance playback and messages."""
        now_s = time.monotonic()
        self.stale |= self.playback.advance(wall_s)
        if self.message and now_s >= self._message_until_s:
            self.message, self.stale = "", True
        if self._hint_until_s and now_s >= self._hint_until_s:
            self.drop_hint()

    def refresh(self) -> None:
        """Load new data of a live recording."""
        if self.source.refresh():
            self.playback.refreshed()
            self.stale = True

    def say(self, text: str) -> None:
        """Show a message for a short time."""
        self.message, self._message_until_s = text, time.monotonic() + TOAST_S
        self.stale = True

    def drop_hint(self) -> None:
        """Remove the hint at the first user action."""
        self._hint_until_s = 0.0
        self.stale = True

    def act(self, action: str) -> None:
        """Execute the action of a key or a button."""
        self.drop_hint()
        group, _, name = action.partition(":")
        help_was_open = self.show["help"]
        if action not in ("help", "screenshot"):
            self.show["help"] = False
        if group == "view":
            self.eye.choose(name)
        elif group == "chart":
            self.show["charts"] = True
            self.sets ^= {name}
            if name in self.sets and name not in {chart.key for chart in self._all_sets()}:
                self.say("this recording has no such chart")
        elif action == "quit":
            self.done = not help_was_open  # the first Esc closes the page
        elif action in self.show:
            self._switch(action)
        elif action == "robot":
            self.robot = (self.robot + 1) % self.source.layout.charted_robots
        elif action == "screenshot":
            self.wants_picture = True
        else:
            self._move(action)

    def _move(self, action: str) -> None:
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
            self.say(marker_text(found))
        elif isinstance(found, PhaseSpan):
            self.say(words(found.name))
        elif action in ("next_event", "previous_event"):
            self.say("no event after this" if action == "next_event" else "no event before this")
        elif action in ("trip", "before_trip"):
            self.say("no trip in this recording")
        elif action == "follow" and not playback.live:
            self.say("not a live recording: --live follows one while it is written")
        elif action in ("faster", "slower", "speed"):
            self.say(f"speed {playback.speed:g}×")
        self._keep_in_sight()

    def _switch(self, what: str) -> None:
        if what == "ghost" and self.ghost is None:
            self.say("no other run: --ghost OTHER shows one")
            return
        self.show[what] = not self.show[what]
        if what in ("forces", "measured"):
            name = {"forces": "contact forces", "measured": "measured pose"}[what]
            self.say(f"{name} {'shown' if self.show[what] else 'hidden'}")

    def click(self, found: Hit) -> bool:
        """A click on an element of the display; True if a drag continues scrubbing."""
        self.drop_hint()
        if found.kind == "help":
            self.show["help"] = False
        elif found.kind == "button":
            self.act(found.name)
        elif found.t_s is not None:
            self.playback.scrub(found.t_s)
            if found.marker is not None:
                self.say(marker_text(found.marker))
            return found.kind in ("timeline", "phase")
        return False

    def wheel(self, found: Hit | None, notches: float) -> None:
        """The mouse wheel over the picture, a chart or the time line."""
        self.drop_hint()
        if found is None:
            self.eye.zoom(notches)
        elif found.kind == "chart" or found.name == "charts":
            k = WINDOWS_S.index(self.window_s) - round(notches)
            self.window_s = WINDOWS_S[min(max(k, 0), len(WINDOWS_S) - 1)]
        elif found.kind in ("timeline", "phase", "event") and found.t_s is not None:
            self._stretch(found.t_s, SCALE_PER_NOTCH**notches)

    def _stretch(self, about_s: float, factor: float) -> None:
        """Zoom the time line; the time under the pointer stays there."""
        start_s, end_s = self.stretch_s or (self.source.start_s, self.source.end_s)
        start_s, end_s = (about_s + (edge_s - about_s) * factor for edge_s in (start_s, end_s))
        start_s, end_s = max(start_s, self.source.start_s), min(end_s, self.source.end_s)
        if end_s - start_s >= 0.999 * (self.source.end_s - self.source.start_s):
            self.stretch_s = None
        elif end_s - start_s >= MIN_STRETCH_S:
            self.stretch_s = (start_s, end_s)

    def _keep_in_sight(self) -> None:
        """Scroll a zoomed time line to keep the cursor visible."""
        if self.stretch_s is None:
            return
        start_s, end_s = self.stretch_s
        if not start_s <= self.playback.t_s <= end_s:
            half_s = (end_s - start_s) / 2.0
            middle_s = min(max(self.playback.t_s, self.source.start_s + half_s), self.source.end_s - half_s)
            self.stretch_s = (middle_s - half_s, middle_s + half_s)


def marker_text(marker: Marker) -> str:
    """An event as a message."""
    return f"{clock(marker.t_s)}  {words(marker.name)}" + (f": {marker.message}" if marker.message else "")
