"""Samples of the recording over a stretch of the log: measured, derived, or estimated by the twin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from twin.log_import.carries import home_of
from twin.log_import.contradictions import TruckMotion
from twin.log_import.estimate import begin, swing
from twin.log_import.mapping import Mapping
from twin.log_import.packs import Timeline, codes_at
from twin.log_import.poses import fill_poses, truck_give
from twin.plants.beginning import new_world
from twin.recording.swap.sampling import frames_of
from twin.records import AXES, FLOATING_TABLE, MAST, TX, TY, TYAW
from twin.setup.setup import SwapSetup

MEASURED, ESTIMATED = "measured", "estimated"
HANGS, CARRIED = 0.6, 0.9
"""Hanging threshold of the load cell: share of the empty end effector's weight; with a pack, of the weight of both."""
NEAR_SEAT_M = 0.3
AT_REST_M = 0.010
"""Without a load cell: a load lower than this over its standing height stands."""
TRUCK_NAMES = ("x_m", "y_m", "yaw_rad", "z_m", "pitch_rad", "roll_rad")
ESTIMATE = "estimate/"
"""Prefix of the twin's estimate besides a measured signal."""


@dataclass(frozen=True)
class Channel:
    """A channel of the recording and its source: a signal of the log, or a name that `Completer` computes."""

    name: str
    provenance: str


class Completer:
    """Converts the log's signals at the recording's times to frames, channels and sensors; stretch by stretch."""

    def __init__(
        self,
        setup: SwapSetup,
        mapping: Mapping,
        names: Sequence[str],
        lines: Sequence[Timeline],
        hz: float,
        motion: TruckMotion | None = None,
    ):
        """`names`: columns of the values for `complete`; `lines`: timelines of the packs; `hz`: samples per second;
        `motion`: motion of the truck, if the log scans it."""
        self.setup, self._lines, self._dt_s = setup, lines, 1.0 / hz
        self._index = {name: i for i, name in enumerate(names)}
        self._robots = setup.station.robots.count
        self._measured = {m.name for m in mapping.signals if m.name in self._index}
        self._home = np.array([[home_of(setup.station, r, axis) for axis in AXES] for r in range(self._robots)])
        self._last_axes = np.full((self._robots, 4), np.nan)
        self._swing = begin(self._robots)
        self._last_ns: int | None = None
        self._breaks = np.empty(0, np.int64)
        self._world, self._motion = new_world(setup), motion
        self._park = self._world["truth"]["truck_q"][0][[TX, TY, TYAW]].copy()
        self._bare, self._adds = truck_give(setup)
        self._seats = self._seat_places()
        self.frames = frames_of(setup)
        # of the last stretch: axes (K, R, 4), packs held (K, R), free-hanging (K, R), offsets if not (K, R, 2)
        self.axes, self.held = np.empty((0, self._robots, 4)), np.empty((0, self._robots), np.int64)
        self.loose, self.aside = np.empty((0, self._robots), np.int64), np.empty((0, self._robots, 2))
        self.channels = self._channels()
        self.sensors = self._sensors()

    def _channel(self, name: str, *sources: str) -> Channel:
        """A channel; measured if the log has it, or one of its sources."""
        return Channel(name, MEASURED if self._measured & {name, *sources} else ESTIMATED)

    def _channels(self) -> tuple[Channel, ...]:
        found: list[Channel] = []
        for r in range(self._robots):
            robot = f"robot{r}"
            for axis in AXES:
                m, mps = ("rad", "radps") if axis == "yaw" else ("m", "mps")
                found += [self._channel(f"{robot}/{axis}/{word}") for word in (f"position_{m}", f"velocity_{mps}")]
                others = [f"{robot}/{axis}/{word}" for word in (f"reference_{m}", f"reference_{mps}", "brake")]
                found += [self._channel(name) for name in others if name in self._measured]
            for a in "xy":
                sources = (f"{robot}/sway_sensor_{a}_m", f"{robot}/sway_angle_{a}_rad")
                found.append(self._channel(f"{robot}/sway_{a}_m", *sources))
                found.append(Channel(f"{ESTIMATE}{robot}/sway_{a}_m", ESTIMATED))
            found.append(self._channel(f"{robot}/load_n", f"{robot}/load_cell_n"))
            found.append(Channel(f"{robot}/e_yaw_rad", ESTIMATED))
            found += [self._switch(f"{robot}/grip", i) for i in range(4)]
            found.append(Channel(f"{robot}/held", ESTIMATED))
            if f"{robot}/float_lock" in self._measured:
                found.append(Channel(f"{robot}/float_lock", MEASURED))
        found += [Channel(f"truck/{name}", ESTIMATED) for name in TRUCK_NAMES]
        for seat in self.setup.seats:
            found += [self._switch(f"{seat.name}/lock", i) for i in range(seat.locks)]
            found.append(Channel(f"{seat.name}/locked", ESTIMATED))
        return tuple(found)

    def _switch(self, stem: str, i: int) -> Channel:
        words = (f"{i + 1}_closed", f"{i + 1}_open", "s_closed", "s_open")
        return self._channel(f"{stem}{i + 1}", *(stem + word for word in words))

    def _sensors(self) -> tuple[Channel, ...]:
        taken = {channel.name for channel in self.channels}
        found = [Channel(name, MEASURED) for name in self._index if name in self._measured and name not in taken]
        there = {channel.name for channel in found}
        for r in range(self._robots):
            for a in "xy":
                name = f"robot{r}/sway_sensor_{a}_m"
                if f"robot{r}/sway_angle_{a}_rad" in self._measured and name not in there:
                    found.append(Channel(name, MEASURED))
        return tuple(found)

    def _seat_places(self) -> np.ndarray:
        """(S, 3) positions of all seats of truck and station: x, y, z of the seat plane."""
        truck = self._world["truth"]["truck_q"][0]
        c, s = np.cos(truck[TYAW]), np.sin(truck[TYAW])
        places = [(truck[TX] + c * x - s * y, truck[TY] + s * x + c * y, z) for x, y, z in self.setup.truck.seats_xyz_m]
        places += [(slot.x_m, slot.y_m, slot.z_m) for slot in self.setup.station.slots]
        return np.array(places)

    def complete(self, times_ns: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Frames (K, F, 7), channels (K, C) and sensors (K, S) at ascending times (K,) from the log's values (K, N)."""
        self._values, count = values, len(times_ns)
        self._breaks = self._breaks_of(times_ns)
        out: dict[str, np.ndarray] = {}
        axes = self.axes = self._axes(out, count)
        packs = codes_at(self._lines, times_ns)
        held = self.held = self._held(packs)
        load = self._load(out, held)
        sway = self._sway(out, axes, held, load)
        springs = self._springs(packs, load)
        frames = np.empty((count, len(self.frames), 7))
        park = np.broadcast_to(self._park, (count, 3)).copy()
        if self._motion is not None:
            park += self._motion.at(times_ns)
        fill_poses(self._world, self.setup.params, axes, sway, load, packs, springs, park, frames)
        self._switches(out, packs)
        for name, column in zip(TRUCK_NAMES, (*park.T, *springs.T), strict=True):
            out[f"truck/{name}"] = np.broadcast_to(column, count)
        for r in range(self._robots):
            out[f"robot{r}/held"] = held[:, r].astype(float)
            out[f"robot{r}/e_yaw_rad"] = axes[:, r, 3]
        channels = np.stack([self._column(out, c.name) for c in self.channels], axis=1)
        sensors = np.empty((count, 0))
        if self.sensors:
            sensors = np.stack([self._column(out, c.name) for c in self.sensors], axis=1)
        return frames, channels, sensors

    def _column(self, out: dict[str, np.ndarray], name: str) -> np.ndarray:
        return out[name] if name in out else self._values[:, self._index[name]]

    def _signal(self, name: str) -> np.ndarray | None:
        return self._values[:, self._index[name]] if name in self._index else None

    def _axes(self, out: dict[str, np.ndarray], count: int) -> np.ndarray:
        """(K, R, 4) positions of the axes as drawn: measured, else as commanded, else the last known."""
        axes = np.full((count, self._robots, 4), np.nan)
        for r in range(self._robots):
            for k, axis in enumerate(AXES):
                m, mps = ("rad", "radps") if axis == "yaw" else ("m", "mps")
                position = self._signal(f"robot{r}/{axis}/position_{m}")
                reference = self._signal(f"robot{r}/{axis}/reference_{m}")
                drawn = np.full(count, np.nan) if position is None else position.copy()
                if reference is not None:
                    drawn = np.where(np.isnan(drawn), reference, drawn)
                first = self._last_axes[r, k]
                drawn = _held_over(drawn, self._home[r, k] if np.isnan(first) else first)
                before = drawn[0] if np.isnan(first) else first
                axes[:, r, k] = drawn
                self._last_axes[r, k] = drawn[-1]
                if position is None:
                    out[f"robot{r}/{axis}/position_{m}"] = drawn
                if f"robot{r}/{axis}/velocity_{mps}" not in self._measured:
                    speed = np.diff(drawn, prepend=before) / self._dt_s
                    speed[self._breaks] = 0.0
                    out[f"robot{r}/{axis}/velocity_{mps}"] = speed
        return axes

    def _breaks_of(self, times_ns: np.ndarray) -> np.ndarray:
        """Samples that do not continue the one before: after a gap."""
        before = int(times_ns[0]) if self._last_ns is None else self._last_ns
        self._last_ns = int(times_ns[-1])
        return np.flatnonzero(np.diff(times_ns, prepend=before) > 1.5e9 * self._dt_s)

    def _held(self, packs: np.ndarray) -> np.ndarray:
        """(K, R) the pack in each robot's grips, -1 none."""
        held = np.full((len(packs), self._robots), -1, np.int64)
        for k in range(packs.shape[1]):
            for r in range(self._robots):
                held[packs[:, k] == r, r] = k
        return held

    def hung_n(self, held: np.ndarray, robot: int) -> np.ndarray:
        """(K,) weight of the end effector with what it holds."""
        p = self.setup.params[0]
        kg = np.append(p["pack_mass_kg"][: int(p["packs"])], 0.0)[held[:, robot]]
        return np.asarray((p["e_mass_kg"] + kg) * p["gravity_mps2"])

    def _load(self, out: dict[str, np.ndarray], held: np.ndarray) -> np.ndarray:
        load = np.empty((len(held), self._robots))
        for r in range(self._robots):
            setup, hung = self._signal(f"robot{r}/load_cell_n"), self.hung_n(held, r)
            out[f"robot{r}/load_n"] = hung if setup is None else setup
            load[:, r] = hung if setup is None else np.where(np.isnan(setup), hung, setup)
        return load

    def _sway(self, out: dict[str, np.ndarray], axes: np.ndarray, held: np.ndarray, load: np.ndarray) -> np.ndarray:
        """(K, R, 2) the offset of each end effector: measured if the log has it, else estimated."""
        p, count = self.setup.params[0], len(held)
        sway = np.zeros((count, self._robots, 2))
        self.loose, self.aside = np.zeros((count, self._robots), np.int64), np.zeros((count, self._robots, 2))
        for r in range(self._robots):
            rope = np.maximum(float(p["sheave_height_m"]) - axes[:, r, 2], 0.05)
            estimate = np.zeros((count, 2))
            loose, aside = self._stands(axes[:, r], held, load, r)
            self.loose[:, r], self.aside[:, r] = loose, aside
            omega, zeta = self.mode(held, r)
            if p["reeving"] != FLOATING_TABLE:
                motion = np.column_stack((axes[:, r, 0], axes[:, r, 1], rope))
                gravity, state = float(p["gravity_mps2"]), self._swing[r]
                edges = [0, *self._breaks.tolist(), count]
                for i, k in zip(edges[:-1], edges[1:], strict=True):
                    if i in self._breaks:  # its motion in the gap is unknown
                        state[:] = begin(1)[0]
                    swing(self._dt_s, motion[i:k], loose[i:k], aside[i:k], omega, zeta, gravity, state, estimate[i:k])
            for k, a in enumerate("xy"):
                measured = self._signal(f"robot{r}/sway_sensor_{a}_m")
                angle = self._signal(f"robot{r}/sway_angle_{a}_rad")
                if measured is None and angle is not None:
                    measured = rope * np.sin(angle)
                    out[f"robot{r}/sway_sensor_{a}_m"] = measured
                known = estimate[:, k] if measured is None else measured
                out[f"{ESTIMATE}robot{r}/sway_{a}_m"] = estimate[:, k]
                out[f"robot{r}/sway_{a}_m"] = known
                sway[:, r, k] = np.where(np.isnan(known), estimate[:, k], known)
        return sway

    def mode(self, held: np.ndarray, robot: int) -> tuple[float, float]:
        """Natural frequency (rad/s; 0 under ropes) and damping ratio of the sway."""
        p = self.setup.params[0]
        if p["reeving"] != MAST:
            return 0.0, float(p["sway_zeta"])
        kg = self.hung_n(held, robot).mean() / float(p["gravity_mps2"])
        stiffness = float(p["e_stiffness"][0] + p["e_lock_stiffness"][0])
        omega = np.sqrt(stiffness / kg)
        return float(omega), float(p["e_damping"][0] + p["e_lock_damping"][0]) / (2.0 * kg * float(omega))

    def _stands(
        self, axes: np.ndarray, held: np.ndarray, load: np.ndarray, robot: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Mask of samples at which the load hangs free (K,) and, where it stands, the offset of its seat (K, 2)."""
        nearest, near = self._nearest(axes)
        aside = np.where(near[:, None], self._seats[nearest, :2] - axes[:, :2], np.nan)
        laden = held[:, robot] >= 0
        if f"robot{robot}/load_cell_n" in self._measured:
            share = load[:, robot] / self.hung_n(held, robot)
            loose = np.where(laden, share > CARRIED, share > HANGS)
        else:
            loose = self.height_over_seats(axes) > AT_REST_M
        return loose.astype(np.int64), aside

    def _nearest(self, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The seat nearest to the axes (K, 4), and a mask of samples over (or under) it; (K,) each."""
        gap = np.hypot(axes[:, None, 0] - self._seats[:, 0], axes[:, None, 1] - self._seats[:, 1])
        nearest = gap.argmin(axis=1)
        return nearest, gap[np.arange(len(axes)), nearest] < NEAR_SEAT_M

    def height_over_seats(self, axes: np.ndarray) -> np.ndarray:
        """Height of a pack in the grips over its standing height in the seat under (or over) it (K,), m; inf beside all
        seats."""
        p = self.setup.params[0]
        nearest, near = self._nearest(axes)
        retract = float(p["retract"])
        grip_z = self._seats[nearest, 2] + retract * float(p["pack_height_m"])
        return np.where(near, retract * (axes[:, 2] - grip_z), np.inf)

    def _springs(self, packs: np.ndarray, load: np.ndarray) -> np.ndarray:
        """(K, 3) heave, pitch and roll of the truck under its packs, minus what a robot carries of them."""
        p = self.setup.params[0]
        out = np.broadcast_to(self._bare, (len(packs), 3)).copy()
        weight = float(p["e_mass_kg"] * p["gravity_mps2"])
        for job in self.setup.jobs:
            for pack in (job.old_pack, job.new_pack):
                on = (packs[:, pack] == -1 - job.truck_seat).astype(float)
                mine = packs[:, pack] == job.robot
                near = self._over_truck(job.robot, job.truck_seat)
                carried = (load[:, job.robot] - weight) / float(p["pack_mass_kg"][pack] * p["gravity_mps2"])
                on = np.where(mine & near, np.clip(1.0 - carried, 0.0, 1.0), on)
                out += on[:, None] * self._adds[pack]
        return out

    def _over_truck(self, robot: int, seat: int) -> np.ndarray:
        """(K,) True if a robot is over (or under) a seat of the truck."""
        number = int(self.setup.seats[seat].name.removeprefix("truck")) - 1
        x, y, _ = self._seats[number]
        drawn = self.axes[:, robot]
        return np.asarray(np.hypot(drawn[:, 0] - x, drawn[:, 1] - y) < 0.3)

    def _switches(self, out: dict[str, np.ndarray], packs: np.ndarray) -> None:
        """Positions of grips and locks, 0 open, 1 closed, 0.5 between; and the packs that locks hold."""
        for r in range(self._robots):
            for i in range(4):
                closed = np.isin(packs, r).any(axis=1).astype(float)
                out[f"robot{r}/grip{i + 1}"] = self._position(f"robot{r}/grip", i, closed)
        for s, seat in enumerate(self.setup.seats):
            here = packs == -1 - s
            inside = here.any(axis=1)
            whole = inside.copy()
            for i in range(seat.locks):
                position = self._position(f"{seat.name}/lock", i, inside.astype(float))
                out[f"{seat.name}/lock{i + 1}"] = position
                whole &= position > 0.9
            out[f"{seat.name}/locked"] = np.where(whole & (seat.locks > 0), here.argmax(axis=1), -1).astype(float)

    def _position(self, stem: str, i: int, otherwise: np.ndarray) -> np.ndarray:
        closed, opened = (self._signal(f"{stem}{i + 1}_{w}") for w in ("closed", "open"))
        if closed is None and opened is None:
            closed, opened = (self._signal(f"{stem}s_{w}") for w in ("closed", "open"))
        if closed is None and opened is None:
            return otherwise
        if closed is None:
            assert opened is not None
            return np.asarray(1.0 - opened)
        if opened is None:
            return closed
        return np.asarray(np.where(closed > 0.5, 1.0, np.where(opened > 0.5, 0.0, 0.5)))


def _held_over(values: np.ndarray, first: float) -> np.ndarray:
    """Values with NaN replaced by the value before; `first` before the first."""
    known = ~np.isnan(values)
    at = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(at >= 0, values[np.maximum(at, 0)], first)
