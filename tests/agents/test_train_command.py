"""`swaptwin train`: the wall time holds for all of it, it says how it goes, and what it prints runs as printed."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import time
from pathlib import Path
from typing import Any

import pytest

import agents.train.run
import swaptwin
from agents.commands.train import report
from agents.episodes import Scene
from agents.tasks import TASKS
from agents.train.budget import GRACE_S, MAX_AFTERWARDS, Budget, at_most
from agents.train.run import train
from agents.train.watch import FinalPhase
from tests.agents.test_train import SCENE, tiny_config
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
