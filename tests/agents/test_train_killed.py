"""A training killed at any time and resumed ends as the undisturbed one, to the last bit; so does a fresh process."""

from __future__ import annotations

import json
import random
import signal
import time
import zipfile
from pathlib import Path

import pytest

from agents.train.config import TrainConfig
from agents.train.run_state import STATE, RunState, checkpoints_in, newest
from tests.agents.killed import outcome, run_part
from tests.agents.test_fit import few_swaps
from tests.agents.test_train import tiny_config
from tests.agents.test_train_worlds import batch_config
from twin.errors import InputError

KILLED = -signal.SIGKILL


def short(algorithm: str) -> TrainConfig:
    """A training of a second, with four checkpoints and more."""
    if algorithm == "batch":
        return batch_config(steps=2560).model_copy(
            update={"checkpoint_steps": 600, "selection_episodes": 10, "evaluation_episodes": 5}
        )
    few = {"workers": 1, "steps": 400, "checkpoint_steps": 100, "selection_episodes": 3, "evaluation_episodes": 5}
    if algorithm == "sac":
        return tiny_config("sac", **few)
    config = tiny_config("ppo", **few)
    return config.model_copy(update={"ppo": config.ppo.model_copy(update={"n_steps": 64, "use_sde": True})})


@pytest.mark.parametrize("algorithm", ["batch", "sac", "ppo"])
def test_a_killed_run_ends_as_the_undisturbed_one(algorithm: str, tmp_path: Path) -> None:
    config, chance = short(algorithm), random.Random(algorithm)
    began_s = time.monotonic()
    assert run_part("tiny", config, tmp_path / "whole") == 0
    took_s = time.monotonic() - began_s
    whole = outcome(tmp_path / "whole")
    assert set(whole) == {
        "policy/policy.onnx", "policy/contract.json", "policy/card.md", "untrained/policy.onnx", "metrics.csv"
    }  # fmt: skip
    assert len(checkpoints_in(tmp_path / "whole" / "checkpoints")) >= 4
    killed, parts = tmp_path / "killed", 0
    for die_at in (1, 2, *(chance.randint(3, 12) for _ in range(4))):
        parts += run_part("tiny", config, killed, die_at=die_at) == KILLED
    for _ in range(2):
        parts += run_part("tiny", config, killed, kill_after_s=chance.uniform(0.1, 0.9) * took_s) == KILLED
    assert parts >= 6
    assert run_part("tiny", config, killed) == 0
    assert outcome(killed) == whole
    assert [path.name for path in killed.rglob("*part*")] == [], "and nothing unfinished is left behind"


@pytest.mark.slow
def test_a_killed_fit_ends_as_the_undisturbed_one(tmp_path: Path) -> None:
    config, chance = few_swaps(tmp_path), random.Random(0)
    began_s = time.monotonic()
    assert run_part("timing", config, tmp_path / "whole") == 0
    took_s = time.monotonic() - began_s
    killed = tmp_path / "killed"
    codes = [run_part("timing", config, killed, die_at=die_at) for die_at in (4, 2, 3)]
    codes.append(run_part("timing", config, killed, kill_after_s=chance.uniform(0.2, 0.8) * took_s))
    assert codes.count(KILLED) >= 3
    assert run_part("timing", config, killed) == 0
    assert outcome(killed) == outcome(tmp_path / "whole")


def test_a_damaged_checkpoint_is_not_taken(tmp_path: Path) -> None:
    said: list[str] = []
    assert newest(tmp_path) is None
    for step in (100, 200, 300):
        with zipfile.ZipFile(tmp_path / f"step_{step}.zip", "w") as archive:
            archive.writestr(STATE, RunState(reward=float(step)).packed())
    assert newest(tmp_path, said.append) == tmp_path / "step_300.zip"
    data = bytearray((tmp_path / "step_300.zip").read_bytes())
    data[len(data) // 3] ^= 1
    (tmp_path / "step_300.zip").write_bytes(data)
    (tmp_path / "step_200.zip").write_bytes((tmp_path / "step_200.zip").read_bytes()[:-40])
    found = newest(tmp_path, said.append)
    assert found == tmp_path / "step_100.zip"
    assert RunState.of(found).reward == 100.0
    found.write_bytes(b"")
    with pytest.raises(InputError, match="no checkpoint in it is whole"):
        newest(tmp_path)
    assert [line.split(":")[0] for line in said] == [str(tmp_path / f"step_{step}.zip") for step in (300, 200)]


def test_a_run_ended_by_hand_is_told_from_an_undisturbed_one(tmp_path: Path) -> None:
    """Its checkpoint is one more; what goes on from it says so."""
    config = short("batch")
    folder = tmp_path / "run"
    first = config.model_copy(update={"steps": 1024, "checkpoint_steps": 10_000})
    assert run_part("tiny", first, folder) == 0
    longer = first.model_copy(update={"steps": 1536})
    assert run_part("tiny", longer, folder) == 0
    state = RunState.of(folder / "checkpoints" / "step_1536.zip")
    assert state.resumed_at == (1024,)
    assert not RunState.of(folder / "checkpoints" / "step_1024.zip").regular
    assert RunState.of(folder / "checkpoints" / "step_0.zip").regular
    assert json.loads((folder / "config.json").read_text())["steps"] == 1536
