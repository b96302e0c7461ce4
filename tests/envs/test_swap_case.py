"""What swaps of an environment are drawn from."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from envs.alignment_case import AlignmentChoice
from envs.swap_case import SwapChoice, outside_gate
from twin.catalogue import Station, load_pack, load_station, load_truck, with_overrides
from twin.errors import InputError
from twin.setup.setup import build_setup
from twin.setup.variation import Variation


def test_everything_is_drawn_and_again_the_same() -> None:
    choice = SwapChoice(load_station("top_lift"))
    cases = [choice.draw(seed).as_plain() for seed in range(60)]
    assert {case["truck"] for case in cases} == {truck.name for truck, _ in choice.fitting}
    assert {case["pack"] for case in cases} == {pack.name for _, packs in choice.fitting for pack in packs}
    assert {case["conditions"] for case in cases} == {"clear", "night", "rain"}
    assert {case["parking"] for case in cases} == {"guided", "unguided"}
    for name in ("guide_friction", "truck_x_m", "truck_yaw_rad"):
        assert len({case[name] for case in cases}) == 60
    assert choice.draw(7).as_plain() == cases[7]
    case = choice.draw(7)
    assert pickle.loads(pickle.dumps(case)).setup.params.tobytes() == case.setup.params.tobytes()


@pytest.mark.parametrize(
    ("name", "value", "also"),
    [
        ("conditions", "night", ()),
        ("parking", "unguided", ("truck_x_m", "truck_y_m", "truck_yaw_rad")),
        ("servo_gain_spread", 0.0, ()),
        ("truck_x_m", 0.01, ()),
        ("pack_mass_kg", 1700.0, ("pack_masses_kg",)),
        ("friction_factor", 1.5, ("guide_friction",)),
    ],
)
def test_an_option_fixes_one_thing_and_shifts_no_other(name: str, value: Any, also: tuple[str, ...]) -> None:
    choice = SwapChoice(load_station("top_lift"), pack=load_pack("cab_141"), parking="guided", conditions="clear")
    free, fixed = choice.draw(5).as_plain(), choice.draw(5, {name: value}).as_plain()
    assert fixed.get(name, value) == value
    assert {key for key in free if free[key] != fixed[key]} <= {name, *also}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"conditions": "fog"},
            r"options\['conditions'\]: unknown, got 'fog' \(allowed: clear, night, rain, night\+rain\)",
        ),
        ({"parking": "towed"}, r"options\['parking'\]: unknown, got 'towed' \(allowed: guided, unguided, driven\)"),
        ({"parking": "driven", "truck_x_m": 0.0}, "truck_x_m: a truck that is driven in"),
        ({"servo_gain_spread": 0.9}, r"options\['servo_gain_spread'\]: not a number in its range"),
        ({"friction_factor": "wet"}, r"options\['friction_factor'\]: not a number"),
        ({"pack": "cab_141", "pack_mass_kg": 4000.0}, "pack_mass_kg: no mass of pack cab_141"),
        ({"truck": "bicycle"}, "bicycle"),
        ({"truck": 3}, r"options\['truck'\]: neither a name nor a path"),
        ({"truck": "chassis_rigid_1"}, "nothing fits station top_lift and truck chassis_rigid_1"),
        ({"wind": 3}, "options: unknown option, got 'wind'"),
    ],
)
def test_bad_options(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        SwapChoice(load_station("top_lift")).draw(0, options)


def test_bad_arguments() -> None:
    at = load_station("top_lift")
    with pytest.raises(InputError, match="conditions: unknown"):
        SwapChoice(at, conditions="fog")
    with pytest.raises(InputError, match="parking: unknown"):
        SwapChoice(at, parking="towed")
    with pytest.raises(InputError, match="has no data for a drive into its bay"):
        SwapChoice(at.model_copy(update={"approach": None}), parking="driven")
    with pytest.raises(InputError, match="are not compatible"):
        SwapChoice(at, load_truck("chassis_rigid_1"), load_pack("cab_282"))


# ------------------------------------------------------------------------------------------- conditions, parking again


def test_night_and_rain_are_one_condition_however_they_are_named() -> None:
    at = load_station("top_lift")
    for choice, options in (
        (SwapChoice(at, conditions="rain+night"), None),
        (SwapChoice(at), {"conditions": "rain+night"}),
    ):
        both = choice.draw(5, options)
        assert both.as_plain()["conditions"] == "night+rain"
        worse = [SwapChoice(at, conditions=one).draw(5).setup.params["scan_sigma_m"] for one in ("night", "rain")]
        assert (both.setup.params["scan_sigma_m"] > np.maximum(*worse)).all()


def gate(**limits: float) -> Station:
    return with_overrides(load_station("top_lift"), {f"limits.{name}": value for name, value in limits.items()})


@pytest.mark.parametrize(("parking", "gate_m"), [("unguided", 0.04), ("driven", 0.01)])
def test_trucks_outside_the_gate_park_again_and_are_counted(parking: str, gate_m: float) -> None:
    """By a narrow gate most trucks have to try again; each try is another parking, the last one inside."""
    narrow = gate(repark_m=gate_m)
    choice = AlignmentChoice(SwapChoice(narrow, parking=parking))
    first = SwapChoice(narrow, parking=parking)
    counts = []
    for seed in range(4):
        case, drawn = choice.draw(seed), first.draw(seed)
        counts.append(case.swap.reparked)
        assert case.as_plain()["reparked"] == case.swap.reparked
        assert not outside_gate(case.swap)
        assert (case.swap.reparked > 0) == outside_gate(drawn)
        assert choice.draw(seed).swap.setup.params.tobytes() == case.swap.setup.params.tobytes()
        if case.swap.reparked:
            assert drawn.reparked == 0
            assert case.as_plain()["truck_x_m"] != drawn.as_plain()["truck_x_m"]
    assert sum(counts) > 0


def test_a_pose_that_is_fixed_outside_the_gate_does_not_park_again() -> None:
    options = {"truck_x_m": 0.05, "truck_y_m": 0.0, "truck_yaw_rad": 0.0}
    case = AlignmentChoice(SwapChoice(gate(repark_m=0.010), parking="guided")).draw(0, options)
    assert case.as_plain()["reparked"] == 0
    assert case.as_plain()["truck_x_m"] == 0.05


def test_another_drive_is_another_seed_and_is_recorded() -> None:
    choice = SwapChoice(load_station("top_lift"), load_truck("tractor_6x4"), load_pack("cab_282"), "driven", "night")
    own, other = choice.draw(3), choice.draw(3, again={"drive_seed": 12345})
    assert own.setup.docking is not None
    assert other.setup.docking is not None
    assert own.setup.docking.weather == "night"
    assert own.setup.docking.pose != other.setup.docking.pose
    reported = other.variation.model_dump()
    assert reported["drive_seed"] == 12345
    assert "drive_seed" not in own.variation.model_dump(), "written as ever where the drive is the swap's own"
    again = build_setup(own.station, own.truck, own.pack, seed=3, parking="driven", variation=Variation(**reported))
    assert again.params.tobytes() == other.setup.params.tobytes()
