"""Signals that a mapping can name, under the names that recordings have for them."""

from __future__ import annotations

from dataclasses import dataclass

from twin.catalogue import Station, Truck
from twin.records import AXES, LOCKS

EXTRA = "log/"
"""Prefix of other data of the log, recorded unchanged."""


ENDS = {"_m": "length", "_rad": "angle", "_mps": "speed", "_radps": "rate", "_n": "force"}
"""Dimension of a signal, a key of `units.UNITS`, by the end of its name; any other is a switch."""


@dataclass(frozen=True)
class Target:
    """A signal that a mapping may fill.

    `dimension` is a key of `units.UNITS`; `holds`: the earlier of two samples holds between them (a switch, a command);
    others are interpolated.
    """

    name: str
    dimension: str
    holds: bool


def dimension_of(name: str) -> str:
    """Dimension of a signal of recordings."""
    return next((dimension for end, dimension in ENDS.items() if name.endswith(end)), "switch")


def targets(station: Station, truck: Truck) -> dict[str, Target]:
    """All signals of a station with this truck, by name."""
    slot_locks = LOCKS if station.actuators.slot_lock_close_s > 0.0 else 0
    names = [name for r in range(station.robots.count) for name in _of_robot(f"robot{r}")]
    names += [name for k in range(len(truck.seats_xyz_m)) for name in _of_seat(f"truck{k + 1}", LOCKS)]
    names += [name for k in range(len(station.slots)) for name in _of_seat(f"slot{k + 1}", slot_locks)]
    names += [f"station/{name}" for name in ("trip", "estop_button", "power_off", "truck_released")]
    found = [(name, dimension_of(name)) for name in names]
    return {name: Target(name, kind, kind == "switch" or is_set(name)) for name, kind in found}


def is_set(name: str) -> bool:
    """True for a number that changes in steps: a parameter, a scan."""
    return name.endswith("/shaper_rope_length_m") or "/scan_" in name


def _of_robot(robot: str) -> list[str]:
    found = []
    for axis in AXES:
        m, mps = ("rad", "radps") if axis == "yaw" else ("m", "mps")
        found += [f"{axis}/position_{m}", f"{axis}/velocity_{mps}", f"{axis}/reference_{m}", f"{axis}/reference_{mps}"]
        found.append(f"{axis}/brake")
    for a in "xy":
        found += [f"sway_sensor_{a}_m", f"sway_angle_{a}_rad", f"lateral_{a}_n"]
    found += ["load_cell_n", "axial_n", "shaper_rope_length_m", "float_lock"]
    found += [f"grip{i + 1}_{word}" for word in ("closed", "open") for i in range(4)]
    found += ["grips_closed", "grips_open", "scan_x_m", "scan_y_m", "scan_z_m"]
    found += ["scan_yaw_rad", "scan_pitch_rad", "scan_roll_rad"]
    return [f"{robot}/{name}" for name in found]


def _of_seat(seat: str, locks: int) -> list[str]:
    found = [f"{seat}/present{i + 1}" for i in range(4)]
    for word in ("open", "closed"):
        found += [f"{seat}/lock{i + 1}_{word}" for i in range(locks)]
        found += [f"{seat}/locks_{word}"] if locks else []
    return found
