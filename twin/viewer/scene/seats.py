"""Seats: pads, guide pins, the coupler's floating half, and locks with a status lamp each."""

from __future__ import annotations

import math

from panda3d.core import NodePath

from twin.catalogue import Pack
from twin.setup.jobs import Seat
from twin.viewer.layout import Layout
from twin.viewer.origin import Provenance, is_estimated
from twin.viewer.scene import palette
from twin.viewer.scene.frames import FrameNodes
from twin.viewer.scene.mesh import Mesh
from twin.viewer.snapshot import Snapshot

PAD_INSET_M = (0.12, 0.15)
"""Centre of a pad from the pack's edges, along x and y, as in the plant."""
PAD_SIZE_M = (0.16, 0.14)
PAD_M = 0.012
PIN_SIDES = 16
FLAT_SHARE = 0.62
"""Width of the slotted pin across its flats."""
HOUSING_M, LAMP_M = (0.19, 0.07), (0.13, 0.055, 0.06)
OUTBOARD_M = 0.045
"""Offset of the lamp outside the pack's flank, so that a seated pack does not hide it."""
CLOSED, OPEN = 0.99, 0.01
"""Positions beyond which a lock counts as closed or open."""

Colour = tuple[float, float, float]


def lock_colour(position: float) -> Colour:
    """Green closed, blue open, amber between, grey unknown."""
    if math.isnan(position):
        return palette.STATE_UNKNOWN
    if position >= CLOSED:
        return palette.STATE_OK
    return palette.STATE_OPEN if position <= OPEN else palette.STATE_MOVING


class Seats:
    """Equipment of every seat; `update` colours the lamps of its locks."""

    def __init__(self, layout: Layout, frames: FrameNodes, provenance: Provenance | None = None) -> None:
        self._provenance: Provenance = provenance or {}
        pack, retract = layout.pack, layout.retract
        self.lamps: dict[str, NodePath] = {}
        self._shown: dict[str, Colour] = {}
        self._seats = layout.seats
        one_lamp = lamp_mesh()
        for seat in layout.seats:
            seat_mesh(pack, retract, locks=seat.locks > 0).node("seat", frames[seat.name])
            for i in range(min(seat.locks, len(pack.locks.xy_m))):
                lamp = one_lamp.node("lamp", frames[seat.name])
                lamp.set_pos(*lamp_position(pack, retract, i))
                self.lamps[f"{seat.name}/lock{i + 1}"] = lamp
        self._idle(layout, frames)
        for name in self.lamps:
            self._colour(name, palette.STATE_UNKNOWN)

    def update(self, snapshot: Snapshot) -> None:
        for seat in self._seats:
            for i in range(seat.locks):
                name = f"{seat.name}/lock{i + 1}"
                if name in self.lamps:
                    colour = lock_colour(_position(snapshot, seat, name))
                    self._colour(name, palette.faded(colour) if is_estimated(self._provenance, name) else colour)

    def _colour(self, name: str, colour: Colour) -> None:
        if self._shown.get(name) != colour:
            self._shown[name] = colour
            self.lamps[name].set_color_scale(*colour, 1.0)

    def _idle(self, layout: Layout, frames: FrameNodes) -> None:
        """Slots that take no part in this swap: one static mesh."""
        taken = {slot for job in layout.jobs for slot in (job.put_slot, job.take_slot)}
        locks = layout.station.actuators.slot_lock_close_s > 0.0
        rest = [slot for i, slot in enumerate(layout.station.slots) if i not in taken]
        if not rest:
            return
        bare = seat_mesh(layout.pack, layout.retract, locks, pins=False)
        whole = seat_mesh(layout.pack, layout.retract, locks)
        mesh = Mesh()
        for slot in rest:  # a pack in it hides the pins
            mesh.add(bare if slot.filled else whole, (slot.x_m, slot.y_m, slot.z_m), slot.yaw_rad)
        mesh.node("idle_seats", frames.root)


def _position(snapshot: Snapshot, seat: Seat, name: str) -> float:
    """The lock's own channel, or, in recordings without it, whether the seat holds a locked pack."""
    if name in snapshot.names.column_index:
        return snapshot.value(name)
    locked = snapshot.value(f"{seat.name}/locked")
    return locked if math.isnan(locked) else float(locked >= 0.0)


def lamp_position(pack: Pack, retract: float, lock: int) -> tuple[float, float, float]:
    """Centre of a lock's lamp in its seat's frame: beside the pack's flank, on the structure's side of the plane."""
    x, y = pack.locks.xy_m[lock]
    return x, math.copysign(pack.size_m[1] / 2.0 + OUTBOARD_M, y), -retract * (LAMP_M[2] / 2.0 + 0.008)


def lamp_mesh() -> Mesh:
    return Mesh().box(LAMP_M, (0.0, 0.0, 0.0), palette.LAMP, 0.012)


def seat_mesh(pack: Pack, retract: float, locks: bool, pins: bool = True) -> Mesh:
    """A seat in its own frame: the plane is z = 0, packs come from the side of `retract`."""
    mesh = Mesh()
    s = retract
    half_x, half_y = pack.size_m[0] / 2.0, pack.size_m[1] / 2.0
    for sx in (1.0, -1.0):
        for sy in (1.0, -1.0):
            at = sx * (half_x - PAD_INSET_M[0]), sy * (half_y - PAD_INSET_M[1])
            mesh.box((*PAD_SIZE_M, PAD_M), (*at, -s * PAD_M / 2.0), palette.RUBBER)
    if locks:
        _locks(mesh, pack, s)
    if pins:
        _pin(mesh, pack, pack.guides.round_xy_m, s, slotted=False)
        _pin(mesh, pack, pack.guides.slotted_xy_m, s, slotted=True)
        _coupler(mesh, pack, s)
    return mesh


def _pin(mesh: Mesh, pack: Pack, at_m: tuple[float, float], s: float, slotted: bool) -> None:
    """A pin with a round tip on a flange; the slotted one has flats toward the other, to allow for length tolerance."""
    radius, length = pack.guides.pin_diameter_m / 2.0, pack.guides.pin_length_m
    foot = (*at_m, 0.0)
    up = (0.0, 0.0, s)
    straight = max(length - radius, 0.0)
    tip = [(straight + radius * math.sin(a), radius * math.cos(a)) for a in (0.0, 0.45, 0.95, math.pi / 2.0)]
    flange = [(-PAD_M, radius + 0.045), (-0.003, radius + 0.045), (0.0, radius)]
    pin = Mesh().lathe(
        [*flange, *tip], lambda band, _: palette.PIN if band > 1 else palette.CRADLE, foot, up, PIN_SIDES
    )
    if slotted:
        other = pack.guides.round_xy_m
        along = 1 if abs(other[1] - at_m[1]) >= abs(other[0] - at_m[0]) else 0
        pin = pin.scaled(along, FLAT_SHARE, at_m[along])
    mesh.add(pin)


def _coupler(mesh: Mesh, pack: Pack, s: float) -> None:
    """The floating half: a plate on springs, whose contacts protrude over the plane by their engagement depth."""
    x, y = pack.coupler.xy_m
    engage = pack.coupler.engage_m
    mesh.box((0.34, 0.28, 0.02), (x, y, -s * 0.034), palette.DARK_STEEL)
    mesh.box((0.26, 0.20, 0.022), (x, y, -s * 0.013), palette.HV_ORANGE, 0.006)
    for dx, dy, r in ((-0.06, 0.045, 0.028), (-0.06, -0.045, 0.028), (0.05, 0.05, 0.016), (0.05, -0.05, 0.016)):
        mesh.cylinder(r, engage + 0.004, (x + dx, y + dy, s * (engage / 2.0 - 0.002)), palette.STEEL, "z", 12)
        mesh.cylinder(0.5 * r, engage + 0.010, (x + dx, y + dy, s * (engage / 2.0 - 0.002)), palette.TRIM, "z", 8)
    for dy in (0.085, -0.085):  # its own pins engage first
        up = (0.0, 0.0, s)
        mesh.cylinder(0.009, engage + 0.02, (x, y + dy, s * (engage / 2.0 + 0.008)), palette.PIN, up, 8, 0.006)


def _locks(mesh: Mesh, pack: Pack, s: float) -> None:
    """A housing at each lock, its twist-lock's stud over the plane."""
    edge = pack.size_m[1] / 2.0
    long, high = HOUSING_M
    for x, y in pack.locks.xy_m:
        inner, outer = abs(y) + 0.055, edge + OUTBOARD_M - LAMP_M[1] / 2.0 + 0.002
        at_y = math.copysign((inner + outer) / 2.0, y)
        mesh.box((long, outer - inner, high), (x, at_y, -s * (high / 2.0 + 0.004)), palette.DARK_STEEL, 0.008)
        up = (0.0, 0.0, s)
        stud = [(-0.02, 0.024), (0.012, 0.024), (0.028, 0.030), (0.045, 0.0)]
        mesh.lathe(stud, palette.STEEL, (x, y, 0.0), up, 8)
