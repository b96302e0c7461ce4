"""What swaps of an environment are drawn from."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from envs.swap_case import SwapChoice
from twin.catalogue import load_pack, load_station, load_truck
from twin.errors import InputError


def test_everything_is_drawn_and_again_the_same() -> None:
    choice = SwapChoice(load_station("top_lift"))
    cases = [choice.draw(seed).as_plain() for seed in range(60)]
    assert {case["truck"] for case in cases} == {"dump_8x4", "mixer_8x4", "tractor_4x2", "tractor_6x4"}
    assert {case["pack"] for case in cases} == {"cab_141", "cab_282", "cab_350", "cab_423"}
    assert {case["conditions"] for case in cases} == {"clear", "night", "rain"}
    assert {case["parking"] for case in cases} == {"guided", "unguided"}
    for name in ("guide_friction", "truck_x_m", "truck_yaw_rad"):
        assert len({case[name] for case in cases}) == 60
    assert choice.draw(7).as_plain() == cases[7]
    case = choice.draw(7)
    assert pickle.loads(pickle.dumps(case)).cell.params.tobytes() == case.cell.params.tobytes()


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
        ({"conditions": "fog"}, r"options\['conditions'\]: unknown, got 'fog' \(allowed: clear, night, rain\)"),
        ({"parking": "driven"}, r"options\['parking'\]: unknown, got 'driven' \(allowed: guided, unguided\)"),
        ({"servo_gain_spread": 0.9}, r"options\['servo_gain_spread'\]: not a number in its range"),
        ({"friction_factor": "wet"}, r"options\['friction_factor'\]: not a number"),
        ({"pack": "cab_141", "pack_mass_kg": 4000.0}, "pack_mass_kg: no mass of pack cab_141"),
        ({"truck": "bicycle"}, "bicycle"),
        ({"truck": 3}, r"options\['truck'\]: neither a name nor a path"),
        ({"truck": "chassis_rigid_1"}, "nothing goes with station top_lift and truck chassis_rigid_1"),
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
        SwapChoice(at, parking="driven")
    with pytest.raises(InputError, match="do not go together"):
        SwapChoice(at, load_truck("chassis_rigid_1"), load_pack("cab_282"))
