"""Sampling MPC on copies of the running insertion, and what those copies are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from agents.baselines import alignment_mpc
from agents.baselines.alignment import DescentLaw
from agents.baselines.alignment_mpc import FAILED_S, SamplingMpc
from agents.commands.evaluate import chosen_policies
from agents.episodes import FORCE, Player, Scene
from agents.tasks import TASKS
from envs.lookahead import Lookahead
from twin.errors import InputError

SCENE = Scene(TASKS["alignment"], {"plant": "rom", "station": "chassis", "conditions": "rain"}, guarded=False)
SEED = 600_001


def test_a_copy_goes_on_as_the_insertion_does_to_the_last_bit() -> None:
    environment: Any = SCENE.make().unwrapped
    law = DescentLaw()
    observation, _ = environment.reset(seed=SEED)
    for _ in range(10):
        observation, *_ = environment.step(law.act(observation))
    ahead = Lookahead(environment.case, 3, "direct", environment.time_limit_s)
    ahead.copy(environment.driver, environment.episodes)
    before = environment.runner.worlds.tobytes()
    actions = np.zeros((3, 4))
    while len(which := ahead.running):
        actions[which] = law.act_many(ahead.episodes.observations[which])
        ahead.step(which, actions)
    assert environment.runner.worlds.tobytes() == before, "the insertion itself stays"
    over = False
    while not over:
        observation, _, over, _, info = environment.step(law.act(observation))
    for i in range(3):
        np.testing.assert_array_equal(ahead.episodes.observations[i], observation)
        assert ahead.episodes.episodes["steps"][i] * 0.05 == pytest.approx(info["kpis"]["time_s"])
        assert ahead.episodes.episodes["peak_lateral_n"][i] == info["kpis"]["peak_lateral_force_n"]
    environment.close()


def test_with_few_candidates_it_is_no_worse_than_the_law(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alignment_mpc, "SAMPLES", 4)
    monkeypatch.setattr(alignment_mpc, "ELITE", 2)
    player = Player(SCENE, ["law", "mpc"])
    law, mpc = player(SEED)
    player.close()

    def cost_s(episode: Any) -> float:
        return float(episode.time_s + 1.5 * episode.kpis[FORCE] / 6000.0 + FAILED_S * (not episode.success))

    assert cost_s(mpc) < cost_s(law), "its best candidate comes about, and the law is one of them"
    planned: Any = player.guards[1].policy
    assert len(planned.planning_s) == -(-mpc.steps // alignment_mpc.KNOT_STEPS)


def test_it_plays_only_on_the_plant_that_it_copies_and_only_where_it_is_named() -> None:
    with pytest.raises(InputError, match="reduced-order"):
        SamplingMpc(Scene(TASKS["alignment"]).make().unwrapped)
    residual = Scene(TASKS["alignment"], {"plant": "rom", "action-mode": "residual"})
    with pytest.raises(InputError, match="setpoints"):
        SamplingMpc(residual.make().unwrapped)
    assert "mpc" not in chosen_policies(TASKS["alignment"], None)
    assert chosen_policies(TASKS["alignment"], ["mpc"]) == ("mpc",)
