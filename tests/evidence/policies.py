"""Evidence: episodes of the yardsticks and the floor on swap cells, stored one by one.

    .venv/bin/python -m tests.evidence.policies              # plays what is missing, then writes the tables
    .venv/bin/python -m tests.evidence.policies --only timing-top_lift --workers 16 --seconds 500
    .venv/bin/python -m tests.evidence.policies --tables

Each case has a file in tests/evidence/policies, a line an episode. A run goes on where it stopped, repeats nothing, and
plays the policies of a case on the same seeds, lowest first. `tests/evidence/test_policies.py` holds the figures to the
project's targets and plays a small sample again. Remove a file to start it afresh.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from agents.episodes import Episode, Player, Scene
from agents.evaluate import Evaluation
from agents.tasks import TASKS

HERE = Path(__file__).parent
FOLDER = HERE / "policies"
FIRST_SEED = 10_000
"""Episodes run on seeds from here up; the yardsticks were tuned on others."""
UNTRAINED = HERE / "training" / "untrained"
"""The start of the run of `swaptwin train alignment` whose result is the shipped bundle `align_sac`."""
FULL, FLOOR = 500, 20
"""Episodes of a yardstick, and of the floor: that one is flat, fewer do."""


@dataclass(frozen=True)
class Case:
    """One table: a task on a station, its options, and how many episodes each policy plays."""

    name: str
    task: str
    policies: Mapping[str, int]
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.jsonl"

    @property
    def scene(self) -> Scene:
        return Scene(TASKS[self.task], dict(self.options))


def _alignment(station: str, parking: str) -> Case:
    policies = {"baseline": FULL, "zero": FLOOR, "random": FLOOR}
    return Case(f"alignment-{station}-{parking}", "alignment", policies, {"station": station, "parking": parking})


CASES = (
    Case(
        "timing-top_lift",
        "timing",
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
        "timing",
        {"factory": 150, "zvd": 150, "s_curve": 40, "zero": 20, "random": 20},
        {"station": "chassis"},
    ),
)
"""Every case, the ones that matter most first. Truck, pack, conditions and, for timing, parking are drawn."""
BY_NAME = {case.name: case for case in CASES}


def read(case: Case) -> dict[tuple[str, int], Episode]:
    """Stored episodes by policy and seed."""
    if not case.path.exists():
        return {}
    found = {}
    for line in case.path.read_text().splitlines():
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


def missing(case: Case) -> Iterator[tuple[str, str, int]]:
    """(case, policy, seed) that are not stored, seed by seed."""
    known = read(case)
    for seed in range(FIRST_SEED, FIRST_SEED + max(case.policies.values())):
        for policy, episodes in case.policies.items():
            if seed < FIRST_SEED + episodes and (policy, seed) not in known:
                yield case.name, policy, seed


def evaluation(case: Case, policies: tuple[str, ...]) -> Evaluation:
    """The stored episodes of these policies on the seeds that all of them have played."""
    known = read(case)
    seeds = [
        seed
        for seed in range(FIRST_SEED, FIRST_SEED + max(case.policies.values()))
        if all((policy, seed) in known for policy in policies)
    ]
    columns = tuple(tuple(known[policy, seed] for seed in seeds) for policy in policies)
    about = {**case.options, "plant": "bullet"}
    return Evaluation(case.scene, policies, FIRST_SEED, len(seeds), columns, about)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=sorted(BY_NAME), action="append", help="these cases; default: all")
    parser.add_argument("--policy", action="append", help="of these policies; default: all")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no episode after this")
    parser.add_argument("--tables", action="store_true", help="only write the tables")
    options = parser.parse_args()
    chosen = [case for case in CASES if options.only is None or case.name in options.only]
    if not options.tables:
        run(chosen, options.policy, options.workers, options.seconds)
    if options.only is None:
        from tests.evidence.policy_tables import write

        write()
    return 0


def run(cases: list[Case], policies: list[str] | None, workers: int, seconds: float) -> None:
    """Play what is missing; each episode is stored as it ends."""
    FOLDER.mkdir(exist_ok=True)
    todo = iter([item for case in cases for item in missing(case) if policies is None or item[1] in policies])
    until = time.monotonic() + seconds
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running: dict[Any, Case] = {}
        done = 0
        while True:
            while len(running) < workers and time.monotonic() < until and (item := next(todo, None)) is not None:
                running[pool.submit(play, *item)] = BY_NAME[item[0]]
            if not running:
                return
            for job in wait(running, return_when=FIRST_COMPLETED).done:
                case, row = running.pop(job), job.result()
                with case.path.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                done += 1
                said = f"{done} {case.name} {row['policy']} {row['seed']} {row['outcome']}"
                print(said, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
