"""Timing yardsticks: what they play, that tuned ones beat the factory set, and that a swap takes them too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from agents import deciders
from agents.episodes import Scene, run_episode
from agents.guard import Guard
from agents.policies import load_policy
from agents.tasks import TASKS
from envs.timing_action import row_of
from tests.determinism.short_swap import setup_and_timing, stop_at
from tests.evidence.campaign import SETUPS, read
from tests.tiers import slow
from twin.catalogue import load_station, load_timing
from twin.catalogue.schema import MECHANICAL
from twin.errors import InputError
from twin.sequence.timing import row_as_plain, timing_row
from twin.swap import SwapTwin

TASK = TASKS["timing_v0"]
NAMES = tuple(TASK.baselines)


def environment(station: str, **arguments: Any) -> Any:
    truck, pack = SETUPS[station]
    fixed = {"truck": truck, "pack": pack, "parking": "guided", "conditions": "clear"}
    return gymnasium.make(TASK.environment, disable_env_checker=True, station=station, **fixed, **arguments)


@pytest.mark.parametrize("station", ["top_lift", "chassis"])
@pytest.mark.parametrize("name", NAMES)
def test_a_baseline_plays_its_set(station: str, name: str) -> None:
    env = environment(station)
    policy = load_policy(name, dict(TASK.baselines), env.unwrapped)
    at, kind = load_station(station), env.unwrapped.station.kind
    for place, phase in enumerate(MECHANICAL[kind]):
        observation = np.zeros(env.observation_space.shape, np.float32)
        observation[place] = 1.0
        said = row_as_plain(row_of(policy.act(observation).tolist(), float("nan"), at)[0])
        wanted = row_as_plain(timing_row(load_timing(name, at).of(phase)))
        for words in ("shaper", "shaper_frequency_hz"):
            assert said.pop(words) == wanted.pop(words), phase
        assert said == pytest.approx(wanted, rel=1e-5, abs=1e-7), phase
    env.close()


@pytest.mark.parametrize("seed", [0, slow(1)])
def test_zvd_beats_factory_on_its_way_to_the_slot(seed: int) -> None:
    env = environment("top_lift", last_phase="lift_out")
    factory, zvd = (
        run_episode(env, Guard(load_policy(name, dict(TASK.baselines), env.unwrapped), env.action_space), seed, TASK)
        for name in ("factory", "zvd")
    )
    assert zvd.time_s < factory.time_s - 5.0
    assert factory.violations == zvd.violations == 0
    assert factory.interventions == zvd.interventions == {}
    env.close()


@pytest.mark.slow
@pytest.mark.parametrize("station", ["top_lift", "chassis"])
def test_zvd_beats_factory_over_a_whole_swap(station: str) -> None:
    """Against what is stored of the factory set on the same seed."""
    env = environment(station)
    guard = Guard(load_policy("zvd", dict(TASK.baselines), env.unwrapped), env.action_space)
    episode = run_episode(env, guard, 0, TASK)
    env.close()
    stored = next(row for row in read(station, "guided") if row["seed"] == 0)
    assert (episode.success, episode.violations) == (True, 0)
    assert episode.kpis["insert_attempts"] == 1
    assert episode.time_s < 0.92 * stored["mechanical_time_s"]
    assert episode.reward > 0.3


def test_a_policy_times_a_swap_and_its_events_say_how() -> None:
    setup, timing = setup_and_timing("top_lift")
    twin = SwapTwin(setup, timing, policies={"timing": "zvd"}, **deciders.timing("zvd", setup))
    result = stop_at(twin, 24.0)
    twin.close()
    reported = [event for event in result.events if event["name"] == "timing"]
    assert [event["phase"] for event in reported] == ["lower", "grip", "unlock", "lift_out"][: len(reported)]
    assert len(reported) >= 3
    assert reported[0]["timing"]["shaper"] == "zvd"
    wanted = load_timing("zvd", setup.station).of("lower").overlap_s
    assert reported[0]["timing"]["overlap_s"] == pytest.approx(wanted)
    assert reported[0]["timing"]["shaper_frequency_hz"] is None, "played as the set has it: from the rope length"
    assert result.as_json()["timing_policy"] == "zvd"


def test_an_unknown_policy_is_named() -> None:
    setup, _ = setup_and_timing("top_lift")
    with pytest.raises(InputError, match=r"^--timing-policy: unknown policy.*zvd"):
        deciders.timing("zvdd", setup)


def test_options_of_the_command_line() -> None:
    given = {"station": "chassis", "parking": "guided", "conditions": "rain"}
    env = Scene(TASK, given).make()
    assert env.unwrapped.station.name == "chassis"
    env.close()


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("default: {blending: true}", "default.blending"),
        ("planning: shortest\ndefault: {}", "planning"),
        ("default: {}\nphases: {store: {y: {acceleration_fraction: 0.5}}}", "phases.store.y"),
        ("default: {shaper: matched}", "default.shaper"),
    ],
)
def test_a_set_whose_options_no_action_represents_is_refused(tmp_path: Path, text: str, key: str) -> None:
    """Played through the action it would be another set, and nobody would see it."""
    file = tmp_path / "own.yaml"
    head = "provenance: {chosen: own}\nname: own\ntitle: own\nstation: top_lift\nkind: top_lift\n"
    file.write_text(head + text + "\n")
    env = environment("top_lift")
    with pytest.raises(InputError, match=f"own.yaml: {key}.*Timing-v0's action has no such option"):
        load_policy(str(file), dict(TASK.baselines), env.unwrapped, timing_files=TASK.timing_files)
    env.close()
