"""Everything the display shows, as plain values: made from a source and a playback, or by hand."""

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
"""Of the plants, as the title says them."""

GhostRow = tuple[str, float | None, float | None, float | None]
"""Phase, seconds in this run, in the other (None where a run has no such phase), the other less this."""


@dataclass(frozen=True)
class Badge:
    """A word in the title bar; `look` is good, bad, warning or plain."""

    text: str
    look: str = "plain"


@dataclass(frozen=True)
class Title:
    """What is shown of a recording: pairs of label and value, and badges."""

    fields: tuple[tuple[str, str], ...]
    badges: tuple[Badge, ...] = ()


@dataclass(frozen=True)
class Charts:
    """The strip charts: which, of which robot, over how long a window about the cursor."""

    sets: tuple[ChartSet, ...]
    signals: Signals
    window_s: float = 20.0
    robot: int = 0
    robots: int = 1


@dataclass(frozen=True)
class GhostTable:
    """The comparison with another run."""

    label: str
    rows: tuple[GhostRow, ...]
    current: str | None = None
    """The phase this run is in."""
    heads: tuple[str, str] = ("this run", "other")
    estimated: tuple[str, ...] = ()
    """What of the other run's picture is estimated."""
    logged: bool = True
    """Whether the other run has anything recorded at the instant that is shown."""
    total: GhostRow | None = None
    """From the first phase that both have to the end of the last: robots work in parallel, so it is no sum."""
    row: int | None = None
    """The row of the phase this run is in: a phase comes again with the next pack, and where it is tried again."""


@dataclass(frozen=True)
class HudModel:
    """One instant of the display. `view_s` is the stretch that the time line shows; None for all."""

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
    """Buttons, for a window; a video has none."""
    estimated: tuple[str, ...] = ()
    """What of the picture is estimated, in words."""
    moment: datetime | None = None
    """Date and time of day (UTC) of this instant, where the recording tells it."""
    incident: IncidentNote | None = None
    """What has gone wrong by now."""

    @property
    def gap_now(self) -> Gap | None:
        """The stretch without samples that this instant lies in."""
        return gap_at(self.gaps, self.t_s)


def title_of(source: Source, *, live: bool = False) -> Title:
    """Station, truck, pack, plant, timing set, policies, seed; source, outcome, violation. Of a log its name first."""
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
    if any(marker.violation for marker in source.markers):  # of the monitor: also of a swap that was completed
        badges.append(Badge("VIOLATION", "bad"))
    return Title(tuple(fields), tuple(badges))


def _control_fields(configuration: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Plant and timing set; those that a branch went on with behind the first."""
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
    """A log's title and when it begins; its file's name where it has no title, or beside it."""
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
    """(gone at t_s, in all) of mechanical time: from the first mechanical phase to the end of the last."""
    robotic = [span for span in phases if span.name in MECHANICAL[kind]]
    if not robotic:
        return None
    start_s, end_s = min(span.start_s for span in robotic), max(span.end_s for span in robotic)
    return min(max(t_s - start_s, 0.0), end_s - start_s), end_s - start_s
