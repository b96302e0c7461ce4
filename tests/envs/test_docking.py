"""Docking: its ends, its requests and who follows them, what it draws, recordings of reversing."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.baselines.docking import Mpc
from envs.docking import OBSERVATION, OUTCOMES, DockingEnv
from envs.docking_case import TRAILER_START_M, Choice, in_lane, laden
from tests.envs.episodes import make
from twin.catalogue import load_pack, load_scenario, load_station, load_truck, names, with_overrides
from twin.docking.operator import operator
from twin.docking.params import docking_params
from twin.docking.scenario import draw
from twin.errors import InputError
from twin.recording.verify import verify

Array = np.ndarray
Policy = Callable[[dict[str, float]], tuple[float, float]]
PLAIN = {"conditions": "clear", "guided": False, "operator": "by_wire", "scenario": "hall"}
ROOT = Path(__file__).resolve().parents[2]
STRAIGHT = {"start_y_m": 0.0, "start_yaw_rad": 0.0, "start_hitch_rad": 0.0}


def read(observation: Array) -> dict[str, float]:
    """An observation in SI, by name."""
    return {q.name: q.scale * float(value) for q, value in zip(OBSERVATION, observation, strict=True)}


def drive(env: DockingEnv, policy: Policy, seed: int = 0, **options: Any) -> tuple[dict[str, Any], float]:
    """(last info, return) of an episode; the policy says rad and m/s."""
    observation, _ = env.reset(seed=seed, options=options)
    total, over = 0.0, False
    while not over:
        steering, speed = policy(read(observation))
        action = np.clip([steering / 0.6, speed / 1.5], -1.0, 1.0).astype(np.float32)
        observation, reward, terminated, truncated, info = env.step(action)
        total, over = total + reward, terminated or truncated
    return info, total


def classical(env: DockingEnv) -> Policy:
    baseline = Mpc(env)
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
    env = DockingEnv(truck=truck, direction=direction, **PLAIN)
    info, total = drive(env, classical(env), seed=3, **STRAIGHT)
    assert info["outcome"] == "docked"
    assert info["is_success"]
    assert abs(info["kpis"]["longitudinal_error_m"]) <= 0.05
    assert info["kpis"]["gear_changes"] == 0
    assert 5.0 < total < 8.0, "progress 1, alignment 1, docked 4, parked 2, less time"
    env.close()


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_a_residual_of_zero_drives_as_the_law(direction: str) -> None:
    options = {**PLAIN, "truck": "tractor_6x4", "direction": direction, "conditions": "rain"}
    direct = DockingEnv(**options)  # type: ignore[arg-type]
    residual = DockingEnv(**options, action_mode="residual")  # type: ignore[arg-type]
    baseline, zero = Mpc(direct), Mpc(residual)
    seen, same = direct.reset(seed=5)[0], residual.reset(seed=5)[0]
    for _ in range(80):
        assert seen.tobytes() == same.tobytes()
        action = baseline.act(seen)
        assert action.tobytes() == seen[-2:].tobytes(), "what it would ask for is observed"
        assert not zero.act(same).any()
        seen, same = direct.step(action)[0], residual.step(np.zeros(2, np.float32))[0]


def test_a_residual_steers_about_the_law_and_stands_with_it() -> None:
    env = DockingEnv(**PLAIN, direction="forward", action_mode="residual")  # type: ignore[arg-type]
    seen = read(env.reset(seed=3)[0])
    for _ in range(40):
        before = seen
        observation, *_, info = env.step(np.array([2.0, -0.5], np.float32))
        seen = read(observation)
        assert info["clipped"] == {"steering_angle": True, "speed": False}
        assert seen["asked_steering_angle"] == pytest.approx(before["law_steering_angle"] + 0.09, abs=1e-6)
        assert seen["asked_speed"] == pytest.approx(0.75 * before["law_speed"], abs=1e-6)


def test_a_pushed_trailer_that_nobody_steers_jack_knifes_or_leaves_the_lane() -> None:
    env = DockingEnv(truck="tractor_6x4", direction="reverse", **PLAIN)
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
    env = DockingEnv(truck="tractor_4x2", direction="reverse", **{**PLAIN, "scenario": scenario})
    info, _ = drive(env, lambda seen: (0.6, -0.8), start_y_m=0.0)
    assert info["outcome"] == "jackknife"
    assert info["costs"]["jackknife"] == 1.0
    assert abs(info["kpis"]["hitch_angle_rad"]) > np.radians(60.0)
    env.close()


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_too_far_is_overshot(direction: str) -> None:
    env = DockingEnv(truck="mixer_8x4", direction=direction, **PLAIN)
    sign = 1.0 if direction == "forward" else -1.0

    def fast(seen: dict[str, float]) -> tuple[float, float]:
        return -2.0 * sign * (seen["yaw"] + 0.3 * sign * seen["y"]), sign

    info, _ = drive(env, fast, **STRAIGHT)
    assert info["outcome"] == "overshot"
    assert sign * info["kpis"]["longitudinal_error_m"] > 1.0
    env.close()


def test_standing_elsewhere_is_parked_outside_and_success_is_judged_on_the_truth() -> None:
    env = DockingEnv(truck="mixer_8x4", direction="forward", **PLAIN)
    info, total = drive(env, lambda seen: (0.0, 1.0 if seen["x"] < -20.0 else 0.0), **STRAIGHT)
    assert info["outcome"] == "parked_outside"
    assert not info["is_success"]
    assert total < 1.0
    env.close()


def test_a_rail_hit_too_hard() -> None:
    """Into the flare with some speed and aside, well laden: the wheel presses harder than the station allows."""
    env = DockingEnv("top_lift", truck="tractor_6x4", conditions="clear", guided=True, operator="by_wire")
    ends = []
    for y_m in (0.3, 0.4, 0.5):
        info, _ = drive(env, lambda seen: (0.0, 1.5), start_y_m=y_m, start_yaw_rad=0.0, start_hitch_rad=0.0, load=1.0)
        ends.append(info)
    hit = [info for info in ends if info["outcome"] == "rail_hit"]
    assert hit, [info["outcome"] for info in ends]
    assert hit[0]["kpis"]["peak_rail_force_n"] > 30_000.0
    assert hit[0]["costs"]["rail_force"] > 0.0
    env.close()


def test_off_the_lane_and_time() -> None:
    env = DockingEnv(truck="mixer_8x4", direction="forward", time_limit_s=10.0, **PLAIN)
    info, total = drive(env, lambda seen: (0.2, 1.0))
    assert info["outcome"] == "left_lane"
    assert info["costs"]["left_lane"] == 1.0
    assert total < 0.0
    info, _ = drive(env, lambda seen: (0.0, 0.0))
    assert info["outcome"] == "time_limit"
    assert info["kpis"]["time_s"] == pytest.approx(10.0)
    env.close()


# ---------------------------------------------------------------------------------------------- requests, operators


def test_another_direction_takes_a_standstill_and_a_second() -> None:
    env = DockingEnv(truck="mixer_8x4", direction="forward", **PLAIN)
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
        env = DockingEnv(truck="mixer_8x4", direction="forward", **{**PLAIN, "operator": kind})
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


def test_the_hitch_filter_finds_its_sensors_offset() -> None:
    env = DockingEnv(truck="tractor_6x4", direction="forward", **PLAIN)
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
        ({"conditions": "fog"}, "conditions: unknown"),
        ({"guided": 1}, "guided: not a boolean"),
        ({"time_limit_s": 1.0}, r"time_limit_s: .* \(allowed: 10 to 600\)"),
        ({"truck": "chassis_rigid_1"}, "nothing fits station top_lift and truck chassis_rigid_1"),
        ({"pack": "chassis_171"}, "nothing fits station top_lift and pack chassis_171"),
        ({"direction": "sideways"}, r"direction: unknown, got 'sideways' \(allowed: forward, reverse\)"),
        ({"operator": "ghost"}, "operator: unknown"),
        ({"scenario": "moon"}, "scenario.*moon"),
        ({"guided": True, "direction": "reverse"}, "direction: rails open to trucks that drive in forwards"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        DockingEnv(**arguments)


def test_options_that_do_not_go_together() -> None:
    env = DockingEnv(guided=True)
    for options, words in (
        ({"direction": "reverse"}, r"options\['direction'\]: rails open"),
        ({"grade": 0.5}, r"options\['grade'\]: not a number in its range"),
        ({"operator": 3}, r"options\['operator'\]: unknown"),
        ({"scenario": 3}, r"options\['scenario'\]: neither a name nor a path"),
    ):
        with pytest.raises(InputError, match=words):
            env.reset(options=options)
    env.close()


@pytest.mark.parametrize("name", names("truck"))
def test_an_empty_truck_still_drives(name: str) -> None:
    truck = load_truck(name)
    station = load_station("top_lift" if truck.mount == "back_of_cab" else "chassis")
    pack = load_pack("cab_141" if truck.mount == "back_of_cab" else "chassis_171")
    full, empty = (docking_params(laden(truck, load), station, pack)[0] for load in (1.0, 0.0))
    assert full["total_kg"] == docking_params(truck, station, pack)[0]["total_kg"], "as the file has it"
    assert 7_500.0 < empty["total_kg"] < 0.6 * full["total_kg"]
    assert (empty["axle_load_n"][: empty["axles"]] > 0.0).all()
    driving = truck.driving
    assert driving is not None
    if driving.trailer is not None:
        assert laden(truck, 0.3).driving.trailer.mass_kg < driving.trailer.mass_kg  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"load": 1.5}, r"options\['load'\]: not a number in its range, got 1.5 \(allowed: 0 to 1\)"),
        ({"start_x_m": float("nan")}, r"options\['start_x_m'\]"),
        (
            {"conditions": "fog"},
            r"options\['conditions'\]: unknown, got 'fog' \(allowed: clear, night, rain, night\+rain\)",
        ),
        ({"guided": "yes"}, r"options\['guided'\]: not a boolean"),
        ({"truck": "bicycle"}, "bicycle"),
        ({"truck": 3}, r"options\['truck'\]: neither a name nor a path"),
        ({"truck": "chassis_rigid_1"}, "are not compatible"),
        ({"pack": "chassis_171"}, "are not compatible"),
    ],
)
def test_bad_options(options: dict[str, Any], words: str) -> None:
    env = DockingEnv(truck="tractor_6x4", pack="cab_282", **PLAIN)
    with pytest.raises(InputError, match=words):
        env.reset(seed=0, options=options)
    env.close()


# ----------------------------------------------------------------------------------------------------------- recordings


def test_a_recording_of_reversing_runs_again_to_the_last_bit(tmp_path: Path) -> None:
    """On a slope, with a driver, slippery: the ground, the lags and the gears are in the file."""
    env = DockingEnv(truck="tractor_6x4", direction="reverse", scenario="winter", operator="driver", time_limit_s=12.0)
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


# ------------------------------------------------------------------------------------------------------------- pictures


def test_nothing_of_the_viewer_is_loaded_unasked() -> None:
    code = (
        "import sys, gymnasium; e = gymnasium.make('envs:swaptwin/Docking-v3'); e.reset(seed=0); "
        "print({m.split('.')[0] for m in sys.modules} & {'panda3d', 'pybullet', 'torch'})"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout == "set()\n", run.stderr


def test_pictures_show_the_truck_coming() -> None:
    env = make(
        "swaptwin/Docking-v3", {"render_mode": "rgb_array", "size_px": (160, 90), "truck": "mixer_8x4"}
    ).unwrapped
    env.reset(seed=2, options={"direction": "forward", "start_x_m": -14.0})
    first = env.render()
    assert isinstance(first, np.ndarray)
    assert (first.shape, first.dtype) == ((90, 160, 3), np.uint8)
    assert first.std() > 15.0
    assert (first == env.render()).all()
    for _ in range(40):
        env.step(np.array([0.0, 0.5], np.float32))
    assert np.abs(first.astype(int) - env.render()).max() > 50
    copy = pickle.loads(pickle.dumps(env))
    assert (copy.render() == env.render()).all()
    copy.close()
    env.close()


@pytest.mark.parametrize(
    ("arguments", "words"), [({"view": "moon"}, "view: no such view"), ({"size_px": (0, 9)}, "size_px: not a width")]
)
def test_bad_picture_arguments(arguments: dict[str, Any], words: str) -> None:
    env = DockingEnv(render_mode="rgb_array", **arguments)
    env.reset(seed=0)
    with pytest.raises(InputError, match=words):
        env.render()
    env.close()


WINDOW = """
import numpy as np
from envs.docking import DockingEnv
env = DockingEnv(render_mode="human", truck="mixer_8x4", size_px=(160, 90))
env.reset(seed=0)
env.step(np.zeros(2))
assert env.render() is None
window = env._picture._picture._window
print(window.picture().std() > 15.0)
env.close()
"""


def test_a_window_without_a_display_is_refused() -> None:
    without = {key: value for key, value in os.environ.items() if key != "DISPLAY"}
    run = subprocess.run([sys.executable, "-c", WINDOW], cwd=ROOT, env=without, capture_output=True, text=True)
    assert run.returncode == 1
    assert "render_mode: no window can be opened here (is there a display?), got 'human'" in run.stderr


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb not installed: the window was NOT tested")
def test_a_window_shows_the_episode() -> None:
    server = subprocess.Popen(
        ["Xvfb", "-noreset", "-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        display = {**os.environ, "DISPLAY": f":{server.stdout.readline().strip()}"}
        run = subprocess.run([sys.executable, "-c", WINDOW], cwd=ROOT, env=display, capture_output=True, text=True)
        assert run.stdout.strip() == "True", run.stderr
    finally:
        server.terminate()
        server.wait(timeout=20)


def test_every_end_is_named() -> None:
    assert set(OUTCOMES) >= {"running", "docked", "rail_hit", "time_limit"}
