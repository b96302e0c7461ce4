"""How good the search of timing sets is: samplers at equal numbers of swaps, on a station that nobody has tuned.

    .venv/bin/python -m tests.evidence.tuning -o FOLDER                     # 5 seeds, 18,000 swaps each: hours
    .venv/bin/python -m tests.evidence.tuning -o FOLDER --swaps 1500 --samplers blocks random_phases

The station is top_lift with a hoist that is 30 % faster and other slots; searches begin at `factory` and know the
catalogue's sets, as `swaptwin tune` does. 18,000 swaps are what two quiet cores play in three to five minutes. Sets are
judged on scenarios that no search has seen. The ledger in FOLDER makes a run go on where it stopped; FOLDER/tuning.json
has the table.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from agents.experiments.campaign import Campaign, core_count
from agents.experiments.ledger import Ledger
from agents.experiments.trial import program_version
from agents.tune.problem import UNSEEN, Problem
from agents.tune.samplers import SAMPLERS, make_sampler
from agents.tune.scenarios import fitting_pairs
from agents.tune.score import summary
from agents.tune.search import Search
from agents.tune.space import Space
from tests.evidence.part import OneLine, count
from twin.catalogue import Station, load_station, load_timing, names, with_overrides

FASTER = 1.3
SLOTS = {"slots[5].filled": True, "slots[2].filled": False}
MARKS = (1 / 6, 1 / 3, 2 / 3, 1.0)
"""Shares of the swaps at which the best set so far is judged."""
JUDGED = 64


def untouched() -> Station:
    """Return top_lift with a hoist 30 % faster, its stopping distance longer by that squared, and another free slot."""
    plain = load_station("top_lift")
    z = plain.axes.z
    changed = {
        "axes.z.velocity_mps": FASTER * z.velocity_mps,
        "axes.z.velocity_empty_mps": FASTER * z.velocity_empty_mps,
        "axes.z.stopping_distance_m": FASTER**2 * z.stopping_distance_m,
    }
    return with_overrides(plain, {"name": "untouched", **changed, **SLOTS})


def curve(campaign: Campaign, station: Station, sampler: str, seed: int, swaps: int) -> dict[str, Any]:
    """Run one search and judge its best set at the marks."""
    factory = load_timing("factory", station)
    known = tuple(load_timing(name, station) for name in names("timing", station) if name != "factory")
    space = Space(station, factory, known)  # as the command has it
    problem = Problem(station, fitting_pairs(station, None, None), factory, space, seed, campaign.play)
    search = Search(problem, make_sampler(sampler, space, seed, ("time",)))
    numbers = range(UNSEEN, UNSEEN + JUDGED)
    rows = []
    for mark in MARKS:
        began_s, before = time.monotonic(), campaign.counts.playing_s
        search.run(stop=lambda s, most=mark * swaps: s.swaps >= most)  # type: ignore[misc]
        spent_s, playing_s = time.monotonic() - began_s, campaign.counts.playing_s - before
        own = problem.figures([space.timing(search.best.values)], numbers)[0]
        judged = problem.score(own, numbers)
        rows.append(
            {
                "swaps": search.swaps,
                "candidates": search.candidate_count,
                "search_s": round(spent_s, 2),
                "playing_s": round(playing_s, 2),
                "searched": search.best.score.objectives["time"],
                "judged": judged.objectives,
                "broken": judged.broken,
                "summary": summary(own),
                "values": {k: v for k, v in search.best.values.items() if v != search.state.played[0].values[k]},
            }
        )
        print(f"{sampler} seed {seed}: {rows[-1]['swaps']} swaps, {judged.objectives['time']:.4f} of factory's time, "
              f"broken {judged.broken}", file=sys.stderr, flush=True)  # fmt: skip
    return {"sampler": sampler, "seed": seed, "rows": rows, "factory": summary(problem.reference(numbers))}


def main() -> int:
    """Run all searches and write the table."""
    parser = OneLine(
        prog="python -m tests.evidence.tuning",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--swaps", type=count(1, 10_000_000), default=18_000)
    parser.add_argument("--seeds", type=count(1, 10_000), default=5)
    parser.add_argument("--samplers", nargs="+", choices=SAMPLERS, default=list(SAMPLERS))
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    curves: list[dict[str, Any]] = []
    with Ledger(given.output / "tuning.sqlite") as ledger, Campaign(ledger, core_count()) as campaign:
        for seed in range(given.seeds):
            for sampler in given.samplers:
                curves.append(curve(campaign, untouched(), sampler, seed, given.swaps))
                text = json.dumps({"version": program_version(), "swaps": given.swaps, "curves": curves}, indent=1)
                (given.output / "tuning.json").write_text(text)
    for mark in range(len(MARKS)):
        for sampler in given.samplers:
            times = [one["rows"][mark]["judged"]["time"] for one in curves if one["sampler"] == sampler]
            print(f"{MARKS[mark]:5.3f} {sampler:14s} " + " ".join(f"{value:.4f}" for value in times))
    return 0


if __name__ == "__main__":
    sys.exit(main())
