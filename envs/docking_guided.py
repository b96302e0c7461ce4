"""Episodes of Docking as a policy observes them: with the pose of `envs.docking_guidance`."""

from __future__ import annotations

import numpy as np

from envs.docking_episodes import ACTION, Episodes, look_all, look_first
from envs.docking_episodes import OBSERVATION as BY_THE_TRUCK
from envs.docking_guidance import DRIFT, X_M, Y_M, YAW_RAD, Guidance
from envs.docking_law import LAW, SEEN, StationLaw

Array = np.ndarray

OBSERVATION = (*SEEN, *LAW)
_INDEX = {q.name: i for i, q in enumerate(OBSERVATION)}
_SCALES = np.array([q.scale for q in OBSERVATION])
_LOW, _HIGH = np.array([q.low for q in OBSERVATION]), np.array([q.high for q in OBSERVATION])


class GuidedEpisodes(Episodes):
    """`Episodes` whose observations (N, 37) float32 are those of OBSERVATION here.

    Attributes:
        guidance: the pose filters of all worlds.
        law: the station's own, of all worlds.
    """

    def __init__(self, n: int, time_limit_s: float, action_mode: str = "direct") -> None:
        """`action_mode`: "direct", or "residual": actions add to what the law asks for."""
        super().__init__(n, time_limit_s)
        self.law, self._residual = StationLaw(n), action_mode == "residual"
        self.guidance = Guidance(n)
        self._by_the_truck = self.observations
        self.observations = np.zeros((n, len(OBSERVATION)), np.float32)

    def look_first(self, which: Array, worlds: Array, params: Array) -> None:
        """Observe the episodes `which` (K,) that have just begun, without reward."""
        e = self.episodes
        look_first(which, worlds, params, e, self.operators, self.estimates, self._by_the_truck, self.costs)
        self.rewards[which], self.terms[which], self.clipped[which] = 0.0, 0.0, False
        self.guidance.begin(which, params, -e["direction"][which] * e["start_m"][which])
        self.guidance.look(which, worlds, params)
        self.law.begin(which)
        self._observe(which)

    def act(self, which: Array, actions: Array, worlds: Array, params: Array) -> Array:
        """Commands (N, 3) of finite actions (N, 2) of the episodes `which` (K,)."""
        if not self._residual:
            return super().act(which, actions, worlds, params)
        bounded = np.clip(actions, self._low, self._high)
        commands = super().act(which, self.law.with_residual(which, bounded), worlds, params)
        self.clipped[which] = bounded[which] != actions[which]
        return commands

    def look(self, which: Array, worlds: Array, params: Array) -> None:
        """Judge, reward and observe the episodes `which` (K,) after their plants have advanced."""
        e = self.episodes
        look_all(
            which, worlds, params, e, self.operators, self.estimates, self.time_limit_s, self._by_the_truck,
            self.terms, self.costs, self._weights, self.rewards,
        )  # fmt: skip
        self.guidance.advance(
            which, worlds, params, e["speed_mps"] * e["speed_scale"], e["action"][:, 0] * ACTION[0].scale
        )
        self._observe(which)

    def _observe(self, which: Array) -> None:
        """Write the observations of `which` (K,): the truck's own, with guidance's pose in place of its filter's."""
        g, e, seen = self.guidance, self.episodes[which], self.observations
        seen[which, : len(BY_THE_TRUCK)] = self._by_the_truck[which]
        mean, variance = g.mean[which], np.diagonal(g.covariance, axis1=1, axis2=2)[which]
        yaw, hitch = mean[:, YAW_RAD], self.estimates["hitch"][which, 0]
        towed = e["kingpin_x_m"] * np.sin(yaw) - e["trailer_m"] * np.sin(yaw - hitch)
        trailer_y = mean[:, Y_M] + np.where(e["trailer_m"] > 0.0, towed, 0.0)
        sigma = np.sqrt(np.maximum(variance, 0.0))
        values = {
            "x": mean[:, X_M], "x_near": mean[:, X_M], "y": mean[:, Y_M], "y_near": mean[:, Y_M], "yaw": yaw,
            "yaw_near": yaw, "x_sigma": sigma[:, X_M], "y_sigma": sigma[:, Y_M], "yaw_sigma": sigma[:, YAW_RAD],
            "measured_age": g.age_s[which], "trailer_y": trailer_y, "trailer_y_near": trailer_y,
            "steering_offset": g.steering_offset_rad[which], "drift": mean[:, DRIFT], "stood": g.stood_s[which],
            "held": g.held_rad[which],
        }  # fmt: skip
        for name, value in values.items():
            i = _INDEX[name]
            seen[which, i] = np.clip(value / _SCALES[i], _LOW[i], _HIGH[i])
        self.law.look(which, seen[which])
        seen[which, len(SEEN) :] = self.law.asked[which]
