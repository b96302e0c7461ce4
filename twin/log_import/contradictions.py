"""Contradictions of a log with itself or with assumptions: exclusive switches that are both on, a truck that moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.log_import.carries import Carry
from twin.log_import.survey import Changes, Survey

MIN_NS = 500_000_000
"""Open and closed together for less than this is a switch in transit, or two tags of different age."""
MOVED_M, MOVED_RAD = 0.010, 0.01
SCATTER_M, SCATTER_RAD = 0.005, 0.005
"""A truck moved if its scans differ by more than the first; differences under the last are scatter, or pitch."""
RESTS_NS = 20_000_000_000
"""Time before its pack is gripped during which the truck stands with its load unchanged."""
SCANS = ("scan_x_m", "scan_y_m", "scan_yaw_rad")


@dataclass(frozen=True)
class BothMade:
    """A lock or grip with its open and closed switches both on, ns."""

    name: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True)
class TruckMotion:
    """Motion of the truck from its parked pose, from its scans (or a laser): x, y and yaw of the station."""

    scans: tuple[tuple[np.ndarray, np.ndarray], ...]
    """Of x, y and yaw: times (N,) ns and displacement (N,) from then on."""

    def at(self, times_ns: np.ndarray) -> np.ndarray:
        """(K, 3) m, m, rad; scatter counts as zero."""
        out = np.zeros((len(times_ns), 3))
        for k, (t_ns, moved) in enumerate(self.scans):
            if len(t_ns):
                now = moved[np.maximum(np.searchsorted(t_ns, times_ns, side="right") - 1, 0)]
                out[:, k] = np.where(np.abs(now) > (SCATTER_RAD if k == 2 else SCATTER_M), now, 0.0)
        return out

    @property
    def first(self) -> tuple[int, str] | None:
        """Time of the first detected motion, and the final displacement, in words."""
        begun = [
            int(t_ns[np.argmax(over)])
            for k, (t_ns, moved) in enumerate(self.scans)
            if (over := np.abs(moved) > (MOVED_RAD if k == 2 else MOVED_M)).any()
        ]
        if not begun:
            return None
        last = self.at(np.array([max(int(t_ns[-1]) for t_ns, _ in self.scans if len(t_ns))]))[0]
        words = [f"{1e3 * v:+.0f} mm in {a}" for a, v in zip("xy", last[:2], strict=True) if v]
        words += [f"{np.degrees(last[2]):+.2f} deg"] if last[2] else []
        return min(begun), ", ".join(words) or "and back"


def both_made(found: Survey) -> list[BothMade]:
    """Locks and grips with both switches on, in time order."""
    found_both = []
    for name, closed in found.changes.items():
        other = found.changes.get(name.removesuffix("_closed") + "_open") if name.endswith("_closed") else None
        if other is None or not len(closed.t_ns) or not len(other.t_ns):
            continue
        times = np.unique(np.concatenate((closed.t_ns, other.t_ns)))
        made = (_at(closed, times) > 0.5) & (_at(other, times) > 0.5)
        ends = np.append(times[1:], found.end_ns)
        for k in np.flatnonzero(made & ~np.append(False, made[:-1])).tolist():
            last = k + int(np.argmin(np.append(made[k:], False))) - 1
            if ends[last] - times[k] >= MIN_NS:
                found_both.append(BothMade(name.removesuffix("_closed"), int(times[k]), int(ends[last])))
    return sorted(found_both, key=lambda b: b.start_ns)


def truck_motion(found: Survey, carries: Sequence[Carry]) -> TruckMotion | None:
    """Motion of the truck by its scans in the log; None without scans.

    The reference is the last scan before the truck's pack was gripped, taken as its parked pose.
    """
    parked_ns = next((c.start_ns for c in carries if c.origin is not None and c.origin.on_truck), None)
    scans = []
    for name in SCANS:
        changes = next((found.changes[n] for n in found.changes if n.endswith("/" + name)), None)
        if changes is None or not len(changes.t_ns):
            scans.append((np.empty(0, np.int64), np.empty(0)))
            continue
        zero = changes.values[0]
        if parked_ns is not None and changes.t_ns[0] < parked_ns:
            before = np.linspace(max(parked_ns - RESTS_NS, int(changes.t_ns[0])), parked_ns, 301).astype(np.int64)
            zero = float(np.median(_at(changes, before)))
        scans.append((changes.t_ns, changes.values - zero))
    return TruckMotion(tuple(scans)) if any(len(t_ns) for t_ns, _ in scans) else None


def _at(changes: Changes, times_ns: np.ndarray) -> np.ndarray:
    k = np.searchsorted(changes.t_ns, times_ns, side="right") - 1
    return np.where(k >= 0, changes.values[np.maximum(k, 0)], np.nan)
