"""The station's own law in an episode of Docking: what it asks for is observed, and a residual action adds to it."""

from __future__ import annotations

import numpy as np

from envs.docking_episodes import ACTION
from envs.docking_episodes import OBSERVATION as BY_THE_TRUCK
from envs.scaling import Quantity
from twin.docking.law import Controller

Array = np.ndarray
STATION_LAW = "mpc"
"""Name in `twin.docking.law`: Stanley's law forwards, the finite-horizon LQ controller in reverse."""
ACTION_MODES = ("direct", "residual")
RESIDUAL_SHARES = np.array([0.15, 0.5])
"""What a residual adds at most: of the wheels' scale, 0.09 rad, and of the speed that the law asks for [chosen: more
than the law's errors in steering, and twice its braking]."""
RESIDUAL_RELATIVE = np.array([False, True])
"""Whether it adds a share of what the law asks for, and not of the scale: where that stands, so does the truck."""
RESIDUAL_ON = ("law_steering_angle", "law_speed")
"""Observed quantities that it is added to."""
FILTERED = (
    Quantity("yaw_sigma", "rad", 0.01, 0.0, 1.0, "standard deviation of yaw by the filter"),
    Quantity("steering_offset", "rad", 0.02, -1.0, 1.0, "estimated: the steering sensor's reading over the true angle"),
    Quantity("held", "rad", 0.02, -1.0, 1.0, "average: steering angle by its sensor over the asked one"),
    Quantity("drift", "-", 0.01, -1.0, 1.0, "estimated: way to the left by a length of way, beside the heading's"),
    Quantity("stood", "s", 2.0, 0.0, 1.0, "how long the wheels have stood"),
)
LAW = (
    Quantity("law_steering_angle", "rad", ACTION[0].scale, -1.0, 1.0, "what the station's own law would ask for"),
    Quantity("law_speed", "m/s", ACTION[1].scale, -1.0, 1.0, "what the station's own law would ask for"),
)
SEEN = (*BY_THE_TRUCK, *FILTERED)
"""What the law sees."""
_NAMES, _SCALES = [q.name for q in SEEN], np.array([q.scale for q in SEEN])
_PER_UNIT = 1.0 / np.array([q.scale for q in ACTION])


def in_si(observations: Array) -> dict[str, Array]:
    """Quantities (K,) in SI of scaled observations (K, O), by the names of SEEN."""
    # the near elements are finer, and clipped: the others have the whole range
    values = np.asarray(observations[:, : len(SEEN)], float) * _SCALES
    return dict(zip(_NAMES, values.T, strict=True))


def residual_of(actions: Array, asked: Array) -> Array:
    """Residuals (K, 2) float32 that come nearest to these actions where the law asks for `asked` (K, 2)."""
    of = np.where(RESIDUAL_RELATIVE, asked, 1.0)
    added = (actions - asked) / np.where(of == 0.0, np.inf, RESIDUAL_SHARES * of)
    return np.clip(added, -1.0, 1.0).astype(np.float32)


class StationLaw:
    """The law of N episodes.

    Attributes:
        asked: (N, 2) float32, its last requests, scaled as actions are.
    """

    def __init__(self, n: int) -> None:
        self._controller = Controller(n, STATION_LAW)
        self.asked = np.zeros((n, len(ACTION)), np.float32)

    def begin(self, which: Array) -> None:
        """Begin the drives `which` (K,)."""
        self._controller.begin(which)

    def look(self, which: Array, observations: Array) -> None:
        """Ask it, once a step, what it would do in `which` (K,), whose observations (K, O) these are."""
        steer, speed = self._controller.request(in_si(observations), which)
        self.asked[which] = np.clip(np.column_stack([steer, speed]) * _PER_UNIT, -1.0, 1.0)

    def with_residual(self, which: Array, actions: Array) -> Array:
        """Actions (N, 2) with the requests of `which` (K,) in place of their residuals, which are within -1 to 1."""
        out = np.array(actions, np.float64)
        asked = self.asked[which].astype(np.float64)
        of = np.where(RESIDUAL_RELATIVE, asked, 1.0)
        out[which] = np.clip(asked + RESIDUAL_SHARES * of * out[which], -1.0, 1.0)
        return out
