"""`evaluate --record-failures`: what is chosen, that it went again as it had gone, and what is refused beforehand."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents import recordings
from agents.episodes import Episode, Scene
from agents.evaluate import Evaluation, evaluate
from agents.tasks import TASKS
from swaptwin import run
from tests.tiers import slow
from twin.errors import InputError
from twin.recording import open_recording
from twin.recording.verify import verify

SCENE = Scene(TASKS["alignment"], {"station": "chassis", "action-mode": "residual"})


class Sideways:
    """Away from the seat, as hard as may be: the time is over before it is anywhere."""

    def __init__(self, environment: Any) -> None:
        environment.time_limit_s = 5.0  # what else takes a minute

    def begin(self, seed: int) -> None:
        """Nothing to forget."""

    def act(self, observation: np.ndarray) -> np.ndarray:
        return np.array([0.0, 0.0, -1.0, 0.0], np.float32)


@pytest.fixture
def scene() -> Scene:
    """Alignment with a baseline that fails."""
    baselines = {**SCENE.task.baselines, "sideways": f"{__name__}:Sideways"}
    return dataclasses.replace(SCENE, task=dataclasses.replace(SCENE.task, baselines=baselines))


def episode(seed: int, outcome: str = "seated", time_s: float = 5.0) -> Episode:
    return Episode(seed, outcome == "seated", outcome, 100, 1.0, 0.0, {"time_s": time_s}, 0, {})


def evaluation(*columns: tuple[Episode, ...], names: tuple[str, ...] = ("baseline", "zero")) -> Evaluation:
    return Evaluation(SCENE, names, 0, len(columns[0]), columns, {})


def test_failures_and_the_slowest_success_are_chosen(tmp_path: Path) -> None:
    good = (episode(0), episode(1, time_s=7.0), episode(2))
    bad = (episode(0, "jam"), episode(1, "time_limit"), episode(2, "jam"))
    chosen, left_out = recordings.recording_requests(evaluation(good, bad), tmp_path, most=2)
    assert [item.path.name for item in chosen] == [
        "baseline_1_seated.mcap",
        "zero_0_jam.mcap",
        "zero_1_time_limit.mcap",
    ]
    assert left_out == {"zero": 1}


@pytest.mark.parametrize(
    ("policies", "names"),
    [
        (("baseline", "zero"), ["baseline", "zero"]),
        (("runs/a/policy", "runs/b/policy"), ["policy-1", "policy-2"]),
        (("./my policy;rm", ".."), ["my-policy-rm", "policy"]),
    ],
)
def test_names_of_files(policies: tuple[str, ...], names: list[str]) -> None:
    assert recordings.file_names(policies) == names


@pytest.mark.parametrize("workers", [1, slow(2)])
def test_what_is_recorded_went_as_before_and_verifies(scene: Scene, tmp_path: Path, workers: int) -> None:
    names = ("baseline", "sideways")
    done, _ = evaluate(scene, names, episodes=1, seed=4, workers=1)
    items, _ = recordings.recording_requests(done, tmp_path, most=5)
    made, interrupted = recordings.record(scene, names, items, workers=workers)
    assert not interrupted
    assert [one.path.name for one in made] == ["baseline_4_seated.mcap", "sideways_4_time_limit.mcap"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [one.path.name for one in made]
    for one, name in zip(made, names, strict=True):
        assert one.same
        assert one.again == one.request.episode
        assert verify(one.path).verified
        with open_recording(one.path) as opened:
            assert opened.header.configuration["policies"] == {"align": name}
            assert opened.outcome == one.again.outcome


@pytest.mark.parametrize("workers", [1, slow(2)])
def test_failed_drives_into_the_bay_are_recorded(tmp_path: Path, workers: int) -> None:
    names = ("baseline", "random")
    scene = Scene(TASKS["docking"], {"conditions": "clear", "truck": "tractor_6x4"})
    done, _ = evaluate(scene, names, episodes=1, seed=2, workers=1)
    items, _ = recordings.recording_requests(done, tmp_path, most=1)
    made, _ = recordings.record(scene, names, items, workers=workers)
    assert [one.path.name for one in made] == ["baseline_2_docked.mcap", "random_2_time_limit.mcap"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [one.path.name for one in made]
    for one in made:
        assert one.same
        assert verify(one.path).verified


def test_a_differing_episode_is_reported(scene: Scene, tmp_path: Path) -> None:
    was = dataclasses.replace(episode(4, "jam"), success=False)
    items, _ = recordings.recording_requests(evaluation((was,), names=("sideways",)), tmp_path, most=1)
    made, _ = recordings.record(scene, ("sideways",), items, workers=1)
    assert not made[0].same
    assert [path.name for path in tmp_path.iterdir()] == ["sideways_4_time_limit.mcap"]
    assert made[0].as_json()["same"] is False


def test_ctrl_c_leaves_what_is_whole(scene: Scene, tmp_path: Path) -> None:
    seeds = (episode(4, "time_limit"), episode(5, "time_limit"))
    items, _ = recordings.recording_requests(evaluation(seeds, names=("sideways",)), tmp_path, most=5)

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    made, interrupted = recordings.record(scene, ("sideways",), items, workers=1, on_recorded=interrupt)
    assert interrupted
    assert [one.path.name for one in made] == ["sideways_4_time_limit.mcap"]
    assert [path.name for path in tmp_path.iterdir()] == ["sideways_4_time_limit.mcap"]


@pytest.mark.parametrize("plant", ["bullet", "rom"])
def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], plant: str) -> None:
    words = "evaluate alignment --station chassis --policy baseline --episodes 1 --seed 4 --workers 1 --json"
    words += f" --plant {plant}"
    folder = tmp_path / "new" / "folder"
    assert run([*words.split(), "--record-failures", str(folder)]) == 0
    reported = json.loads(capsys.readouterr().out)
    file = folder / "baseline_4_seated.mcap"
    entry = {"policy": "baseline", "seed": 4, "outcome": "seated", "success": True, "file": str(file), "same": True}
    assert reported["recordings"] == [entry]
    assert reported["plant"] == plant
    assert verify(file).verified
    with open_recording(file) as opened:
        assert opened.header.configuration["plant"] == plant


def test_no_folder_is_refused_before_anything_is_played(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a file"
    file.write_text("")
    for bad in (file, file / "below", "a\0b"):
        with pytest.raises(InputError, match="record-failures"):
            recordings.check_folder(bad)
    assert run(["evaluate", "alignment", "--episodes", "1000000", "--record-failures", str(file)]) == 2
    said = capsys.readouterr().err  # a long path is cut
    assert said.startswith("error: --record-failures: is not a folder, got '/")
    assert said.count("\n") == 1


@pytest.mark.parametrize("words", ["--policy nonsense", "--station moon", "--parking valet"])
def test_a_wrong_argument_leaves_no_folder_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    there = tmp_path / "there"
    there.mkdir()
    for folder in (tmp_path / "new" / "deep", there):
        assert run(["evaluate", "docking", *words.split(), "--record-failures", str(folder)]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [there], "what was there stays, even empty"


def test_every_task_is_recorded() -> None:
    recordable = [name for name, task in TASKS.items() if task.recordable]
    assert recordable == ["docking", "alignment", "timing", "timing_v0"]
