"""Evidence: episodes of the yardsticks, the floor and a trained policy, stored one by one.

    .venv/bin/python -m tests.evidence policies --seeds 40

Each case has a file in tests/evidence/policies, a line an episode; the policies of a case play the same seeds.
`tests/evidence/test_policies.py` plays a small sample again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from agents.episodes import Episode, Player, Scene
from agents.evaluate import Evaluation
from agents.tasks import TASKS
from tests.evidence.part import HERE, RELEASE_SEEDS, Claim, Key, Part, Played, seeds_in_words

FIRST_SEED = 10_000
"""Episodes run on seeds from here up; the yardsticks were tuned on others."""
UNTRAINED = HERE / "training" / "untrained"
"""The start of the run of `swaptwin train alignment` whose result is the shipped bundle `align_sac`."""
FULL, FLOOR = 500, 20
"""Episodes of a yardstick for a release, and of the floor: that one is flat, fewer do."""


@dataclass(frozen=True)
class Case:
    """One table: a task on a station, its options, and how many episodes each policy plays for a release."""

    name: str
    task: str
    policies: Mapping[str, int]
    options: Mapping[str, str] = field(default_factory=dict)

    def path(self, folder: Path = HERE) -> Path:
        return folder / "policies" / f"{self.name}.jsonl"

    @property
    def scene(self) -> Scene:
        return Scene(TASKS[self.task], dict(self.options))


def _alignment(station: str, parking: str) -> Case:
    policies = {"baseline": FULL, "zero": FLOOR, "random": FLOOR}
    return Case(f"alignment-{station}-{parking}", "alignment", policies, {"station": station, "parking": parking})


CASES = (
    Case(
        "timing-top_lift",
        "timing_v0",
        {"factory": FULL, "zvd": FULL, "zv": 100, "s_curve": 100, "zero": 20, "random": 20},
        {"station": "top_lift"},
    ),
    Case(
        "trained-alignment",
        "alignment",
        {"untrained": FULL, "align_sac": FULL},
        {"station": "top_lift", "parking": "guided", "action-mode": "residual"},
    ),
    _alignment("top_lift", "guided"),
    _alignment("top_lift", "unguided"),
    _alignment("chassis", "guided"),
    _alignment("chassis", "unguided"),
    Case(
        "timing-chassis",
        "timing_v0",
        {"factory": 150, "zvd": 150, "s_curve": 40, "zero": 20, "random": 20},
        {"station": "chassis"},
    ),
)
"""Every case, the ones that matter most first. Truck, pack, conditions and, for timing, parking are drawn."""
BY_NAME = {case.name: case for case in CASES}


def read(case: Case, folder: Path = HERE) -> dict[tuple[str, int], Episode]:
    """Stored episodes by policy and seed."""
    path = case.path(folder)
    found = {}
    for line in path.read_text().splitlines() if path.exists() else ():
        row = json.loads(line)
        policy = row.pop("policy")
        found[policy, row["seed"]] = Episode(**row)
    return found


def as_row(policy: str, episode: Episode) -> dict[str, Any]:
    """What is stored of an episode, rounded."""
    return {
        "policy": policy,
        "seed": episode.seed,
        "success": episode.success,
        "outcome": episode.outcome,
        "steps": episode.steps,
        "reward": round(episode.reward, 4),
        "cost": round(episode.cost, 4),
        "kpis": {name: round(value, 5) for name, value in episode.kpis.items()},
        "violations": episode.violations,
        "interventions": episode.interventions,
    }


@cache
def player(name: str, policy: str) -> Player:
    """Built once in each worker."""
    return Player(BY_NAME[name].scene, (str(UNTRAINED) if policy == "untrained" else policy,))


def play(name: str, policy: str, seed: int) -> dict[str, Any]:
    """One episode."""
    return as_row(policy, player(name, policy)(seed)[0])


def evaluation(case: Case, policies: tuple[str, ...], folder: Path = HERE) -> Evaluation:
    """The stored episodes of these policies on the seeds that all of them have played."""
    known = read(case, folder)
    seeds = [
        seed
        for seed in range(FIRST_SEED, FIRST_SEED + max(case.policies.values()))
        if all((policy, seed) in known for policy in policies)
    ]
    columns = tuple(tuple(known[policy, seed] for seed in seeds) for policy in policies)
    about = {**case.options, "plant": "bullet"}
    return Evaluation(case.scene, policies, FIRST_SEED, len(seeds), columns, about)


# ----------------------------------------------------------------------------------------------------------------- part


def keys(seeds: int) -> list[Key]:
    """Case by case and seed by seed; all that a case has for a release, no more than `seeds` of a policy otherwise."""
    most = FULL if seeds >= RELEASE_SEEDS else seeds
    return [
        (case.name, policy, seed)
        for case in CASES
        for seed in range(FIRST_SEED, FIRST_SEED + min(most, max(case.policies.values())))
        for policy, episodes in case.policies.items()
        if seed < FIRST_SEED + episodes
    ]


def store(folder: Path, played: Played) -> None:
    (folder / "policies").mkdir(parents=True, exist_ok=True)
    for case in CASES:
        rows = [json.dumps(row) + "\n" for key, row in played.items() if key[0] == case.name]
        case.path(folder).write_text("".join(rows))


def seeds_of(played: Played) -> dict[str, str]:
    return {
        f"policies/{case.name}": seeds_in_words([int(key[2]) for key in played if key[0] == case.name])
        for case in CASES
    }


def claims(folder: Path = HERE) -> list[Claim]:
    """The project's targets for policies."""
    found = []
    for case in CASES:
        if case.task == "timing_v0":
            reported = evaluation(case, ("factory", "zvd"), folder).as_json()
            [time] = [row for row in reported["paired"] if row["metric"] == "time_s"]
            [success] = reported["paired_success"]
            found.append(Claim(f"{case.name}: zvd beats factory on mechanical time", time["ci95"][1] < 0.0))
            found.append(Claim(f"{case.name}: it is not known to fail more often", success["ci95"][1] >= 0.0))
            violations = sum(row["violations"] for row in reported["policies"])
            found.append(Claim(f"{case.name}: no safety invariant broken", violations == 0))
        elif case.name == "trained-alignment":
            reported = evaluation(case, ("untrained", "align_sac"), folder).as_json()
            [time] = [row for row in reported["paired"] if row["metric"] == "time_s"]
            [success] = reported["paired_success"]
            better = time["ci95"][1] < 0.0 and success["ci95"][1] >= 0.0
            found.append(Claim("half an hour of training ends better than its start", better))
        else:
            servo = evaluation(case, ("baseline",), folder).as_json()["policies"][0]
            if case.options["parking"] == "guided":
                first = servo["rates"]["first_attempt"]["rate"]
                found.append(Claim(f"{case.name}: 19 of 20 packs seated at the first attempt", first >= 0.95))
            found.append(Claim(f"{case.name}: no safety invariant broken", servo["violations"] == 0))
            for policy in ("zero", "random"):
                floor = evaluation(case, (policy,), folder).as_json()["policies"][0]
                far = floor["success_ci95"][1] < servo["success_ci95"][0]
                found.append(Claim(f"{case.name}: the servo is far above {policy}", far))
    return found


PART = Part("policies", keys, play, store, seeds_of, claims)
