"""Jobs of a swap: the robot of each exchange, its packs, and their seats on truck and station."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from twin.catalogue import Station, Truck
from twin.errors import InputError


@dataclass(frozen=True)
class Job:
    """Exchange of one pack: indices into the swap's seats and packs; a recording's frames call the packs `pack{k}`."""

    robot: int
    truck_seat: int
    put_seat: int
    take_seat: int
    old_pack: int
    new_pack: int
    put_slot: int  # index in the station file
    take_slot: int

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Job:
        """Read it from a recording's header; raises KeyError, TypeError or ValueError if it is not one."""
        return cls(**{field.name: int(data[field.name]) for field in fields(cls)})


@dataclass(frozen=True)
class Seat:
    """A seat that takes part in the swap: a frame of the recording, on the truck's body or in the world."""

    name: str
    on_truck: bool
    xyz_m: tuple[float, float, float]
    yaw_rad: float
    locks: int

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Seat:
        """Read it from a recording's header; raises KeyError, TypeError or ValueError if it is not one."""
        x, y, z = data["xyz_m"]
        xyz_m = float(x), float(y), float(z)
        return cls(str(data["name"]), bool(data["on_truck"]), xyz_m, float(data["yaw_rad"]), int(data["locks"]))


def plan_jobs(
    station: Station, truck: Truck, slots: Mapping[int, tuple[int, int]] | None = None
) -> tuple[tuple[Job, ...], tuple[Seat, ...]]:
    """Assign packs and slots to robots.

    Blocks go to the robot on their side of the bay, the outer ones first, so that two robots start apart; slots go
    nearest first. A slot emptied by one job may take the old pack of the next. `slots` gives for a seat of the truck
    the slot of its old pack and that of its new one, all counted from 0: as a real station chose them.
    """
    from twin.records import LOCKS  # loads numba, not needed to read a recording

    kind_locks = station.actuators.slot_lock_close_s > 0.0
    seats: list[Seat] = []
    index: dict[tuple[str, int], int] = {}

    def seat(kind: str, number: int) -> int:
        if (kind, number) not in index:
            index[kind, number] = len(seats)
            if kind == "truck":
                x, y, z = truck.seats_xyz_m[number]
                seats.append(Seat(f"truck{number + 1}", True, (x, y, z), 0.0, LOCKS))
            else:
                slot = station.slots[number]
                locks = LOCKS if kind_locks else 0
                seats.append(Seat(f"slot{number + 1}", False, (slot.x_m, slot.y_m, slot.z_m), slot.yaw_rad, locks))
        return index[kind, number]

    count = station.robots.count
    empty = {i for i, slot in enumerate(station.slots) if not slot.filled}
    charged = {i for i, slot in enumerate(station.slots) if slot.filled}
    order = sorted(range(len(truck.seats_xyz_m)), key=lambda i: -abs(truck.seats_xyz_m[i][0]))
    shares: list[list[int]] = [[] for _ in range(count)]
    for i in order:
        x = truck.seats_xyz_m[i][0]
        side = min(range(count), key=lambda r: (abs(station.robots.home_x_m[r] - x), len(shares[r]), r))
        shares[side].append(i)
    for chosen in (slots or {}).values():
        charged, empty = charged - set(chosen), empty - set(chosen)
    jobs: list[Job] = []
    for robot, share in enumerate(shares):
        for number in share:
            mine = [i for i, s in enumerate(station.slots) if s.robot == robot or count == 1]
            x = truck.seats_xyz_m[number][0]
            put = _nearest(station, (i for i in mine if i in empty), x)
            take = _nearest(station, (i for i in mine if i in charged), x)
            if slots is not None and number in slots:
                put, take = slots[number]
            if put is None or take is None:
                lacks = "empty" if put is None else "charged"
                raise InputError(
                    f"robot {robot + 1} of station {station.name} has no {lacks} slot left"
                    f" for seat {number + 1} of {truck.name}"
                )
            charged.discard(take)
            empty.discard(put)
            empty.add(take)
            k = 2 * len(jobs)
            jobs.append(Job(robot, seat("truck", number), seat("slot", put), seat("slot", take), k, k + 1, put, take))
    return tuple(jobs), tuple(seats)


def _nearest(station: Station, slots: Iterable[int], x_m: float) -> int | None:
    return min(slots, key=lambda i: abs(station.slots[i].x_m - x_m), default=None)
