"""Safety filter of Alignment's actions: the smallest change that keeps the margin of every limit over a stop.

It knows what a policy knows, the observation, and the station's own limits; never the truth. Every rule is an interval
for one setpoint, so the smallest change is to clamp each setpoint to the intersection of its intervals. A setpoint is
kept as long as its axis can still stop in time after the next decision, by the model of the axes in the reduced-order
plant and the control software's own bound at the pins (`agents.guard_rules`). Rules, by what they count as:

| rule | setpoint | holds it so that |
|---|---|---|
| `entry` | in | the pack stops over the tips of the pins unless the guides capture it: pack, its swing and yaw |
| `beside` | x, y, yaw, in | between the pins an axis stops within the guides' reach, and the pack leaves slowly |
| `side_force` | x, y, in | a side force near its limit is relieved: nothing goes on against it, the pack backs off |
| `pressing` | in | axial force that counts as a jam is eased off before its time is up |
| `landing` | in | a table that presses its pack against the seat backs off before the press limit |

The interlocks and the bounds of the control software stay as they are (docs/interlocks.md): this filter keeps a policy
from meeting them.
"""

from __future__ import annotations

import math
from collections import Counter
from functools import cache

import numpy as np

from agents.guard_rules import BOUNDS, CAUSES, MEMORY, NEEDED, OVER_TIPS_M, certify_rows, way_to_stop
from envs.alignment_control import ACTION, OBSERVATION, RESIDUAL_SHARES
from twin.alignment.sensed import DECISION_S
from twin.catalogue import Station, load_pack, names
from twin.catalogue.schema import FloatingTable
from twin.catalogue.schema.pack import Guides
from twin.control.logic import PRESS_LIMIT
from twin.control.velocity_motion import GUIDE_MPS
from twin.motion.profile import new_profile

__all__ = ["CAUSES", "NEEDED", "AlignmentFilter", "bounds_of"]

Array = np.ndarray

SERVO = ("servo_x", "servo_y", "servo_in", "servo_yaw")


@cache
def _guides_of(interfaces: tuple[str, ...]) -> tuple[Guides, ...]:
    """Guides of the shipped packs with one of these interfaces; where none has, of all."""
    packs = [load_pack(name) for name in names("pack")]
    fitting = [pack for pack in packs if pack.interface in interfaces]
    return tuple(pack.guides for pack in fitting or packs)


def bounds_of(station: Station, residual: bool) -> Array:
    """Make (1,) BOUNDS of a station; of its packs the strictest counts."""
    bounds = np.zeros(1, BOUNDS)
    b, axes = bounds[0], station.axes
    guides = _guides_of(station.interfaces)
    b["residual"], b["share"] = residual, RESIDUAL_SHARES
    b["acceleration"] = [axes.x.acceleration_mps2, axes.y.acceleration_mps2, axes.z.acceleration_mps2,
                         axes.yaw.acceleration_radps2]  # fmt: skip
    b["jerk"] = [axes.x.jerk_mps3, axes.y.jerk_mps3, axes.z.jerk_mps3, axes.yaw.jerk_radps3]
    b["capture_m"] = min(one.capture_m for one in guides)
    b["pins_m"] = max(([one.round_xy_m, one.slotted_xy_m] for one in guides), key=lambda pins: math.dist(*pins))
    b["pin_m"] = max(one.pin_length_m for one in guides)
    b["lead_in_m"] = max(one.capture_m / math.tan(one.lead_in_angle_rad) for one in guides)
    b["near_m"], b["guide_mps"] = _bound_at_pins(station)
    b["end_effector_kg"] = station.end_effector.mass_kg
    if isinstance(station.reeving, FloatingTable):
        b["press_kg"] = PRESS_LIMIT * station.limits.rated_load_kg
    return bounds


def _bound_at_pins(station: Station) -> tuple[float, float]:
    """Height over the tips from which on a pack goes at the guide speed at most, m, and that speed, m/s.

    By the control software (`twin.control.velocity_motion`), which brakes it before. Both infinite where a pack of that
    speed could no longer stop over the tips: then nothing can be left to it.
    """
    limits, z = station.limits, station.axes.z
    speed_mps = max(GUIDE_MPS, limits.contact_speed_mps)
    way_m = way_to_stop(speed_mps, speed_mps, 0.0, z.acceleration_mps2, z.jerk_mps3, new_profile())
    if way_m + OVER_TIPS_M > limits.contact_zone_m:
        return math.inf, math.inf
    return limits.contact_zone_m + 2.0 * DECISION_S * speed_mps, speed_mps


class AlignmentFilter:
    """The safety filter of N insertions at one station, in one action mode.

    Attributes:
        causes: (N, len(CAUSES)) 1 where a rule changed the last action.
    """

    def __init__(self, station: Station, action_mode: str, n: int = 1) -> None:
        """`action_mode`: "direct" or "residual"."""
        places = {quantity.name: i for i, quantity in enumerate(OBSERVATION)}
        self._places = np.array([places[name] for name in NEEDED])
        self._scales = np.array([OBSERVATION[i].scale for i in self._places])
        self._servo = np.array([places[name] for name in SERVO])
        self._bounds = bounds_of(station, action_mode == "residual")
        self._bounds["scale"] = [quantity.scale for quantity in ACTION]
        self._bounds["servo_scale"] = [OBSERVATION[i].scale for i in self._servo]
        self._memories = np.zeros(n, MEMORY)
        self._one = np.zeros(1, np.int64)
        self._seen, self._speeds = np.zeros(len(NEEDED)), np.zeros(4)
        self.causes = np.zeros((n, len(CAUSES)), np.int64)

    def begin(self, which: Array | None = None) -> None:
        """Begin new insertions: all, or those of `which` (K,)."""
        self._memories["begun"][slice(None) if which is None else which] = 0

    def certify(self, action: Array, state: Array) -> Array:
        """Return the allowed action (4,) nearest to a finite one within its limits; `state` is the observation."""
        kept = np.array(action, np.float64)
        self.certify_rows(self._one, kept[None], np.asarray(state)[None])
        return kept

    def certify_rows(self, which: Array, actions: Array, observations: Array) -> None:
        """The same for rows `which` (K,) of actions (N, 4) float64, in place; each once a decision."""
        certify_rows(
            which, observations, self._places, self._scales, self._servo, self._bounds, self._memories, actions,
            self.causes, self._seen, self._speeds,
        )  # fmt: skip

    def try_rows(self, which: Array, actions: Array, observations: Array) -> None:
        """The same without remembering it: what `certify_rows` would make of other actions now."""
        memories = self._memories[which]
        self.certify_rows(which, actions, observations)
        self._memories[which] = memories

    def counted(self) -> Counter[str]:
        """Rules that changed the last action of the only insertion."""
        return Counter({name: 1 for name, one in zip(CAUSES, self.causes[0].tolist(), strict=True) if one})
