"""A test bench around a plant: sets states for closed forms, switches off noise, records motion.

Only here and in `rom_bench` may tests access a plant's internals; the physics runs as in a swap.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pybullet as pb

from tests.physics.rom_bench import RomBench
from twin.catalogue import Pack, Station, Truck, load_pack, load_station, load_truck, with_overrides
from twin.motion.profile import plan_hold
from twin.plants.bullet import BulletPlant
from twin.records import (
    BUSY,
    FOUR_ROPE,
    JOINTS,
    RECORD_OF,
    TRIP_LOCK,
    TRIP_LOW_TRAVERSE,
    TRIP_NONE,
    TRIP_OVERLOAD,
    UNTIL_DONE,
    new_command,
)
from twin.runner.single import Runner
from twin.setup.setup import SwapSetup, build_setup

Array = np.ndarray


class BulletBench(Runner):
    """One world of the reference plant; attributes that the runner lacks are the plant's."""

    def __init__(self, setup: SwapSetup, **named: Any) -> None:
        super().__init__(BulletPlant(setup, **named))
        self._dt_s = 1.0 / self._physics_hz

    def scan(self) -> bool:
        """One scan, with the joints read in every tick for the tests."""
        self.plant._read_joints()
        return super().scan()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plant, name)


Plant = BulletBench | RomBench
GRAVITY_MPS2 = 9.81
OLD, NEW = 0, 1  # packs of a one-pack swap: the truck's, and the charged one in its slot
TRUCK_SEAT, EMPTY_SLOT, FULL_SLOT = 0, 1, 2
DEFAULTS = {"top_lift": ("tractor_6x4", "cab_282"), "chassis": ("chassis_rigid_1", "chassis_171")}
FREE_Y_M = 3.0
"""Offset across the lane: the middle of the row of slots; x 2.25 is over the empty one."""


@cache
def _load(station: str, pack: str, truck: str) -> tuple[Station, Pack, Truck]:
    """Cached models, read from YAML once."""
    return load_station(station), load_pack(pack), load_truck(truck)


def bench(
    station: str = "top_lift",
    truck: str | None = None,
    pack: str | None = None,
    *,
    station_with: Mapping[str, object] | None = None,
    pack_with: Mapping[str, object] | None = None,
    guide_friction: float | None = None,
    park: Sequence[float] | None = (0.0,) * 6,
    pack_kg: Mapping[int, float] | None = None,
    noise: bool = False,
    seed: int = 1,
    trailer: bool = True,
    params_with: Mapping[str, object] | None = None,
    plant: type[Plant] = BulletBench,
) -> Plant:
    """A plant with the truck parked at `park` (None: as drawn), perfect sensors, and packs of exactly nominal mass
    except those in `pack_kg`.

    `trailer`: False keeps the kingpin load on the truck, and removes the load on the trailer's axles.
    `params_with`: fields of PARAMS, the truck's centre of mass among them.
    """
    kind = "chassis" if station.startswith("chassis") else "top_lift"
    truck, pack = truck or DEFAULTS[kind][0], pack or DEFAULTS[kind][1]
    the_station, the_pack, the_truck = _load(station, pack, truck)
    if station_with:
        the_station = with_overrides(the_station, station_with)
    if pack_with:
        the_pack = with_overrides(the_pack, pack_with)
    setup = build_setup(the_station, the_truck, the_pack, seed=seed)
    params = setup.params.copy()
    if park is not None:
        params["truck_park"] = park
    params["pack_mass_kg"][0, : params["packs"][0]] = the_pack.mass_kg
    for name, value in (params_with or {}).items():
        params[name] = value
    if "truck_com" in (params_with or {}):
        com_m = tuple(map(float, params["truck_com"][0]))
        the_truck = the_truck.model_copy(update={"sprung_com_m": com_m})
        setup = dataclasses.replace(setup, truck=the_truck)
    if not trailer:
        params["truck_trailer_kg"] = 0.0
    for k, kg in (pack_kg or {}).items():
        params["pack_mass_kg"][0, k] = kg
    # the bench tests the plant alone: loaded or low, anywhere, with loads placed by the test
    params["interlock_off"][:, [TRIP_NONE, TRIP_LOW_TRAVERSE, TRIP_LOCK, TRIP_OVERLOAD]] = 1
    if not noise:
        for name in ("load_sigma_n", "sway_sigma_m", "force_sigma_n", "axis_repeatability"):
            params[name] = 0.0
    changes = {"params": params}
    if guide_friction is not None:
        changes["guide_friction"] = guide_friction
    return plant(dataclasses.replace(setup, **changes))


def place_axes(plant: Plant, robot: int = 0, **q: float) -> None:
    """Put axes (x, y, z, yaw) and joints of the end effector (ex ... eroll) somewhere, at rest."""
    w = plant.worlds[0]
    for name, value in q.items():
        joint = JOINTS.index(name)
        w["truth"]["q"][robot, joint], w["truth"]["qd"][robot, joint] = value, 0.0
        _put_joint(plant, "_robots", len(JOINTS) * robot + joint, value)
        if joint < 4:
            plan_hold(w["image"]["profile"][robot, joint], value)
            w["image"]["reference"][robot, joint] = (value, 0.0, 0.0)
            w["truth"]["integral"][robot, joint] = 0.0
            w["image"]["axis_position"][robot, joint] = value
            if joint < 2:
                w["control"]["low_xy"][robot, joint] = value


def _put_joint(plant: Plant, body: str, joint: int, value: float) -> None:
    """Set a joint; the engine has its own joints, the reduced-order model only those of WORLD."""
    if isinstance(plant, BulletBench):
        pb.resetJointState(getattr(plant, body), joint, value, 0.0, physicsClientId=plant._client)
        plant.plant._joints_tick = -1


def _refresh(plant: Plant) -> None:
    """Update everything that depends on positions just set."""
    if isinstance(plant, BulletBench):
        plant._read_joints()
        plant._read_packs()
    else:
        plant.refresh()


def _refresh_holds(plant: Plant) -> None:
    """Update the holds after a change of grips or locks."""
    if isinstance(plant, BulletBench):
        plant._update_constraints()
    else:
        plant.refresh()


def place_truck(plant: Plant, **q: float) -> None:
    """Put the truck's joints (x, y, yaw, z, pitch, roll) somewhere, at rest."""
    names = ("x", "y", "yaw", "z", "pitch", "roll")
    for name, value in q.items():
        plant.worlds[0]["truth"]["truck_q"][names.index(name)] = value
        _put_joint(plant, "_truck", names.index(name), value)
    _refresh(plant)


def place_pack(
    plant: Plant, k: int, xyz_m: Sequence[float], yaw_rad: float = 0.0, velocity_mps: Sequence[float] = (0, 0, 0)
) -> None:
    """Put pack `k` with its grip face at `xyz_m`, off any seat's locks."""
    unlock(plant, k)
    if isinstance(plant, RomBench):
        plant.put_pack(k, xyz_m, yaw_rad)
        return
    com = plant.params["pack_com"][0, k].tolist()
    turn = pb.getQuaternionFromEuler([0.0, 0.0, yaw_rad])
    at, turn = pb.multiplyTransforms(list(xyz_m), turn, com, [0.0, 0.0, 0.0, 1.0])
    pb.resetBasePositionAndOrientation(plant._packs[k], at, turn, physicsClientId=plant._client)
    pb.resetBaseVelocity(plant._packs[k], list(velocity_mps), [0.0] * 3, physicsClientId=plant._client)
    plant._read_packs()


def remove_pack(plant: Plant, k: int) -> None:
    """Take pack `k` out of the setup: far away and fixed there."""
    place_pack(plant, k, (60.0, 60.0 + 5.0 * k, 5.0))
    if isinstance(plant, BulletBench):
        pb.changeDynamics(plant._packs[k], -1, mass=0.0, physicsClientId=plant._client)


def unlock(plant: Plant, k: int) -> None:
    """Open the locks that hold pack `k`, immediately."""
    w = plant.worlds[0]
    for s in range(int(plant.params["seats"][0])):
        if w["truth"]["locked"][s] == k:
            w["truth"]["locked"][s] = -1
            w["truth"]["lock_position"][s], w["image"]["lock_command"][s] = 0.0, 0
            w["image"]["lock_open"][s], w["image"]["lock_closed"][s] = 1, 0
    _refresh_holds(plant)


def brake(plant: Plant, *axes: int, robot: int = 0) -> None:
    """Hold axes by their brakes."""
    for k in axes or range(4):
        plant.worlds[0]["image"]["brake"][robot, k] = 1


def stretch_m(plant: Plant, load_kg: float, rope_m: float) -> float:
    """Static elongation of four parallel ropes: W L / (4 E A)."""
    return load_kg * GRAVITY_MPS2 * rope_m / (4.0 * float(plant.params["rope_ea_n"][0]))


def hang(
    plant: Plant,
    k: int | None,
    rope_m: float,
    *,
    x: float = 2.25,
    y: float = FREE_Y_M,
    sway_x_m: float = 0.0,
    sway_y_m: float = 0.0,
    twist_rad: float = 0.0,
) -> None:
    """Hang the spreader, with pack `k` in its grips unless None, on `rope_m` of unstretched rope, at rest.

    `sway_*` displaces the load along its arc. All brakes are released; `brake(plant)` sets them.
    """
    w, p = plant.worlds[0], plant.params[0]
    load_kg = float(p["e_mass_kg"]) + (float(p["pack_mass_kg"][k]) if k is not None else 0.0)
    rope = int(p["reeving"]) == FOUR_ROPE
    length = rope_m + (stretch_m(plant, load_kg, rope_m) if rope else load_kg * GRAVITY_MPS2 / p["e_stiffness"][2])
    drop = np.sqrt(length**2 - sway_x_m**2 - sway_y_m**2) if rope else length
    place_axes(
        plant, x=x, y=y, z=float(p["sheave_height_m"]) - rope_m, yaw=0.0,
        ex=sway_x_m, ey=sway_y_m, ez=-float(drop), eyaw=twist_rad, epitch=0.0, eroll=0.0,
    )  # fmt: skip
    w["truth"]["load_n"][0] = w["image"]["load_cell_n"][0] = load_kg * GRAVITY_MPS2
    _refresh(plant)
    if k is not None:
        sheave = float(p["sheave_height_m"])
        place_pack(plant, k, (x + sway_x_m, y + sway_y_m, sheave - float(drop)), twist_rad)
        grip(plant, k)
    _refresh(plant)


def grip(plant: Plant, k: int, robot: int = 0) -> None:
    """Close the grips of a robot on pack `k`, immediately."""
    w = plant.worlds[0]
    w["truth"]["grip_position"][robot], w["image"]["grip_command"][robot], w["truth"]["held"][robot] = 1.0, 1, k
    _refresh_holds(plant)


def release(plant: Plant, robot: int = 0) -> None:
    """Open the grips immediately."""
    w = plant.worlds[0]
    w["truth"]["grip_position"][robot], w["image"]["grip_command"][robot], w["truth"]["held"][robot] = 0.0, 0, -1
    _refresh_holds(plant)


def move(
    plant: Plant,
    *,
    robot: int = 0,
    velocity: float | None = None,
    acceleration: float | None = None,
    jerk: float | None = None,
    shaper: int = 0,
    shaper_hz: float = 0.0,
    shaper_zeta: float = 0.0,
    creep_at: float | None = None,
    creep_mps: float = 0.0,
    **targets: float,
) -> Array:
    """Start a move of axes (x, y, z, yaw), by default at the axis limits; returns the (1,) command.

    The limits are those with a load if the robot holds one: a faster move trips the overspeed interlock.
    """
    p = plant.params[0]
    command = new_command()
    c = command[0]
    loaded = plant.worlds["truth"]["held"][0, robot] >= 0
    for name, limit, wanted in (
        ("velocity", "axis_velocity_loaded" if loaded else "axis_velocity", velocity),
        ("acceleration", "axis_acceleration", acceleration),
        ("jerk", "axis_jerk", jerk),
    ):
        c[name] = p[limit] if wanted is None else wanted
    for name, value in targets.items():
        c["target"][JOINTS.index(name)] = value
    c["shaper"], c["shaper_hz"], c["shaper_zeta"] = shaper, shaper_hz, shaper_zeta
    if creep_at is not None:
        c["creep_at"], c["creep_speed_mps"] = creep_at, creep_mps
    c["until"], c["timeout_s"], c["inserting"] = UNTIL_DONE, 1e6, 0
    plant.issue(np.zeros(1, np.int64), np.array([robot]), command)
    assert plant.worlds["control"]["status"][0, robot] == BUSY, "the move was refused"
    return command


Probe = Callable[[BulletBench], object]


def record(plant: Plant, seconds: float, *fields: str, every: int = 1) -> dict[str, Array]:
    """Run and keep `fields` of WORLD every `every` steps, with `t_s`; the state at the beginning of a step.

    Steps are ticks; of the reduced-order model scans.
    """
    w = plant.worlds
    ticks = 1 if isinstance(plant, BulletBench) else plant._scan_ticks
    out: dict[str, list[Array]] = {name: [] for name in (*fields, "t_s")}
    for step in range(round(seconds * plant._physics_hz / ticks)):
        plant.scan()
        if step % every == 0:
            for name, values in out.items():
                values.append(w[RECORD_OF[name]][name][0].copy())
        plant.step(ticks)
    return {name: np.array(values) for name, values in out.items()}


def run(plant: Plant, seconds: float) -> None:
    plant.run_ticks(round(seconds * plant._physics_hz))


def push_truck(
    plant: BulletBench, seconds: float, force: Callable[[float], Sequence[float]], at: Sequence[float]
) -> Array:
    """Push the truck's body with `force(t)` (N, world) at a point `at` (m, world): (ticks, 7) of t and truck_q."""
    rows = []
    for tick in range(round(seconds * plant._physics_hz)):
        plant.scan()
        t_s = tick * plant._dt_s
        rows.append([t_s, *plant.worlds["truth"]["truck_q"][0]])
        pb.applyExternalForce(
            plant._truck, 5, list(force(t_s)), list(at), pb.WORLD_FRAME, physicsClientId=plant._client
        )
        plant.step()
    return np.array(rows)


def push_pack(plant: BulletBench, k: int, force_n: Sequence[float]) -> None:
    """Push pack `k` at its centre of mass for the next tick."""
    at, _ = pb.getBasePositionAndOrientation(plant._packs[k], physicsClientId=plant._client)
    pb.applyExternalForce(plant._packs[k], -1, list(force_n), at, pb.WORLD_FRAME, physicsClientId=plant._client)


def pack_state(plant: BulletBench, k: int) -> tuple[Array, Array]:
    """(position of the centre of mass, its velocity) from the engine."""
    at, _ = pb.getBasePositionAndOrientation(plant._packs[k], physicsClientId=plant._client)
    velocity, _ = pb.getBaseVelocity(plant._packs[k], physicsClientId=plant._client)
    return np.array(at), np.array(velocity)


def pack_in_end_effector_m(plant: BulletBench, k: int, robot: int = 0) -> Array:
    """Position of pack `k` in the end effector's frame and twice its quaternion's vector part (small angles), (6,)."""
    link = len(JOINTS) * (robot + 1) - 1
    e = pb.getLinkState(plant._robots, link, computeForwardKinematics=1, physicsClientId=plant._client)
    at, turn = pb.getBasePositionAndOrientation(plant._packs[k], physicsClientId=plant._client)
    position, rotation = pb.multiplyTransforms(*pb.invertTransform(e[4], e[5]), at, turn)
    return np.array([*position, *(2.0 * np.array(rotation[:3]))])


def deepest_contact_m(plant: BulletBench, k: int) -> float:
    """Penetration of pack `k` into everything except the end effector that holds it."""
    points = pb.getContactPoints(bodyA=plant._packs[k], physicsClientId=plant._client)
    return max((-point[8] for point in points if point[2] != plant._robots), default=0.0)


def farthest_slid_m(plant: BulletBench, k: int) -> float:
    """Largest offset between the two sides of a contact point of pack `k`."""
    points = pb.getContactPoints(bodyA=plant._packs[k], physicsClientId=plant._client)
    slid = [np.subtract(on_a, on_b) - np.multiply(normal, gap) for _, _, _, _, _, on_a, on_b, normal, gap, *_ in points]
    return max((float(np.linalg.norm(s)) for s in slid), default=0.0)


def balanced_m(plant: Plant) -> float:
    """Position along the truck of its body's centre of mass over the middle of the load on the tyres: over that of the
    rest, which is unsprung masses and locked packs."""
    p, w = plant.params[0], plant.worlds[0]
    kg = float(p["truck_axle_unsprung_kg"].sum())
    moment_kgm = float(p["truck_axle_unsprung_kg"] @ p["truck_axle_x_m"])
    for s in np.flatnonzero(p["seat_on_truck"][: int(p["seats"])] == 1):
        k = int(w["truth"]["locked"][s])
        if k >= 0:
            kg += float(p["pack_mass_kg"][k])
            moment_kgm += float(p["pack_mass_kg"][k]) * float(p["seat_xyz_m"][s, 0] + p["pack_com"][k, 0])
    return moment_kgm / kg


def load_centre_m(plant: Plant) -> float:
    """Middle of the truck's weight on the tyres, along the truck: a lateral push there does not turn it."""
    across_n, x_m = plant.worlds["truth"]["truck_tyre_limit_n"][0, :2, 1], plant.params["truck_axle_x_m"][0]
    return float(across_n @ x_m / across_n.sum())


def crossings_s(t_s: Array, x: Array) -> Array:
    """Times at which x passes zero upwards, by linear interpolation."""
    up = np.flatnonzero((x[:-1] < 0.0) & (x[1:] >= 0.0))
    return t_s[up] - x[up] * (t_s[up + 1] - t_s[up]) / (x[up + 1] - x[up])


def period_s(t_s: Array, x: Array) -> float:
    """Mean period over whole cycles."""
    times = crossings_s(t_s, x)
    assert times.size >= 2, "no whole period recorded"
    return float((times[-1] - times[0]) / (times.size - 1))


def harmonic(t_s: Array, x: Array, omega: float) -> tuple[float, float]:
    """(amplitude, offset) of a cos(omega t) + b sin(omega t) + c + d t, fitted by least squares."""
    t = t_s - t_s[0]
    basis = np.stack([np.cos(omega * t), np.sin(omega * t), np.ones_like(t), t], axis=1)
    (a, b, c, _), *_ = np.linalg.lstsq(basis, x, rcond=None)
    return float(np.hypot(a, b)), float(c)
