"""Samples of a swap: frames, channels (true state) and sensors (what the PLC sees).

WORLD consists of eight-byte words only, so a sample is one indexed read of the recorded words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from twin.geometry import JOINT_HEIGHT_M, quaternion
from twin.motion.kernels import kernel
from twin.recording import Frame
from twin.records import AXES, EX, FLOATING_TABLE, RECORD_OF, TPITCH, TROLL, TRUCK, TX, TY, TYAW, TZ, X, Y, Z
from twin.setup.setup import SwapSetup

Column = tuple[str, str, tuple[int, ...]]
"""Name in the recording, field of the plant's record (WORLD), index in that field."""

LINEAR, ROTARY = ("m", "mps"), ("rad", "radps")
E_NAMES = ("sway_x", "sway_y", "e_z", "e_yaw", "e_pitch", "e_roll")
SCANNER_FRAME = "truck_measured"


def _units(name: str) -> tuple[str, str]:
    return ROTARY if any(word in name for word in ("yaw", "pitch", "roll")) else LINEAR


def state_columns(setup: SwapSetup, *, older: bool = False) -> list[Column]:
    """Columns of the true state that `verify` compares, in the order of the recording.

    `older`: for recordings whose axes have `force_n` or `torque_nm` (see `is_older`).
    """
    columns: list[Column] = []
    p = setup.params[0]
    for r in range(int(p["robots"])):
        robot = f"robot{r}"
        for k, axis in enumerate(AXES):
            at, rate = _units(axis)
            effort = "torque_nm" if at == "rad" else "force_n"
            efforts = [(effort, "tau")] if older else [(f"drive_{effort}", "drive_n"), (f"net_{effort}", "net_n")]
            columns += [
                (f"{robot}/{axis}/position_{at}", "q", (r, k)),
                (f"{robot}/{axis}/velocity_{rate}", "qd", (r, k)),
                (f"{robot}/{axis}/reference_{at}", "reference", (r, k, 0)),
                (f"{robot}/{axis}/reference_{rate}", "reference", (r, k, 1)),
                *((f"{robot}/{axis}/{name}", field, (r, k)) for name, field in efforts),
                (f"{robot}/{axis}/axis_state", "axis_state", (r, k)),
                (f"{robot}/{axis}/brake", "brake", (r, k)),
            ]
        for k, name in enumerate(E_NAMES):
            at, rate = _units(name)
            columns += [
                (f"{robot}/{name}_{at}", "q", (r, EX + k)),
                (f"{robot}/{name}_{rate}", "qd", (r, EX + k)),
            ]
        columns.append((f"{robot}/load_n", "load_n", (r,)))
        columns += [(f"{robot}/guide_force_{a}_n", "guide_force_n", (r, i)) for i, a in enumerate("xyz")]
        columns += [(f"{robot}/grip{i + 1}", "grip_position", (r, i)) for i in range(4)]
        columns += [(f"{robot}/{name}", name, (r,)) for name in ("held", "float_lock", "status")]
    for k, name in enumerate(TRUCK):
        at, rate = _units(name)
        columns += [(f"truck/{name}_{at}", "truck_q", (k,)), (f"truck/{name}_{rate}", "truck_qd", (k,))]
    for k, name in enumerate(("brake_x_n", "brake_y_n", "brake_yaw_nm")):
        columns.append((f"truck/{name}", "truck_brake", (k,)))
    for k in range(int(p["packs"])):
        twist = ("vx_mps", "vy_mps", "vz_mps", "wx_radps", "wy_radps", "wz_radps")
        columns += [(f"pack{k}/{name}", "pack_twist", (k, i)) for i, name in enumerate(twist)]
        columns += [(f"pack{k}/offset_{a}_m", "pack_offset_m", (k, i)) for i, a in enumerate("xyz")]
        columns += [(f"pack{k}/yaw_error_rad", "pack_yaw_error_rad", (k,)), (f"pack{k}/coupler_n", "coupler_n", (k,))]
        columns.append((f"pack{k}/seat", "pack_seat", (k,)))
    for s, seat in enumerate(setup.seats):
        columns += [(f"{seat.name}/lock{i + 1}", "lock_position", (s, i)) for i in range(seat.locks)]
        columns.append((f"{seat.name}/locked", "locked", (s,)))
    columns += [(f"station/{name}", name, ()) for name in ("trip", "estop_button", "power_off", "truck_released")]
    columns += [(f"station/violations{i}", "violation", (i,)) for i in range(1, 7)]
    columns += [(f"station/{name}", name, ()) for name in ("energy_j", "truck_displacement_m")]
    return columns


def is_older(channels: Iterable[str]) -> bool:
    """True for channels of an earlier version, with one force per axis.

    That force was the sum of drive, friction and brake, minus the load if a drum or a yaw block holds it.
    """
    return "robot0/x/force_n" in channels


def sensor_columns(setup: SwapSetup) -> list[Column]:
    """Columns of what the control software sees."""
    columns: list[Column] = []
    for r in range(int(setup.params["robots"][0])):
        robot = f"robot{r}"
        columns += [
            (f"{robot}/{axis}/encoder_{_units(axis)[0]}", "axis_position", (r, k)) for k, axis in enumerate(AXES)
        ]
        columns.append((f"{robot}/load_cell_n", "load_cell_n", (r,)))
        columns += [(f"{robot}/sway_sensor_{a}_m", "sway_m", (r, i)) for i, a in enumerate("xy")]
        columns += [(f"{robot}/lateral_{a}_n", "lateral_n", (r, i)) for i, a in enumerate("xy")]
        columns.append((f"{robot}/axial_n", "axial_n", (r,)))
        columns += [(f"{robot}/grip{i + 1}_closed", "grip_closed", (r, i)) for i in range(4)]
        columns += [(f"{robot}/grip{i + 1}_open", "grip_open", (r, i)) for i in range(4)]
        columns += [(f"{robot}/scan_{n}_{_units(n)[0]}", "scan_pose", (r, k)) for k, n in enumerate(TRUCK)]
        columns.append((f"{robot}/scan_frames_taken", "scan_count", (r,)))
    for s, seat in enumerate(setup.seats):
        columns += [(f"{seat.name}/present{i + 1}", "seat_present", (s, i)) for i in range(4)]
        columns += [(f"{seat.name}/lock{i + 1}_open", "lock_open", (s, i)) for i in range(seat.locks)]
        columns += [(f"{seat.name}/lock{i + 1}_closed", "lock_closed", (s, i)) for i in range(seat.locks)]
    return columns


def frames_of(setup: SwapSetup) -> tuple[Frame, ...]:
    """The frames, in the order in which `fill_frames` writes them."""
    table = int(setup.params["reeving"][0]) == FLOATING_TABLE
    parts = ("rgv", "cross", "lift") if table else ("bridge", "trolley", "hoist")
    frames = [Frame("station"), Frame("lane"), Frame("truck"), Frame("truck_body", "truck"), Frame(SCANNER_FRAME)]
    for r in range(int(setup.params["robots"][0])):
        frames += [Frame(f"robot{r}/{part}") for part in (*parts, "end_effector")]
    frames += [Frame(f"pack{k}") for k in range(int(setup.params["packs"][0]))]
    frames += [Frame(seat.name, "truck_body" if seat.on_truck else "world") for seat in setup.seats]
    return tuple(frames)


@kernel
def _upright(out: Any, x: float, y: float, z: float, yaw: float) -> None:
    out[0], out[1], out[2] = x, y, z
    out[3], out[4] = 0.0, 0.0
    out[5], out[6] = math.sin(0.5 * yaw), math.cos(0.5 * yaw)


@kernel
def _body(out: Any, x: float, y: float, yaw: float, z: float, pitch: float, roll: float) -> None:
    """Pose of the truck's body, which pitches and rolls about JOINT_HEIGHT_M over the ground, from the truck's
    coordinates."""
    cp, sp, cr, sr = math.cos(pitch), math.sin(pitch), math.cos(roll), math.sin(roll)
    h = JOINT_HEIGHT_M
    ahead, left = -h * sp * cr, h * sr
    c, s = math.cos(yaw), math.sin(yaw)
    out[0], out[1], out[2] = x + c * ahead - s * left, y + s * ahead + c * left, z + h - h * cp * cr
    out[3], out[4], out[5], out[6] = quaternion(yaw, pitch, roll)


@kernel
def fill_frames(worlds: Any, params: Any, i: int, out: Any) -> None:
    """Write the poses (F, 7) of all frames of world `i`, each in its parent."""
    world, p = worlds[i], params[i]
    q = world.truth.truck_q
    _upright(out[0], 0.0, 0.0, 0.0, 0.0)
    _upright(out[1], 0.0, 0.0, 0.0, 0.0)
    _upright(out[2], q[TX], q[TY], 0.0, q[TYAW])
    _body(out[3], 0.0, 0.0, 0.0, q[TZ], q[TPITCH], q[TROLL])
    seen = world.image.scan_pose[0]  # the truck's pose as the scanner measured it
    _body(out[4], seen[TX], seen[TY], seen[TYAW], seen[TZ], seen[TPITCH], seen[TROLL])
    n = 5
    for r in range(p.robots):
        a = world.truth.q[r]
        if p.reeving == FLOATING_TABLE:
            _upright(out[n], a[X], 0.0, 0.0, 0.0)
            _upright(out[n + 1], a[X], a[Y], 0.0, 0.0)
            _upright(out[n + 2], a[X], a[Y], a[Z], a[3])
        else:
            _upright(out[n], a[X], 0.0, p.sheave_height_m, 0.0)
            _upright(out[n + 1], a[X], a[Y], p.sheave_height_m, 0.0)
            _upright(out[n + 2], a[X], a[Y], p.sheave_height_m, a[3])
        for j in range(7):
            out[n + 3, j] = world.truth.e_pose[r, j]
        n += 4
    for k in range(p.packs):
        for j in range(7):
            out[n, j] = world.truth.pack_pose[k, j]
        n += 1
    for s in range(p.seats):
        _upright(out[n], p.seat_xyz_m[s, 0], p.seat_xyz_m[s, 1], p.seat_xyz_m[s, 2], p.seat_yaw_rad[s])
        n += 1


class Gather:
    """Reads a fixed set of columns from a (1,) array of records that consist of eight-byte words only."""

    def __init__(self, worlds: np.ndarray, columns: Sequence[Column]) -> None:
        self.names = tuple(name for name, _, _ in columns)
        self._floats, self._ints = worlds.view(np.float64).reshape(-1), worlds.view(np.int64).reshape(-1)
        self._float_to, self._float_from = _words(worlds.dtype, columns, np.dtype(np.float64))
        self._int_to, self._int_from = _words(worlds.dtype, columns, np.dtype(np.int64))
        self.values = np.zeros(len(columns))

    def read(self) -> np.ndarray:
        """Current values (C,); the array is reused."""
        self.values[self._float_to] = self._floats[self._float_from]
        self.values[self._int_to] = self._ints[self._int_from]
        return self.values


def _words(record: np.dtype[Any], columns: Iterable[Column], kind: np.dtype[Any]) -> tuple[np.ndarray, np.ndarray]:
    """(columns, words of the record) of all columns of one number type."""
    fields = record.fields
    assert fields is not None
    to, source = [], []
    for i, (name, field, index) in enumerate(columns):
        before = 0
        if field not in fields:  # the field is of one of a world's records
            inner, before = fields[RECORD_OF[field]][:2]
            within = inner.fields
            assert within is not None
            dtype, offset = within[field][:2]
        else:
            dtype, offset = fields[field][:2]
        if dtype.base != kind:
            continue
        if len(index) != len(dtype.shape):
            raise ValueError(f"{name}: {field} has the shape {dtype.shape}, index {index}")
        to.append(i)
        source.append((before + offset) // 8 + (int(np.ravel_multi_index(index, dtype.shape)) if index else 0))
    return np.array(to, np.intp), np.array(source, np.intp)


class Sampler:
    """Current frames, channels and sensors of a plant's one world."""

    may_lack: frozenset[str] = frozenset()
    """Names of values that may be missing (NaN)."""

    def __init__(self, setup: SwapSetup, worlds: np.ndarray, params: np.ndarray, recorded: Iterable[str] = ()) -> None:
        """`recorded`: channels of the recording to compare with."""
        self._worlds, self._params = worlds, params
        self.frames = frames_of(setup)
        self._poses = np.zeros((len(self.frames), 7))
        self._states = Gather(worlds, state_columns(setup, older=is_older(recorded)))
        self._sensors = Gather(worlds, sensor_columns(setup))
        self.channel_names, self.sensor_names = self._states.names, self._sensors.names

    def read(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(frames (F, 7), channels (C,), sensors (S,)); the arrays are reused."""
        fill_frames(self._worlds, self._params, 0, self._poses)
        return self._poses, self._states.read(), self._sensors.read()


__all__ = ["Gather", "Sampler", "fill_frames", "frames_of", "is_older", "sensor_columns", "state_columns"]
