"""Compatibility of station, truck and pack, derived from their data, and the reason if there is none."""

from __future__ import annotations

import math

from twin.catalogue.load import load_pack, names
from twin.catalogue.schema import FloatingTable, Pack, Slot, Station, Truck
from twin.errors import InputError
from twin.gravity import GRAVITY_MPS2

VEHICLE_WIDTH_LIMIT_M = 2.55
"""GB 1589."""

MOUNT = {"top_lift": "back_of_cab", "chassis": "chassis"}
MOUNT_WORDS = {"back_of_cab": "behind the cab", "chassis": "under the frame"}
EPS_M = 1e-9
PIN_YIELD_PA = 3.35e8
"""Yield strength of guide pins: S355, 40 to 63 mm thick, EN 10025-2."""
SHOCK_ACROSS_MPS2 = 5.0 * GRAVITY_MPS2
"""Test acceleration of a pack's interior across the direction of travel: UN R100, mechanical shock, category N3."""


PINS_OUT = 3.0
"""Largest creep-out height of a pack, in lengths of the guide pins: above, invariant 1 would never check [chosen]."""
UPRIGHT = 2.0
"""Margin over the stiffness below which a pack tips its table over: half of the tilt is then the springs' [chosen]."""


def resolve(station: Station, truck: Truck, pack: Pack) -> None:
    """Refuse a combination that cannot swap, with the reason."""
    reason = compatible(station, truck, pack)
    if reason:
        raise InputError(f"station {station.name}, truck {truck.name}, pack {pack.name} are not compatible: {reason}")


def default_pack(station: Station, truck: Truck) -> Pack:
    """The pack that the truck usually carries, if it fits; else the first shipped one that fits, by name."""
    known = names("pack")
    if truck.default_pack is not None and truck.default_pack not in known:
        raise InputError(
            f"truck {truck.name} names an unknown pack",
            key="default_pack",
            value=truck.default_pack,
            allowed=", ".join(known),
        )
    refused: dict[str, str] = {}
    for name in sorted(known, key=lambda n: n != truck.default_pack):
        pack = load_pack(name)
        reason = compatible(station, truck, pack)
        if reason is None:
            return pack
        refused.setdefault(reason, name)
    raise InputError(
        f"no pack fits station {station.name} with truck {truck.name}: "
        + "; ".join(f"{name}: {reason}" for reason, name in refused.items())
    )


def compatible(station: Station, truck: Truck, pack: Pack) -> str | None:
    """None if they are compatible, else the first reason why not."""
    return (
        _interfaces(station, truck, pack)
        or _masses(station, truck, pack)
        or _strength(station, pack)
        or _sizes(station, truck, pack)
        or _reach(station, truck, pack)
    )


def _interfaces(station: Station, truck: Truck, pack: Pack) -> str | None:
    if truck.mount != MOUNT[station.kind]:
        swaps, carries = MOUNT_WORDS[MOUNT[station.kind]], MOUNT_WORDS[truck.mount]
        return f"a {station.kind} station swaps packs {swaps}, the truck carries its packs {carries}"
    if pack.interface != truck.interface:
        return f"the truck's seats take interface {truck.interface}, the pack has {pack.interface}"
    if pack.interface not in station.interfaces:
        return f"the station takes interface {', '.join(station.interfaces)}, the pack has {pack.interface}"
    seats = len(truck.seats_xyz_m)
    each = math.ceil(seats / station.robots.count)
    for robot in range(min(station.robots.count, seats)):
        filled = sum(slot.filled for slot in station.slots if slot.robot == robot)
        if filled < each:
            return f"the truck has {seats} seats, robot {robot + 1} has {filled} charged packs and needs {each}"
    return None


def held_by_no_pack(station: Station) -> str | None:
    """Reason why no shipped pack with an interface of this station withstands its limits; None if one does."""
    packs = [pack for name in names("pack") if (pack := load_pack(name)).interface in station.interfaces]
    reasons = [_strength(station, pack) for pack in packs]
    return reasons[-1] if reasons and all(reasons) else None


def _masses(station: Station, truck: Truck, pack: Pack) -> str | None:
    hung = pack.mass_max_kg + station.end_effector.mass_kg
    if hung > station.limits.rated_load_kg:
        return (
            f"up to {pack.mass_max_kg:g} kg of pack and {station.end_effector.mass_kg:g} kg of end effector exceed the "
            f"station's rated load of {station.limits.rated_load_kg:g} kg"
        )
    limit_kg = truck.pack_mass_limit_kg
    if pack.mass_max_kg > limit_kg:
        return f"a pack of up to {pack.mass_max_kg:g} kg exceeds the truck's limit of {limit_kg:g} kg a seat"
    return None


def _strength(station: Station, pack: Pack) -> str | None:
    """Check the station's limits of contact forces against the strength of the pack, its guide pins and its seat."""
    pins, limits = pack.guides, station.limits
    section_m3 = math.pi * pins.pin_diameter_m**3 / 32.0
    bends_n = section_m3 * PIN_YIELD_PA / pins.pin_length_m
    if limits.structure_lateral_n > bends_n:
        return (
            f"limits.structure_lateral_n is {limits.structure_lateral_n:g} N, "
            f"the pack's guide pins of {pins.pin_diameter_m * 1e3:g} mm bend at {bends_n:.0f} N"
        )
    tested_n = SHOCK_ACROSS_MPS2 * pack.mass_min_kg
    if limits.structure_lateral_n > tested_n:
        return (
            f"limits.structure_lateral_n is {limits.structure_lateral_n:g} N, "
            f"a pack of {pack.mass_min_kg:g} kg is only tested with 5 g across, {tested_n:.0f} N"
        )
    hits_n = limits.contact_speed_mps * math.sqrt(pins.stiffness_n_per_m * pack.mass_max_kg)
    if hits_n > limits.structure_lateral_n:
        return (
            f"a pack of {pack.mass_max_kg:g} kg that meets guides of {pins.stiffness_n_per_m:g} N/m at "
            f"limits.contact_speed_mps {limits.contact_speed_mps:g} hits them with {hits_n:.0f} N, "
            f"limits.structure_lateral_n is {limits.structure_lateral_n:g} N"
        )
    if not pins.pin_length_m <= limits.creep_out_height_m <= PINS_OUT * pins.pin_length_m:
        return (
            f"limits.creep_out_height_m is {limits.creep_out_height_m:g} m, with the pack's guide pins of "
            f"{pins.pin_length_m:g} m it has to be {pins.pin_length_m:g} to {PINS_OUT * pins.pin_length_m:g} m"
        )
    if isinstance(station.reeving, FloatingTable):
        tips = GRAVITY_MPS2 * pack.mass_max_kg * (pack.size_m[2] / 2 + pack.com_m[2])
        if station.reeving.tilt_stiffness_nm_per_rad < UPRIGHT * tips:
            return (
                f"reeving.tilt_stiffness_nm_per_rad is {station.reeving.tilt_stiffness_nm_per_rad:g} Nm/rad, a pack of "
                f"{pack.mass_max_kg:g} kg on the table tips over below {tips:.0f} and needs {UPRIGHT:g} times that"
            )
    weight_n = GRAVITY_MPS2 * pack.mass_max_kg
    if limits.structure_axial_n <= weight_n:
        return f"limits.structure_axial_n is {limits.structure_axial_n:g} N, the pack weighs up to {weight_n:.0f} N"
    return None


def _sizes(station: Station, truck: Truck, pack: Pack) -> str | None:
    along, across, high = pack.size_m
    if across > VEHICLE_WIDTH_LIMIT_M:
        return f"the pack is {across:g} m wide, a vehicle may be {VEHICLE_WIDTH_LIMIT_M:g} m"
    for i, a in enumerate(station.slots):
        for j, b in enumerate(station.slots[:i]):
            if _overlap(a, b, pack):
                return f"packs of {along:g} x {across:g} m in slots {j} and {i} would overlap"
    seats = sorted(truck.seats_xyz_m)
    for (ax, ay, _), (bx, by, _) in zip(seats, seats[1:], strict=False):
        if abs(ax - bx) < along - EPS_M and abs(ay - by) < across - EPS_M:
            return f"packs of {along:g} x {across:g} m in the truck's seats at x {ax:g} and {bx:g} m would overlap"
    front, rear = seats[-1][0] + along / 2, seats[0][0] - along / 2
    if truck.mount == "back_of_cab" and front > truck.outline.cab_rear_x_m:
        return f"the pack would reach x {front:g} m, the cab begins at {truck.outline.cab_rear_x_m:g} m"
    reach = seats[-1][0] + 0.5 * station.end_effector.size_m[0]
    if truck.mount == "back_of_cab" and reach > truck.outline.cab_rear_x_m:
        return (
            f"end_effector.size_m {station.end_effector.size_m[0]:g} m long over the seat would reach x {reach:g} m, "
            f"the cab begins at {truck.outline.cab_rear_x_m:g} m"
        )
    if truck.mount == "chassis":
        behind, ahead = truck.rear_axle.x_m, truck.front_axle.x_m
        if not behind < rear < front < ahead:
            return f"the packs span x {rear:g} to {front:g} m, the axles are at {behind:g} and {ahead:g} m"
        lowest = min(z for _, _, z in seats) - high
        if lowest <= 0.0:
            return f"the pack's bottom would be {lowest:g} m over the ground"
    return None


def _overlap(a: Slot, b: Slot, pack: Pack) -> bool:
    """True if packs in two slots would overlap; rotated packs count by their bounding box."""
    along, across, high = pack.size_m
    spans = []
    for slot in (a, b):
        c, s = abs(math.cos(slot.yaw_rad)), abs(math.sin(slot.yaw_rad))
        spans.append((along * c + across * s, along * s + across * c))
    return (
        abs(a.x_m - b.x_m) < (spans[0][0] + spans[1][0]) / 2 - EPS_M
        and abs(a.y_m - b.y_m) < (spans[0][1] + spans[1][1]) / 2 - EPS_M
        and abs(a.z_m - b.z_m) < high - EPS_M
    )


def rebound_m(truck: Truck, x_m: float, pack_mass_kg: float) -> float:
    """Rise of the frame at `x_m` when all packs leave: static, from the springs."""
    weight = len(truck.seats_xyz_m) * pack_mass_kg * GRAVITY_MPS2
    middle = sum(x for x, _, _ in truck.seats_xyz_m) / len(truck.seats_xyz_m)
    on_front = weight * (middle - truck.rear_axle.x_m) / truck.wheelbase_m
    front = on_front / truck.front_axle.stiffness_n_per_m
    rear = (weight - on_front) / truck.rear_axle.stiffness_n_per_m
    return rear + (front - rear) * (x_m - truck.rear_axle.x_m) / truck.wheelbase_m


def _reach(station: Station, truck: Truck, pack: Pack) -> str | None:
    """Check the axes' strokes against all their targets, with the parking spread and the truck's rebound."""
    high = pack.size_m[2]
    top = station.kind == "top_lift"
    lift = high if top else -high
    axes, limits, clip = station.axes, station.limits, station.parking.clip
    shift_x, shift_y = min(clip.x_m, limits.repark_m), min(clip.y_m, limits.repark_m)
    turn = min(clip.yaw_rad, limits.repark_yaw_rad)
    spans: list[tuple[str, str, float, float]] = []
    for x, y, z in truck.seats_xyz_m:
        spread_z = clip.z_m + clip.pitch_rad * abs(x)
        rebound = max(0.0, rebound_m(truck, x, pack.mass_max_kg))
        spans += [
            (f"the truck's seat at x {x:g} m", "x", x - shift_x, x + shift_x),
            (f"the truck's seat at y {y:g} m", "y", y - shift_y, y + shift_y),
            (f"the truck's seat at z {z:g} m", "z", z + lift - spread_z, z + lift + spread_z + rebound),
        ]
    spans.append(("a truck parked askew", "yaw", -turn, turn))
    for i, slot in enumerate(station.slots):
        spans += [
            (f"slot {i}", "z", slot.z_m + lift, slot.z_m + lift),
            (f"slot {i}", "yaw", slot.yaw_rad, slot.yaw_rad),
        ]
    carried = limits.clearance_height_m + lift
    spans.append((f"a pack carried at clearance_height_m {limits.clearance_height_m:g}", "z", carried, carried))
    for what, axis, low, high_end in spans:
        axis_limits = getattr(axes, axis)
        unit = "rad" if axis == "yaw" else "m"
        least, most = getattr(axis_limits, f"position_min_{unit}"), getattr(axis_limits, f"position_max_{unit}")
        if low < least - EPS_M or high_end > most + EPS_M:
            return (
                f"{what} with this pack needs axis {axis} from {low:.3f} to {high_end:.3f} {unit}, "
                f"it has {least:g} to {most:g}"
            )
    return _clearance(station, truck, pack)


def _clearance(station: Station, truck: Truck, pack: Pack) -> str | None:
    """Check the clearance of a carried pack over what it passes."""
    high, clearance = pack.size_m[2], station.limits.clearance_height_m
    if station.kind == "top_lift":
        stored = max(slot.z_m for slot in station.slots) + high
        for what, top in (("stored packs", stored), ("the truck's cab", truck.outline.cab_height_m)):
            if top > clearance:
                return f"{what} reach up to {top:g} m, a pack is carried with its bottom at {clearance:g} m"
    else:
        stored = min(slot.z_m for slot in station.slots) - high
        if clearance > stored:
            return f"stored packs hang down to {stored:g} m, a pack is carried with its top at {clearance:g} m"
    return None
