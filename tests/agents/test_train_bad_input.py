"""What a training run refuses, and that nothing is left of one that could not begin."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.commands.train import resumed_config
from agents.train.config import load_config
from agents.train.figures import AppendedCsv
from agents.train.leftovers import removing_failed_run
from agents.train.run import CONFIGURATION, check_unchanged, configuration_sha256
from swaptwin import main
from twin.errors import InputError


@pytest.mark.parametrize(
    ("task", "setting", "said"),
    [
        ("docking", "ppo.gamma=true", "--hyper ppo.gamma: true and false are no numbers"),
        ("docking", "ppo.hidden=[true, 8]", "--hyper ppo.hidden: true and false are no numbers"),
        ("docking", 'steps="1000"', "--hyper steps: a text is no number"),
        ("docking", "ppo.gamma=1\nseed: 3", "--hyper: one value a setting"),
        ("timing", "fit.rounds=[{seeds: true}]", "true and false are no numbers"),
    ],
)
def test_what_only_looks_like_a_number_is_refused(task: str, setting: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        load_config(task, None, None, [setting])
    assert said in str(refused.value)


def test_a_run_that_would_learn_nothing_is_refused() -> None:
    given = {"algorithm": "sac", "steps": 2000}
    with pytest.raises(InputError, match=r"--hyper sac\.learning_starts: nothing would be learnt, got 2000"):
        load_config("docking", None, given, ["sac.learning_starts=2000"])
    assert load_config("docking", None, given, ["sac.learning_starts=1999"]).sac.learning_starts == 1999


@pytest.mark.parametrize(
    ("task", "options", "said"),
    [
        ("docking", ["--clone", "bseline"], "error: --clone: unknown policy (did you mean baseline?)"),
        ("docking", ["--clone", "nowhere/policy"], "nowhere/policy"),
        ("timing", ["--clone", "tuned"], "error: --clone: algorithm fit begins at the timing set and clones nothing"),
        ("timing", ["--worlds", "0"], "error: --worlds: algorithm fit needs a batch of worlds, got 0"),
        (
            "timing",
            ["--hyper", "environment.plannt=rom"],
            "error: environment.plannt: task timing takes no such option",
        ),
        ("timing", ["--hyper", "fit.rounds=[{seeds: 4, last_phase: lift_outt}]"], "did you mean lift_out?"),
        ("timing", ["--hyper", "fit.explore.unlock=[creep_sped]"], "did you mean creep_speed?"),
    ],
)
def test_bad_input_leaves_no_folder(
    task: str, options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    assert main(["train", task, *options, "--out", str(folder)]) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [InputError("bad", key="--x"), OSError(errno.ENOSPC, "full")])
@pytest.mark.parametrize(
    ("checkpoint", "stays"),
    [(None, False), ("checkpoints/step_8.zip", True), ("seed_3/checkpoints/round_1.npz", True)],
)
def test_a_failed_run_goes_unless_it_can_go_on(
    error: Exception, checkpoint: str | None, stays: bool, tmp_path: Path
) -> None:
    def train(scene: Any, config: Any, folder: Path) -> None:
        folder.mkdir()
        if checkpoint is not None:
            (folder / checkpoint).parent.mkdir(parents=True)
            (folder / checkpoint).write_bytes(b"")
        raise error

    with pytest.raises(type(error)):
        removing_failed_run(train)(None, None, tmp_path / "run")
    assert (tmp_path / "run").exists() == stays


def test_a_run_goes_on_with_its_own_configuration_only(tmp_path: Path) -> None:
    config = load_config("docking")
    (tmp_path / "versions.json").write_text(json.dumps({CONFIGURATION: configuration_sha256(config)}))
    check_unchanged(tmp_path, config)
    check_unchanged(tmp_path, load_config("docking", None, {"steps": 5_000_000, "wall_time_s": 5.0}))
    for change in ("seed=7", "ppo.gamma=0.5", "worlds=8"):
        with pytest.raises(InputError, match=r"config\.json: was changed since the run began"):
            check_unchanged(tmp_path, load_config("docking", None, None, [change]))
    (tmp_path / "versions.json").write_text("{}")  # of a version that did not keep it
    check_unchanged(tmp_path, load_config("docking", None, None, ["seed=7"]))


def test_fewer_steps_than_were_made_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(load_config("docking").model_dump_json())
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "step_4096.zip").write_bytes(b"")
    given = dict.fromkeys(("algorithm", "wall_time_s", "seed", "workers", "worlds", "clone", "environment"))
    with pytest.raises(InputError, match="--steps: the run has made more, got 1000"):
        resumed_config(tmp_path, "docking", {**given, "steps": 1000, "evaluation_episodes": None})


def test_damaged_metrics_are_named(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_bytes(np.random.default_rng(0).bytes(500))
    with pytest.raises(InputError, match=r"metrics\.csv: is damaged"):
        AppendedCsv(path, 100)
