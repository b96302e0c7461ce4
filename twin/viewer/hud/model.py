"""Content of the display as plain values: made from a source and a playback, or directly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from twin.catalogue.schema import MECHANICAL
from twin.recording import Header
from twin.viewer.incidents import IncidentNote
from twin.viewer.origin import wall_clock
from twin.viewer.signals import ChartSet, Signals
from twin.viewer.source import GOOD_OUTCOMES, Gap, Marker, PhaseSpan, Source, gap_at

PLANT_WORDS = {"bullet": "reference (bullet)", "rom": "reduced order (rom)"}
"""Names of the plants in the title."""

GhostRow = tuple[str, float | None, float | None, float | None]
"""Phase, seconds in this run, in the other (None if a run lacks the phase), the other minus this."""


@dataclass(frozen=True)
class Badge:
    """A word in the title bar; `look` is good, bad, warning or plain."""

    text: str
    look: str = "plain"


@dataclass(frozen=True)
class Title:
    """Title of a recording: pairs of label and value, and badges."""

    fields: tuple[tuple[str, str], ...]
    badges: tuple[Badge, ...] = ()


@dataclass(frozen=True)
class Charts:
    """The strip charts: which sets, of which robot, and the length of the window about the cursor."""

    sets: tuple[ChartSet, ...]
    signals: Signals
    window_s: float = 20.0
    robot: int = 0
    robots: int = 1


@dataclass(frozen=True)
class GhostTable:
    """Comparison with another run."""

    label: str
    rows: tuple[GhostRow, ...]
    current: str | None = None
    """This run's present phase."""
    heads: tuple[str, str] = ("this run", "other")
    estimated: tuple[str, ...] = ()
    """Estimated parts of the other run's picture."""
    logged: bool = True
    """True if the other run has a sample at this instant."""
    total: GhostRow | None = None
    """From the first common phase to the end of the last: robots work in parallel, so it is no sum."""
    row: int | None = None
    """Row of this run's present phase: a phase repeats with the next pack and in a retry."""


@dataclass(frozen=True)
class HudModel:
    """One instant of the display. `view_s` is the visible stretch of the time line; None for all."""

    t_s: float
    start_s: float
    end_s: float
    title: Title
    phases: tuple[PhaseSpan, ...] = ()
    markers: tuple[Marker, ...] = ()
    gaps: tuple[Gap, ...] = ()
    phases_now: tuple[PhaseSpan, ...] = ()
    mechanical_s: tuple[float, float] | None = None
    playing: bool = False
    following: bool = False
    live: bool = False
    speed: float = 1.0
    view_s: tuple[float, float] | None = None
    charts: Charts | None = None
    ghost: GhostTable | None = None
    help_open: bool = False
    toast: str | None = None
    hint: str | None = None
    views: tuple[str, ...] = ()
    view: str | None = None
    pointer_px: tuple[float, float] | None = None
    controls: bool = True
    """True for a window with buttons; a video has none."""
    estimated: tuple[str, ...] = ()
    """Estimated parts of the picture, in words."""
    moment: datetime | None = None
    """Date and time of day (UTC) of this instant, if the recording has it."""
    incident: IncidentNote | None = None
    """The incident up to this instant."""

    @property
    def gap_now(self) -> Gap | None:
        """The gap without samples around this instant."""
        return gap_at(self.gaps, self.t_s)


def title_of(source: Source, *, live: bool = False) -> Title:
    """Station, truck, pack, plant, timing set, policies, seed; source, outcome, violation. For a log its name first."""
    layout = source.layout
    recording, header = source.recording, source.recording.header
    fields = _log_fields(header) if source.imported else []
    fields += [("station", layout.station.name), ("truck", layout.truck.name), ("pack", layout.pack.name)]
    fields += [] if source.imported else _control_fields(header.configuration)
    if layout.docking:
        fields.append(("weather", str(header.configuration.get("conditions"))))
        fields.append(("guides", "yes" if header.configuration.get("guided") else "none"))
    decided = header.configuration.get("policies")
    if isinstance(decided, Mapping):
        fields += [(f"{what} policy", Path(str(name)).name) for what, name in sorted(decided.items())]
    if header.seed is not None:
        fields.append(("seed", str(header.seed)))
    badges = []
    if header.source != "twin":
        badges.append(Badge(header.source.upper(), "plain" if source.imported else "warning"))
    if live and not recording.complete:
        badges.append(Badge("LIVE", "bad"))
    elif not recording.complete:
        badges.append(Badge("CUT", "warning"))
    elif recording.outcome != header.source:  # an import has no outcome of its own
        good = recording.outcome in GOOD_OUTCOMES
        badges.append(Badge(recording.outcome.replace("_", " ").upper(), "good" if good else "bad"))
    if any(marker.violation for marker in source.markers):  # from the monitor, also for a completed swap
        badges.append(Badge("VIOLATION", "bad"))
    return Title(tuple(fields), tuple(badges))


def _control_fields(configuration: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Plant and timing set; for a branch the later ones behind the first."""
    fields = []
    if configuration.get("plant") in PLANT_WORDS:
        fields.append(("plant", PLANT_WORDS[configuration["plant"]]))
    timing, branch = configuration.get("timing"), configuration.get("branch")
    names = [str(timing["name"])] if isinstance(timing, Mapping) and "name" in timing else []
    settings = branch.get("settings") if isinstance(branch, Mapping) else None
    for one in settings if isinstance(settings, list) else ():
        later = one.get("timing") if isinstance(one, Mapping) else None
        if isinstance(later, Mapping) and "name" in later and later["name"] not in names[-1:]:
            names.append(str(later["name"]))
    if names:
        fields.append(("timing", " then ".join(names)))
    return fields


def _log_fields(header: Header) -> list[tuple[str, str]]:
    """A log's title and begin; its file's name without a title, or beside it."""
    log = header.configuration.get("log")
    file = str(log.get("name", "")) if isinstance(log, Mapping) else ""
    title = str(header.configuration.get("title") or "")
    fields = [("log", title or file)] if title or file else []
    begin = wall_clock(header.t0_ns, 0.0)
    if begin is not None:
        fields.append(("begins", f"{begin:%Y-%m-%d %H:%M:%S} UTC"))
    if title and file:
        fields.append(("file", file))
    return fields


def mechanical_s(phases: tuple[PhaseSpan, ...], kind: str, t_s: float) -> tuple[float, float] | None:
    """(elapsed at t_s, total) mechanical time: from the first mechanical phase to the end of the last."""
    robotic = [span for span in phases if span.name in MECHANICAL[kind]]
    if not robotic:
        return None
    start_s, end_s = min(span.start_s for span in robotic), max(span.end_s for span in robotic)
    return min(max(t_s - start_s, 0.0), end_s - start_s), end_s - start_s
