"""Wrappers of Gymnasium's own that import a package beyond it: the extras bring what they need."""

from __future__ import annotations

import tomllib
from pathlib import Path

import gymnasium
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_a_video_of_an_episode(tmp_path: Path) -> None:
    pytest.importorskip("moviepy")
    env = gymnasium.make("envs:swaptwin/Docking-v3", render_mode="rgb_array", size_px=(160, 90))
    env = gymnasium.wrappers.RecordVideo(env, str(tmp_path), episode_trigger=lambda episode: True)
    env.reset(seed=1)
    for _ in range(4):
        env.step(np.zeros(2, np.float32))
    env.close()
    [video] = tmp_path.glob("*.mp4")
    assert video.stat().st_size > 500


def test_torch_in_torch_out() -> None:
    pytest.importorskip("array_api_compat")
    import torch

    env = gymnasium.wrappers.NumpyToTorch(gymnasium.make("envs:swaptwin/Docking-v3"))
    observation, _ = env.reset(seed=1)
    assert isinstance(observation, torch.Tensor)
    assert isinstance(env.step(torch.zeros(2))[0], torch.Tensor)
    env.close()


@pytest.mark.parametrize(("package", "extra"), [("moviepy", "viewer"), ("array-api-compat", "train")])
def test_what_they_need_is_in_an_extra_and_pinned(package: str, extra: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert any(line.startswith(package) for line in project["optional-dependencies"][extra])
    assert any(line.startswith(f"{package}==") for line in (ROOT / "constraints.txt").read_text().splitlines())
