"""The station's own way to seat a pack by setpoints: visual servo, creep, easing, back-off and spiral search.

Sideways the axes go to where the scanner sees the seat, and lean against the sway: a trolley that follows its load with
v = 2 zeta omega s damps a pendulum of offset s by zeta (s'' = -omega^2 s - v'). Downwards the pack goes fast to a gate
just over the guide pins, passes it once it hangs calm, and creeps in. What resists before the seat is reached makes it
back off over the pins and try beside, on an Archimedean spiral.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from twin.alignment.sensed import DECISION_S, Sensed

Array = np.ndarray
GRAVITY_MPS2 = 9.81


@dataclass(frozen=True)
class Gains:
    """All that was tuned, SI units; by hand, on seeds that no stored evaluation uses."""

    approach_per_s: float = 0.9
    """Sideways speed for each metre off."""
    most_mps: float = 0.06
    damping: float = 0.35
    """zeta that the trolley adds to the sway."""
    yaw_per_s: float = 1.0
    most_radps: float = 0.03
    fast_mps: float = 0.15
    slowing_per_s: float = 1.2
    creep_mps: float = 0.07
    gate: float = 1.15
    """Waits here, in lengths of the guide pins, until calm."""
    calm_m: float = 0.008
    """Amplitude of the sway and offset of the pack that pass the gate."""
    calm_rad: float = 0.006
    patience_s: float = 8.0
    """A wait at the gate ends after this long at a limit twice as wide, and so on: noise may never be calm."""
    blocked: float = 1.0
    """Of the force that counts as a jam, or of the side force at which an insertion is given up."""
    blocked_s: float = 0.15
    """So long it presses on against that: pins that lean with the truck let a pack pass that keeps moving, and hold one
    that slows down. An insertion is given up at 0.3 s."""
    free: float = 0.5
    """Then it eases back until no more than this share is left, and goes on."""
    ease_mps: float = 0.02
    stuck_s: float = 2.0
    """So long without getting deeper, and it backs off."""
    deeper_m: float = 0.002
    landed: float = 0.15
    """Below this share of the pins' length resistance is the seat itself."""
    retreat_mps: float = 0.08
    spiral_step_m: float = 0.006
    """Between the turns of the spiral."""
    spiral_most_m: float = 0.020
    overrun: float = -0.45
    """Lower than this and not seated: it lies on something; back off."""


class VisualServo:
    """Setpoints from what is sensed; call `speeds` once each decision."""

    def __init__(self, gains: Gains | None = None) -> None:
        self.gains = gains or Gains()
        self.begin()

    def begin(self) -> None:
        """A new insertion."""
        self.retreating = False
        self.passed = False
        self.tries = 0
        self._since_s: float | None = None
        self._deepest, self._deepest_s = math.inf, 0.0
        self._over_s, self._easing = 0.0, False

    def speeds(self, seen: Sensed) -> Array:
        """(4,) along x, y (m/s), towards the seat (m/s), yaw (rad/s)."""
        self._decide(seen)
        g = self.gains
        dx, dy = self._beside()
        vx = g.approach_per_s * (seen.axis_x_m + dx)
        vy = g.approach_per_s * (seen.axis_y_m + dy)
        if seen.rope_m > 0.0 and seen.guides > 1.0:
            lean = 2.0 * g.damping * math.sqrt(GRAVITY_MPS2 / seen.rope_m)
            vx, vy = vx + lean * seen.sway_x_m, vy + lean * seen.sway_y_m
        turn = g.yaw_per_s * seen.yaw_rad
        return np.array(
            [_within(vx, g.most_mps), _within(vy, g.most_mps), self._inwards(seen), _within(turn, g.most_radps)]
        )

    def _beside(self) -> tuple[float, float]:
        """Where the present try looks, from where the seat seems to be: 0, then along the spiral."""
        if self.tries == 0:
            return 0.0, 0.0
        # r = step * angle / 2 pi with points a step apart along the curve: angle^2 = 4 pi n
        angle = math.sqrt(4.0 * math.pi * self.tries)
        r = min(self.gains.spiral_step_m * angle / (2.0 * math.pi), self.gains.spiral_most_m)
        return r * math.cos(angle), r * math.sin(angle)

    def _decide(self, seen: Sensed) -> None:
        """Retreat, wait at the gate, or go in."""
        g = self.gains
        if self.retreating:
            if seen.guides >= g.gate:
                self.retreating, self.passed, self._since_s = False, False, None
                self._deepest = math.inf
            return
        if not self.passed and seen.guides < g.gate + 0.35:
            if self._since_s is None:
                self._since_s = seen.elapsed_s
            self.passed = self._calm(seen, seen.elapsed_s - self._since_s)
        if not self.passed or seen.height_m < self._deepest - g.deeper_m:
            self._deepest, self._deepest_s = seen.height_m, seen.elapsed_s
        stuck = seen.guides > g.landed and seen.elapsed_s - self._deepest_s > g.stuck_s
        if stuck or seen.guides < g.overrun:
            self.retreating = True
            self.tries += 1

    def _calm(self, seen: Sensed, waited_s: float) -> bool:
        g = self.gains
        wider = 2.0 ** math.floor(waited_s / g.patience_s)
        dx, dy = self._beside()
        x, y = seen.axis_x_m + dx, seen.axis_y_m + dy
        swing = 0.0
        if seen.rope_m > 0.0:
            per_omega = math.sqrt(seen.rope_m / GRAVITY_MPS2)
            swing = math.sqrt(
                seen.sway_x_m**2 + seen.sway_y_m**2 + per_omega**2 * (seen.sway_x_mps**2 + seen.sway_y_mps**2)
            )
        return max(swing, math.hypot(x, y)) < wider * g.calm_m and abs(seen.yaw_rad) < wider * g.calm_rad

    def _inwards(self, seen: Sensed) -> float:
        g = self.gains
        if self.retreating:
            return -g.retreat_mps
        if not self.passed:
            left = seen.guides - g.gate
            return _within(g.slowing_per_s * left * seen.height_m / max(seen.guides, 0.1), g.fast_mps)
        if seen.guides > g.gate:
            way = (seen.guides - g.gate) * seen.height_m / seen.guides
            return min(g.fast_mps, g.creep_mps + g.slowing_per_s * way)
        if seen.guides < g.landed:
            return g.creep_mps
        force = max(abs(seen.axial), math.hypot(seen.lateral_x, seen.lateral_y))
        self._over_s = self._over_s + DECISION_S if force > g.blocked else 0.0
        if self._over_s >= g.blocked_s or (self._easing and force > g.free):
            self._easing = True
            return -g.ease_mps
        self._easing = False
        return g.creep_mps


def _within(value: float, most: float) -> float:
    return min(max(value, -most), most)
