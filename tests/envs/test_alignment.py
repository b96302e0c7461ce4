"""Alignment-v1: the gate, the observer of the sway, the peak of the force, wide starts."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.error import ResetNeeded

from envs.alignment import ACTION, OBSERVATION
from envs.alignment_case import AlignmentCase, AlignmentChoice
from envs.alignment_control import Control
from tests.envs.episodes import make
from twin.alignment.sensed import DECISION_S, SENSED, sensed_of
from twin.catalogue import load_station
from twin.errors import InputError
from twin.gravity import GRAVITY_MPS2

ROM = {"plant": "rom"}
AT = {q.name: i for i, q in enumerate(OBSERVATION)}
SCALE = np.array([q.scale for q in OBSERVATION])


def environment(**arguments: Any) -> Any:
    return make("swaptwin/Alignment-v1", {**ROM, **arguments}).unwrapped


def seen_at(**values: float) -> Any:
    record = np.zeros(1, SENSED)
    record["guides"], record["rope_m"] = 3.0, 3.0
    for name, value in values.items():
        record[name] = value
    return sensed_of(record)


def test_a_pack_pushed_past_the_gate_is_led_on() -> None:
    """Without the rule the servo of a swinging pack leads back to the gate, for as long as its patience lasts."""
    control = Control("residual", load_station("top_lift"))
    swinging = {"sway_x_m": 0.03, "height_m": 0.42}
    control.look(seen_at(**swinging))
    control.look(seen_at(**swinging, guides=1.1, elapsed_s=0.05))
    waits = control.observation()
    assert waits[AT["servo_passed"]] == 0.0
    assert waits[AT["servo_in"]] < 0.0
    control.look(seen_at(**swinging, guides=0.95, elapsed_s=0.10))
    led = control.observation()
    assert led[AT["servo_passed"]] == 1.0
    assert led[AT["servo_in"]] > 0.0
    assert led[AT["servo_waiting"]] == 0.0


def test_the_state_of_the_servo_is_observed() -> None:
    control = Control("direct", load_station("top_lift"))
    for step in range(61):
        control.look(seen_at(guides=0.5, height_m=0.07, elapsed_s=step * DECISION_S, axial=0.6))
        observed = control.observation() * SCALE
        if step == 30:
            assert observed[AT["servo_stuck"]] == pytest.approx(1.5)
    assert observed[AT["servo_retreating"]] == 1.0
    assert observed[AT["servo_tries"]] == 1.0
    assert observed[AT["servo_in"]] == pytest.approx(-0.08)


def test_the_observer_sees_a_swing_better_than_the_sensor() -> None:
    rope_m, sigma_m = 3.0, 0.002
    omega = np.sqrt(GRAVITY_MPS2 / rope_m)
    random = np.random.default_rng(0)
    control = Control("direct", load_station("top_lift"))
    wrong_m, wrong_mps = [], []
    for step in range(80):
        phase = omega * step * DECISION_S
        sway_m, rate_mps = 0.02 * np.cos(phase), -0.02 * omega * np.sin(phase)
        control.look(seen_at(rope_m=rope_m, sway_x_m=sway_m + sigma_m * random.standard_normal()))
        observed = control.observation() * SCALE
        if step > 20:
            wrong_m.append(observed[AT["swing_x"]] - sway_m)
            wrong_mps.append(observed[AT["swing_x_rate"]] - rate_mps)
    assert np.std(wrong_m) < 0.6 * sigma_m
    assert np.std(wrong_mps) < 0.004  # the filtered difference of `sway_x_rate`: 0.013


def test_an_accelerating_trolley_is_in_the_observers_model() -> None:
    """A load at rest lags behind a trolley that gains 0.06 m/s in a step by that speed, before the sensor sees it."""
    control = Control("direct", load_station("top_lift"))
    for _ in range(40):
        control.look(seen_at())
    control.look(seen_at(speed_x_mps=0.06, sway_x_m=-0.5 * DECISION_S * 0.06))
    assert control.observation()[AT["swing_x_rate"]] * SCALE[AT["swing_x_rate"]] == pytest.approx(-0.06, rel=0.02)


@pytest.mark.parametrize(("care", "free"), [(0.0, 1.0), (1.0, 0.0)])
def test_the_peak_terms_of_an_episode_sum_to_its_peak(care: float, free: float) -> None:
    env = environment(care=care)
    env.reset(seed=3)
    summed, over = 0.0, False
    while not over:
        _, _, terminated, truncated, info = env.step(np.array([0.0, 0.0, 0.5, 0.0], np.float32))
        summed, over = summed + info["reward_terms"]["peak"], terminated or truncated
    limits, peak_n = env.station.limits, info["kpis"]["peak_lateral_force_n"]
    assert peak_n > limits.lateral_warn_n
    assert summed == pytest.approx((peak_n - free * limits.lateral_warn_n) / limits.lateral_abort_n)
    env.close()


def test_care_is_observed_drawn_and_fixed() -> None:
    env = environment(care=None)
    drawn = {float(env.reset(seed=seed)[0][AT["care"]]) for seed in range(3)}
    assert len(drawn) == 3
    observation, info = env.reset(seed=0, options={"care": 0.25})
    assert observation[AT["care"]] == info["case"]["care"] == 0.25
    with pytest.raises(InputError, match="care"):
        env.reset(seed=0, options={"care": 2.0})
    env.close()


def test_wide_starts_are_wider_and_hold_the_hand_over() -> None:
    narrow, wide = environment(), environment(starts="wide")
    cases = [(narrow.reset(seed=seed)[1]["case"], wide.reset(seed=seed)[1]["case"]) for seed in range(12)]
    for a, b in cases:
        assert abs(b["off_x_m"]) >= abs(a["off_x_m"])
        assert b["height_m"] == a["height_m"]
    assert any(abs(b["off_x_m"]) > 1.2 * abs(a["off_x_m"]) for a, b in cases)
    assert any(b["conditions"] == "night+rain" for _, b in cases)
    fixed, _ = environment(starts="wide", conditions="clear").reset(seed=4)
    assert fixed.shape == (len(OBSERVATION),)
    with pytest.raises(InputError, match="starts"):
        environment(starts="narrow")


def test_the_hoist_may_run_at_its_own_limit() -> None:
    env = environment(conditions="clear")
    env.reset(seed=1, options={"height_m": 0.9})
    fastest = 0.0
    for _ in range(60):
        observation, _, terminated, _, _ = env.step(np.array([0.0, 0.0, 1.0, 0.0], np.float32))
        fastest = max(fastest, float(observation[AT["axis_speed_in"]] * SCALE[AT["axis_speed_in"]]))
    assert ACTION[2].scale == env.station.axes.z.velocity_mps
    assert fastest == pytest.approx(env.station.axes.z.velocity_mps, rel=0.02)
    env.close()


NOWHERE = {"height_m": 0.05, "off_x_m": 0.02, "off_y_m": 0.02}
"""Inside the guides and 20 mm off: the pack presses against them before the agent has it."""


def test_a_start_that_no_insertion_begins_from_is_one_line() -> None:
    env = make("swaptwin/Alignment-v1", {"plant": "rom"})
    with pytest.raises(InputError, match="options: no episode begins there.*outside_model"):
        env.reset(seed=0, options=NOWHERE)
    assert np.isfinite(env.reset(seed=0)[0]).all(), "the environment goes on"
    env.close()


def test_it_is_one_for_a_batch_too() -> None:
    env = gymnasium.make_vec("swaptwin/Alignment-v1", num_envs=2)
    observations, _ = env.reset(seed=0)
    with pytest.raises(InputError, match="options: no episode begins there.*insertion 1 could.*outside_model"):
        env.reset(seed=[0, 0], options={**NOWHERE, "reset_mask": np.array([False, True])})
    with pytest.raises(ResetNeeded):
        env.step(np.zeros((2, 4), np.float32))
    np.testing.assert_array_equal(env.reset(seed=0)[0], observations)
    env.close()


def test_a_wide_start_that_no_insertion_begins_from_is_drawn_as_a_hand_over(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = AlignmentChoice.draw

    def draw(self: AlignmentChoice, seed: int, options: Any = None, *, widened: bool = True) -> AlignmentCase:
        there = seed == 0 and widened and self.starts == "wide"
        return usual(self, seed, NOWHERE if there else options, widened=widened)

    monkeypatch.setattr(AlignmentChoice, "draw", draw)
    many = gymnasium.make_vec("swaptwin/Alignment-v1", num_envs=2, starts="wide")
    one = make("swaptwin/Alignment-v1", {"plant": "rom", "starts": "wide"})
    together, infos = many.reset(seed=0)
    for seed in range(2):
        alone, info = one.reset(seed=seed)
        np.testing.assert_array_equal(together[seed], alone)
        assert infos["case"]["height_m"][seed] == info["case"]["height_m"] > NOWHERE["height_m"]
    many.close()
    one.close()
