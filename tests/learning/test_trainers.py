"""Trainers that nobody here wrote run unmodified: each in a process of its own that names an id and imports nothing.

What a trainer learns is tested on a tiny task in `tests/agents`; here an update that changes the weights is enough.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.envs.episodes import ARGUMENTS, Arguments
from tests.tiers import slow

ROOT = Path(__file__).resolve().parents[2]
PPO = Path(__file__).with_name("ppo.py")
SECONDS = 15.0
"""Wall time after which a training that has learnt once comes to its end."""
CHEAP = [(name, sets[-1]) for name, sets in ARGUMENTS.items()]
"""Every id, with the last of its sets of arguments."""
FAST = "swaptwin/Docking-v3"
every = pytest.mark.parametrize(
    ("name", "arguments"),
    [pytest.param(*case, id=case[0]) if case[0] == FAST else slow(*case, id=case[0]) for case in CHEAP],
)

STABLE_BASELINES = """
import json, sys, time
import gymnasium, stable_baselines3, torch

torch.set_num_threads(1)
name, arguments, seconds = sys.argv[1], json.loads(sys.argv[2]), float(sys.argv[3])
said = {}
for algorithm, settings in {
    "PPO": {"n_steps": 8, "batch_size": 8, "n_epochs": 2},
    "SAC": {"learning_starts": 4, "batch_size": 8, "buffer_size": 1000},
}.items():
    env = gymnasium.make(name, **arguments)
    model = getattr(stable_baselines3, algorithm)("MlpPolicy", env, seed=1, device="cpu", **settings)
    before = [weights.clone() for weights in model.policy.parameters()]
    until_s = time.monotonic() + seconds / 2
    model.learn(24, callback=lambda *_: model.num_timesteps <= 8 or time.monotonic() < until_s)
    changed = any(not torch.equal(a, b) for a, b in zip(before, model.policy.parameters()))
    finite = all(bool(torch.isfinite(b).all()) for b in model.policy.parameters())
    model.save(algorithm)
    env.close()
    said[algorithm] = {"steps": model.num_timesteps, "learnt": changed and finite}
print(json.dumps(said))
"""

ZOO = """
{name}:
  n_timesteps: 256
  policy: MlpPolicy
  n_envs: 2
  n_steps: 64
  batch_size: 64
  n_epochs: 2
"""


def run(folder: Path, *command: str) -> str:
    """What a command says on standard output, run in an empty folder on one thread."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@every
def test_stable_baselines3(name: str, arguments: Arguments, tmp_path: Path) -> None:
    words = run(tmp_path, "-c", STABLE_BASELINES, f"envs:{name}", json.dumps(arguments), str(SECONDS))
    said = json.loads(words.splitlines()[-1])
    for algorithm in ("PPO", "SAC"):
        assert said[algorithm]["steps"] >= 8, "a rollout of PPO"
        assert said[algorithm]["learnt"]
        assert (tmp_path / f"{algorithm}.zip").is_file()


@pytest.mark.slow
@every
def test_a_single_file_loop(name: str, arguments: Arguments, tmp_path: Path) -> None:
    settings = ["--steps", "256", "--rollout", "64", "--epochs", "2", "--seconds", str(SECONDS)]
    said = json.loads(run(tmp_path, str(PPO), f"envs:{name}", "--arguments", json.dumps(arguments), *settings))
    assert said["updates"] >= 1
    assert said["steps"] == 256 or said["updates"] < 4, "all of it, or stopped on time"


def test_the_single_file_knows_nothing_of_this_project() -> None:
    imported = re.findall(r"^\s*(?:from|import) (\w+)", PPO.read_text(), re.MULTILINE)
    assert {"gymnasium", "torch"} <= set(imported)
    assert not {"twin", "envs", "agents", "models", "swaptwin", "tests", "stable_baselines3"} & set(imported)


@pytest.mark.slow
def test_rl_zoo3(tmp_path: Path) -> None:
    """Its own command line, its own folder of logs; only the hyper-parameters are in a file."""
    name = "swaptwin/Docking-v3"
    (tmp_path / "mine.yml").write_text(ZOO.format(name=name))
    said = run(
        *(tmp_path, "-m", "rl_zoo3.train", "--algo", "ppo", "--env", name, "--gym-packages", "envs"),
        *("--conf-file", "mine.yml", "--env-kwargs", "guided:True", "conditions:'clear'", "time_limit_s:10.0"),
        *("--eval-freq", "128", "--eval-episodes", "1", "--num-threads", "1", "--seed", "1"),
    )
    folder = tmp_path / "logs" / "ppo" / "swaptwin-Docking-v3_1"
    assert (folder / "swaptwin-Docking-v3.zip").is_file()
    assert (folder / "best_model.zip").is_file(), "evaluated too"
    assert "success_rate" in said
    assert {path.name for path in (folder / "swaptwin-Docking-v3").iterdir()} >= {"config.yml", "args.yml"}
