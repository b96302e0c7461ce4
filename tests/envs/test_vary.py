"""`vary`: options of every episode, and what lies outside the station file: noise, mass, delay."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest

import envs  # noqa: F401 - registers
from envs.delay import Delay
from twin.errors import InputError

CLEAR = {"station": "chassis", "plant": "rom", "parking": "guided", "conditions": "clear"}


def made(**arguments: Any) -> Any:
    return gymnasium.make("envs:swaptwin/Alignment-v1", disable_env_checker=True, **CLEAR | arguments)


def test_an_action_takes_effect_its_delay_later() -> None:
    late, prompt = made(vary={"delay_s": 0.1}), made()
    previous = slice(29, 33)
    up = np.array([0.5, 0.0, -0.5, 0.0], np.float32)
    late.reset(seed=3), prompt.reset(seed=3)
    told = [late.step(up)[0][previous] for _ in range(3)]
    assert not told[0].any()
    assert not told[1].any()
    np.testing.assert_array_equal(told[2], prompt.step(up)[0][previous])
    late.reset(seed=3, options={"delay_s": 0.0})
    assert late.step(up)[0][previous].any(), "an option of the reset goes before it"


def test_a_world_of_the_batch_equals_the_single_environment() -> None:
    vary = {"delay_s": 0.1, "noise_factor": 2.0, "mass_beyond": -0.1, "friction_factor": 0.5}
    batch = gymnasium.make_vec("envs:swaptwin/Alignment-v1", num_envs=2, **CLEAR, vary=vary)
    single, random = made(vary=vary), np.random.default_rng(0)
    batch.reset(seed=[5, 6])
    single.reset(seed=6)
    for _ in range(8):
        actions = random.uniform(-1.3, 1.3, (2, 4)).astype(np.float32)
        many, rewards, _, _, infos = batch.step(actions)
        one, reward, _, _, info = single.step(actions[1])
        np.testing.assert_array_equal(many[1], one)
        assert rewards[1] == reward
        assert {name: bool(flags[1]) for name, flags in infos["clipped"].items() if name[0] != "_"} == info["clipped"]


def test_noise_and_mass_are_those_of_the_files_changed() -> None:
    environment = made(vary={"noise_factor": 2.0, "mass_beyond": 0.1, "friction_factor": 0.5})
    case = environment.reset(seed=1)[1]["case"]
    assert case["pack_masses_kg"] == pytest.approx([1.1 * 1300.0] * len(case["pack_masses_kg"]))
    assert case["guide_friction"] == pytest.approx(0.5 * 0.15)
    p = environment.unwrapped.runner.params[0]
    nominal = made()
    nominal.reset(seed=1)
    usual = nominal.unwrapped.runner.params[0]
    for name in ("scan_sigma_m", "scan_sigma_rad", "sway_sigma_m", "load_sigma_n"):
        assert p[name] == pytest.approx(2.0 * usual[name]), name
    np.testing.assert_array_equal(p["scan_bias"], usual["scan_bias"])
    assert environment.unwrapped.station.scanner.sigma_m == nominal.unwrapped.station.scanner.sigma_m


@pytest.mark.parametrize(
    ("vary", "named"),
    [({"wind": 1.0}, "wind"), ({"delay_s": 9.0}, "delay_s"), ({"mass_beyond": 0.5}, "mass_beyond"),
     ({"delay_s": 0.12}, "delay_s")],
)  # fmt: skip
def test_what_it_does_not_have_is_refused_in_one_line(vary: dict[str, float], named: str) -> None:
    with pytest.raises(InputError, match=named):
        made(vary=vary).reset(seed=0)


def test_packs_that_the_hoist_cannot_lift_are_refused_in_one_line() -> None:
    heavy = {"station": "top_lift", "pack": "cab_423", "vary": {"mass_beyond": 0.2}}
    with pytest.raises(InputError, match="overload"):
        made(**heavy).reset(seed=0)
    with pytest.raises(InputError, match="overload"):
        gymnasium.make_vec("envs:swaptwin/Alignment-v1", num_envs=1, **CLEAR | heavy).reset(seed=0)


def test_a_queue_gives_back_what_it_was_given_in_order() -> None:
    delay, which = Delay(2, 1, 3), np.array([0, 1])
    delay.begin(0, 2)
    sent = [delay.passed_on(which, np.full((2, 1), float(i)))[:, 0].tolist() for i in range(1, 5)]
    assert sent == [[0.0, 1.0], [0.0, 2.0], [1.0, 3.0], [2.0, 4.0]]
    delay.begin(0, 1)
    assert delay.passed_on(which, np.full((2, 1), 9.0))[0, 0] == 0.0, "nothing is left of the episode before"
