"""The planner of a swap: which robot moves which pack, in which order, from and to which slots.

A pack's exchange has two halves: the old pack out to a slot, and the new one in from a slot. `nearest` gives both
halves to the robot on that side of the bay and takes the nearest slots. `shortest` tries every admissible plan and
takes the one whose kinematic times are shortest: robots may share an exchange by halves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations, product

from twin.catalogue import Station, Truck
from twin.errors import InputError
from twin.motion.profile import rest_to_rest_duration
from twin.setup.exchange import Exchange

DISTANCE_MARGIN_M = 0.03
"""Distance beyond their length that two robots' targets keep, as the permissive of the controller asks."""
MAX_SEATS = 4
"""Number of the truck's seats up to which all plans are tried: beyond, they are too many."""


@dataclass(frozen=True)
class Half:
    """One half of an exchange: `slot` counts from 0 in the station file, `seat` in the truck's."""

    robot: int
    out: bool
    seat: int
    slot: int


Plan = tuple[tuple[Half, ...], ...]
"""Each robot's halves, in order."""


@dataclass(frozen=True)
class _Times:
    """Kinematic times of one station with one truck."""

    station: Station
    seat_x: tuple[float, ...]
    work_s: tuple[float, float]
    """Duration of a half besides its travel sideways: (in, out)."""

    def travel_s(self, start: tuple[float, float], goal: tuple[float, float], *, loaded: bool) -> float:
        """Duration of a move sideways, its slower axis; both (x, y) in m."""
        axes, suffix = self.station.axes, "" if loaded else "_empty"
        return max(
            rest_to_rest_duration(
                b - a,
                getattr(axis, f"velocity{suffix}_mps"),
                getattr(axis, f"acceleration{suffix}_mps2"),
                axis.jerk_mps3,
            )
            for axis, a, b in zip((axes.x, axes.y), start, goal, strict=True)
        )

    def seat(self, number: int) -> tuple[float, float]:
        return self.seat_x[number], 0.0

    def slot(self, number: int) -> tuple[float, float]:
        return self.station.slots[number].x_m, self.station.slots[number].y_m


def shortest_plan(station: Station, truck: Truck, height_m: float) -> Plan:
    """The plan with the least duration of its slowest robot; `height_m` is a pack's.

    Raises:
        InputError: no plan: a robot has too few slots, or the truck too many seats.
    """
    if len(truck.seats_xyz_m) > MAX_SEATS:
        raise InputError(
            "too many seats to plan", key="seats_xyz_m", value=len(truck.seats_xyz_m), allowed=f"at most {MAX_SEATS}"
        )
    times = _times(station, truck, height_m)
    best, best_s = None, float("inf")
    for plan in _plans(station, len(truck.seats_xyz_m)):
        if _order(plan) is None:
            continue
        if (duration_s := _duration_s(times, plan, best_s)) < best_s - 1e-9:
            best, best_s = plan, duration_s
    if best is None:
        raise InputError(f"station {station.name} has no plan for {truck.name}: too few slots", key="slots")
    return best


def shortest_exchanges(station: Station, truck: Truck, height_m: float) -> list[Exchange]:
    """The shortest plan's exchanges, in an order that keeps each robot's own."""
    plan = shortest_plan(station, truck, height_m)
    halves = {(half.seat, half.out): half for own in plan for half in own}
    return [
        Exchange(
            halves[seat, True].robot,
            halves[seat, False].robot,
            seat,
            halves[seat, True].slot,
            halves[seat, False].slot,
        )
        for seat in _order(plan) or ()
    ]


def _order(plan: Plan) -> list[int] | None:
    """The seats in an order that keeps each robot's own; None if there is none."""
    lines = [list(dict.fromkeys(half.seat for half in own)) for own in plan]
    order: list[int] = []
    while any(lines):
        first = next((line[0] for line in lines if line and all(line[0] not in other[1:] for other in lines)), None)
        if first is None:
            return None
        order.append(first)
        lines = [[seat for seat in line if seat != first] for line in lines]
    return order


def _times(station: Station, truck: Truck, height_m: float) -> _Times:
    """Kinematic times; vertical ways from seat and slot to the clearance height, at the limits of axis z."""
    z, act = station.axes.z, station.actuators
    sign = 1.0 if station.kind == "top_lift" else -1.0
    seat_z = truck.seats_xyz_m[0][2]
    slot_z = station.slots[0].z_m
    clear_z = station.limits.clearance_height_m
    pass_z = slot_z + sign * height_m
    if sign < 0.0:
        seat_z, clear_z, pass_z = seat_z, clear_z, slot_z

    def way_s(way: float, *, loaded: bool) -> float:
        suffix = "" if loaded else "_empty"
        return float(
            rest_to_rest_duration(
                way, getattr(z, f"velocity{suffix}_mps"), getattr(z, f"acceleration{suffix}_mps2"), z.jerk_mps3
            )
        )

    locks = act.lock_open_s + act.grip_close_s + act.grip_open_s
    carry = way_s(clear_z - seat_z, loaded=True) + way_s(clear_z - slot_z, loaded=True)
    empty = 2.0 * way_s(pass_z - seat_z if sign > 0.0 else 0.3, loaded=False)
    out = locks + carry + empty + act.slot_lock_close_s
    into = act.grip_close_s + act.lock_close_s + act.grip_open_s + carry + empty + act.slot_lock_open_s
    return _Times(station, tuple(x for x, _, _ in truck.seats_xyz_m), (into, out))


def _plans(station: Station, seats: int) -> Iterator[Plan]:
    """Every plan in which each robot uses its own slots and each seat is emptied before it is filled."""
    robots = station.robots.count
    halves = [(seat, out) for seat in range(seats) for out in (True, False)]
    for owners in product(range(robots), repeat=len(halves)):
        mine = [[half for half, owner in zip(halves, owners, strict=True) if owner == r] for r in range(robots)]
        for order in product(*(permutations(own) for own in mine)):
            if all(_emptied_first(own) for own in order):
                yield from _with_slots(station, order)


def _emptied_first(own: tuple[tuple[int, bool], ...]) -> bool:
    """True if a robot with both halves of a seat takes the old pack out and then brings the new one, at once."""
    for i, (seat, out) in enumerate(own):
        if not out and (seat, True) in own and (i == 0 or own[i - 1] != (seat, True)):
            return False
    return True


def _with_slots(station: Station, order: tuple[tuple[tuple[int, bool], ...], ...]) -> Iterator[Plan]:
    """The plan with every choice of slots; each robot's in turn."""

    def choices(robot: int) -> list[tuple[Half, ...]]:
        own = [i for i, slot in enumerate(station.slots) if len(order) == 1 or slot.robot == robot]
        found: list[tuple[Half, ...]] = []

        def extend(done: tuple[Half, ...], empty: frozenset[int], full: frozenset[int]) -> None:
            if len(done) == len(order[robot]):
                found.append(done)
                return
            seat, out = order[robot][len(done)]
            for slot in sorted(empty if out else full):
                after = (empty - {slot}, full) if out else (empty | {slot}, full - {slot})
                extend((*done, Half(robot, out, seat, slot)), *after)

        filled = frozenset(i for i in own if station.slots[i].filled)
        extend((), frozenset(own) - filled, filled)
        return found

    yield from product(*(choices(robot) for robot in range(len(order))))


def _duration_s(times: _Times, plan: Plan, limit_s: float) -> float:
    """Time until the last robot is done, each starting a move once the rail and the seat are free; inf: they block.

    A robot keeps its place on the rail: its next target stays clear of the other's place and target.
    """
    station = times.station
    count = len(plan)
    home = [station.robots.home_x_m[r] if count > 1 else station.axes.x.home_m for r in range(count)]
    place = [(x, station.axes.y.home_m) for x in home]
    # each robot's legs: (goal, loaded, work before it is free again, seat that must be empty, seat it empties)
    legs: list[list[tuple[tuple[float, float], bool, float, int, int]]] = []
    for own in plan:
        into, out = times.work_s
        line = []
        for half in own:
            seat, slot = times.seat(half.seat), times.slot(half.slot)
            if half.out:
                line += [(seat, False, 0.5 * out, -1, half.seat), (slot, True, 0.5 * out, -1, -1)]
            else:
                line += [(slot, False, 0.5 * into, -1, -1), (seat, True, 0.5 * into, half.seat, -1)]
        if count > 1 and own:
            line.append(((home[own[0].robot], station.axes.y.home_m), False, 0.0, -1, -1))
        legs.append(line)
    occupied = {half.seat for own in plan for half in own if half.out}
    free_s, at, goal = [0.0] * count, [0] * count, list(place)
    now_s = 0.0
    while True:
        ready = [r for r in range(count) if at[r] < len(legs[r]) and free_s[r] <= now_s + 1e-12]
        moved = False
        for r in ready:
            target, loaded, work_s, needs, empties = legs[r][at[r]]
            if needs in occupied or not _clear(station, r, target[0], place, goal):
                continue
            travel_s = times.travel_s(place[r], target, loaded=loaded)
            free_s[r] = now_s + travel_s + work_s
            place[r], goal[r] = target, target
            if empties >= 0:
                occupied.discard(empties)
            at[r] += 1
            moved = True
        if all(at[r] == len(legs[r]) for r in range(count)):
            return max(free_s)
        if now_s > limit_s:
            return float("inf")
        later = [free_s[r] for r in range(count) if free_s[r] > now_s + 1e-12]
        if not moved and not later:
            return float("inf")
        if later:
            now_s = min(later)


def _clear(
    station: Station, r: int, target: float, place: list[tuple[float, float]], goal: list[tuple[float, float]]
) -> bool:
    least_m = station.robots.length_m + DISTANCE_MARGIN_M
    for other in range(len(place)):
        if other == r:
            continue
        side = 1.0 if station.robots.home_x_m[r] > station.robots.home_x_m[other] else -1.0
        if side * target - max(side * place[other][0], side * goal[other][0]) < least_m:
            return False
    return True
