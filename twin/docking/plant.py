"""DockingPlant: N trucks driving into N bays, each on its own, with read-outs in physical terms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from twin import seeding
from twin.catalogue import Pack, Station, Truck
from twin.docking.lidar import draw_bias
from twin.docking.params import CONTROL_S, approach_of, docking_params
from twin.docking.state import (
    AXLES,
    BODY,
    HEAVE,
    LIDAR_STREAM,
    PITCH,
    QD,
    ROLL,
    START_STREAM,
    STATES,
    STEER,
    STOP_STREAM,
    TRAILER,
    WORLD,
    YAW,
    X,
    Y,
)
from twin.docking.step import advance as advance_worlds
from twin.docking.step import advance_in_threads
from twin.errors import InputError

Array = np.ndarray
THREADS_FROM = 64
"""Number of worlds from which they are shared among threads; fewer are not worth it, and a process with threads cannot
be forked.
"""
START_CLIP = 2.5
"""Limit of drawn starts, in standard deviations."""


class DockingPlant:
    """`n` independent worlds with one set of parameters each. All read-outs are arrays of length n, in SI, copies.

    >>> plant = DockingPlant.of(load_truck("tractor_6x4"), load_station("top_lift"), load_pack("cab_282"), n=2)
    >>> plant.reset([7, 8])
    >>> plant.apply(steering_rate_radps=0.0, acceleration_mps2=0.4)
    >>> plant.advance(0.1)
    >>> plant.pose()  # (n, 3): x, y, yaw of the truck in the bay
    """

    def __init__(self, params: Array, n: int = 1) -> None:
        """`params` is a (1,) or (n,) PARAMS array, see `docking_params`."""
        if len(params) not in (1, n):
            raise InputError("wrong number of parameter records", key="params", value=len(params), allowed=f"1 or {n}")
        self.params = np.repeat(params, n) if len(params) == 1 else params.copy()
        self.worlds = np.zeros(n, WORLD)
        self.start: tuple[float, float, float] = (0.0, 0.0, 0.0)
        self._room = np.zeros((5, STATES))
        self.reset(range(n))

    @classmethod
    def of(
        cls,
        truck: Truck,
        station: Station,
        pack: Pack | None,
        n: int = 1,
        *,
        weather: str = "clear",
        guided: bool | None = None,
    ) -> DockingPlant:
        """Make the plant of a truck with its packs at a station; it starts as the station's approach says."""
        approach = approach_of(station)
        plant = cls(docking_params(truck, station, pack, weather=weather, guided=guided), n)
        plant.start = (approach.start_distance_m, approach.start_y_sigma_m, approach.start_yaw_sigma_rad)
        plant.reset(range(n))
        return plant

    @property
    def n(self) -> int:
        """Number of worlds."""
        return len(self.worlds)

    # ------------------------------------------------------------------------------------------------------ the run

    def reset(self, seeds: int | Iterable[int], poses: Sequence[Sequence[float]] | Array | None = None) -> None:
        """Restart, standing: at `poses` (n, 3: x, y, yaw; or 4 with the hitch angle), or drawn from the seeds.

        A drawn start lies at the approach's start distance, with its spread of y and yaw; the trailer stands straight
        behind. The wheel stop's place is drawn too. Each world depends on its own seed only.
        """
        seeds = [seeds] if isinstance(seeds, int) else list(seeds)
        if len(seeds) != self.n:
            raise InputError("one seed per world is needed", key="seeds", value=len(seeds), allowed=str(self.n))
        self.worlds[:] = np.zeros((), WORLD)
        for i, seed in enumerate(seeds):
            w = self.worlds[i]
            pose = self._drawn_start(seed) if poses is None else np.asarray(poses[i], dtype=float)
            w["s"][X], w["s"][Y], w["s"][YAW] = pose[:3]
            w["s"][TRAILER] = pose[2] - (pose[3] if len(pose) > 3 else 0.0)
            off = self.params[i]["stop_setting_m"]
            w["stop_shift_m"] = seeding.stream(seed, STOP_STREAM).uniform(-off, off)
            w["lidar_key"], w["lidar_tick"], w["gear"] = seeding.key(seed, LIDAR_STREAM), -1, 1.0
            draw_bias(w, self.params[i])
            w["axle_load_n"] = self.params[i]["axle_load_n"]

    def _drawn_start(self, seed: int) -> Array:
        distance, sigma_y, sigma_yaw = self.start
        random = seeding.stream(seed, START_STREAM)
        y, yaw = np.clip(random.standard_normal(2), -START_CLIP, START_CLIP)
        return np.array([-distance, sigma_y * y, sigma_yaw * yaw])

    def apply(
        self, steering_rate_radps: float | Array, acceleration_mps2: float | Array, gear: float | Array = 1.0
    ) -> None:
        """Set the commands from now on: turning rate of the front wheels (left positive), pedals, gear.

        They are bounded by the truck's limits. Above zero the pedals drive in `gear` (1 forwards, -1 reverse), below
        zero they brake.
        """
        rate, acceleration = np.asarray(steering_rate_radps, float), np.asarray(acceleration_mps2, float)
        for name, value in (("steering_rate_radps", rate), ("acceleration_mps2", acceleration)):
            if not np.isfinite(value).all() or value.shape not in ((), (self.n,)):
                raise InputError("not a finite command for every world", key=name, value=value.tolist())
        limit = self.params["steering_rate_limit_radps"]
        self.worlds["steering_rate_radps"] = np.clip(rate, -limit, limit)
        self.worlds["acceleration_mps2"] = np.maximum(acceleration, -self.params["brake_limit_mps2"])
        self.worlds["gear"] = gear

    def advance(self, seconds: float = CONTROL_S) -> None:
        """Advance by `seconds`, which must be a multiple of the inner step."""
        dt = float(self.params["dt_s"][0])
        steps = round(seconds / dt)
        if steps < 1 or abs(steps * dt - seconds) > 1e-9:
            raise InputError("not a multiple of the inner step", key="seconds", value=seconds, allowed=f"k x {dt:g}")
        if self.n < THREADS_FROM:
            advance_worlds(self.worlds, self.params, steps, self._room)
        else:
            advance_in_threads(self.worlds, self.params, steps)

    def put(self, world: int, other: DockingPlant) -> None:
        """Replace one world by that of another plant, which has only one."""
        self.params[world], self.worlds[world] = other.params[0], other.worlds[0]

    # ------------------------------------------------------------------------------------------------- what is true

    def time_s(self) -> Array:
        """Time since the reset."""
        return self.worlds["tick"] * self.params["dt_s"]

    def pose(self) -> Array:
        """(n, 3): x, y (m) and yaw (rad) of the truck in the bay; all zero is perfectly parked."""
        return self.worlds["s"][:, [X, Y, YAW]].copy()

    def lateral_error_m(self) -> Array:
        """Offset to the left of the truck's middle between the seats from its place."""
        return self.worlds["s"][:, Y].copy()

    def longitudinal_error_m(self) -> Array:
        """Offset of the truck ahead of its place; negative before it."""
        return self.worlds["s"][:, X].copy()

    def yaw_error_rad(self) -> Array:
        """Heading of the truck relative to the lane."""
        return self.worlds["s"][:, YAW].copy()

    def hitch_angle_rad(self) -> Array:
        """Truck's yaw less its trailer's; zero without a trailer."""
        angle = self.worlds["s"][:, YAW] - self.worlds["s"][:, TRAILER]
        return np.where(self.params["trailer_kg"] > 0.0, angle, 0.0)

    def speed_mps(self) -> Array:
        """Speed of T along the truck, forwards positive."""
        s = self.worlds["s"]
        return s[:, QD + X] * np.cos(s[:, YAW]) + s[:, QD + Y] * np.sin(s[:, YAW])

    def yaw_rate_radps(self) -> Array:
        """Yaw rate of the truck, left positive."""
        return self.worlds["s"][:, QD + YAW].copy()

    def acceleration_mps2(self) -> Array:
        """(n, 2): acceleration of the truck's body along and across itself."""
        return self.worlds["acceleration_body_mps2"].copy()

    def steering_angle_rad(self) -> Array:
        """Of the front wheels."""
        return self.worlds["s"][:, STEER].copy()

    def heave_m(self) -> Array:
        """Rise of the body at T over its rest."""
        return self.worlds["s"][:, BODY + HEAVE].copy()

    def dive_rad(self) -> Array:
        """Pitch of the body, nose down positive."""
        return self.worlds["s"][:, BODY + PITCH].copy()

    def roll_rad(self) -> Array:
        """Roll of the body, left side up positive."""
        return self.worlds["s"][:, BODY + ROLL].copy()

    def axle_load_n(self) -> Array:
        """(n, AXLES) load on every axle; zero past the last one."""
        return self._kept(self.worlds["axle_load_n"])

    def tyre_force_n(self) -> Array:
        """(n, AXLES, 2) force of every axle's tyres along and across its wheels."""
        return self._kept(self.worlds["axle_force_n"])

    def hitch_force_n(self) -> Array:
        """(n, 2) force of the trailer on the truck, along and across the truck."""
        return self.worlds["hitch_force_n"].copy()

    def rail_force_n(self) -> Array:
        """Largest force of any wheel against a rail, now."""
        return self.worlds["rail_force_n"].max(axis=(1, 2))

    def rail_forces_n(self) -> Array:
        """(n, AXLES, 2) force of every right and left wheel against its rail, now."""
        return self.worlds["rail_force_n"].copy()

    def peak_rail_force_n(self) -> Array:
        """Largest force of any wheel against a rail since the reset, at every inner step."""
        return self.worlds["peak_rail_force_n"].copy()

    def stop_force_n(self) -> Array:
        """Force of both front wheels against the wheel stop, now."""
        return self.worlds["stop_force_n"].sum(axis=1)

    def peak_stop_force_n(self) -> Array:
        """Largest force of one wheel against the wheel stop since the reset."""
        return self.worlds["peak_stop_force_n"].copy()

    def stopped(self) -> Array:
        """True if the truck stands, at rest to the last bit, until it is driven again."""
        return self.worlds["parked"] == 1

    def _kept(self, values: Array) -> Array:
        used = np.arange(AXLES) < self.params["axles"][:, None]
        return np.where(used if values.ndim == 2 else used[..., None], values, 0.0)

    # --------------------------------------------------------------------------------------------- what the lidar says

    def measured_pose(self) -> Array:
        """(n, 3): the last pose from the lidar, as the truck was `measured_age_s` ago; NaN before the first."""
        return np.where(self.worlds["lidar_tick"][:, None] >= 0, self.worlds["lidar_pose"], np.nan)

    def measured_age_s(self) -> Array:
        """Age of `measured_pose`; infinite before the first."""
        age = (self.worlds["tick"] - self.worlds["lidar_tick"]) * self.params["dt_s"]
        return np.where(self.worlds["lidar_tick"] >= 0, age, np.inf)
