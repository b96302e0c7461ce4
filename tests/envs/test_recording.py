"""Episodes recorded while they are played: they verify, change no bit of the episode, and end as the episode did."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.envs.episodes import episode_hash, make
from tests.tiers import slow
from twin.errors import InputError
from twin.recording import open_recording
from twin.recording.verify import verify

ALIGNMENT: dict[str, Any] = {"station": "chassis", "action_mode": "residual", "time_limit_s": 5.0}
DOCKING: dict[str, Any] = {"truck": "tractor_6x4", "conditions": "rain", "guided": True, "time_limit_s": 10.0}
TIMING: dict[str, Any] = {"station": "top_lift", "last_phase": "lower", "conditions": "night"}


def anything(name: str, arguments: dict[str, Any]) -> Any:
    """`make`, as a type that has what our environments have beyond gymnasium's."""
    return make(name, arguments)


def play(env: Any, seed: int, most: int = 1000, **options: Any) -> dict[str, Any]:
    env.reset(seed=seed, options=options or None)
    for _ in range(most):
        _, _, terminated, truncated, info = env.step(np.zeros(env.action_space.shape, np.float32))
        if terminated or truncated:
            break
    return dict(info)


@pytest.mark.parametrize(
    ("name", "arguments", "outcome", "what"),
    [
        ("swaptwin/Alignment-v1", ALIGNMENT, "seated", "align"),
        ("swaptwin/Alignment-v1", {**ALIGNMENT, "action_mode": "direct"}, "time_limit", "align"),
        ("swaptwin/Alignment-v1", {**ALIGNMENT, "plant": "rom"}, "seated", "align"),
        slow("swaptwin/Timing-v0", TIMING, "part_completed", "timing"),
        ("swaptwin/Timing-v0", {**TIMING, "plant": "rom"}, "part_completed", "timing"),
        ("swaptwin/Docking-v3", DOCKING, "time_limit", "dock"),
    ],
)
def test_a_recorded_episode_verifies(
    tmp_path: Path, name: str, arguments: dict[str, Any], outcome: str, what: str
) -> None:
    path, env = tmp_path / "a.mcap", anything(name, arguments)
    env.unwrapped.record_next(path, policy="still")
    options: dict[str, Any] = {"height_m": 0.2} if what == "align" else {}
    info = play(env, 4, **options)
    assert info["outcome"] == outcome
    report = verify(path)
    assert report.verified
    assert report.outcome == outcome
    assert report.rerun_sha256 == report.end_state_sha256 != ""
    with open_recording(path) as opened:
        assert opened.header.configuration["policies"] == {what: "still"}
        assert opened.header.configuration["plant"] == arguments.get("plant", "docking" if what == "dock" else "bullet")
        assert opened.header.seed == 4
        last = opened.events()[-1]
        assert (last["name"], last["outcome"]) == ("episode", outcome)
        assert np.isfinite(last["reward"])
    env.close()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("swaptwin/Alignment-v1", ALIGNMENT),
        ("swaptwin/Alignment-v1", {**ALIGNMENT, "plant": "rom"}),
        slow("swaptwin/Timing-v0", TIMING),
        ("swaptwin/Timing-v0", {**TIMING, "plant": "rom"}),
        ("swaptwin/Docking-v3", DOCKING),
    ],
)
def test_recording_changes_nothing(tmp_path: Path, name: str, arguments: dict[str, Any]) -> None:
    env = anything(name, arguments)
    before = episode_hash(env, 5, steps=12)
    env.unwrapped.record_next(tmp_path / "a.mcap")
    assert episode_hash(env, 5, steps=12) == before
    env.close()


@pytest.mark.parametrize(
    ("name", "arguments"), [("swaptwin/Alignment-v1", ALIGNMENT), ("swaptwin/Docking-v3", DOCKING)]
)
def test_only_the_next_episode_is_recorded(tmp_path: Path, name: str, arguments: dict[str, Any]) -> None:
    path, env = tmp_path / "a.mcap", anything(name, arguments)
    env.unwrapped.record_next(path)
    play(env, 4, most=3)
    play(env, 5, most=3)
    report = verify(path)
    assert (report.outcome, report.complete, report.verified) == ("interrupted", True, True)
    data = path.read_bytes()
    play(env, 6, most=3)
    env.close()
    assert path.read_bytes() == data


@pytest.mark.parametrize(
    ("name", "arguments"), [("swaptwin/Alignment-v1", ALIGNMENT), ("swaptwin/Docking-v3", DOCKING)]
)
def test_a_copy_records_nothing(tmp_path: Path, name: str, arguments: dict[str, Any]) -> None:
    path, env = tmp_path / "a.mcap", anything(name, arguments)
    env.unwrapped.record_next(path)
    play(env, 4, most=3)
    copy = pickle.loads(pickle.dumps(env))
    still = np.zeros(env.action_space.shape, np.float32)
    assert env.step(still)[1] == copy.step(still)[1]
    copy.close()
    env.close()
    assert verify(path).verified


def test_the_same_episode_gives_the_same_file(tmp_path: Path) -> None:
    env, files = anything("swaptwin/Docking-v3", DOCKING), [tmp_path / "a.mcap", tmp_path / "b.mcap"]
    for path in files:
        env.unwrapped.record_next(path)
        play(env, 4)
        play(env, 5, most=3)  # another one in between
    env.close()
    assert files[0].read_bytes() == files[1].read_bytes()


def test_an_impossible_path_is_refused_immediately(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no recording, and not to be lost")
    env = anything("swaptwin/Alignment-v1", ALIGNMENT)
    for path in (tmp_path, tmp_path / "nowhere" / "a.mcap", text):
        with pytest.raises(InputError, match=str(path)):
            env.unwrapped.record_next(path)
    play(env, 4, most=1)
    env.close()
