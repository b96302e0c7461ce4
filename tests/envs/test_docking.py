"""Docking-v0: its ends, its reward, what it draws, and its pictures."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from envs.docking import OBSERVATION, OUTCOMES, DockingEnv
from envs.docking_case import Choice, laden
from tests.envs.episodes import make
from twin.catalogue import load_pack, load_station, load_truck, names
from twin.docking.params import docking_params
from twin.errors import InputError

Array = np.ndarray
Policy = Callable[[dict[str, float]], tuple[float, float]]
ROOT = Path(__file__).resolve().parents[2]
STRAIGHT = {"start_y_m": 0.0, "start_yaw_rad": 0.0}
BRAKE = -1.0


def read(observation: Array) -> dict[str, float]:
    """An observation in SI, by name."""
    return {q.name: q.scale * float(value) for q, value in zip(OBSERVATION, observation, strict=True)}


def drive(env: DockingEnv, policy: Policy, seed: int = 0, **options: Any) -> tuple[dict[str, Any], float, bool, bool]:
    """(last info, return, terminated, truncated) of an episode; the policy says rad/s and m/s2."""
    observation, _ = env.reset(seed=seed, options=options)
    total, terminated, truncated = 0.0, False, False
    while not terminated and not truncated:
        rate, acceleration = policy(read(observation))
        action = np.clip([rate / 0.33, acceleration], -1.0, 1.0).astype(np.float32)
        observation, reward, terminated, truncated, info = env.step(action)
        total += reward
    return info, total, terminated, truncated


def careful(seen: dict[str, float]) -> tuple[float, float]:
    """Stanley steering towards the lane's middle, slowing down in time, and a halt a little before the mark."""
    speed, yaw = seen["speed"], seen["measured_yaw"]
    front_y = seen["measured_y"] + 1.6 * np.sin(yaw)
    wanted = np.clip(-(yaw + np.arctan(0.5 * front_y / (speed + 0.5))), -0.3, 0.3)
    left = -(seen["measured_x"] + seen["driven_since"])
    if left < 0.4 * speed:
        return 0.0, BRAKE
    aim = min(1.3, 0.1 + np.sqrt(0.3 * max(left - 0.3, 0.0)))
    slowing = 0.15 if aim < 1.3 and left > 0.3 else 0.0
    return 2.5 * (wanted - seen["steering_angle"]), 0.8 * (aim - speed) - slowing + 0.06  # against rolling resistance


@pytest.fixture(scope="module")
def env() -> Iterator[DockingEnv]:
    made = DockingEnv("top_lift", truck="tractor_6x4", pack="cab_282", conditions="clear", guided=False)
    yield made
    made.close()


# ------------------------------------------------------------------------------------------------------------- its ends


def test_a_careful_drive_docks_and_earns_most(env: DockingEnv) -> None:
    info, total, terminated, truncated = drive(env, careful, **STRAIGHT)
    assert (info["outcome"], info["is_success"], terminated, truncated) == ("docked", True, True, False)
    assert abs(info["kpis"]["longitudinal_error_m"]) <= 0.05
    assert 20.0 < info["kpis"]["time_s"] < 60.0
    assert info["cost"] == 0.0
    assert 7.0 < total < 8.0, "progress 1, alignment 1, docked 4, parked 2, less some time"


def test_too_far_is_overshot(env: DockingEnv) -> None:
    info, total, terminated, truncated = drive(env, lambda seen: (0.0, 0.8 * (1.0 - seen["speed"]) + 0.1), **STRAIGHT)
    assert (info["outcome"], terminated, truncated) == ("overshot", True, False)
    assert total < 1.0


def test_off_the_lane(env: DockingEnv) -> None:
    info, total, terminated, truncated = drive(env, lambda seen: (0.1, 0.5))
    assert (info["outcome"], terminated, truncated) == ("left_lane", True, False)
    assert info["costs"]["left_lane"] == 1.0
    assert total < 0.0


def test_standing_somewhere_else(env: DockingEnv) -> None:
    def halfway(seen: dict[str, float]) -> tuple[float, float]:
        return 0.0, BRAKE if seen["measured_x"] > -20.0 else 0.8 * (1.2 - seen["speed"])

    info, total, terminated, truncated = drive(env, halfway, **STRAIGHT)
    assert (info["outcome"], terminated, truncated) == ("parked_outside", True, False)
    assert -20.0 < info["kpis"]["longitudinal_error_m"] < -15.0
    assert 0.0 < total < 1.0
    assert info["reward_terms"]["parked"] < 1e-6


def test_time_truncates() -> None:
    env = DockingEnv(time_limit_s=10.0)
    info, _, terminated, truncated = drive(env, lambda seen: (0.0, BRAKE))
    assert (info["outcome"], terminated, truncated) == ("time_limit", False, True)
    assert info["kpis"]["time_s"] == pytest.approx(10.0)
    env.close()


def test_a_rail_hit_too_hard() -> None:
    """Into the flare with some speed and aside, well laden: the wheel presses harder than the station allows."""
    env = DockingEnv("top_lift", truck="tractor_6x4", conditions="clear", guided=True)
    ends = []
    for y_m in (0.3, 0.4, 0.5):
        info, _, terminated, truncated = drive(
            env, lambda seen: (0.0, 0.8 * (2.5 - seen["speed"]) + 0.1), start_y_m=y_m, start_yaw_rad=0.0, load=1.0
        )
        assert terminated
        assert not truncated
        ends.append(info)
    hit = [info for info in ends if info["outcome"] == "rail_hit"]
    assert hit, [info["outcome"] for info in ends]
    assert hit[0]["kpis"]["peak_rail_force_n"] > 30_000.0
    assert hit[0]["costs"]["rail_force"] > 0.0
    assert hit[0]["costs"]["overspeed"] > 0.0
    env.close()


def test_a_jack_knife_cannot_come_about(env: DockingEnv) -> None:
    """Full lock one way, then the other, at speed: the lane is left before the trailer is at a right angle."""
    for seed in range(6):
        after = np.random.default_rng(seed).uniform(-30.0, -15.0)
        turn = lambda seen, x=after: (0.33 if seen["measured_x"] < x else -0.33, 0.6)  # noqa: E731
        env.reset(seed=seed)
        info, *_ = drive(env, turn, seed=seed)
        assert info["outcome"] == "left_lane"
        assert abs(env._plant.hitch_angle_rad()[0]) < 0.8


def test_success_is_judged_on_the_true_pose(env: DockingEnv) -> None:
    info, *_ = drive(env, careful, seed=3, conditions="rain", **STRAIGHT)
    kpis = info["kpis"]
    errors = kpis["longitudinal_error_m"], kpis["lateral_error_m"]
    within = max(map(abs, errors)) <= 0.05 and abs(kpis["yaw_error_rad"]) <= np.radians(1.0)
    assert info["is_success"] == within
    pose = env._plant.pose()[0]
    assert errors == (pose[0], pose[1])


# ------------------------------------------------------------------------------------------------------------- observed


def test_the_lidar_is_late_and_the_wheels_tell_the_rest(env: DockingEnv) -> None:
    observation, _ = env.reset(seed=1, options=STRAIGHT)
    assert read(observation)["measured_new"] == -1.0
    for _ in range(100):
        observation, *_, info = env.step(
            np.array([0.0, 0.4 if env._one.episodes["speed_mps"][0] < 1.0 else 0.06], np.float32)
        )
        seen = read(observation)
        if seen["measured_new"] == 1.0:
            assert seen["measured_age"] == pytest.approx(0.1)
        now_m = seen["measured_x"] + seen["driven_since"]
        assert now_m == pytest.approx(info["kpis"]["longitudinal_error_m"], abs=0.08), "bias, noise, wheel speed"
    assert seen["speed"] == pytest.approx(1.0, abs=0.15)
    assert seen["driven_since"] == pytest.approx(0.1 * seen["speed"], rel=0.1)


def test_rain_hides_the_start(env: DockingEnv) -> None:
    observation, _ = env.reset(seed=1, options={"conditions": "rain"})
    unseen = 0
    while read(observation)["measured_new"] == -1.0:
        observation, *_ = env.step(np.array([0.0, 0.3], np.float32))
        unseen += 1
    assert unseen > 10, "its range does not reach the start"
    dropped = []
    for _ in range(60):
        observation, *_ = env.step(np.array([0.0, 0.06], np.float32))
        dropped.append(read(observation)["measured_new"] == 0.0)
    assert 0.05 < np.mean(dropped) < 0.5


def test_two_hidden_errors_look_the_same_at_the_start(env: DockingEnv) -> None:
    """The true pose is not observed: before the first measurement nothing tells where the truck stands."""
    one = env.reset(seed=1, options={"start_y_m": 0.5, "start_yaw_rad": 0.05})[0]
    other = env.reset(seed=1, options={"start_y_m": -0.5, "start_yaw_rad": -0.05})[0]
    assert one.tobytes() == other.tobytes()


# ---------------------------------------------------------------------------------------------------------------- drawn


def test_an_option_fixes_one_thing_and_shifts_no_other() -> None:
    choice = Choice(load_station("top_lift"), None, None, None, None)
    free = choice.draw(5).as_plain()
    for name, value in (("load", 0.5), ("conditions", "night"), ("guided", False), ("tyre_friction", 0.4)):
        fixed = choice.draw(5, {name: value}).as_plain()
        assert fixed[name] == value
        assert {k: v for k, v in fixed.items() if k != name} == {k: v for k, v in free.items() if k != name}


def test_everything_is_drawn() -> None:
    choice = Choice(load_station("top_lift"), None, None, None, None)
    cases = [choice.draw(seed).as_plain() for seed in range(60)]
    assert {case["truck"] for case in cases} == {truck.name for truck, _ in choice.fitting}
    assert {case["pack"] for case in cases} == {pack.name for _, packs in choice.fitting for pack in packs}
    assert {case["conditions"] for case in cases} == {"clear", "night", "rain"}
    assert {case["guided"] for case in cases} == {True, False}
    for truck, packs in choice.fitting:
        assert {case["pack"] for case in cases if case["truck"] == truck.name} == {pack.name for pack in packs}
    for name in ("load", "pack_mass_kg", "tyre_friction"):
        assert len({case[name] for case in cases}) == 60


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
def test_bad_options(env: DockingEnv, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        env.reset(seed=0, options=options)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"conditions": "fog"}, "conditions: unknown"),
        ({"guided": 1}, "guided: not a boolean"),
        ({"time_limit_s": 1.0}, r"time_limit_s: .* \(allowed: 10 to 600\)"),
        ({"truck": "chassis_rigid_1"}, "nothing fits station top_lift and truck chassis_rigid_1"),
        ({"pack": "chassis_171"}, "nothing fits station top_lift and pack chassis_171"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        DockingEnv(**arguments)


# ------------------------------------------------------------------------------------------------------------- pictures


def test_nothing_of_the_viewer_is_loaded_unasked() -> None:
    code = (
        "import sys, gymnasium; e = gymnasium.make('envs:swaptwin/Docking-v0'); e.reset(seed=0); "
        "print({m.split('.')[0] for m in sys.modules} & {'panda3d', 'pybullet', 'torch'})"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout == "set()\n", run.stderr


def test_pictures_show_the_truck_coming() -> None:
    env = make(
        "swaptwin/Docking-v0", {"render_mode": "rgb_array", "size_px": (160, 90), "truck": "mixer_8x4"}
    ).unwrapped
    env.reset(seed=2, options={"start_x_m": -14.0})
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
        ["Xvfb", "-displayfd", "1", "-screen", "0", "640x480x24", "-nolisten", "tcp"],
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
