"""Tyres under brakes: they hold the truck where it stands, up to the friction that its wheels can give."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pybullet as pb

STICKING_M = 1e-5
"""How far (m, and rad about z) the truck may be from where it stuck before that place goes with it."""
GAIN = 0.1
"""Share of its way back that the truck is asked to go in a tick. What stands is off by a tenth of a micrometre then."""


class Brakes:
    """Motors on the truck's planar joints, each as strong as friction, that pull it back to where it stuck.

    Motors that only brake, with a speed of zero as their aim, let it creep by some 15 um/s while it is pushed: the
    engine's solver leaves a little speed in every tick.
    """

    def __init__(self, client: int, truck: int, truck_q: np.ndarray) -> None:
        """`truck_q` (6,): where the truck stands now; its first three joints are x, y in m and yaw in rad."""
        self._client, self._truck, self._joints = client, truck, list(range(3))
        self._stuck: list[float] = truck_q[:3].tolist()

    def hold(self, at: Sequence[float], strength: Sequence[float]) -> None:
        """What holds from here on: `at` x, y, yaw of the truck now, `strength` in N, N, Nm."""
        for i in range(3):  # a truck that slides takes the place with it, that far behind
            self._stuck[i] = min(max(self._stuck[i], at[i] - STICKING_M), at[i] + STICKING_M)
        pb.setJointMotorControlArray(
            self._truck,
            self._joints,
            pb.POSITION_CONTROL,
            targetPositions=self._stuck,
            forces=strength,
            positionGains=[GAIN] * 3,
            velocityGains=[1.0] * 3,
            physicsClientId=self._client,
        )
