"""Episodes on the batch are those of the single environment."""

from __future__ import annotations

import dataclasses
from functools import partial
from typing import Any

import numpy as np
import pytest

from agents.batch import AllWorlds, EachWorld, actor_of, batched, make_worlds, play
from agents.episodes import Player, Scene
from agents.evaluate import evaluate
from agents.tasks import TASKS
from tests.agents.tiny import TASK, Controller
from twin.errors import InputError

ROM = Scene(TASKS["alignment"], {"plant": "rom"})
SCENE = Scene(TASK)
SEEDS = range(40, 53)


def plain(episode: Any) -> dict[str, Any]:
    return {**dataclasses.asdict(episode), "interventions": {k: v for k, v in episode.interventions.items() if v}}


@pytest.mark.parametrize("worlds", [1, 5, 32])
def test_any_number_of_worlds_plays_the_episodes_of_one(worlds: int) -> None:
    player = Player(SCENE, ["baseline"])
    alone = [plain(player(seed)[0]) for seed in SEEDS]
    batch = make_worlds(SCENE, worlds)
    assert [plain(e) for e in play(batch, actor_of(lambda: Controller(None), worlds), SEEDS, SCENE)] == alone
    assert [plain(e) for e in play(batch, actor_of(lambda: Controller(None), worlds), SEEDS, SCENE)] == alone


def test_alignment_on_the_batch_is_the_single_environments() -> None:
    for name in ("baseline", "law"):
        player = Player(ROM, [name])
        alone = [plain(player(seed)[0]) for seed in (3, 4, 5)]
        batch = make_worlds(ROM, 2)
        together = play(batch, actor_of(partial(player.policy, 0), 2), (3, 4, 5), ROM)
        assert [plain(e) for e in together] == alone
        player.close()


def test_an_evaluation_on_the_batch_is_the_same() -> None:
    one, _ = evaluate(SCENE, ["baseline", "wild"], episodes=9, seed=3, workers=1)
    many, _ = evaluate(SCENE, ["baseline", "wild"], episodes=9, seed=3, workers=1, worlds=4)
    assert many.as_json() == one.as_json()


def test_policies_without_a_state_are_asked_at_once() -> None:
    class Many(Controller):
        def act_many(self, observations: np.ndarray) -> np.ndarray:
            return np.zeros((len(observations), 1), np.float32)

    assert isinstance(actor_of(lambda: Many(None), 3), AllWorlds)
    assert isinstance(actor_of(lambda: Controller(None), 3), EachWorld)


def test_the_reference_plant_has_no_batch() -> None:
    assert batched(ROM)
    assert not batched(Scene(TASKS["alignment"]))
    assert batched(Scene(TASKS["docking"]))
    with pytest.raises(InputError, match=r"--plant: has no batch of worlds, got 'bullet' \(allowed: rom\)"):
        make_worlds(Scene(TASKS["alignment"]), 4)
