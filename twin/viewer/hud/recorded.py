"""The display of a recording without a window, for videos and screenshots."""

from __future__ import annotations

from typing import Protocol

from twin.viewer.graphics.stage import Stage
from twin.viewer.hud.display import Hud
from twin.viewer.hud.model import Charts, GhostRow, GhostTable, HudModel, mechanical_s, title_of
from twin.viewer.incidents import incident_at
from twin.viewer.origin import wall_clock
from twin.viewer.playback import Playback
from twin.viewer.signals import SHOWN_AT_FIRST, Signals, chart_sets
from twin.viewer.snapshot import Snapshot
from twin.viewer.source import Source

WINDOW_S = 20.0


class Compared(Protocol):
    """Interface of the other run for the table."""

    @property
    def label(self) -> str: ...
    @property
    def source(self) -> Source: ...
    def rows(self) -> list[GhostRow]: ...
    def total(self) -> GhostRow: ...
    def time_at(self, t_s: float) -> float: ...


class RecordedDisplay:
    """Title, time line and charts of a source at any time, without a window's buttons."""

    def __init__(
        self,
        stage: Stage,
        source: Source,
        ghost: Compared | None = None,
        charts: bool = True,
        scale: float | None = None,
    ) -> None:
        self._source, self._ghost = source, ghost
        self._playback = Playback(source)
        self._stage = stage
        self._hud = Hud(stage.hud, stage.size_px, scale)
        self._charts = None
        if charts:
            robot = source.layout.robot
            sets = chart_sets(source.layout, source.names, source.provenance, robot)
            shown = tuple(chart for chart in sets if chart.key in SHOWN_AT_FIRST)
            self._charts = Charts(shown, Signals(source), WINDOW_S, robot, source.layout.charted_robots)

    def update(self, t_s: float, snapshot: Snapshot | None = None) -> None:
        """Show t_s; the snapshot of that time is not needed."""
        self._playback.scrub(t_s)
        self._hud.update(model_at(self._source, self._playback, self._charts, self._ghost))
        self._stage.show_world_in(*self._hud.free)


def model_at(
    source: Source, playback: Playback, charts: Charts | None, ghost: Compared | None, *, controls: bool = False
) -> HudModel:
    """The display's content at the playback's time; reads the samples for its charts."""
    now = playback.phases_now()
    if charts is not None:
        load(charts, source, playback.t_s)
    return HudModel(
        t_s=playback.t_s,
        start_s=source.start_s,
        end_s=source.end_s,
        title=title_of(source, live=playback.live),
        phases=source.phases,
        markers=source.markers,
        gaps=source.gaps,
        phases_now=now,
        mechanical_s=mechanical_s(source.phases, source.layout.station.kind, playback.t_s),
        playing=playback.playing,
        following=playback.following,
        live=playback.live and not source.recording.complete,
        speed=playback.speed,
        charts=charts,
        ghost=table_of(ghost, source, playback) if ghost is not None else None,
        controls=controls,
        estimated=source.estimated,
        moment=wall_clock(source.recording.header.t0_ns, playback.t_s),
        incident=incident_at(source, playback.t_s),
    )


def load(charts: Charts, source: Source, t_s: float) -> bool:
    """Read the charts' samples at t_s; False if the time budget was not enough."""
    names = {name for chart in charts.sets for signal in chart.signals for name in signal.names}
    latest_s = max(source.end_s - charts.window_s, source.start_s)
    start_s = min(max(t_s - charts.window_s / 2.0, source.start_s), latest_s)
    return charts.signals.load(sorted(names), start_s - 1.0, start_s + charts.window_s + 1.0, t_s)


def table_of(ghost: Compared, source: Source, playback: Playback) -> GhostTable:
    """The comparison, with the row of the first robot's present phase; marks a run that is a log."""
    now = next(iter(playback.phases_now()), None)
    rows = tuple(ghost.rows())
    phases = sorted(source.phases, key=lambda span: span.start_s)  # the rows begin with these, in this order
    current = None
    if now is not None:
        names = [row[0] for row in rows]
        several = source.layout.robots > 1
        wanted = f"{now.name} · {now.robot + 1}" if several else now.name
        current = wanted if wanted in names else now.name
    row = phases.index(now) if now in phases and len(phases) <= len(rows) else None
    other, heads = ghost.source, ("this run", "other")
    if source.imported != other.imported:
        heads = ("log", "twin") if source.imported else ("twin", "log")
    logged = other.gap_at(ghost.time_at(playback.t_s)) is None
    return GhostTable(ghost.label, rows, current, heads, other.estimated, logged, ghost.total(), row)
