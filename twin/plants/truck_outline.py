"""Boxes of the truck's body that a robot may run into, used by both plants."""

from __future__ import annotations

from twin.setup.setup import SwapSetup

Box = tuple[tuple[float, float, float], tuple[float, float, float]]
"""(size, middle) in the truck's frame, heights over the ground."""
UNDER_SEAT_M = 0.12
"""Clearance of the frame below the seats of packs loaded from above, or above those of packs loaded from below."""
FRAME_WIDTH_M, FRAME_BOTTOM_M = 0.9, 0.75


def truck_boxes(setup: SwapSetup) -> list[Box]:
    """Boxes of the cab and, where there is room for it, of the frame."""
    o, seat_m = setup.truck.outline, setup.truck.seats_xyz_m[0][2]
    frame_top = min(o.frame_height_m, seat_m - UNDER_SEAT_M) if setup.retract > 0 else o.frame_height_m
    cab = (o.cab_front_x_m - o.cab_rear_x_m, o.width_m, o.cab_height_m - frame_top)
    middle = ((o.cab_front_x_m + o.cab_rear_x_m) / 2, 0.0, (o.cab_height_m + frame_top) / 2)
    boxes: list[Box] = [(cab, middle)]
    bottom = seat_m + UNDER_SEAT_M if setup.retract < 0 else FRAME_BOTTOM_M
    if frame_top > bottom:
        frame = (o.cab_front_x_m - o.frame_rear_x_m, FRAME_WIDTH_M, frame_top - bottom)
        boxes.append((frame, ((o.cab_front_x_m + o.frame_rear_x_m) / 2, 0.0, (frame_top + bottom) / 2)))
    return boxes
