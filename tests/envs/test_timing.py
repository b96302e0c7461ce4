"""Timing-v0: what its action stands for, what it asks, how it ends, what it counts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from envs.swap_case import SwapChoice
from envs.timed_swap import begin
from envs.timing import OUTCOMES, TimingEnv
from envs.timing_action import ACTION, RANGES, action_of, row_of
from envs.timing_observation import OBSERVATION
from envs.timing_reward import Limits, Shown, costs, reward_terms
from twin.catalogue import load_station, load_timing, names
from twin.catalogue.schema import MECHANICAL
from twin.errors import InputError
from twin.motion.shaper import EI, NONE, ZV, ZVD
from twin.sequence.program import OUTCOMES as ENDS
from twin.sequence.timing import TIMING, timing_row

SETUP: dict[str, Any] = {"truck": "tractor_6x4", "pack": "cab_282", "conditions": "clear", "parking": "guided"}
BOUND = Limits(3000.0, 0.015)


def factory(env: TimingEnv, phase: str, name: str = "factory") -> np.ndarray:
    """The action that stands for a phase of a set of the environment's station."""
    return action_of(timing_row(load_timing(name, env.station).of(phase)))


def seen(observation: np.ndarray) -> dict[str, float]:
    return {q.name: q.scale * float(value) for q, value in zip(OBSERVATION, observation, strict=True)}


@pytest.fixture(scope="module")
def env() -> Iterator[TimingEnv]:
    made = TimingEnv(last_phase="lift_out", **SETUP)
    yield made
    made.close()


# ---------------------------------------------------------------------------------------------------------- its action


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_every_shipped_set_can_be_said(station: str) -> None:
    at = load_station(station)
    for name in names("timing", at):
        if load_timing(name, at).planning != "nearest":  # its options are beyond the action
            continue
        for phase in MECHANICAL[at.kind]:
            row = timing_row(load_timing(name, at).of(phase))
            action = action_of(row)
            assert (np.abs(action) <= 1.0).all()
            said, limited = row_of(action.tolist(), math.nan, at)
            assert not any(limited.values()), (name, phase)
            for field in TIMING.names or ():
                same = np.isclose(said[field], row[field], rtol=1e-5, atol=1e-7, equal_nan=True)
                assert np.all(same), (name, phase, field)


def test_the_bounds_are_the_ranges() -> None:
    at = load_station("top_lift")
    low, _ = row_of([-1.0] * len(ACTION), 0.5, at)
    high, _ = row_of([1.0] * len(ACTION), 0.5, at)
    for name, within in RANGES.items():
        if name == "shaper_factor":
            assert (low["shaper_hz"], high["shaper_hz"]) == (0.5 * within.low, 0.5 * within.high)
        elif name != "creep_height_m":
            assert (low[name], high[name]) == (within.low, within.high)
    assert (low["shaper"], high["shaper"]) == (NONE, EI)
    assert low["creep_height_m"] == at.limits.contact_zone_m, "the machine's own limit"
    middle, _ = row_of([0.0] * len(ACTION), 0.5, at)
    assert middle["shaper_hz"] == pytest.approx(0.5)
    assert middle["creep_speed_mps"] == pytest.approx(math.sqrt(0.01 * 0.05))
    kinds = [row_of([0.0, 0.0, 0.0, cut] + [0.0] * 6, 0.5, at)[0]["shaper"] for cut in (-0.9, -0.4, 0.1, 0.6)]
    assert kinds == [NONE, ZV, ZVD, EI]


def test_the_machine_limits_what_may_be_asked() -> None:
    fast = [0.0] * 7 + [-1.0, 1.0, 0.0]
    _, at_top = row_of(fast, math.nan, load_station("top_lift"))
    row, at_chassis = row_of(fast, math.nan, load_station("chassis"))
    assert at_top == {"creep_height": True, "creep_speed": False}
    assert at_chassis == {"creep_height": False, "creep_speed": True}
    assert row["creep_speed_mps"] == load_station("chassis").limits.contact_speed_mps


def test_without_overlap_it_settles() -> None:
    at = load_station("top_lift")
    overlaps = [row_of([0.0] * 9 + [value], 0.5, at)[0]["overlap_s"] for value in (-1.0, -0.5, -0.4, 1.0)]
    assert overlaps[:2] == [0.0, 0.0]
    assert overlaps[2] == pytest.approx(10.0 * 0.1 / 1.5)
    assert overlaps[3] == 10.0


# ----------------------------------------------------------------------------------------------------- what it counts


def shown(mechanical_s: float = 0.0, force_n: float = 0.0, sway_m: float = 0.0, *invariants: int) -> Shown:
    return Shown(mechanical_s, force_n, sway_m, frozenset(invariants))


def test_reward_terms() -> None:
    terms = reward_terms(shown(10.0, 2000.0), shown(30.0, 4500.0, 0.03, 3), "running", 100.0, BOUND)
    assert terms == {"time": 0.2, "completed": 0.0, "failed": 0.0, "violation": 1.0, "force": 0.5, "sway": 1.0}
    again = reward_terms(shown(30.0, 4500.0, 0.03, 3), shown(30.0, 4500.0, 0.03, 3), "jam", 100.0, BOUND)
    assert again == {"time": 0.0, "completed": 0.0, "failed": 1.0, "violation": 0.0, "force": 0.0, "sway": 0.0}
    assert reward_terms(shown(), shown(), "completed", 100.0, BOUND)["completed"] == 1.0
    assert reward_terms(shown(), shown(), "part_completed", 100.0, BOUND)["failed"] == 0.0
    assert costs(shown(), shown(0.0, 6000.0, 0.0, 1, 6), BOUND) == {"invariants": 2.0, "lateral_force": 1.0}


def test_every_end_is_named() -> None:
    assert set(OUTCOMES) == {"running", "part_completed", *ENDS}


# -------------------------------------------------------------------------------------------------------- an episode


def test_a_part_of_a_swap(env: TimingEnv) -> None:
    observation, info = env.reset(seed=0)
    asked, total, force, over = [], 0.0, 0.0, False
    assert info["kpis"]["time_s"] == 0.0
    assert seen(observation)["elapsed"] == 0.0
    while not over:
        asked.append(info["asked"]["phase"])
        reported = seen(observation)
        assert reported[f"phase_{asked[-1]}"] == 1.0
        assert sum(value for name, value in reported.items() if name.startswith("phase_")) == 1.0
        observation, reward, over, truncated, info = env.step(factory(env, asked[-1]))
        total += reward
        force += info["reward_terms"]["force"]
        assert not truncated
    assert asked == ["lower", "grip", "unlock", "lift_out"]
    assert (info["outcome"], info["is_success"], info["asked"]["phase"]) == ("part_completed", True, "")
    assert total == pytest.approx(-info["kpis"]["ratio"] - 0.5 * force, abs=1e-9), "time, and what pushes too hard"
    assert 0.0 <= force < 0.02, "as the locks let go it presses with hardly more than the warning limit"
    assert seen(observation)["mass"] == pytest.approx(info["case"]["pack_masses_kg"][0], rel=0.02), "as weighed"
    assert seen(observation)["elapsed"] == pytest.approx(info["kpis"]["time_s"], abs=1e-4)


def test_the_factory_set_times_as_it_does_in_a_swap(env: TimingEnv) -> None:
    """Stored: seed 0 of tests/evidence/top_lift_guided.jsonl, with servo gains as designed."""
    info = env.reset(seed=0, options={"servo_gain_spread": 0.0})[1]
    while info["outcome"] == "running":
        info = env.step(factory(env, info["asked"]["phase"]))[4]
    assert info["kpis"]["time_s"] == pytest.approx(19.96 + 3.97 + 6.98 + 12.68, abs=0.3)


def test_what_a_robot_knows(env: TimingEnv) -> None:
    observation, info = env.reset(seed=3, options={"truck_x_m": 0.03, "truck_y_m": -0.02, "truck_yaw_rad": 0.01})
    reported = seen(observation)
    assert reported["truck_x"] == pytest.approx(0.03, abs=0.01), "bias and noise of the scanner"
    assert reported["truck_y"] == pytest.approx(-0.02, abs=0.01)
    assert reported["way_y"] == pytest.approx(-1.5, abs=0.1), "from where it waits to over the truck"
    assert reported["way_z"] == pytest.approx(1.056 + 1.6 - 4.9, abs=0.1)
    assert reported["rope_start"] == reported["rope_move"] == pytest.approx(1.1, abs=0.01)
    assert reported["rope_end"] == pytest.approx(6.0 - 1.056 - 1.6, abs=0.1)
    assert (reported["clear"], reported["night"], reported["rain"], reported["guided"]) == (1.0, 0.0, 0.0, 1.0)
    assert reported["robot_progress"] == reported["swap_progress"] == reported["mass"] == 0.0
    assert info["kpis"]["lower_bound_s"] == pytest.approx(95.0, abs=2.0)
    assert info["kpis"]["procedure_bound_s"] == pytest.approx(108.0, abs=2.0)


def test_two_robots_are_asked_one_after_the_other() -> None:
    env = TimingEnv("chassis", truck="chassis_tractor_3", last_phase="raise", conditions="clear")
    observation, info = env.reset(seed=0)
    assert (info["asked"]["robot"], info["asked"]["phase"]) == (0, "raise")
    assert seen(observation)["phase_lower"] == 1.0, "named as at top_lift"
    assert seen(observation)["rope_start"] == 0.0
    first_s = info["kpis"]["time_s"]
    info = env.step(factory(env, "raise"))[4]
    assert (info["asked"]["robot"], info["asked"]["phase"]) == (1, "raise")
    assert info["kpis"]["time_s"] == first_s, "no time passes between two that ask at once"
    info = env.step(factory(env, "raise"))[4]
    assert info["outcome"] == "part_completed"
    env.close()


def test_a_truck_outside_the_gate_parks_again() -> None:
    choice = SwapChoice(load_station("top_lift"), parking="unguided", conditions="clear")
    limits = choice.station.limits
    outside = next(seed for seed in range(200) if abs(choice.draw(seed).as_plain()["truck_x_m"]) > limits.repark_m)
    case, swap = begin(choice, outside, {}, load_timing("factory", choice.station), 0)
    assert abs(case.as_plain()["truck_x_m"]) < limits.repark_m
    assert swap.ask is not None
    swap.close()
    with pytest.raises(InputError, match="no swap begins"):
        begin(choice, 0, {"truck_x_m": 0.14}, load_timing("factory", choice.station), 0)


def test_bad_phases() -> None:
    with pytest.raises(InputError, match="last_phase: unknown, got 'raise'"):
        TimingEnv(last_phase="raise")
    env = TimingEnv()
    with pytest.raises(InputError, match=r"options\['last_phase'\]: unknown, got 'dock'"):
        env.reset(options={"last_phase": "dock"})
    env.close()


# ------------------------------------------------------------------------------------------------------------- pictures


def test_pictures_show_the_swap() -> None:
    env = TimingEnv(last_phase="grip", render_mode="rgb_array", size_px=(160, 90), **SETUP)
    env.reset(seed=0)
    first = env.render()
    assert first is not None
    assert (first.shape, first.dtype) == ((90, 160, 3), np.uint8)
    assert first.std() > 15.0
    env.step(factory(env, "lower"))
    later = env.render()
    assert later is not None
    assert np.abs(first.astype(int) - later).max() > 50, "the spreader has gone down"
    env.close()
