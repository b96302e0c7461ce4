"""A swap whose insertions follow a policy: whole swaps, their recordings, and the same decisions as in Alignment-v1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from agents import deciders
from agents.bundle import BundlePolicy, interface
from agents.episodes import Player, Scene
from agents.export import Layer, graph_bytes, write_bundle
from agents.guard import Guard
from agents.modes import action_mode_of, in_its_version
from agents.policies import Policy, load_policy
from agents.tasks import TASKS
from envs.alignment_case import AlignmentChoice
from envs.alignment_control import Control
from envs.swap_case import SwapChoice
from swaptwin import run
from tests.determinism.short_swap import setup_and_timing
from tests.tiers import slow
from twin.alignment.sensed import SENSED, Sensed, sensed_of
from twin.alignment.servo import MAX_SETPOINT, VisualServo
from twin.catalogue import load_station
from twin.errors import InputError
from twin.recording import open_recording
from twin.recording.verify import verify
from twin.runner.kinds import rom_runner
from twin.sequence import setpoint_steps as steps
from twin.swap import SwapTwin

TASK = TASKS["alignment"]
PUSH = np.array([0.2, -0.3, 0.1, 0.05], np.float32)


def environment(**options: Any) -> Any:
    return gymnasium.make(TASK.environment, disable_env_checker=True, **{"station": "top_lift", **options})


def bundle(folder: Path, modes: list[str] | None, push: np.ndarray = PUSH, version: int = 1) -> Path:
    """A bundle that always does the same; `modes` is what its contract says of the action mode."""
    env = environment()
    fits = interface(env, version) | {"environment_version": version}
    env.close()
    contract: dict[str, Any] = {
        **{k: [row.model_dump() for row in v] if isinstance(v, list) else v for k, v in fits.items()},
        "made": {"algorithm": "by hand", "seed": 0, "steps": 0, "options": {}, "versions": {}},
        "measured": [],
        "validity": {
            "options": {} if modes is None else {"action-mode": modes},
            "observation_low": [],
            "observation_high": [],
        },
    }
    sizes = len(fits["observation"]), len(fits["action"])
    still = Layer("Gemm", (np.zeros((sizes[1], sizes[0]), np.float32), push), {"transB": 1})
    write_bundle(folder, graph_bytes([still], *sizes), contract, "by hand")
    return folder


# --------------------------------------------------------------------------------------------------------- whole swaps


@pytest.mark.parametrize(
    "setup",
    [
        "--station top_lift --plant rom",
        slow("--station top_lift"),
        slow("--station chassis --truck chassis_tractor_2"),
    ],
)
def test_the_servo_seats_every_pack_of_a_swap(setup: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "swap.mcap"
    words = f"swap {setup} --seed 3 --align-policy baseline --record {path} --json"
    assert run(words.split()) == 0
    reported = json.loads(capsys.readouterr().out)
    assert (reported["outcome"], reported["violations"], reported["align_policy"]) == ("completed", [], "baseline")
    assert "timing_policy" not in reported
    assert reported["kpis"]["insert_attempts"] == 1
    assert reported["kpis"]["seat_error_m"] < 0.005
    report = verify(path)
    assert report.verified
    assert report.rerun_sha256 == reported["end_state_sha256"]
    with open_recording(path) as opened:
        assert opened.header.configuration["policies"] == {"align": "baseline"}
        follows = [c for c in opened.commands() if c["command"]["fields"]["follow"]]
        jobs = opened.header.configuration["jobs"]
    assert {c["command"]["robot"] for c in follows} == {job["robot"] for job in jobs}
    assert sum(c["command"]["fields"]["follow"] == 1 for c in follows) == len(jobs)
    for robot in {job["robot"] for job in jobs}:
        ticks = np.diff([c["tick"] for c in follows if c["command"]["robot"] == robot])
        assert {t for t in ticks.tolist() if t < 1000} == {5, 25}  # from the first scan on, at 20 Hz


class Late(VisualServo):
    """Does nothing the first time, then what the servo does."""

    began = 0

    def begin(self) -> None:
        super().begin()
        self.began += 1

    def speeds(self, seen: Sensed) -> np.ndarray:
        return super().speeds(seen) if self.began > 2 else np.zeros(4)  # its constructor begins too


def test_an_insertion_that_gets_nowhere_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "PATIENCE_S", 15.0)
    late: list[Late] = []

    def make(robot: int) -> Late:
        late.append(Late())
        return late[-1]

    twin = SwapTwin(*setup_and_timing("top_lift"), aligner=make, make_runner=rom_runner)
    while twin.program.advance() and "lock" not in {span.name for span in twin.program.spans[0]}:
        pass
    events = [event["message"] for event in twin.program.events[0] if event["name"] == "retry"]
    assert [message.split(":")[0] for message in events] == ["insertion 1 failed"]
    assert int(twin.program.insert_attempts[0].max()) == 2
    assert not twin.runner.worlds["monitor"]["violation"].any()
    twin.close()


@pytest.mark.slow
def test_timed_and_aligned_by_policies_a_swap_completes() -> None:
    """Moves that overlap hand over while the axes still run: the insertion's command is buffered, not lost."""
    setup, timing = setup_and_timing("top_lift")
    twin = SwapTwin(setup, timing, **deciders.timing("zvd", setup), **deciders.alignment("baseline", setup))
    while twin.program.advance() and twin.program.time_s(0) < 300.0:
        pass
    assert twin.program.outcome == ["completed"]
    assert not twin.runner.worlds["monitor"]["violation"].any()
    twin.close()


# ------------------------------------------------------------------------------------------------- as the environment


@pytest.mark.parametrize("mode", ["direct", "residual"])
def test_a_policy_decides_as_in_the_environment(mode: str, tmp_path: Path) -> None:
    folder = str(bundle(tmp_path / mode, [mode]))
    env = environment(action_mode=mode)
    guard = Guard(load_policy(folder, {}, env.unwrapped), env.action_space)
    observation, _ = env.reset(seed=6)
    guard.begin(6)
    for _ in range(40):
        observation, *_ = env.step(guard.act(observation))
    twin = AlignmentChoice(SwapChoice(load_station("top_lift"))).draw(6).new_twin()
    twin.begin()
    decider = deciders.alignment(folder, twin.setup)["aligner"](0)
    decider.begin()
    for _ in range(40):
        twin.advance(decider.speeds(twin.look()))
    assert twin.runner.state_sha256() == env.unwrapped.runner.state_sha256()
    twin.close()
    env.close()


@pytest.mark.parametrize(
    ("modes", "mode"), [(["residual"], "residual"), (["direct"], "direct"), (["any"], "direct"), (None, "direct")]
)
def test_a_bundle_acts_in_the_mode_it_was_made_for(modes: list[str] | None, mode: str, tmp_path: Path) -> None:
    env = environment()
    policy = load_policy(str(bundle(tmp_path / "a", modes)), {}, env.unwrapped)
    env.close()
    assert action_mode_of(policy) == mode


@pytest.mark.parametrize(("modes", "words"), [(["force"], "unknown action mode"), (["direct", "residual"], "several")])
def test_a_mode_that_is_none_is_refused(modes: list[str], words: str, tmp_path: Path) -> None:
    setup, _ = setup_and_timing("top_lift")
    with pytest.raises(InputError, match=words):
        deciders.alignment(str(bundle(tmp_path / "a", modes)), setup)


@pytest.mark.parametrize("mode", ["direct", "residual"])
def test_evaluate_plays_each_bundle_in_its_own_mode(mode: str, tmp_path: Path) -> None:
    folders = [str(bundle(tmp_path / each, [each])) for each in ("direct", "residual")]
    player = Player(Scene(TASK, {"action-mode": mode, "plant": "rom"}), [*folders, "baseline"])
    assert [env.unwrapped.action_mode for env in player.environments] == ["direct", "residual", mode]
    assert len({id(env) for env in player.environments}) == 2
    player.close()


@pytest.mark.parametrize("mode", ["direct", "residual"])
def test_a_bundle_of_version_0_sends_the_setpoints_that_it_sent_there(mode: str, tmp_path: Path) -> None:
    """Its observation is the first 37 elements, its hoist scale 0.15 m/s, and so the sum with the servo is limited."""
    push = np.array([0.5, -1.0, 0.8, -0.4], np.float32)
    policy = load_policy(str(bundle(tmp_path / "a", [mode], push, version=0)), {}, environment().unwrapped)
    assert isinstance(policy, BundlePolicy)
    assert len(policy.contract.observation) == 37
    control = Control(mode, load_station("top_lift"))
    seen = np.zeros(1, SENSED)
    for name, value in {"axis_x_m": 0.05, "axis_y_m": -0.02, "guides": 3.0, "height_m": 0.42, "rope_m": 3.0}.items():
        seen[name] = value
    control.look(sensed_of(seen))
    observation = control.observation()
    servo = observation[33:37] * np.array(MAX_SETPOINT)
    control.setpoints(in_its_version(policy).act(observation).tolist())
    of_v0 = push * np.array(MAX_SETPOINT)
    if mode == "residual":
        of_v0 = np.clip(servo + np.array([0.25, 0.25, 1.0, 0.25]) * of_v0, -np.array(MAX_SETPOINT), MAX_SETPOINT)
    np.testing.assert_allclose(control._record["setpoint"][0], of_v0, atol=1e-7)


def test_a_bundle_of_an_unknown_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="environment_version: made for another environment, got 7"):
        load_policy(str(bundle(tmp_path / "a", None, version=7)), {}, environment().unwrapped)


def test_what_is_no_policy_is_named() -> None:
    setup, _ = setup_and_timing("top_lift")
    with pytest.raises(InputError, match=r"^--align-policy: unknown policy.*baseline"):
        deciders.alignment("basline", setup)
    with pytest.raises(InputError, match="no such folder"):
        deciders.alignment("./nowhere", setup)


def test_two_robots_have_a_policy_each() -> None:
    setup, _ = setup_and_timing("chassis")
    make = deciders.alignment("baseline", setup)["aligner"]
    first, second = make(0), make(1)
    policies: list[Policy] = [decider._guard.policy for decider in (first, second)]
    assert policies[0] is not policies[1]
