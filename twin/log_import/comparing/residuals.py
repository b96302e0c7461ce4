"""Residuals, log minus twin, of each signal over time, and the band within which both agree."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

SWAY_REST_RAD, SWAY_MOVING_RAD = math.radians(0.5), math.radians(1.0)
"""Sway: 0.5 deg is a usual warning limit of stations; while x or y moves, half a degree more for other ramps
[estimate]."""
AS_MOVED_RAD = math.radians(1.0)
"""The load's sway along the logged motion: damping differs from rope to rope [estimate]."""
REST_M, REST_RAD = 0.010, math.radians(0.15)
"""An axis at rest: three times its repeatability and the load cell's stop [estimate]."""
LAG_S = 0.6
"""A moving axis may lead or lag by this much [estimate]."""
FOLLOWING_S = 0.4
"""A moving axis may lag its setpoint by this much: twice the lag of a position loop of 5 per s [estimate]."""
LOAD_SHARE = 0.06
"""Of the rated load [estimate: load cell and the pack's own mass]."""
ROPE_SHARE = 0.10
"""Share of the true rope length: a shaper is robust to about that."""
HOLD_S = 0.15
"""A residual leaves its band when it stays outside for this long."""
AFTER_MOVE_S = 0.5


@dataclass(frozen=True)
class Residual:
    """One signal of log and twin; (K,) each, in SI, NaN where there is nothing to compare.

    `kind` is the twin's reference: "own moves", "as moved" (the load along the logged motion), "setpoint".
    """

    name: str
    kind: str
    unit: str
    log: np.ndarray
    twin: np.ndarray
    band: np.ndarray
    words: str
    hold_s: float = HOLD_S

    @property
    def values(self) -> np.ndarray:
        """Log minus twin (K,)."""
        return self.log - self.twin

    @property
    def channel(self) -> str:
        """Channel name in the recording."""
        return (
            f"residual/{self.name}"
            if self.kind == "own moves"
            else f"residual/{self.kind.replace(' ', '_')}/{self.name}"
        )


@dataclass(frozen=True)
class Divergence:
    """First time at which a residual leaves its band: `log`, `twin` and `band` at that time, and the worst difference
    of all."""

    signal: str
    kind: str
    unit: str
    t_s: float
    phase: str
    log: float
    twin: float
    band: float
    worst: float
    worst_s: float
    words: str


def divergence_of(r: Residual, t_s: np.ndarray, phases: list[tuple[str, float, float]]) -> Divergence | None:
    """The first time at which a residual stays out of its band for its `hold_s`; None if it never does."""
    values = r.values
    outside = np.abs(values) > r.band
    outside &= ~np.isnan(values)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], outside.astype(int), [0]))))
    for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if t_s[b - 1] - t_s[a] < r.hold_s:
            continue
        known = np.where(np.isnan(values), 0.0, np.abs(values))
        worst = int(known.argmax())
        at = float(t_s[a])
        phase = next((name for name, start, end in reversed(phases) if start <= at < end), "")
        return Divergence(
            r.name, r.kind, r.unit, at, phase, float(r.log[a]), float(r.twin[a]), float(r.band[a]),
            float(values[worst]), float(t_s[worst]), r.words,
        )  # fmt: skip
    return None


def moving(speed: np.ndarray, still: float, after: int) -> np.ndarray:
    """Mask (K,) of samples at which an axis moves, or moved within the last `after` samples."""
    going = (np.abs(speed) > still).astype(float)
    if after > 0 and len(going):
        going = np.convolve(going, np.ones(after + 1), "full")[: len(going)]
    return np.asarray(going > 0.0)
