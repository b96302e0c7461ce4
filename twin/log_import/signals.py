"""Signals that a mapping can name, under the names that recordings have for them."""

from __future__ import annotations

from dataclasses import dataclass

from twin.catalogue import Station, Truck
from twin.records import AXES, LOCKS

EXTRA = "log/"
"""Prefix of other data of the log, recorded unchanged."""


@dataclass(frozen=True)
class Target:
    """A signal that a mapping may fill.

    `dimension` is a key of `units.UNITS`; `holds`: the earlier of two samples holds between them (a switch, a command);
    others are interpolated. `state`: it is the plant's state, not only a sensor of it.
    """

    name: str
    dimension: str
    holds: bool = False
    state: bool = False


def targets(station: Station, truck: Truck) -> dict[str, Target]:
    """All signals of a station with this truck, by name."""
    found: list[Target] = []
    for r in range(station.robots.count):
        found += _of_robot(f"robot{r}")
    for k in range(len(truck.seats_xyz_m)):
        found += _of_seat(f"truck{k + 1}", LOCKS)
    slot_locks = LOCKS if station.actuators.slot_lock_close_s > 0.0 else 0
    for k in range(len(station.slots)):
        found += _of_seat(f"slot{k + 1}", slot_locks)
    found += [Target(f"station/{name}", "switch", True) for name in ("trip", "estop_button", "power_off")]
    found.append(Target("station/truck_released", "switch", True))
    return {target.name: target for target in found}


def _of_robot(robot: str) -> list[Target]:
    found = []
    for axis in AXES:
        at, rate = ("angle", "rate") if axis == "yaw" else ("length", "speed")
        m, mps = ("rad", "radps") if axis == "yaw" else ("m", "mps")
        found += [
            Target(f"{robot}/{axis}/position_{m}", at, state=True),
            Target(f"{robot}/{axis}/velocity_{mps}", rate, state=True),
            Target(f"{robot}/{axis}/reference_{m}", at, state=True),
            Target(f"{robot}/{axis}/reference_{mps}", rate, state=True),
            Target(f"{robot}/{axis}/brake", "switch", True, True),
        ]
    for a in "xy":
        found += [
            Target(f"{robot}/sway_sensor_{a}_m", "length"),
            Target(f"{robot}/sway_angle_{a}_rad", "angle"),
            Target(f"{robot}/lateral_{a}_n", "force"),
        ]
    found += [
        Target(f"{robot}/load_cell_n", "force"),
        Target(f"{robot}/axial_n", "force"),
        Target(f"{robot}/shaper_rope_length_m", "length", True),
        Target(f"{robot}/float_lock", "switch", True, True),
    ]
    found += [Target(f"{robot}/grip{i + 1}_{word}", "switch", True) for word in ("closed", "open") for i in range(4)]
    found += [Target(f"{robot}/grips_{word}", "switch", True) for word in ("closed", "open")]
    for name, dimension in (("x_m", "length"), ("y_m", "length"), ("z_m", "length")):
        found.append(Target(f"{robot}/scan_{name}", dimension, True))
    found += [Target(f"{robot}/scan_{name}_rad", "angle", True) for name in ("yaw", "pitch", "roll")]
    return found


def _of_seat(seat: str, locks: int) -> list[Target]:
    found = [Target(f"{seat}/present{i + 1}", "switch", True) for i in range(4)]
    for word in ("open", "closed"):
        found += [Target(f"{seat}/lock{i + 1}_{word}", "switch", True) for i in range(locks)]
        if locks:
            found.append(Target(f"{seat}/locks_{word}", "switch", True))
    return found
