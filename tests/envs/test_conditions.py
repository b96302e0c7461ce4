"""Night and rain at once in the environments: it runs, differs from either, is one thing under two names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from envs.timing_observation import OBSERVATION
from twin.recording import open_recording
from twin.recording.verify import verify

TASKS: dict[str, dict[str, Any]] = {
    "Docking-v3": {"direction": "reverse"},
    "Alignment-v1": {"plant": "rom", "action_mode": "residual"},
    "Timing-v0": {"plant": "rom", "last_phase": "lower"},
}

ACTIONS = {
    "Docking-v3": np.array([0.0, -0.5], np.float32),
    "Alignment-v1": np.zeros(4, np.float32),
    "Timing-v0": np.zeros(10, np.float32),
}


def episode(
    name: str, conditions: str, steps: int = 40, record: Path | None = None
) -> tuple[np.ndarray, dict[str, Any]]:
    """(observations, last info) of one action throughout: a truck drives in, the others leave it to their middle."""
    env = gymnasium.make(f"envs:swaptwin/{name}", disable_env_checker=True, conditions=conditions, **TASKS[name])
    if record is not None:
        env.unwrapped.record_next(record)  # type: ignore[attr-defined]
    seen, info = env.reset(seed=4)
    observations = [seen]
    for _ in range(steps):
        seen, _, terminated, truncated, info = env.step(ACTIONS[name])
        observations.append(seen)
        if terminated or truncated:
            break
    env.close()
    return np.array(observations), info


@pytest.mark.parametrize("name", TASKS)
def test_both_together_differ_from_either(name: str) -> None:
    both, info = episode(name, "night+rain", 150)
    assert np.isfinite(both).all()
    assert info["case"]["conditions"] == "night+rain"
    other_name, again = episode(name, "rain+night", 150)
    np.testing.assert_array_equal(both, other_name)
    assert again["case"] == info["case"]
    for alone in ("night", "rain"):
        observed, reported = episode(name, alone, 150)
        assert observed.shape != both.shape or (observed != both).any()
        assert {key for key in reported["case"] if reported["case"][key] != info["case"][key]} == {"conditions"}


def test_timing_sees_both() -> None:
    names = [q.name for q in OBSERVATION]
    seen = {one: episode("Timing-v0", one, 1)[0][0] for one in ("clear", "night", "rain", "night+rain")}
    flags = {one: tuple(values[[names.index(n) for n in ("clear", "night", "rain")]]) for one, values in seen.items()}
    assert flags == {"clear": (1, 0, 0), "night": (0, 1, 0), "rain": (0, 0, 1), "night+rain": (0, 1, 1)}


@pytest.mark.parametrize("name", ["Docking-v3", "Alignment-v1"])
def test_a_recording_keeps_it_and_verifies(name: str, tmp_path: Path) -> None:
    file = tmp_path / "bad_night.mcap"
    episode(name, "rain+night", 20, file)
    reported = open_recording(file).header.configuration
    assert reported.get("conditions", reported.get("variation", {}).get("conditions")) == "night+rain"
    assert verify(file).verified


@pytest.mark.parametrize("name", ["Docking-v3", "Alignment-v1"])
def test_worlds_of_a_batch_have_it_too(name: str) -> None:
    alone, _ = episode(name, "night+rain", 5)
    worlds = gymnasium.make_vec(f"envs:swaptwin/{name}", num_envs=2, conditions="rain+night", **TASKS[name])
    seen, infos = worlds.reset(seed=4)
    assert infos["case"]["conditions"].tolist() == ["night+rain"] * 2
    for step in range(5):
        np.testing.assert_array_equal(seen[0], alone[step])
        seen = worlds.step(np.tile(ACTIONS[name], (2, 1)))[0]
    worlds.close()
