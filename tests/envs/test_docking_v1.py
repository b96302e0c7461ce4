"""Docking-v1: its ends, its requests and who follows them, the pose filter, what it draws, recordings of reversing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.baselines.docking_v1 import MpcV1
from envs.docking_v1 import OBSERVATION, DockingV1Env
from envs.docking_v1_case import TRAILER_START_M, Choice, in_lane
from twin.catalogue import load_scenario, load_station, load_truck, names, with_overrides
from twin.docking.operator import operator
from twin.docking.scenario import draw
from twin.errors import InputError
from twin.recording.verify import verify

Array = np.ndarray
Policy = Callable[[dict[str, float]], tuple[float, float]]
PLAIN = {"conditions": "clear", "guided": False, "operator": "by_wire", "scenario": "hall"}
STRAIGHT = {"start_y_m": 0.0, "start_yaw_rad": 0.0, "start_hitch_rad": 0.0}


def read(observation: Array) -> dict[str, float]:
    """An observation in SI, by name."""
    return {q.name: q.scale * float(value) for q, value in zip(OBSERVATION, observation, strict=True)}


def drive(env: DockingV1Env, policy: Policy, seed: int = 0, **options: Any) -> tuple[dict[str, Any], float]:
    """(last info, return) of an episode; the policy says rad and m/s."""
    observation, _ = env.reset(seed=seed, options=options)
    total, over = 0.0, False
    while not over:
        steering, speed = policy(read(observation))
        action = np.clip([steering / 0.6, speed / 1.5], -1.0, 1.0).astype(np.float32)
        observation, reward, terminated, truncated, info = env.step(action)
        total, over = total + reward, terminated or truncated
    return info, total


def classical(env: DockingV1Env) -> Policy:
    baseline = MpcV1(env)
    baseline.begin(0)

    def act(seen: dict[str, float]) -> tuple[float, float]:
        scaled = np.array([seen[q.name] / q.scale for q in OBSERVATION], np.float32)
        steering, speed = baseline.act(scaled)
        return 0.6 * float(steering), 1.5 * float(speed)

    return act


# ------------------------------------------------------------------------------------------------------------- its ends


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("truck", ["mixer_8x4", "tractor_6x4"])
def test_a_classical_drive_docks_and_earns_most(truck: str, direction: str) -> None:
    env = DockingV1Env(truck=truck, direction=direction, **PLAIN)
    info, total = drive(env, classical(env), seed=3, **STRAIGHT)
    assert info["outcome"] == "docked"
    assert info["is_success"]
    assert abs(info["kpis"]["longitudinal_error_m"]) <= 0.05
    assert info["kpis"]["gear_changes"] == 0
    assert 5.0 < total < 8.0, "progress 1, alignment 1, docked 4, parked 2, less time"
    env.close()


def test_a_pushed_trailer_that_nobody_steers_jack_knifes_or_leaves_the_lane() -> None:
    env = DockingV1Env(truck="tractor_6x4", direction="reverse", **PLAIN)
    ends = {
        drive(env, lambda seen: (0.0, -1.0), seed=seed, start_y_m=0.0, start_yaw_rad=0.0, start_hitch_rad=hitch)[0][
            "outcome"
        ]
        for seed, hitch in enumerate((0.06, -0.06, 0.4))
    }
    assert ends <= {"jackknife", "left_lane"}
    env.close()


def test_full_lock_in_reverse_is_a_jack_knife() -> None:
    scenario = with_overrides(load_scenario("hall"), {"apron_half_width_m": 50.0})
    env = DockingV1Env(truck="tractor_4x2", direction="reverse", **{**PLAIN, "scenario": scenario})
    info, _ = drive(env, lambda seen: (0.6, -0.8), start_y_m=0.0)
    assert info["outcome"] == "jackknife"
    assert info["costs"]["jackknife"] == 1.0
    assert abs(info["kpis"]["hitch_angle_rad"]) > np.radians(60.0)
    env.close()


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_too_far_is_overshot(direction: str) -> None:
    env = DockingV1Env(truck="mixer_8x4", direction=direction, **PLAIN)
    sign = 1.0 if direction == "forward" else -1.0

    def fast(seen: dict[str, float]) -> tuple[float, float]:
        return -2.0 * sign * (seen["yaw"] + 0.3 * sign * seen["y"]), sign

    info, _ = drive(env, fast, **STRAIGHT)
    assert info["outcome"] == "overshot"
    assert sign * info["kpis"]["longitudinal_error_m"] > 1.0
    env.close()


def test_standing_elsewhere_is_parked_outside_and_success_is_judged_on_the_truth() -> None:
    env = DockingV1Env(truck="mixer_8x4", direction="forward", **PLAIN)
    info, total = drive(env, lambda seen: (0.0, 1.0 if seen["x"] < -20.0 else 0.0), **STRAIGHT)
    assert info["outcome"] == "parked_outside"
    assert not info["is_success"]
    assert total < 1.0
    env.close()


# ---------------------------------------------------------------------------------------------- requests, operators


def test_another_direction_takes_a_standstill_and_a_second() -> None:
    env = DockingV1Env(truck="mixer_8x4", direction="forward", **PLAIN)
    env.reset(seed=0, options=STRAIGHT)
    for _ in range(30):
        env.step(np.array([0.0, 0.5], np.float32))
    gears = []
    for _ in range(60):
        observation, *_, info = env.step(np.array([0.0, -0.5], np.float32))
        seen = read(observation)
        gears.append((seen["gear"], seen["speed"]))
    changed = next(i for i, (gear, _) in enumerate(gears) if gear < 0.0)
    assert all(abs(speed) < 0.02 for _, speed in gears[changed - 8 : changed])
    assert gears[-1][1] < -0.3
    assert info["kpis"]["gear_changes"] == 1
    env.close()


def test_a_driver_is_late_and_wanders_where_drive_by_wire_does_neither() -> None:
    paths = {}
    for kind in ("by_wire", "driver"):
        env = DockingV1Env(truck="mixer_8x4", direction="forward", **{**PLAIN, "operator": kind})
        env.reset(seed=5, options=STRAIGHT)
        angles = []
        for step in range(60):
            observation, *_ = env.step(np.array([0.2 if step >= 30 else 0.0, 0.3], np.float32))
            angles.append(read(observation)["steering_angle"])
        paths[kind] = np.array(angles)
        env.close()
    before, after = slice(10, 30), slice(55, 60)
    assert np.std(paths["by_wire"][before]) < 1e-3 < np.std(paths["driver"][before])
    assert paths["by_wire"][after] == pytest.approx(0.12, abs=0.01)
    half = {kind: int(np.argmax(path > 0.06)) for kind, path in paths.items()}
    assert half["driver"] - half["by_wire"] >= 4, "reaction of 0.3 s and slower hands"


def test_a_drivers_draws_are_within_the_stated_reaction() -> None:
    delays = [float(operator("driver", seed)["delay_s"][0]) for seed in range(50)]
    assert 0.3 <= min(delays) < 0.4
    assert 0.6 < max(delays) <= 0.7
    assert float(operator("by_wire", 1)["delay_s"][0]) == 0.0


# ------------------------------------------------------------------------------------------------------- the filter


@pytest.mark.parametrize(("conditions", "most_mm"), [("clear", 8.0), ("night+rain", 30.0)])
def test_the_filter_is_nearer_than_the_lidar_and_knows_its_spread(conditions: str, most_mm: float) -> None:
    """Errors near the bay: what stays is mostly the lidar's constant bias, 3 mm by day and 18 mm by night in rain."""
    errors, spreads = [], []
    for seed in range(8):
        env = DockingV1Env(truck="tractor_6x4", direction="forward", **{**PLAIN, "conditions": conditions})
        env.reset(seed=seed)
        act = classical(env)
        observation, over = env.reset(seed=seed)[0], False
        while not over and env._one.episodes["x_m"][0] < -0.5:
            steering, speed = act(read(observation))
            observation, _, terminated, truncated, _ = env.step(np.array([steering / 0.6, speed / 1.5], np.float32))
            over = terminated or truncated
        seen, e = read(observation), env._one.episodes[0]
        errors.append([seen["y"] - e["y_m"], seen["yaw"] - e["yaw_rad"]])
        spreads.append(seen["y_sigma"])
        env.close()
    rms = np.sqrt(np.mean(np.square(errors), axis=0))
    assert 1e3 * rms[0] < most_mm
    assert rms[1] < np.radians(0.35)
    assert 0.0 < np.mean(spreads) < 0.03


def test_the_hitch_filter_finds_its_sensors_offset() -> None:
    env = DockingV1Env(truck="tractor_6x4", direction="forward", **PLAIN)
    at_first, later = [], []
    for seed in range(6):
        observation, _ = env.reset(seed=seed, options=STRAIGHT)
        first = abs(read(observation)["hitch_angle"])
        for _ in range(150):
            observation, *_ = env.step(np.array([0.0, 0.8], np.float32))
        at_first.append(first)
        later.append(read(observation)["hitch_angle"] - env._one.episodes["hitch_rad"][0])
        assert first == pytest.approx(abs(env._plant.params["hitch_offset_rad"][0]), rel=0.05)
    assert np.sqrt(np.mean(np.square(later))) < 0.5 * np.sqrt(np.mean(np.square(at_first)))
    env.close()


# ---------------------------------------------------------------------------------------------------------------- drawn


def test_everything_is_drawn_and_an_option_shifts_no_other() -> None:
    choice = Choice(load_station("top_lift"))
    cases = [choice.draw(seed).as_plain() for seed in range(80)]
    for name, values in (
        ("conditions", {"clear", "night", "rain"}),
        ("scenario", set(names("scenario"))),
        ("direction", {"forward", "reverse"}),
        ("operator", {"by_wire", "driver"}),
        ("guided", {True, False}),
        ("trailer", {True, False}),
    ):
        assert {case[name] for case in cases} == values
    assert not any(case["guided"] for case in cases if case["direction"] == "reverse")
    free = choice.draw(5).as_plain()
    for name, value in (
        ("load", 0.5),
        ("grade", 0.03),
        ("camber", -0.02),
        ("operator", "driver"),
        ("tyre_friction", 0.1),
    ):
        fixed = choice.draw(5, {name: value}).as_plain()
        assert fixed[name] == value
        assert {k: v for k, v in fixed.items() if k != name} == {k: v for k, v in free.items() if k != name}


def test_a_trailer_starts_in_the_lane_and_only_those_that_would_not_are_changed() -> None:
    choice = Choice(load_station("top_lift"), load_truck("tractor_6x4"), scenario=load_scenario("yard"))
    changed = 0
    for seed in range(60):
        case = choice.draw(seed)
        _, y_m, yaw_rad, hitch_rad = case.start
        trailer = case.truck.driving.trailer  # type: ignore[union-attr]
        assert trailer is not None
        axles_y_m = y_m + trailer.kingpin_x_m * np.sin(yaw_rad) - trailer.wheelbase_m * np.sin(yaw_rad - hitch_rad)
        assert abs(axles_y_m) <= TRAILER_START_M + 1e-9
        changed += abs(axles_y_m) > TRAILER_START_M - 1e-9
        assert in_lane(0.0, 0.0, 0.0, trailer) == 0.0
    assert 0 < changed < 20
    assert choice.draw(10, {"start_hitch_rad": 0.3}).start[3] == 0.3


@pytest.mark.parametrize("name", names("scenario"))
def test_draws_lie_in_the_scenario(name: str) -> None:
    scenario = load_scenario(name)
    draws = [draw(scenario, seed, "night+rain") for seed in range(40)]
    for key in ("grade", "camber", "steering_lag_factor", "brake_lag_factor", "drive_lag_factor"):
        low, high = getattr(scenario, key)
        values = [getattr(one, key) for one in draws]
        assert low <= min(values) < low + 0.3 * (high - low)
        assert high - 0.3 * (high - low) < max(values) <= high
    assert draws[0].outages_per_s == scenario.lidar.night.outages_per_s + scenario.lidar.rain.outages_per_s
    assert draws[0].wander_m == pytest.approx(np.hypot(scenario.lidar.night.wander_m, scenario.lidar.rain.wander_m))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"direction": "sideways"}, r"direction: unknown, got 'sideways' \(allowed: forward, reverse\)"),
        ({"operator": "ghost"}, "operator: unknown"),
        ({"scenario": "moon"}, "scenario.*moon"),
        ({"guided": True, "direction": "reverse"}, "direction: rails open to trucks that drive in forwards"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        DockingV1Env(**arguments)


def test_bad_options() -> None:
    env = DockingV1Env(guided=True)
    for options, words in (
        ({"direction": "reverse"}, r"options\['direction'\]: rails open"),
        ({"grade": 0.5}, r"options\['grade'\]: not a number in its range"),
        ({"operator": 3}, r"options\['operator'\]: unknown"),
        ({"scenario": 3}, r"options\['scenario'\]: neither a name nor a path"),
    ):
        with pytest.raises(InputError, match=words):
            env.reset(options=options)
    env.close()


# ----------------------------------------------------------------------------------------------------------- recordings


def test_a_recording_of_reversing_runs_again_to_the_last_bit(tmp_path: Path) -> None:
    """On a slope, with a driver, slippery: the ground, the lags and the gears are in the file."""
    env = DockingV1Env(
        truck="tractor_6x4", direction="reverse", scenario="winter", operator="driver", time_limit_s=12.0
    )
    path = tmp_path / "reverse.mcap"
    env.record_next(path)
    env.reset(seed=9)
    over, k = False, 0
    while not over:
        _, _, terminated, truncated, info = env.step(np.array([0.1, -0.5 if k < 60 else 0.5], np.float32))
        over, k = terminated or truncated, k + 1
    assert info["kpis"]["gear_changes"] == 1
    env.close()
    report = verify(path)
    assert report.verified
    assert report.rerun_sha256 == report.end_state_sha256 != ""
