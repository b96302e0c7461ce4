"""When axial force over a seat ends an insertion, and when it is the seat itself."""

from __future__ import annotations

import numpy as np
import pytest

from tests.twin.control.desk import SCAN_S, Desk
from tests.twin.control.test_velocity_motion import SETUPS
from twin.control.logic import judge
from twin.control.readings import JAM_HEIGHT_M, LANDING_HEIGHT_M
from twin.control.velocity_motion import held_up
from twin.records import BUSY, FOLLOW_START, JAM, UNTIL_SEATED

JAM_N = 5000.0


def ends_as(station: str, height_m: float, pads: tuple[int, int, int, int], seat: int | None = None) -> int:
    """How an insertion ends within a second in which the seat bears more than a jam's force."""
    desk = Desk(SETUPS[station])
    desk.hold()
    s, seat_z = float(desk.p["retract"]), float(desk.w["image"]["axis_position"][0, 2])
    desk.at(z=seat_z + s * height_m)
    desk.w["image"]["load_cell_n"][0] -= s * 1.2 * JAM_N  # ropes lose load, a table gains it
    desk.w["image"]["seat_present"][desk.slot] = pads
    c = desk.command(
        inserting=1, until=UNTIL_SEATED, seat=desk.slot if seat is None else seat, seat_z=seat_z, jam_below_n=JAM_N,
        timeout_s=np.inf, follow=FOLLOW_START,
    )  # fmt: skip
    c["velocity"] = 0.0
    for _ in range(round(1.0 / SCAN_S)):
        status = int(judge(desk.w["image"], desk.w["control"], desk.p, c, 0, SCAN_S))
        if status != BUSY:
            return status
    return BUSY


@pytest.mark.parametrize("station", SETUPS)
@pytest.mark.parametrize(
    ("height_m", "pads", "status"),
    [
        (JAM_HEIGHT_M - 0.001, (0, 0, 0, 0), BUSY),
        (JAM_HEIGHT_M + 0.001, (0, 0, 0, 0), JAM),
        (LANDING_HEIGHT_M - 0.001, (0, 0, 0, 0), JAM),
        (LANDING_HEIGHT_M - 0.001, (0, 0, 1, 0), BUSY),  # the truck leans: this pad comes first
        (LANDING_HEIGHT_M + 0.001, (1, 1, 1, 0), JAM),  # those switches cannot be right
    ],
)
def test_a_pad_that_is_touched_tells_a_landing_from_a_jam(
    station: str, height_m: float, pads: tuple[int, int, int, int], status: int
) -> None:
    assert ends_as(station, height_m, pads) == status


def test_without_a_seat_there_are_no_pads() -> None:
    assert ends_as("top_lift", JAM_HEIGHT_M + 0.001, (1, 1, 1, 1), seat=-1) == JAM


@pytest.mark.parametrize(("pads", "held"), [((0, 0, 0, 0), True), ((0, 1, 0, 0), False)])
def test_a_pad_that_bears_half_of_the_weight_does_not_stop_the_hoist(
    pads: tuple[int, int, int, int], held: bool
) -> None:
    desk = Desk(SETUPS["top_lift"])
    desk.hold()
    seat_z = float(desk.w["image"]["axis_position"][0, 2])
    desk.at(z=seat_z + 2.0 * JAM_HEIGHT_M)
    desk.w["image"]["load_raw_n"][0] -= 0.6 * float(desk.w["control"]["carried_kg"][0]) * float(desk.p["gravity_mps2"])
    desk.w["image"]["seat_present"][desk.slot] = pads
    c = desk.command(inserting=1, until=UNTIL_SEATED, seat=desk.slot, seat_z=seat_z)
    assert held_up(desk.w["image"], desk.w["control"], desk.p, c, 0, -0.05) is held
