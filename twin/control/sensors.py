"""Sensors of the control software: encoders, load cell, sway, guide force, switches and the pose scanner.

All noise comes from counter-based streams (`twin.noise`), so a reading depends only on seed and scan number.
"""

from __future__ import annotations

from twin.motion.kernels import inlined_kernel, kernel
from twin.noise import normal, uniform
from twin.plants.geometry import OVER_SEAT_M
from twin.records import (
    DELAY_SCANS,
    EX,
    LOCKS,
    S_FORCE,
    S_LOAD,
    S_SCANNER,
    S_SWAY,
    Faults,
    Image,
    Params,
    Sensors,
    Truth,
)

CLOSED_FROM, OPEN_BELOW = 0.99, 0.01
"""Actuator positions at which the switches make."""


@kernel
def read_sensors(w: Truth, image: Image, sensors: Sensors, faults: Faults, p: Params, dt_s: float) -> None:
    """Read every sensor for one PLC scan."""
    read_station(w, image)
    for r in range(p.robots):
        read_axes_and_load(w, image, sensors, faults, p, r, dt_s)
        read_grips(w, image, r)
        read_sway_and_force(w, image, faults, p, r, sensors.scans)
    read_seats(w, image, faults, p)
    read_truck(w, image, sensors, faults, p)


@inlined_kernel
def read_station(w: Truth, image: Image) -> None:
    """Read the controller's clock, the emergency stop button, and the power of the drives."""
    image.clock_s, image.clock_tick = w.t_s, w.tick
    image.estop_seen, image.power_off_seen = w.estop_button, w.power_off


@kernel
def read_grips(w: Truth, image: Image, r: int) -> None:
    """Read the switches of robot `r`'s grips."""
    for i in range(4):
        image.grip_closed[r, i] = 1 if w.grip_position[r, i] >= CLOSED_FROM and w.held[r] >= 0 else 0
        image.grip_open[r, i] = 1 if w.grip_position[r, i] <= OPEN_BELOW else 0


@inlined_kernel
def read_axes_and_load(
    w: Truth, image: Image, sensors: Sensors, faults: Faults, p: Params, r: int, dt_s: float
) -> None:
    """Read encoders and load cell of robot `r`."""
    keep = p.load_filter_s / (p.load_filter_s + dt_s)
    for k in range(4):
        image.axis_position[r, k], image.axis_speed[r, k] = w.q[r, k], w.qd[r, k]
        image.axis_force_n[r, k] = w.drive_n[r, k]
    image.table_lock[r] = w.float_lock[r]
    load = w.load_n[r] + faults.load_cell_offset_n[r] + p.load_sigma_n * normal(p.stream[S_LOAD], sensors.scans, r)
    load -= image.load_zero_n[r]
    if faults.load_cell_frozen[r] == 0:
        image.load_raw_n[r] = load
        image.load_cell_n[r] = keep * image.load_cell_n[r] + (1.0 - keep) * load
    image.axial_n[r] = w.guide_force_n[r, 2]


@kernel
def read_sway_and_force(w: Truth, image: Image, faults: Faults, p: Params, r: int, n: int) -> None:
    """Read sway and lateral force of robot `r` in scan `n`: they have no state, and may be read on demand."""
    read_sway(w, image, faults, p, r, n)
    read_lateral_force(w, image, p, r, n)


@kernel
def read_sway(w: Truth, image: Image, faults: Faults, p: Params, r: int, n: int) -> None:
    """Read the sway of robot `r` in scan `n`."""
    for i in range(2):
        sway = w.q[r, EX + i] + faults.sway_bias_m[r, i]
        image.sway_m[r, i] = sway + p.sway_sigma_m * normal(p.stream[S_SWAY], n, 2 * r + i)


@kernel
def read_lateral_force(w: Truth, image: Image, p: Params, r: int, n: int) -> None:
    """Read the lateral force on robot `r` in scan `n`."""
    for i in range(2):
        image.lateral_n[r, i] = w.guide_force_n[r, i] + p.force_sigma_n * normal(p.stream[S_FORCE], n, 2 * r + i)


@kernel
def read_seats(w: Truth, image: Image, faults: Faults, p: Params) -> None:
    """Read the switches of locks and pads."""
    read_locks(w, image, faults, p)
    read_pads(w, image, p)


@kernel
def read_locks(w: Truth, image: Image, faults: Faults, p: Params) -> None:
    """Read the switches of locks."""
    for s in range(p.seats):
        for i in range(min(p.seat_locks[s], LOCKS)):
            image.lock_closed[s, i] = 1 if w.lock_position[s, i] >= CLOSED_FROM and w.locked[s] >= 0 else 0
            image.lock_open[s, i] = 1 if w.lock_position[s, i] <= OPEN_BELOW else 0
            if faults.lock_switch_fault[s, i] != 0:
                image.lock_open[s, i] = 1 if faults.lock_switch_fault[s, i] == 1 else 0
                image.lock_closed[s, i] = 1 - image.lock_open[s, i]


@kernel
def read_pads(w: Truth, image: Image, p: Params) -> None:
    """Read the switches of pads."""
    for s in range(p.seats):
        for i in range(4):
            image.seat_present[s, i] = 0
    for k in range(p.packs):
        s = w.pack_seat[k]
        if abs(w.pack_offset_m[k, 0]) < OVER_SEAT_M and abs(w.pack_offset_m[k, 1]) < OVER_SEAT_M:
            for i in range(4):
                if w.pad_gap_m[k, i] <= p.seated_m:
                    image.seat_present[s, i] = 1


@inlined_kernel
def read_truck(w: Truth, image: Image, sensors: Sensors, faults: Faults, p: Params) -> None:
    """Read the truck's displacement, and its pose for the scanners, which deliver it late."""
    slot = sensors.scans % DELAY_SCANS
    for i in range(3):
        image.truck_seen_m[i] = w.truck_q[i]
    for i in range(6):
        sensors.truck_history[slot, i] = w.truck_q[i]
    for r in range(p.robots):
        scan_frame(image, sensors, faults, p, r)


@inlined_kernel
def scan_frame(image: Image, sensors: Sensors, faults: Faults, p: Params, r: int) -> None:
    """Take one frame of the truck's pose if one is requested and due, into the running mean `image.scan_pose[r]`.

    `image.scan_variance_m2[r]` is that of x and y about it, of the same frames (Welford, Technometrics 4 (1962) 419).

    The mean is that of all frames up to `image.scan_window[r]` of them; from then on older ones fade (a frame counts
    1 / window). A frame shows the truck as it was `scan_delay` ago, with this swap's bias and white noise; some frames
    drop out.
    """
    window = image.scan_window[r]
    if image.scan_anew[r] == 1:
        image.scan_anew[r], image.scan_count[r] = 0, 0
        sensors.scan_next_tick[r] = image.clock_tick
    if window == 0 or image.clock_tick < sensors.scan_next_tick[r]:
        return
    sensors.scan_next_tick[r] = image.clock_tick + p.scan_period_ticks
    frame = sensors.scan_frames[r]
    sensors.scan_frames[r] = frame + 1
    lane = 16 * (r + 1)
    if faults.scan_blind == 1 or uniform(p.stream[S_SCANNER], frame, lane + 15) < p.scan_dropout:
        return
    then = (sensors.scans - min(p.scan_delay_scans, sensors.scans)) % DELAY_SCANS
    count = image.scan_count[r]
    kept = min(count, window - 1)
    squares = 0.0  # of x and y, by Welford's update
    for i in range(6):
        sigma = p.scan_sigma_rad if i == 2 or i >= 4 else p.scan_sigma_m
        seen = sensors.truck_history[then, i] + p.scan_bias[i] + sigma * normal(p.stream[S_SCANNER], frame, lane + i)
        off = seen - image.scan_pose[r, i] if kept > 0 else 0.0
        image.scan_pose[r, i] = (image.scan_pose[r, i] * kept + seen) / (kept + 1)
        if i < 2:
            squares += 0.5 * off * (seen - image.scan_pose[r, i])
    image.scan_variance_m2[r] = (image.scan_variance_m2[r] * kept + squares) / (kept + 1)
    image.scan_count[r] = count + 1
