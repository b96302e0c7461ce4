"""`swaptwin train`: the wall time holds for all of it, it says how it goes, and what it prints runs as printed."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

import agents.train.run
import swaptwin
from agents.commands.train import resumed_config
from agents.commands.train_report import report
from agents.episodes import Scene
from agents.policies import bundles_folder
from agents.tasks import TASKS
from agents.train.budget import GRACE_S, MAX_AFTERWARDS, Budget, at_most
from agents.train.command import training_command
from agents.train.config import TrainConfig, load_config
from agents.train.run import train
from agents.train.watch import FinalPhase
from tests.agents.test_train import SCENE, tiny_config
from tests.agents.test_train_worlds import batch_config
from tests.agents.tiny import TASK
from twin.console import ProgressLine
from twin.errors import InputError


class Told(ProgressLine):
    """A progress line that keeps its texts."""

    def __init__(self) -> None:
        super().__init__(None, "", None)
        self.texts: list[str] = []
        self.shares: list[float] = []

    def update(self, text: str | None = None, *, completed: float | None = None, total: float | None = None) -> None:
        self.texts += [text] if text is not None else []
        self.shares += [completed] if completed is not None else []


@pytest.fixture(scope="module")
def _warm(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Everything that a run imports is imported."""
    train(SCENE, tiny_config(steps=600, evaluation_episodes=1), tmp_path_factory.mktemp("warm") / "run", Told())


@pytest.mark.slow
@pytest.mark.usefixtures("_warm")
def test_the_wall_time_holds_for_selection_and_evaluation_too(tmp_path: Path) -> None:
    """Both would take minutes: a hundred candidates of ten thousand episodes each, and as many to be evaluated."""
    wall_s = 8.0
    config = tiny_config(
        steps=10**6, wall_time_s=wall_s, checkpoint_steps=512, selection_episodes=10_000, evaluation_episodes=10_000
    )
    said: list[str] = []
    line, began_s = Told(), time.monotonic()
    run = train(SCENE, config, tmp_path / "run", line, say=said.append)
    took_s = time.monotonic() - began_s
    assert took_s < 1.1 * wall_s + 1.0
    assert run.ended == "wall_time_s"
    assert run.wall_s == pytest.approx(took_s, abs=0.3)
    assert sum(run.spent_s.values()) == pytest.approx(run.wall_s, abs=0.3)
    assert run.spent_s["training"] > 0.2 * wall_s
    assert run.spent_s["selection"] > 0.0
    assert run.evaluation is not None
    assert 0 < run.evaluation.played < 10_000
    assert json.loads((run.folder / "evaluation.json").read_text())["episodes"] == run.evaluation.played
    chosen = json.loads((run.folder / "selection.json").read_text())
    assert 0 < chosen["episodes"] < 10_000
    assert run.policy == run.folder / "policy"
    assert re.fullmatch(r"(start-up \d+ s, )?training \d+ s, .*: \d s of 8 s", run.time_spent)
    # progress
    assert any(re.match(r"training: step \d+, \d+ steps/s, episodes \d+, mean reward -?\d", t) for t in line.texts)
    assert any(text.startswith("selection: episode ") for text in line.texts)
    assert any(text.startswith("evaluation: episode ") for text in line.texts)
    assert all(0.0 <= share <= 1.0 for share in line.shares)
    assert any(text.startswith("checkpoint ") for text in said)
    assert any(re.match(r"selection: step \d+ of \d+ candidates, on \d+ episodes each", text) for text in said)


@pytest.mark.slow
@pytest.mark.usefixtures("_warm")
def test_the_wall_time_holds_on_the_batch_too(tmp_path: Path) -> None:
    """Judgements, evaluation and cloning of far too many episodes are all within it."""
    wall_s = 10.0
    config = batch_config(steps=10**6, wall_time_s=wall_s)
    few = {"checkpoint_steps": 1024, "selection_episodes": 100, "evaluation_episodes": 10_000}
    began_s = time.monotonic()
    run = train(SCENE, config.model_copy(update=few), tmp_path / "run", Told())
    assert time.monotonic() - began_s < 1.1 * wall_s
    assert run.ended == "wall_time_s"
    assert run.evaluation is not None
    assert 0 < run.evaluation.played < 10_000
    assert run.spent_s["training"] > 0.1 * wall_s
    clone = config.clone.model_copy(update={"policy": "slow", "episodes": 100_000})
    began_s = time.monotonic()
    with pytest.raises(InputError, match=r"^--wall-time-s: over while cloning"):
        train(SCENE, config.model_copy(update={"clone": clone, "wall_time_s": 3.0}), tmp_path / "long", Told())
    assert time.monotonic() - began_s < 3.0 + GRACE_S + 1.0
    assert not (tmp_path / "long").exists()


def test_episodes_that_fit_are_all_evaluated(tmp_path: Path) -> None:
    run = train(SCENE, tiny_config(steps=600, wall_time_s=60.0, evaluation_episodes=5), tmp_path / "run", Told())
    assert run.evaluation is not None
    assert (run.ended, run.evaluation.played) == ("steps", 5)


@pytest.mark.parametrize("algorithm", ["ppo", "sac"])
def test_a_wall_time_too_short_to_learn_anything_is_refused(tmp_path: Path, algorithm: str) -> None:
    """PPO needs 512 steps, SAC 50, of 100 ms each: after half a second neither has learnt anything."""
    scene = Scene(TASK, {"wait_s": 0.1})
    config = tiny_config(algorithm, steps=10**6, wall_time_s=0.5)
    first = 512 if algorithm == "ppo" else 50
    with pytest.raises(InputError, match=rf"^--wall-time-s: too short for a policy: start-up.*of {first} steps.*0\.5"):
        train(scene, config, tmp_path / "run", Told())
    assert list(tmp_path.iterdir()) == [], "and nothing is left behind"


def test_compiling_ends_with_the_wall_time_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever catches every `Exception` on its way, as a compiler does."""

    def compiles(scene: Scene) -> Any:
        for _ in range(600):
            with contextlib.suppress(Exception):
                time.sleep(0.1)
        raise AssertionError("never interrupted")

    monkeypatch.setattr(agents.train.run, "prepare", compiles)
    began_s = time.monotonic()
    with pytest.raises(InputError, match=r"^--wall-time-s: over after \d s of start-up .*, got 0\.5"):
        train(SCENE, tiny_config(wall_time_s=0.5), tmp_path / "run", Told())
    assert time.monotonic() - began_s < 0.5 + GRACE_S + 1.0
    assert list(tmp_path.iterdir()) == []
    with at_most(0.2):
        pass
    time.sleep(0.3)  # nothing rings afterwards


def test_what_is_kept_for_afterwards_is_what_it_would_take() -> None:
    config = tiny_config(workers=2, evaluation_episodes=100, selection_episodes=50, checkpoint_steps=1000)
    after = FinalPhase(config)
    after.started(2.0, 1000.0)
    assert after.evaluation_s() == 2.0, "before anything is known"
    after.rate = 500.0
    after.take([50.0] * 30)
    assert after.evaluation_s() == pytest.approx(2.0 + 3 * 100 * 50 / 500)
    assert after.selection_s(900, best=False) == 0.0, "one candidate is none to choose from"
    assert after.selection_s(2500, best=True) == pytest.approx(2.0 + 4 * 50 * 50 / 500)
    after.take([80.0] * 30)
    assert after.evaluation_s() == pytest.approx(2.0 + 3 * 100 * 80 / 500)
    budget = Budget(100.0)
    assert budget.final_reserve_s(10.0) == pytest.approx(10.0 + budget.writing_reserve_s)
    assert budget.final_reserve_s(1e6) == pytest.approx(MAX_AFTERWARDS * 100.0 + budget.writing_reserve_s)


def test_a_short_evaluation_starts_no_processes() -> None:
    after = FinalPhase(tiny_config(workers=4))
    after.started(10.0, 40.0)
    assert (after.workers, after.starting_s) == (1, 0.0)
    after.started(10.0, 400.0)
    assert after.workers == 1, "and stays with it"
    later = FinalPhase(tiny_config(workers=4))
    later.started(10.0, 400.0)
    assert (later.workers, later.starting_s) == (4, 10.0)


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "docking": ("docking", {"conditions": "rain+night", "parking": "guided"}),
    "residual": ("alignment", {"action-mode": "residual", "plant": "rom", "station": "chassis"}),
    "direct": ("alignment", {"action-mode": "direct", "plant": "rom", "station": "top_lift", "parking": "driven"}),
    "timing": ("timing", {"plant": "rom", "station": "top_lift", "truck": "tractor_6x4"}),
}


@pytest.mark.parametrize("case", CASES)
def test_the_line_that_is_printed_at_the_end_runs_as_printed(
    tmp_path: Path, case: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, options = CASES[case]
    scene = Scene(TASKS[name], options)
    folder = tmp_path / "a run's folder"
    config = tiny_config(
        "sac", steps=4, evaluation_episodes=1, environment=dict(scene.options), wall_time_s=600.0, selection_episodes=0
    )
    run = train(scene, config, folder, Told())
    monkeypatch.setenv("COLUMNS", "200")
    report(run, scene, as_json=False)
    out = capsys.readouterr().out
    [line] = [line for line in out.splitlines() if line.startswith("compare it")]
    arguments = shlex.split(line)[3:]
    assert arguments[:2] == ["evaluate", name]
    assert swaptwin.run([*arguments, "--episodes", "2", "--workers", "1", "--json"]) == 0
    reported: dict[str, Any] = json.loads(capsys.readouterr().out)
    yardstick = next(iter(TASKS[name].baselines))
    assert [row["name"] for row in reported["policies"]] == [yardstick, str(folder / "policy")]
    for option, value in scene.options.items():
        if option != "action-mode":
            assert reported[option] == value
    # and the other line, with its option values
    [again] = [line for line in out.splitlines() if line.startswith("one of them again")]
    assert swaptwin.run([*shlex.split(again.split(": ", 1)[1])[1:], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["episodes"] == 1


COMMANDS: dict[str, dict[str, Any]] = {
    "docking": {
        "algorithm": "sac", "seed": 3, "steps": 24, "workers": 1, "checkpoint_steps": 16, "selection_episodes": 1,
        "evaluation_episodes": 1, "worlds": 0, "clone": load_config("docking").clone.model_dump() | {"policy": None},
        "environment": {
            "parking": "guided", "conditions": "night+rain", "operator": "by_wire", "direction": "forward",
        },
    },
    "alignment": {
        "algorithm": "ppo", "seed": 1, "steps": 64, "worlds": 4, "checkpoint_steps": 32, "selection_episodes": 1,
        "evaluation_episodes": 1, "environment": {"plant": "rom", "station": "chassis"},
        "clone": {"policy": "law", "episodes": 2, "noise": 0.1, "epochs": 1, "batch_size": 64, "learning_rate": 1e-3},
    },
}  # fmt: skip


def small(task: str) -> TrainConfig:
    """A configuration that differs from the task's own file in many ways."""
    config = load_config(task).model_dump() | COMMANDS[task]
    config["ppo"] |= {"hidden": (8,), "n_steps": 8, "batch_size": 16, "n_epochs": 1}
    config["sac"] |= {"hidden": (8,), "learning_starts": 8, "batch_size": 8, "buffer_size": 1000}
    return TrainConfig.model_validate(config)


@pytest.mark.parametrize("task", COMMANDS)
def test_the_command_on_the_card_makes_the_policy_again(
    tmp_path: Path, task: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = small(task)
    run = train(Scene(TASKS[task], config.environment), config, tmp_path / "run", Told())
    assert run.policy is not None
    contract = json.loads((run.policy / "contract.json").read_text())
    line = contract["made"]["command"]
    assert f"    {line}\n" in (run.policy / "card.md").read_text()
    assert line.startswith(f"swaptwin train {task} ")
    assert "#" not in line
    words = shlex.split(line)[1:]
    assert swaptwin.run([*words, "--out", str(tmp_path / "again"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["policy_sha256"] == contract["policy_sha256"] == run.policy_sha256
    assert (tmp_path / "again" / "policy" / "card.md").read_text() == (run.policy / "card.md").read_text()
    # and the one that judged it
    rows = contract["measured"]
    judged = shlex.split(rows[0]["command"].replace("FOLDER", str(run.policy)))
    assert swaptwin.run([*judged[1:], "--workers", "1", "--json"]) == 0
    reported = {Path(row["name"]).name: row for row in json.loads(capsys.readouterr().out)["policies"]}
    for row in rows:
        if row["policy"] != "untrained":
            assert row["success_rate"] == reported[row["policy"]]["success_rate"]
            assert row["time_median_s"] == reported[row["policy"]]["time_s"]["median"]


def test_the_command_names_what_is_otherwise_than_in_the_file() -> None:
    config = load_config("alignment", None, {"seed": 7, "environment": {"care": "careful", "station": "chassis"}})
    line = "swaptwin train alignment --care careful --station chassis --seed 7 --steps 524288 --wall-time-s 1000000"
    assert training_command("alignment", config, 524288) == line
    assert training_command("alignment", config, 524288, "why") == f"{line} # why"
    changed = load_config("alignment", None, {"clone": {"policy": None}}, ["ppo.gamma=0.9", "ppo.hidden=[32, 16]"])
    assert changed.ppo.gamma == 0.9
    assert changed.ppo.hidden == (32, 16)
    told = training_command("alignment", changed, 1)
    assert "--clone none --hyper 'ppo.hidden=[32, 16]' --hyper ppo.gamma=0.9 --seed 0" in told
    for made, back in ((told, changed), (line, config)):
        words = shlex.split(made)[3:]
        hyper = [words[i + 1] for i, word in enumerate(words) if word == "--hyper"]
        assert load_config("alignment", None, {}, hyper).ppo == back.ppo
    fewer = TrainConfig.model_validate(load_config("timing").model_dump() | {"environment": {"plant": "rom"}})
    assert '--hyper \'environment={"plant": "rom"}\'' in training_command("timing", fewer, 1)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("ppo.gama=0.9", r"--hyper ppo\.gama: unknown key \(did you mean gamma\?\)"),
        ("ppo.gamma=2", r"^--hyper ppo\.gamma: out of range, got 2"),
        ("pop.gamma=0.9", r"^--hyper: unknown key \(did you mean ppo\?\), got 'pop.gamma=0.9'"),
        ("ppo.gamma", r"^--hyper: not a setting, got 'ppo.gamma' \(allowed: PATH=VALUE"),
        ("steps.more=3", r"^--hyper: steps has no keys of its own"),
        ("ppo.gamma=[", r"--hyper ppo\.gamma: .*not valid YAML"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line(setting: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        load_config("alignment", None, None, [setting])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("overrides", "changes", "said"),
    [
        ({"wall_time_s": float("nan")}, [], "--wall-time-s: must be a finite number"),
        ({"evaluation_episodes": 0}, [], "--episodes: out of range"),
        ({}, ["ppo.hidden=[0]"], r"--hyper ppo.hidden\[0\]: out of range"),
        ({}, ["ppo=3"], "--hyper ppo: must be a mapping"),
    ],
)
def test_a_wrong_value_of_the_command_line_is_no_mistake_of_the_file(
    overrides: dict[str, Any], changes: list[str], said: str
) -> None:
    with pytest.raises(InputError, match=f"^{said}") as caught:
        load_config("alignment", None, overrides, changes)
    assert "yaml" not in str(caught.value)


def test_what_cannot_be_resumed(tmp_path: Path) -> None:
    nothing = dict.fromkeys(("steps", "wall_time_s"))
    (tmp_path / "config.json").write_text(json.dumps(load_config("alignment").model_dump(mode="json")))
    assert resumed_config(tmp_path, "alignment", nothing).worlds == load_config("alignment").worlds
    (tmp_path / "result.json").write_text("{}")
    with pytest.raises(InputError, match="^--resume: this run is over"):
        resumed_config(tmp_path, "alignment", nothing)
    assert resumed_config(tmp_path, "alignment", nothing | {"steps": 7}).steps == 7
    shipped = bundles_folder() / "align_careful"
    shutil.copytree(shipped, tmp_path / "untrained")
    with pytest.raises(InputError, match=r"^--resume: a run of another task \(swaptwin/Alignment\)"):
        resumed_config(tmp_path, "docking", nothing)
