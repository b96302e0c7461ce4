"""Datasets for offline learning: Minari loads them, and they hold what the environment did, to the last bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import minari
import numpy as np
import pytest

import swaptwin
from agents.datasets import Rows, dataset_folder, default_name, record
from agents.episodes import Scene
from agents.guard import Guard
from agents.tasks import TASKS
from tests.agents.bundles import make_tiny, write_tiny
from tests.agents.tiny import TASK, Slow
from twin.errors import InputError

NAME = "swaptwin/tiny/slow-v0"
SCENE = Scene(TASK)
KEYS = ("observations", "actions", "rewards", "terminations", "truncations")


def loaded(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(folder))
    return minari.load_dataset(name)


def played(seed: int) -> dict[str, list[Any]]:
    """The episode of a seed, played here."""
    environment = make_tiny()
    guard = Guard(Slow(environment), environment.action_space)
    rows: dict[str, list[Any]] = {key: [] for key in KEYS}
    observation, _ = environment.reset(seed=seed)
    guard.begin(seed)
    rows["observations"].append(observation)
    over = False
    while not over:
        action = guard.act(observation)
        observation, reward, terminated, truncated, _ = environment.step(action)
        for key, value in zip(KEYS, (observation, action, reward, terminated, truncated), strict=True):
            rows[key].append(value)
        over = terminated or truncated
    return rows


def test_minari_loads_what_was_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    folder, episodes = record(
        SCENE, "slow", NAME, tmp_path, episodes=5, seed=40, on_episode=lambda episode: told.append(episode.seed)
    )
    assert folder == tmp_path / NAME
    assert told == [episode.seed for episode in episodes] == [40, 41, 42, 43, 44]
    dataset = loaded(tmp_path, NAME, monkeypatch)
    assert dataset.total_episodes == 5
    assert dataset.total_steps == sum(episode.steps for episode in episodes)
    environment = dataset.recover_environment()
    assert environment.observation_space == dataset.observation_space == make_tiny().observation_space
    for seed, found, episode in zip(told, dataset.iterate_episodes(), episodes, strict=True):
        for key, values in played(seed).items():
            np.testing.assert_array_equal(getattr(found, key), np.array(values))
        assert found.observations.dtype == found.actions.dtype == np.float32
        assert len(found.infos["cost"]) == len(found.observations) == len(found.actions) + 1
        # the actions alone give the observations again
        observation, _ = environment.reset(seed=seed)
        again = [observation, *(environment.step(action)[0] for action in found.actions)]
        np.testing.assert_array_equal(again, found.observations)
        [about] = dataset.storage.get_episode_metadata([found.id])
        assert (about["seed"], about["outcome"], bool(about["success"])) == (seed, episode.outcome, episode.success)
        assert about["kpis"]["time_s"] == episode.time_s
    command = dataset.storage.metadata["swaptwin"]["command"]
    assert command == f"swaptwin record-dataset tiny --policy slow --name {NAME} --seed 40 --episodes 5"


def data(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    return [
        {key: getattr(episode, key).tolist() for key in KEYS} | {"id": int(episode.id)}
        for episode in loaded(folder, name, monkeypatch).iterate_episodes()
    ]


def test_it_does_not_depend_on_workers_or_worlds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for place, how in (("one", {}), ("worlds", {"worlds": 3}), ("workers", {"workers": 2})):
        record(SCENE, "slow", NAME, tmp_path / place, episodes=7, seed=0, **how)  # type: ignore[arg-type]
    one = data(tmp_path / "one", NAME, monkeypatch)
    assert len(one) == 7
    assert data(tmp_path / "worlds", NAME, monkeypatch) == one
    assert data(tmp_path / "workers", NAME, monkeypatch) == one


def test_a_bundle_is_recorded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = str(write_tiny(tmp_path / "mine"))
    name = default_name("tiny", bundle)
    assert name == "swaptwin/tiny/mine-v0"
    record(SCENE, bundle, name, tmp_path / "sets", episodes=2, seed=0)
    assert loaded(tmp_path / "sets", name, monkeypatch).total_episodes == 2


def test_a_full_disk_is_noticed_before_hdf5_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """HDF5 itself would end the process with a segmentation fault."""

    def full(descriptor: int, offset: int, length: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(OSError, match=r"No space left.*slow-v0"):
        record(SCENE, "slow", NAME, tmp_path, episodes=2, seed=0)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_recording_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Any, seed: int) -> Rows:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("agents.datasets.Recorder.__call__", full)
    with pytest.raises(OSError, match=r"No space left.*slow-v0"):
        record(SCENE, "slow", NAME, tmp_path, episodes=2, seed=0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "slow", "../slow-v0", "a b-v0", "/slow-v0", "slow-v", "a//b-v0"])
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"^--name: not a dataset's name"):
        dataset_folder(tmp_path, name)


def test_a_dataset_does_not_lie_in_another(tmp_path: Path) -> None:
    (tmp_path / "mine" / "law-v0" / "data").mkdir(parents=True)
    assert dataset_folder(tmp_path, "mine/servo-v0") == tmp_path / "mine" / "servo-v0"
    with pytest.raises(InputError, match=r"^--name: lies in the folder of another dataset, got 'mine/law-v0/more-v0'"):
        dataset_folder(tmp_path, "mine/law-v0/more-v0")


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["record-dataset", "alignment", "--plant", "rom", "--station", "chassis", "--policy", "zero"]
    words += ["--out", str(tmp_path), "--workers", "1", "--seed", "5"]
    assert swaptwin.run([*words, "--episodes", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["name"] == "swaptwin/alignment/zero-v0"
    dataset = loaded(tmp_path, told["name"], monkeypatch)
    assert (dataset.total_episodes, dataset.total_steps) == (2, told["steps"])
    environment = dataset.recover_environment()
    assert environment.unwrapped.station.name == "chassis"
    first = next(dataset.iterate_episodes())
    observation, _ = environment.reset(seed=5)
    np.testing.assert_array_equal(observation, first.observations[0])
    observation, reward, *_ = environment.step(first.actions[0])
    np.testing.assert_array_equal(observation, first.observations[1])
    assert reward == first.rewards[0]
    # again: refused, and the first one stays
    assert swaptwin.run([*words, "--episodes", "1"]) == 2
    assert "zero-v0: already exists; choose another --name" in capsys.readouterr().err
    assert loaded(tmp_path, told["name"], monkeypatch).total_episodes == 2
    # to people, into a folder named from here
    monkeypatch.chdir(tmp_path)
    words[words.index("--out") + 1] = "here"
    words[words.index("--workers") :] = ["--episodes", "1", "--name", "mine-v3", "--worlds", "1"]
    assert swaptwin.run(words) == 0
    shown = capsys.readouterr().out
    assert 'minari.load_dataset("mine-v3")' in shown
    assert "evaluate alignment --station chassis --plant rom --policy zero" in " ".join(shown.split())
    assert loaded(tmp_path / "here", "mine-v3", monkeypatch).total_episodes == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["alignment", "--policy", "nobody"], "--policy: unknown policy"),
        (["alignment", "--episodes", "0"], "--episodes: out of range, got 0"),
        (["alignment", "--name", "x"], "--name: not a dataset's name, got 'x'"),
        (["alignment", "--errors", "drawn"], "--errors: task alignment takes no such option"),
        (["alignment", "--plant", "bullet", "--worlds", "4"], "--plant: has no batch of worlds"),
        (["timing", "--policy", "tuned"], "--policy: is played without actions, got 'tuned'"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    task = TASKS[words[0]].name
    assert swaptwin.run(["record-dataset", task, *words[1:], "--out", str(tmp_path), "--workers", "1"]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert list(tmp_path.rglob("*.hdf5")) == []
