"""Jobs of a swap: the robot of each exchange, its packs, and their seats on truck and station."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from twin.catalogue import Station, Truck
from twin.errors import InputError
from twin.setup.exchange import NEAREST, SHORTEST, Exchange


@dataclass(frozen=True)
class Job:
    """Exchange of one pack: indices into the swap's seats and packs; a recording's frames call the packs `pack{k}`.

    `robot` takes the old pack out, `in_robot` brings the new one; mostly they are the same.
    """

    robot: int
    truck_seat: int
    put_seat: int
    take_seat: int
    old_pack: int
    new_pack: int
    put_slot: int  # index in the station file
    take_slot: int
    in_robot: int = -1

    def __post_init__(self) -> None:
        if self.in_robot < 0:
            object.__setattr__(self, "in_robot", self.robot)

    @property
    def shared(self) -> bool:
        """True if two robots do it by halves."""
        return self.robot != self.in_robot

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Job:
        """Read it from a recording's header; raises KeyError, TypeError or ValueError if it is not one."""
        known = {field.name: int(data[field.name]) for field in fields(cls) if field.name != "in_robot"}
        return cls(**known, in_robot=int(data.get("in_robot", -1)))


@dataclass(frozen=True)
class Task:
    """What one robot does of a job (an index): the old pack out, the new one in, or both."""

    job: int
    out: bool
    into: bool


def tasks_of(jobs: Sequence[Job], robot: int) -> list[Task]:
    """A robot's tasks, in order."""
    return [
        Task(i, job.robot == robot, job.in_robot == robot)
        for i, job in enumerate(jobs)
        if robot in (job.robot, job.in_robot)
    ]


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
    station: Station,
    truck: Truck,
    slots: Mapping[int, tuple[int, int]] | None = None,
    *,
    planning: str = NEAREST,
    height_m: float = 0.0,
) -> tuple[tuple[Job, ...], tuple[Seat, ...]]:
    """Assign packs and slots to robots.

    `nearest`: blocks go to the robot on their side of the bay, the outer ones first, so that two robots start apart;
    slots go nearest first. A slot emptied by one job may take the old pack of the next. `shortest`: see
    `twin.setup.planning`; `height_m` is a pack's. `slots` gives for a seat of the truck the slot of its old pack and
    that of its new one, all counted from 0: as a real station chose them.
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

    exchanges = _nearest_first(station, truck, slots or {})
    if planning == SHORTEST and not slots:
        from twin.setup.planning import shortest_exchanges

        exchanges = shortest_exchanges(station, truck, height_m)
    jobs = [
        Job(
            each.robot,
            seat("truck", each.seat),
            seat("slot", each.put),
            seat("slot", each.take),
            2 * k,
            2 * k + 1,
            each.put,
            each.take,
            each.in_robot,
        )
        for k, each in enumerate(exchanges)
    ]
    return tuple(jobs), tuple(seats)


def _nearest_first(station: Station, truck: Truck, slots: Mapping[int, tuple[int, int]]) -> list[Exchange]:
    count = station.robots.count
    empty = {i for i, slot in enumerate(station.slots) if not slot.filled}
    charged = {i for i, slot in enumerate(station.slots) if slot.filled}
    order = sorted(range(len(truck.seats_xyz_m)), key=lambda i: -abs(truck.seats_xyz_m[i][0]))
    shares: list[list[int]] = [[] for _ in range(count)]
    for i in order:
        x = truck.seats_xyz_m[i][0]
        side = min(range(count), key=lambda r: (abs(station.robots.home_x_m[r] - x), len(shares[r]), r))
        shares[side].append(i)
    for chosen in slots.values():
        charged, empty = charged - set(chosen), empty - set(chosen)
    exchanges: list[Exchange] = []
    for robot, share in enumerate(shares):
        for number in share:
            mine = [i for i, s in enumerate(station.slots) if s.robot == robot or count == 1]
            x = truck.seats_xyz_m[number][0]
            put = _nearest(station, (i for i in mine if i in empty), x)
            take = _nearest(station, (i for i in mine if i in charged), x)
            if number in slots:
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
            exchanges.append(Exchange(robot, robot, number, put, take))
    return exchanges


def _nearest(station: Station, slots: Iterable[int], x_m: float) -> int | None:
    return min(slots, key=lambda i: abs(station.slots[i].x_m - x_m), default=None)
