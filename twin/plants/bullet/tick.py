"""One physics tick of one world: drives, suspension and springs of the truck."""

from __future__ import annotations

from typing import Any

from twin.motion.drives import drive_forces, update_reference
from twin.motion.kernels import kernel
from twin.plants.suspension import angles_of, note_sway, suspend
from twin.plants.truck import truck_forces
from twin.records import Faults, Image, Params, Truth


@kernel
def drive_tick(w: Truth, image: Image, faults: Faults, p: Params, reaction: Any, axle: Any, angles: Any) -> None:
    """Run one physics tick: references, suspension, drives and the truck's springs. Reads q, qd; writes tau.

    `reaction` (4,), `axle` (2,) and `angles` (8,) are scratch.
    """
    t_s = w.t_s
    for r in range(p.robots):
        update_reference(image, r, t_s)
        angles_of(w, p, r, angles)
        suspend(w, p, r, angles, reaction)
        drive_forces(w, image, p, r, reaction, p.dt_s)
        note_sway(w, p, r)
    truck_forces(w, faults, p, axle)


@kernel
def tick_world(worlds: Any, params: Any, i: int, reaction: Any, axle: Any, angles: Any) -> None:
    """Run `drive_tick` on world `i`."""
    drive_tick(worlds[i].truth, worlds[i].image, worlds[i].faults, params[i], reaction, axle, angles)
