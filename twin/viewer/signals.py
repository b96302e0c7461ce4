"""Signals of the strip charts: their groups, units, and samples, read on demand."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from twin.gravity import GRAVITY_MPS2
from twin.viewer.layout import Layout
from twin.viewer.origin import ESTIMATED, SIMULATED, Provenance, is_estimated
from twin.viewer.snapshot import Names
from twin.viewer.source import SAME_S as GAP_EDGE_S
from twin.viewer.source import Gap, gap_at

BLOCK_S = 2.0
SAME_S = 1e-9
ESTIMATE, RESIDUAL = "estimate/", "residual/"
"""Channels of an imported log: the twin's estimate beside a measured signal, and the difference of the two."""
KEPT_BLOCKS = 20_000
"""Of 100 samples each: some 30 MB."""

M, M_PER_S = ("m", 1.0), ("m/s", 1.0)
MM, MM_PER_S, KN, DEG = ("mm", 1e3), ("mm/s", 1e3), ("kN", 1e-3), ("deg", math.degrees(1.0))


@dataclass(frozen=True)
class Signal:
    """A line of a chart: one recorded name, or the length of the vector of several."""

    label: str
    names: tuple[str, ...]
    estimated: bool = False
    beside: bool = False
    """The twin's estimate of the signal before it: drawn in its colour, with a mark under its label."""


@dataclass(frozen=True)
class Limit:
    """A limit line in the chart's unit."""

    value: float
    label: str
    warning: bool = False


@dataclass(frozen=True)
class ChartSet:
    """Content of one chart. `scale` converts SI to `unit`; a range is never smaller than `least_span`."""

    key: str
    title: str
    unit: str
    scale: float
    decimals: int
    least_span: float
    signals: tuple[Signal, ...]
    limits: tuple[Limit, ...] = ()

    @property
    def hues(self) -> tuple[int, ...]:
        """Index of each signal's line colour."""
        hue, found = -1, []
        for signal in self.signals:
            hue += not signal.beside
            found.append(hue)
        return tuple(found)


CHART_KEYS = {"position": "5", "speed": "6", "sway": "7", "force": "8", "load": "9", "turn": "0", "residual": "R"}
"""Chart sets in their order, and the key that toggles each."""

SHOWN_AT_FIRST = ("position", "speed", "sway", "force", "load")


def chart_sets(
    layout: Layout, names: Names, provenance: Provenance | None = None, robot: int = 0
) -> tuple[ChartSet, ...]:
    """The charts of a robot; signals that the recording does not have are left out."""
    origins: Provenance = provenance or {}
    if layout.docking:
        return _docking_sets(layout, names, origins)
    limits, r, chassis = layout.station.limits, f"robot{robot}", layout.station.kind == "chassis"

    def known(*signals: tuple[str, str | tuple[str, ...]]) -> tuple[Signal, ...]:
        whole = ((label, (what,) if isinstance(what, str) else what) for label, what in signals)
        return _known(names, origins, *((label, tuple(f"{r}/{name}" for name in what)) for label, what in whole))

    rated_kn = limits.rated_load_kg * GRAVITY_MPS2 * 1e-3
    sway_mm, warn_kn, abort_kn = limits.sway_limit_m * 1e3, limits.lateral_warn_n * 1e-3, limits.lateral_abort_n * 1e-3
    axes = "xyz"
    return (
        ChartSet("position", "Axis position", *MM, 0, 100.0, known(*((a, f"{a}/position_m") for a in axes))),
        ChartSet("speed", "Axis speed", *MM_PER_S, 0, 50.0, known(*((a, f"{a}/velocity_mps") for a in axes))),
        ChartSet(
            "sway",
            "Table float" if chassis else "Sway",
            *MM,
            1,
            10.0,
            tuple(signal for a in "xy" for signal in _sway(names, origins, r, a)),
            () if chassis else tuple(Limit(side * sway_mm, "hand-over", warning=True) for side in (1, -1)),
        ),
        ChartSet(
            "force",
            "Lateral force",
            *KN,
            2,
            1.0,
            known(("cell", ("lateral_x_n", "lateral_y_n")), ("guide", ("guide_force_x_n", "guide_force_y_n"))),
            (Limit(abort_kn, "abort"), Limit(warn_kn, "warn", warning=True)),
        ),
        ChartSet(
            "load",
            "Load",
            *KN,
            1,
            5.0,
            known(("cell", "load_cell_n"), *_load(origins, r)),
            (Limit(rated_kn * limits.overload_fraction, "overload"),),
        ),
        ChartSet("turn", "Yaw", *DEG, 2, 1.0, known(("axis", "yaw/position_rad"), ("load", "e_yaw_rad"))),
        *_residuals(names, origins, r),
    )


def _sway(names: Names, origins: Provenance, robot: str, axis: str) -> tuple[Signal, ...]:
    """Sway along an axis; if it was measured and estimated, the twin's estimate beside it."""
    name = f"{robot}/sway_{axis}_m"
    found = _known(names, origins, (axis, (name,)))
    estimate = f"{ESTIMATE}{name}"
    if found and not found[0].estimated and estimate in names.column_index:
        return (*found, Signal(axis, (estimate,), estimated=True, beside=True))
    return found


def _load(origins: Provenance, robot: str) -> tuple[tuple[str, str], ...]:
    """The force itself beside the load cell's reading: only the twin has it. An estimate is marked."""
    origin = origins.get(f"{robot}/load_n", SIMULATED)
    return {SIMULATED: (("true", "load_n"),), ESTIMATED: (("weight", "load_n"),)}.get(origin, ())


def _residuals(names: Names, origins: Provenance, robot: str) -> tuple[ChartSet, ...]:
    """Differences between log and twin as lengths; none if the recording has no such channels."""
    stem = f"{RESIDUAL}{robot}/"
    lengths = [name for name in names.channels if name.startswith(stem) and name.endswith("_m")]
    labels = [(name.removeprefix(stem).removesuffix("_m").replace("_", " "), (name,)) for name in lengths]
    if not labels:
        return ()
    return (ChartSet("residual", "Log against twin", *MM, 1, 10.0, _known(names, origins, *labels)),)


def _known(names: Names, provenance: Provenance, *signals: tuple[str, tuple[str, ...]]) -> tuple[Signal, ...]:
    """Those of (label, recorded names) that the recording has."""
    there = [(label, parts) for label, parts in signals if all(part in names.column_index for part in parts)]
    return tuple(Signal(label, parts, any(is_estimated(provenance, p) for p in parts)) for label, parts in there)


def _docking_sets(layout: Layout, names: Names, provenance: Provenance) -> tuple[ChartSet, ...]:
    """The charts of a drive into the bay, under the same keys."""
    approach = layout.station.approach

    def known(*signals: tuple[str, str]) -> tuple[Signal, ...]:
        return _known(names, provenance, *((label, (name,)) for label, name in signals))

    allowed = () if approach is None else (Limit(approach.speed_limit_mps, "limit", warning=True),)
    hit = () if approach is None else (Limit(approach.rail_force_limit_n * 1e-3, "rail limit"),)
    return (
        ChartSet("position", "Before its place", *M, 2, 0.1, known(("true", "truck/x_m"), ("lidar", "lidar/x_m"))),
        ChartSet("speed", "Speed", *M_PER_S, 2, 0.5, known(("true", "truck/speed_mps")), allowed),
        ChartSet("sway", "Off the lane's middle", *MM, 0, 50.0, known(("true", "truck/y_m"), ("lidar", "lidar/y_m"))),
        ChartSet("force", "Guides", *KN, 1, 5.0, known(("rail", "rail/force_n"), ("stop", "stop/force_n")), hit),
        ChartSet(
            "load",
            "Steering and hitch",
            *DEG,
            1,
            5.0,
            known(("wheels", "truck/steering_angle_rad"), ("hitch", "trailer/hitch_angle_rad")),
        ),
        ChartSet("turn", "Yaw", *DEG, 2, 1.0, known(("true", "truck/yaw_rad"), ("lidar", "lidar/yaw_rad"))),
    )


class SeriesSource(Protocol):
    """Interface for reading samples, such as `Source`."""

    @property
    def start_s(self) -> float: ...
    @property
    def end_s(self) -> float: ...
    @property
    def gaps(self) -> Sequence[Gap]: ...
    def series(self, name: str, start_s: float, end_s: float) -> tuple[np.ndarray, np.ndarray]: ...


def _broken(
    t_s: np.ndarray, values: np.ndarray, gaps: Sequence[Gap], start_s: float, end_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Samples with a NaN at each gap begin in [start_s, end_s): no line crosses it, and no value is held over it."""
    begins = np.array([gap[0] + 2.0 * GAP_EDGE_S for gap in gaps if start_s <= gap[0] + 2.0 * GAP_EDGE_S < end_s])
    if not len(begins):
        return t_s, values
    at = t_s.searchsorted(begins)
    return np.insert(t_s, at, begins), np.insert(values, at, math.nan)


class Piece(NamedTuple):
    """Samples of one block; `known_to_s` is the end of a growing recording when it was read."""

    block: int
    t_s: np.ndarray
    values: np.ndarray
    known_to_s: float


class Signals:
    """Samples in blocks of two seconds, each read once.

    With a `budget_s`, `load` stops after that time and continues at the next call.
    """

    def __init__(self, source: SeriesSource, budget_s: float | None = None) -> None:
        self._source = source
        self.budget_s = budget_s
        self._blocks: OrderedDict[tuple[str, int], tuple[np.ndarray, np.ndarray, float]] = OrderedDict()
        self._lengths: dict[tuple[tuple[str, ...], int], Piece] = {}
        self._loaded: object = None
        self.reads = 0
        """Number of blocks read so far: an earlier drawing may lack samples."""

    def load(self, names: Iterable[str], start_s: float, end_s: float, near_s: float) -> bool:
        """Read the samples of a window, those about `near_s` first; False if there are more to read."""
        due = (math.inf if self.budget_s is None else self.budget_s) + time.perf_counter()
        before = self.reads  # at least one block per call, or a slow machine would never finish
        first, last = self._span(start_s, end_s)
        here = math.floor(near_s / BLOCK_S)
        names = tuple(names)
        wanted = (names, first, last, self._source.end_s)
        if wanted == self._loaded:
            return True
        for block in sorted(range(first, last + 1), key=lambda k: abs(k - here)):
            for name in names:
                if self._fresh(name, block):
                    continue
                if time.perf_counter() > due and self.reads > before:
                    return False
                self._read(name, block)
        self._loaded = wanted
        return True

    def pieces(self, names: tuple[str, ...], start_s: float, end_s: float) -> list[Piece]:
        """Loaded pieces of a window, block by block; of several names the length of their vector."""
        first, last = self._span(start_s, end_s)
        found = (self._piece(names, block) for block in range(first, last + 1))
        return [piece for piece in found if piece is not None and len(piece.t_s)]

    def window(self, names: tuple[str, ...], start_s: float, end_s: float) -> tuple[np.ndarray, np.ndarray]:
        """Loaded times and values of a window."""
        pieces = self.pieces(names, start_s, end_s)
        if not pieces:
            return np.empty(0), np.empty(0)
        t_s = np.concatenate([piece.t_s for piece in pieces])
        values = np.concatenate([piece.values for piece in pieces])
        low, high = t_s.searchsorted(start_s, "left"), t_s.searchsorted(end_s, "right")
        return t_s[low:high], values[low:high]

    def value_at(self, names: tuple[str, ...], t_s: float) -> float:
        """The last sample not after t_s; NaN if none is loaded."""
        values = [self._last(name, t_s) for name in names]
        return values[0] if len(values) == 1 else math.hypot(*values)

    def sample_times(self, start_s: float, end_s: float) -> np.ndarray:
        """Recorded instants of a stretch, from the first available signal."""
        name = getattr(self._source, "names", None)
        if name is None or not (*name.channels, *name.sensors):
            return np.empty(0)
        first = (*name.channels, *name.sensors)[0]
        self._load_all(first, start_s, end_s)
        times, _ = self.window((first,), start_s, end_s)
        return np.array([t_s for t_s in times.tolist() if gap_at(self._source.gaps, t_s) is None])

    def _span(self, start_s: float, end_s: float) -> tuple[int, int]:
        start_s, end_s = max(start_s, self._source.start_s), min(end_s, self._source.end_s)
        return math.floor(start_s / BLOCK_S), math.floor(end_s / BLOCK_S)

    def _fresh(self, name: str, block: int) -> bool:
        found = self._blocks.get((name, block))
        if found is None:
            return False
        known_to_s = found[2]
        return known_to_s >= (block + 1) * BLOCK_S or known_to_s >= self._source.end_s

    def _read(self, name: str, block: int) -> None:
        start_s, end_s = block * BLOCK_S, (block + 1) * BLOCK_S
        t_s, values = self._source.series(name, start_s, end_s)
        inside = t_s < end_s  # the window's end belongs to the next block
        t_s, values = _broken(t_s[inside], values[inside], self._source.gaps, start_s, end_s)
        self._blocks[name, block] = (t_s, values, self._source.end_s)
        self._blocks.move_to_end((name, block))
        self.reads += 1
        while len(self._blocks) > KEPT_BLOCKS:
            self._blocks.popitem(last=False)
            self._lengths.clear()
            self._loaded = None

    def _load_all(self, name: str, start_s: float, end_s: float) -> None:
        first, last = self._span(start_s, end_s)
        for block in range(first, last + 1):
            if not self._fresh(name, block):
                self._read(name, block)

    def _piece(self, names: tuple[str, ...], block: int) -> Piece | None:
        parts = [self._blocks.get((name, block)) for name in names]
        if len(parts) == 1:
            return Piece(block, *parts[0]) if parts[0] is not None else None
        read = [part for part in parts if part is not None]
        if len(read) < len(parts):
            return None
        known_to_s = min(part[2] for part in read)
        piece = self._lengths.get((names, block))
        if piece is None or piece.known_to_s != known_to_s:
            count = min(len(part[0]) for part in read)
            length = np.sqrt(sum(part[1][:count] ** 2 for part in read))
            piece = self._lengths[names, block] = Piece(block, read[0][0][:count], length, known_to_s)
        return piece

    def _last(self, name: str, t_s: float) -> float:
        here = math.floor((t_s + SAME_S) / BLOCK_S)
        for block in (here, here - 1):
            found = self._blocks.get((name, block))
            if found is not None and (k := int(found[0].searchsorted(t_s + SAME_S, "right"))) > 0:
                return float(found[1][k - 1])
        return math.nan
