"""Key figures of a swap from the true state: sway, contact forces, forces of the drives, displacement of the truck.

Updated in every scan; the plant keeps the largest sway, and its drives meter the energy.
"""

from __future__ import annotations

import math
from typing import Any

from twin.geometry import planar
from twin.motion.kernels import inlined_kernel, kernel
from twin.plants.geometry import no_pad_touches
from twin.records import (
    EX,
    EY,
    FLOATING_TABLE,
    FOUR_ROPE,
    HANDED_OVER_LOW,
    STANDSTILL,
    Control,
    Figures,
    Image,
    Params,
    Truth,
    X,
    Y,
    Z,
)


@kernel
def note_residual_sway(w: Truth, figures: Figures, p: Params, r: int) -> None:
    """Record the residual sway at hand-over: amplitude of the swing of a pack when its insertion begins.

    sqrt(x^2 + (v / omega)^2) of both directions, with the pendulum's own frequency under ropes; a mast or table has its
    present deflection.
    """
    q, qd = w.q[r], w.qd[r]
    amplitude = planar(q[EX], q[EY])
    length = 1.0
    if p.reeving != FLOATING_TABLE:
        length = p.sheave_height_m - q[Z]
        if p.reeving == FOUR_ROPE:
            amplitude = math.sqrt(q[EX] ** 2 + q[EY] ** 2 + (qd[EX] ** 2 + qd[EY] ** 2) * length / p.gravity_mps2)
    figures.residual_sway_m = max(figures.residual_sway_m, amplitude)
    figures.residual_sway_rad = max(figures.residual_sway_rad, math.atan2(amplitude, length))


@inlined_kernel
def note_hand_over(w: Truth, image: Image, figures: Figures, p: Params, r: int) -> None:
    """Record the residual sway of robot `r` if its insertion begins now.

    One that overlaps the traverse begins as x and y stand and axis z moves, or where its control program says so: as
    the pack comes to the guides.
    """
    if image.hand_over[r] == 0 or image.hand_over[r] == HANDED_OVER_LOW:
        return
    stands = image.axis_state[r, X] == STANDSTILL and image.axis_state[r, Y] == STANDSTILL
    if image.hand_over[r] == 1 or (stands and w.t_s >= image.profile_start_s[r, Z]):
        image.hand_over[r] = 0
        note_residual_sway(w, figures, p, r)


@inlined_kernel
def note_scan(w: Truth, image: Image, control: Control, figures: Figures, p: Params, commands: Any) -> None:
    """Record contact forces since the last scan, hand-overs, forces of the drives and displacement of the truck."""
    scan_s = p.dt_s * p.scan_ticks
    figures.drive_time_s += scan_s
    for r in range(p.robots):
        for k in range(4):
            drive = w.drive_n[r, k]
            figures.drive_peak[r, k] = max(figures.drive_peak[r, k], abs(drive))
            figures.drive_square_s[r, k] += scan_s * drive * drive
        note_hand_over(w, image, figures, p, r)
        if w.guide_force_n[r, 0] != 0.0 or w.guide_force_n[r, 1] != 0.0:
            figures.peak_lateral_n = max(figures.peak_lateral_n, planar(w.guide_force_n[r, 0], w.guide_force_n[r, 1]))
        figures.peak_lateral_n = max(figures.peak_lateral_n, w.guide_peak_n[r, 0])
        if commands[r].inserting == 1 and w.held[r] >= 0 and no_pad_touches(w, w.held[r]):
            figures.peak_axial_n = max(figures.peak_axial_n, abs(w.guide_force_n[r, 2] + w.coupler_n[w.held[r]]))
    figures.truck_displacement_m = max(
        figures.truck_displacement_m,
        planar(w.truck_q[0] - control.truck_reference[0], w.truck_q[1] - control.truck_reference[1]),
    )
