"""The parked truck: a sprung body on two axles, held in the plane by tyre friction under its brakes."""

from __future__ import annotations

from typing import Any

from twin.motion.kernels import kernel
from twin.plants.tyres import tyre_limits
from twin.records import TPITCH, TROLL, TZ, Faults, Params, Truth


@kernel
def axle_forces(w: Truth, p: Params, out: Any) -> None:
    """Spring and damper force of both axles (N, upwards on the body) into `out` (2,).

    Positive pitch is nose down (rotation about +y): the body over an axle at x rises by z - x * pitch.
    """
    for i in range(2):
        rise = w.truck_q[TZ] - p.truck_axle_x_m[i] * w.truck_q[TPITCH]
        park = p.truck_park[TZ] - p.truck_axle_x_m[i] * p.truck_park[TPITCH]
        rate = w.truck_qd[TZ] - p.truck_axle_x_m[i] * w.truck_qd[TPITCH]
        out[i] = p.truck_axle_preload_n[i] - p.truck_axle_stiffness[i] * (rise - park) - p.truck_axle_damping[i] * rate


@kernel
def truck_forces(w: Truth, faults: Faults, p: Params, axle: Any) -> None:
    """Generalised forces on heave, pitch and roll into `w.truck_tau`, and the limits of the tyres."""
    axle_forces(w, p, axle)
    w.truck_tau[0] = axle[0] + axle[1]
    w.truck_tau[1] = -(axle[0] * p.truck_axle_x_m[0] + axle[1] * p.truck_axle_x_m[1])
    roll_stiffness = p.truck_axle_roll_stiffness[0] + p.truck_axle_roll_stiffness[1]
    roll_damping = p.truck_axle_roll_damping[0] + p.truck_axle_roll_damping[1]
    w.truck_tau[2] = (
        p.truck_roll_preload_nm
        - roll_stiffness * (w.truck_q[TROLL] - p.truck_park[TROLL])
        - roll_damping * w.truck_qd[TROLL]
    )
    tyre_limits(w, faults, p, axle)
