"""Inputs of the drives besides setpoints: whether they move a pack, its mass and its weight."""

from __future__ import annotations

from twin.motion.kernels import inlined_kernel, kernel
from twin.records import FLOATING_TABLE, LOAD_PACK, Control, Image, Params

AHEAD_BAND = 0.15
"""Deviation of the load cell from a known weight, as a share of it, that the torque feed-forward follows: hoisting and
a bounce on the ropes, no more [estimate]."""
AHEAD_LEAST, AHEAD_PULL = -0.02, -0.3
"""The same of an unknown load, share of the rated load. Ropes do not push; a table that pulls more is caught."""


@kernel
def weight_ahead_n(image: Image, control: Control, p: Params, r: int) -> float:
    """Torque feed-forward of the weight of robot `r`, N: the load cell's reading, bounded by the possible load.

    A failing load cell must not throw a pack up or let it fall before its reading is found to be implausible.
    """
    if control.load_weighed_n[r] > 0.0 and control.load_kind[r] == LOAD_PACK:
        low = (1.0 - AHEAD_BAND) * control.load_weighed_n[r]
        high = (1.0 + AHEAD_BAND) * control.load_weighed_n[r]
    else:
        rated_n = p.rated_load_kg * p.gravity_mps2
        low = (AHEAD_PULL if p.reeving == FLOATING_TABLE else AHEAD_LEAST) * rated_n
        high = p.overload_fraction * rated_n
    return min(max(control.ahead_n[r] if control.ahead_held[r] == 1 else image.load_cell_n[r], low), high)


@inlined_kernel
def grips_loaded(image: Image, r: int) -> bool:
    """True if a grip of robot `r` reports closed: its axes then move a pack."""
    return image.grip_closed[r, 0] + image.grip_closed[r, 1] + image.grip_closed[r, 2] + image.grip_closed[r, 3] > 0


@inlined_kernel
def order_drives(image: Image, control: Control, p: Params) -> None:
    """Set mass and weight for each robot's feed-forward until the next scan."""
    for r in range(p.robots):
        image.loaded[r] = 1 if grips_loaded(image, r) else 0
        image.feed_forward_kg[r] = control.carried_kg[r]
        image.feed_forward_n[r] = weight_ahead_n(image, control, p, r)
