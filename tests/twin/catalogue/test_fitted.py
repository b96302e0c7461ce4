"""Axis limits with another motor or gear: the shipped ones to the last bit, closed forms, and one clear line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.catalogue import load_motor, load_station, names, with_overrides
from twin.catalogue.derived import LOADS, UNITS, longest_stop, own_weight_kg
from twin.catalogue.fitted import Drive, duty, field, limit, most
from twin.catalogue.load import load_with_provenance, models_folder
from twin.catalogue.plausible import implausible
from twin.catalogue.schema import Station
from twin.catalogue.settings import with_settings
from twin.errors import InputError
from twin.gravity import GRAVITY_MPS2 as G

TOP = load_station("top_lift")
STEMS = [f"{stem}{load}" for stem in ("velocity", "acceleration") for load in LOADS] + ["force_limit", "jerk"]


def fitted(motor: str, axis: str = "z", station: Station = TOP, **more: object) -> Station:
    changes = [f"axes.{axis}.motor={motor}", *(f"axes.{axis}.{key}={value}" for key, value in more.items())]
    return with_settings({"station": station}, changes)["station"]  # type: ignore[no-any-return]


def limits(station: Station, axis: str) -> dict[str, float]:
    return {stem: limit(getattr(station.axes, axis), axis, stem) for stem in (*STEMS, "stopping_distance")}


def drive_of(station: Station, axis: str) -> Drive:
    a = getattr(station.axes, axis)
    return Drive(a.motor, a.gear)


# ------------------------------------------------------------------------------------------------------------- shipped


@pytest.mark.parametrize("name", names("station"))
def test_every_axis_of_a_shipped_station_has_a_motor_that_does_its_limits(name: str) -> None:
    station = load_station(name)
    assert all(getattr(station.axes, axis).motor is not None for axis in UNITS)
    assert not list(implausible(station))


@pytest.mark.parametrize("name", names("station"))
def test_its_own_motor_set_anew_changes_no_limit_by_a_bit(name: str) -> None:
    station = load_station(name)
    again = with_overrides(station, {f"axes.{axis}.motor": getattr(station.axes, axis).motor.name for axis in UNITS})
    assert again == station
    feeding = with_overrides(station, {f"axes.{axis}.motor.feeds_back": True for axis in UNITS})
    assert [limits(feeding, axis) for axis in UNITS] == [limits(station, axis) for axis in UNITS]


def test_the_shipped_hoists_are_the_smallest_that_lift_the_rated_load() -> None:
    sizes = sorted((load_motor(name) for name in names("motor")), key=lambda motor: motor.rated_power_w)
    for name in ("top_lift", "chassis"):
        station = load_station(name)
        z = station.axes.z
        weight_n = (own_weight_kg(station) + station.limits.rated_load_kg) * G
        needed_w = (weight_n + z.coulomb_n + z.viscous_n_per_mps * z.velocity_mps) * z.velocity_mps / z.gear.efficiency  # type: ignore[union-attr]
        assert z.motor == next(motor for motor in sizes if motor.rated_power_w >= needed_w)


# ---------------------------------------------------------------------------------------------------------- another one


def test_a_larger_hoist_lifts_faster_by_its_power() -> None:
    """P = F v: 22 kW for 15 kW; empty it turns no faster, as its maximum speed is the same."""
    before, after = limits(TOP, "z"), limits(fitted("hoist_22kw"), "z")
    assert after["velocity"] == pytest.approx(before["velocity"] * 22.0 / 15.0, rel=2e-3)  # viscous friction
    assert after["velocity_empty"] == before["velocity_empty"]
    assert after["force_limit"] == pytest.approx(before["force_limit"] * 287.0 / 196.0)
    assert after["jerk"] / before["jerk"] == pytest.approx(after["acceleration"] / before["acceleration"])


def test_acceleration_goes_with_the_force_left_at_full_speed() -> None:
    """(peak - friction) / mass: a trolley's 1.5 kW for 1.1 kW; both turn at their rated speed."""
    before, after = limits(TOP, "y"), limits(fitted("travel_1_5kw", "y"), "y")
    left = [motor * 0.94 / 0.003327 - 250.0 - 150.0 * 0.5 for motor in (19.9, 14.6)]
    assert after["velocity"] == before["velocity"]
    assert after["acceleration"] / before["acceleration"] == pytest.approx(left[0] / left[1], rel=2e-3)


def test_what_the_rails_bear_caps_every_motor() -> None:
    three, five = (limits(fitted(motor, "x"), "x") for motor in ("travel_3kw", "travel_5_5kw"))
    assert three == five
    assert three["force_limit"] == 8000.0  # 2 x 2.2 kW reach those 9.8 kN already


def test_breakdown_torque_falls_with_the_square_of_speed() -> None:
    drive = drive_of(TOP, "z")
    assert drive.peak_force(0.9 * drive.rated_speed) == drive.peak_force()
    twice = 274.7 * 0.94 / 0.001635 / 4.0
    assert drive.peak_force(2.0 * drive.rated_speed) == pytest.approx(twice)


def test_continuous_speed_solves_the_power_balance() -> None:
    drive, asked = drive_of(TOP, "z"), duty(TOP, "z", "")
    speed = drive.continuous_speed(asked)
    assert asked.static(speed) * speed == pytest.approx(15000.0 * 0.94)
    assert drive.intermittent_speed(asked) > speed


def test_a_gear_is_a_factor_too() -> None:
    """A faster gear: the empty hoist is faster, and the force at the axis less."""
    after = with_overrides(TOP, {"axes.z.gear.travel_m_per_rad": 0.0018})
    assert after.axes.z.velocity_empty_mps > TOP.axes.z.velocity_empty_mps
    assert after.axes.z.velocity_mps == TOP.axes.z.velocity_mps  # by its power
    assert after.axes.z.force_limit_n == pytest.approx(TOP.axes.z.force_limit_n * 1.635 / 1.8)


def test_a_limit_given_beside_the_motor_stays_as_given() -> None:
    station = fitted("hoist_22kw", velocity_mps=0.3)
    assert station.axes.z.velocity_mps == 0.3
    assert station.axes.z.force_limit_n == fitted("hoist_22kw").axes.z.force_limit_n


def test_a_part_of_a_motor_beside_the_motor() -> None:
    changes = ["axes.z.motor.feeds_back=true", "axes.z.motor=hoist_22kw"]  # whatever their order
    motor = with_settings({"station": TOP}, changes)["station"].axes.z.motor
    assert (motor.name, motor.feeds_back) == ("hoist_22kw", True)


MOTORS = [load_motor(name) for name in names("motor")]


@given(st.sampled_from(MOTORS), st.sampled_from(sorted(UNITS)), st.sampled_from(["top_lift", "chassis"]))
def test_fitted_limits_are_within_what_the_drive_does(motor: object, axis: str, name: str) -> None:
    try:
        station = with_overrides(load_station(name), {f"axes.{axis}.motor": motor})
    except InputError:
        return  # too small
    drive, a = drive_of(station, axis), getattr(station.axes, axis)
    assert limit(a, axis, "force_limit") <= drive.peak_force() * (1.0 + 1e-9)
    for load in LOADS:
        asked = duty(station, axis, load)
        assert asked.velocity <= drive.intermittent_speed(asked) * (1.0 + 1e-9)
        assert asked.acceleration <= most(drive, asked, asked.velocity) * (1.0 + 1e-9)
    ratio = limit(a, axis, "stopping_distance") / longest_stop(station, axis)
    design = load_station(name)
    margin = limit(getattr(design.axes, axis), axis, "stopping_distance") / longest_stop(design, axis)
    assert ratio == pytest.approx(margin)
    assert with_overrides(station, {}) == station  # its motor is its design from then on


# -------------------------------------------------------------------------------------------------------------- files


def copied(folder: Path, *changes: tuple[str, str]) -> Path:
    text = (models_folder() / "stations" / "top_lift.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) >= 1
        text = text.replace(old, new, 1)
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


DESIGN = """    design: {motor: hoist_15kw, gear: {travel_m_per_rad: 0.001635, efficiency: 0.94}}
  yaw:"""


def test_a_file_states_its_limits_for_its_own_motor(tmp_path: Path) -> None:
    station = load_station(str(copied(tmp_path, ("motor: hoist_15kw", "motor: hoist_22kw"))))
    assert limits(station, "z") == limits(TOP, "z")


def test_a_file_with_a_design_has_the_limits_of_its_motor_and_says_so(tmp_path: Path) -> None:
    path = copied(tmp_path, ("motor: hoist_15kw", "motor: hoist_22kw"), ("  yaw:", DESIGN))
    station, provenance = load_with_provenance("station", path)
    assert limits(station, "z") == limits(fitted("hoist_22kw"), "z")  # type: ignore[arg-type]
    assert provenance["axes.z.velocity_mps"].text.startswith("0.25 is stated for the axis' design; with hoist_22kw")
    assert provenance["axes.z.coulomb_n"].tag == "estimate"
    assert provenance["axes.z.motor.rated_torque_nm"].tag == "sourced"  # as the motor's file has it


def test_a_motor_in_full_and_by_file(tmp_path: Path) -> None:
    text = (models_folder() / "motors" / "hoist_15kw.yaml").read_text(encoding="utf-8")
    (tmp_path / "own.yaml").write_text(text.replace("name: hoist_15kw", "name: own"), encoding="utf-8")
    by_file = load_station(str(copied(tmp_path, ("motor: hoist_15kw", f"motor: {tmp_path / 'own.yaml'}"))))
    in_full = with_overrides(by_file, {"axes.z.motor": by_file.axes.z.motor.model_dump()})  # type: ignore[union-attr]
    assert in_full == by_file
    assert by_file.axes.z.motor.name == "own"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("motor: hoist_15kw", "motor: hoist_16kw", "axes.z.motor: line 88: unknown motor (did you mean hoist_11kw?)"),
        ("motor: hoist_15kw", "motor: 15", "axes.z.motor: line 88: must be a mapping"),
        ("motor: hoist_15kw", "", "axes.z: line 68: gear needs motor beside it"),
        ("{value: 0.001635,", "{value: 0.005,", "axes.z.force_limit_n: motor hoist_15kw with its gear gives no more"),
        ("velocity_mps: {value: 0.25,", "velocity_mps: {value: 0.4,", "axes.z.velocity_mps: motor hoist_15kw with its"),
        ("motor: hoist_15kw", "motor: hoist_11kw", "axes.z.velocity_empty_mps"),
    ],
)  # fmt: skip
def test_what_a_motor_does_not_do_is_one_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    changes = [(old, new)]
    if "hoist_11kw" in new:
        changes.append(("velocity_empty_mps: {value: 0.40,", "velocity_empty_mps: {value: 0.60,"))
        changes.append(("stopping_distance_m: {value: 0.68,", "stopping_distance_m: {value: 1.3,"))
    path = copied(tmp_path, *changes)
    with pytest.raises(InputError) as caught:
        load_station(str(path))
    line = str(caught.value)
    assert line.startswith(f"{path}: {said}")
    assert "\n" not in line


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["axes.z.motor=hoist_7_5kw"], "axes.z.motor hoist_7_5kw cannot do this station's work: axes.z.force_limit_n"),
        (["axes.z.motor=travel_1_1kw"], "axes.z.motor: too small for the rated load, its peak at the axis is 8394 N"),
        (["axes.z.motor.rated_power_w=18000"], "rated_torque_nm 98.1 must be rated_power_w over rated_speed_rpm"),
        (["axes.z.motor=hoist_22kw", "axes.z.velocity_mps=0.5"], "velocity_mps 0.5 must be at most velocity_empty_mps"),
        (["axes.z.motor=hoist_16kw"], "axes.z.motor: unknown motor (did you mean hoist_11kw?), got 'hoist_16kw'"),
        (["axes.z.motor.efficiency=1.1"], "axes.z.motor.efficiency: out of range, got 1.1"),
    ],
)
def test_a_setting_that_a_motor_does_not_do_is_one_line(changes: list[str], said: str) -> None:
    with pytest.raises(InputError) as caught:
        with_settings({"station": TOP}, changes)
    assert said in str(caught.value)
    assert str(caught.value).startswith("--set station")


def test_units_of_fields() -> None:
    assert [field("yaw", stem) for stem in ("force_limit", "jerk")] == ["torque_limit_nm", "jerk_radps3"]
    assert field("z", "velocity_empty") == "velocity_empty_mps"
    assert math.isinf(TOP.axes.z.gear.force_max)  # type: ignore[union-attr]
