"""What the control software makes of load cell readings: zeroing, known weights, drive force, signals that are none."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.twin.control.desk import SCAN_S, Desk
from twin.control.feed_forward import weight_ahead_n
from twin.records import BUSY, TRIP_LOAD_IMPLAUSIBLE, TRIP_NONE, TRIP_OVERLOAD, Z
from twin.records.causes import (
    CAUSES,
    LOAD_AGAINST_DRIVE,
    LOAD_OF_EMPTY,
    LOAD_OF_PACK,
    LOAD_PUSHES,
    LOAD_STUCK,
    LOAD_ZERO,
)

WINDOWS = 3.05
"""A little over two windows of readings, and one that has begun before the load was known."""


class Scale:
    """A desk whose load cells read what hangs there, with noise, offset and zero; the drive of axis z carries it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.robots = int(desk.p["robots"])
        self.offset_n = 0.0
        self.friction_n = 0.0
        self.noise = np.random.default_rng(3)
        self.hung_n = np.full(2, float(desk.p["e_mass_kg"] * desk.p["gravity_mps2"]))
        self.windows_s = WINDOWS * float(desk.p["load_weighing_s"])
        self.anywhere = float(-desk.p["retract"] * np.inf)
        desk.p["interlock_off"][TRIP_LOAD_IMPLAUSIBLE] = 0

    def zero(self) -> int:
        """Identification: robot 0 asks for it, and nothing moves."""
        for r in range(self.robots):
            self.desk.command(r, load_known_from=self.anywhere)
        self.desk.commands[0]["zero_load"], self.desk.w["control"]["status"][0] = 1, BUSY
        reason = self.scans(self.windows_s)
        self.desk.commands[0]["zero_load"] = 0
        return reason

    def hold(self) -> None:
        desk = self.desk
        desk.hold()
        desk.w["image"]["grip_command"][0] = 1
        self.hung_n[0] += float(desk.p["pack_mass_kg"][desk.pack] * desk.p["gravity_mps2"])
        desk.command(0, load_known_from=self.anywhere, carrying=desk.pack)

    def scans(self, seconds: float, change: Callable[[int], None] | None = None) -> int:
        """So many scans, or until one of them trips."""
        desk, w, p = self.desk, self.desk.w, self.desk.p
        keep = float(p["load_filter_s"] / (p["load_filter_s"] + SCAN_S))
        for i in range(round(seconds / SCAN_S)):
            if change is not None:
                change(i)
            for r in range(self.robots):
                noise_n = float(p["load_sigma_n"]) * self.noise.standard_normal()
                offset_n = self.offset_n if r == 0 else 0.0
                w["image"]["load_raw_n"][r] = self.hung_n[r] + offset_n + noise_n - w["image"]["load_zero_n"][r]
                w["image"]["load_cell_n"][r] = (
                    keep * w["image"]["load_cell_n"][r] + (1.0 - keep) * w["image"]["load_raw_n"][r]
                )
                w["image"]["axis_force_n"][r, Z] = self.hung_n[r] + float(p["z_gravity_mass_kg"] * p["gravity_mps2"])
            w["image"]["axis_force_n"][0, Z] += self.friction_n
            reason = desk.trip()
            if reason != TRIP_NONE:
                return reason
        return TRIP_NONE

    @property
    def cause(self) -> int:
        return int(self.desk.w["control"]["trip_cause"])


@pytest.fixture
def scale(desk: Desk) -> Scale:
    return Scale(desk)


@pytest.mark.parametrize("share", [-0.9, -0.3, 0.0, 0.3, 0.9])
def test_an_offset_within_the_window_is_zeroed(scale: Scale, share: float) -> None:
    scale.offset_n = share * float(scale.desk.p["load_zero_window_n"])
    assert scale.zero() == TRIP_NONE
    w, p = scale.desk.w, scale.desk.p
    noise_n = float(p["load_zero_noise_n"])
    assert w["control"]["load_zeroed"][: scale.robots].all()
    assert w["control"]["load_zero_found_n"][0] == pytest.approx(scale.offset_n, abs=noise_n)
    assert w["image"]["load_zero_n"][0] == (w["control"]["load_zero_found_n"][0] if share else 0.0), (
        "noise is no offset"
    )
    assert scale.scans(scale.windows_s) == TRIP_NONE
    scale.hold()
    assert scale.scans(scale.windows_s) == TRIP_NONE
    assert w["control"]["load_weighed_n"][0] == pytest.approx(scale.hung_n[0], abs=2.0 * noise_n)


@pytest.mark.parametrize("share", [-40.0, -1.1, 1.1, 40.0])
def test_an_offset_beyond_the_window_is_not(scale: Scale, share: float) -> None:
    scale.offset_n = share * float(scale.desk.p["load_zero_window_n"])
    reason = scale.zero()
    assert reason == TRIP_LOAD_IMPLAUSIBLE
    far = (LOAD_AGAINST_DRIVE, LOAD_PUSHES)  # an overload, or a pull, that the drive does not feel
    assert scale.cause in (far if abs(share) > 2.0 else (LOAD_ZERO,)), CAUSES[scale.cause]
    assert scale.desk.w["image"]["load_zero_n"][0] == 0.0


def test_the_window_is_four_per_cent_of_the_capacity(desk: Desk) -> None:
    """OIML R 76-1."""
    p = desk.p
    assert p["load_zero_window_n"] == pytest.approx(0.04 * p["rated_load_kg"] * p["gravity_mps2"], rel=0.002)


def test_a_load_that_swings_is_neither_zeroed_nor_judged(scale: Scale) -> None:
    """A window that scatters says nothing of a mean; the station waits for the next."""
    still_n, swing_n = scale.hung_n[0], 5.0 * float(scale.desk.p["load_tolerance_n"])

    def swings(i: int) -> None:
        scale.hung_n[0] = still_n + swing_n * np.sin(2.0 * np.pi * 0.65 * i * SCAN_S)

    for r in range(scale.robots):
        scale.desk.command(r, load_known_from=scale.anywhere)
    scale.desk.commands[0]["zero_load"], scale.desk.w["control"]["status"][0] = 1, BUSY
    assert scale.scans(5.0, swings) == TRIP_NONE
    assert scale.desk.w["control"]["load_zeroed"][0] == 0
    scale.hung_n[0] = still_n
    assert scale.scans(scale.windows_s) == TRIP_NONE
    assert scale.desk.w["control"]["load_zeroed"][0] == 1
    assert scale.scans(5.0, swings) == TRIP_NONE


@pytest.mark.parametrize("beats", [0.0, 0.25, 0.5, 0.75])
@pytest.mark.parametrize("rope_m", [1.6, 4.1])
@pytest.mark.parametrize("sway_rad", [0.08, 0.12])
def test_a_swing_is_no_fault(top: Desk, rope_m: float, sway_rad: float, beats: float) -> None:
    """Ropes bear m (g cos a + L a'^2): flat, and off the weight, at the bottom of a swing and at its ends."""
    scale = Scale(top)
    assert scale.zero() == TRIP_NONE
    scale.hold()
    gravity = float(top.p["gravity_mps2"])
    weight_n, omega = scale.hung_n[0], np.sqrt(gravity / rope_m)

    def swings(i: int) -> None:
        phase = omega * i * SCAN_S + np.pi * beats
        angle, rate = sway_rad * np.cos(phase), sway_rad * omega * np.sin(phase)
        scale.hung_n[0] = weight_n * (np.cos(angle) + rope_m * rate * rate / gravity)

    assert scale.scans(8.0, swings) == TRIP_NONE
    scale.hung_n[0] = weight_n
    assert scale.scans(scale.windows_s) == TRIP_NONE, "it was weighed while it swung"


@pytest.mark.parametrize("offset_n", [500.0, -500.0])
def test_a_known_weight_does_not_change(scale: Scale, offset_n: float) -> None:
    assert scale.zero() == TRIP_NONE
    scale.offset_n = offset_n
    assert scale.scans(scale.windows_s) == TRIP_LOAD_IMPLAUSIBLE
    assert scale.cause == LOAD_OF_EMPTY
    assert scale.desk.w["control"]["trip_value"] == pytest.approx(offset_n, rel=0.1)
    scale.offset_n = 0.0
    scale.hold()
    assert scale.scans(scale.windows_s) == TRIP_NONE
    scale.offset_n = offset_n
    assert scale.scans(scale.windows_s) == TRIP_LOAD_IMPLAUSIBLE
    assert scale.cause == LOAD_OF_PACK


def test_noise_of_a_mean_is_thirty_times_below_the_tolerance(desk: Desk) -> None:
    readings = float(desk.p["load_weighing_s"]) / SCAN_S
    assert desk.p["load_tolerance_n"] > 6.0 * desk.p["load_sigma_n"] / np.sqrt(readings)
    assert desk.p["load_tolerance_n"] >= 29.0 * desk.p["load_sigma_n"] / np.sqrt(readings)


def test_what_may_touch_something_is_not_judged(scale: Scale) -> None:
    assert scale.zero() == TRIP_NONE
    z, s = scale.desk.w["image"]["axis_position"][0, Z], float(scale.desk.p["retract"])
    scale.desk.command(0, load_known_from=z + 0.01 * s)
    scale.offset_n = 500.0
    assert scale.scans(scale.windows_s) == TRIP_NONE
    scale.desk.command(0, load_known_from=z - 0.01 * s)
    assert scale.scans(scale.windows_s) == TRIP_LOAD_IMPLAUSIBLE


@pytest.mark.parametrize("way", [1.0, -1.0])
def test_friction_only_opposes(scale: Scale, way: float) -> None:
    """A drive that drags gives more than its load along its way, and never less."""
    assert scale.zero() == TRIP_NONE
    w, tolerance_n = scale.desk.w, float(scale.desk.p["load_drive_tolerance_n"])
    w["image"]["reference"][0, Z, 1] = w["image"]["axis_speed"][0, Z] = 0.01 * way
    scale.desk.command(0)
    scale.friction_n = 10_000.0 * way
    assert scale.scans(1.0) == TRIP_NONE
    scale.friction_n = 0.0
    scale.offset_n = -1.2 * tolerance_n * way
    assert scale.scans(1.0) == TRIP_NONE, "the drive gives more: that may be friction"
    scale.offset_n = 1.2 * tolerance_n * way
    assert scale.scans(1.0) == TRIP_LOAD_IMPLAUSIBLE
    assert scale.cause == LOAD_AGAINST_DRIVE


@pytest.mark.parametrize("offset_n", [3_000.0, -3_000.0, 10_000.0])
def test_a_jump_that_the_drive_does_not_feel(scale: Scale, offset_n: float) -> None:
    assert scale.zero() == TRIP_NONE
    scale.hold()
    scale.desk.command(0)  # in contact, nothing known
    scale.hung_n[0] -= 8_000.0
    assert scale.scans(1.0) == TRIP_NONE, "a real one is felt"
    scale.offset_n = offset_n
    assert scale.scans(0.35) == TRIP_LOAD_IMPLAUSIBLE
    assert scale.cause == LOAD_AGAINST_DRIVE


def test_a_reading_without_noise_is_dead(scale: Scale) -> None:
    assert scale.zero() == TRIP_NONE
    assert scale.desk.trip(scans=45) == TRIP_NONE
    assert scale.desk.trip(scans=8) == TRIP_LOAD_IMPLAUSIBLE
    assert scale.cause == LOAD_STUCK


def test_ropes_cannot_push(top: Desk) -> None:
    scale = Scale(top)
    assert scale.zero() == TRIP_NONE
    scale.desk.command(0)
    scale.hung_n[0] = 0.0
    assert scale.scans(1.0) == TRIP_NONE, "slack ropes"
    scale.offset_n = -1500.0
    assert scale.scans(0.1) == TRIP_LOAD_IMPLAUSIBLE
    assert scale.cause == LOAD_PUSHES


def test_an_overload_that_only_the_load_cell_sees_is_none(scale: Scale) -> None:
    assert scale.zero() == TRIP_NONE
    limit_n = float(scale.desk.p["overload_fraction"] * scale.desk.p["rated_load_kg"] * scale.desk.p["gravity_mps2"])
    scale.hold()
    scale.desk.command(0)
    scale.offset_n = 1.5 * limit_n
    assert scale.scans(0.1) == TRIP_LOAD_IMPLAUSIBLE
    scale.desk.w["control"]["load_s"][0] = scale.desk.w["control"]["jump_s"][0] = 0.0
    scale.offset_n = 0.0
    scale.hung_n[0] = 1.3 * limit_n
    assert scale.scans(0.1) == TRIP_OVERLOAD


def test_a_bad_reading_is_not_fed_forward(scale: Scale) -> None:
    """The drive goes on with what a weighed pack may weigh, or with the last reading before a jump."""
    assert scale.zero() == TRIP_NONE
    scale.hold()
    assert scale.scans(scale.windows_s) == TRIP_NONE
    w, p = scale.desk.w, scale.desk.p
    for offset_n in (-60_000.0, 60_000.0):
        w["image"]["load_cell_n"][0] = scale.hung_n[0] + offset_n
        assert weight_ahead_n(w["image"], w["control"], p, 0) == pytest.approx(scale.hung_n[0], rel=0.16)
    w["image"]["load_cell_n"][0] = 1.01 * scale.hung_n[0]
    assert weight_ahead_n(w["image"], w["control"], p, 0) == w["image"]["load_cell_n"][0]
    scale.desk.command(0)
    w["image"]["reference"][0, Z, 1] = w["image"]["axis_speed"][0, Z] = 0.9 * float(p["axis_velocity_loaded"][Z])
    assert scale.scans(0.2) == TRIP_NONE
    before_n = float(w["image"]["load_cell_n"][0])
    scale.offset_n = -10_000.0
    scale.scans(0.05)
    assert weight_ahead_n(w["image"], w["control"], p, 0) == pytest.approx(before_n, abs=6.0 * float(p["load_sigma_n"]))
