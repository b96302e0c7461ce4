"""Evidence: what a policy of Timing-v1 can win: forces by phase, and many sets about one on the same swaps.

    .venv/bin/python -m tests.evidence.timing_headroom --station chassis --sets 24    # prints the tables
    .venv/bin/python -m tests.evidence.timing_headroom --write                        # into docs/evaluate.md

About five minutes of a quiet core at top_lift, on the reduced-order plant. The first set is the base itself; the others
change, in each phase, each element of the action that `EXPLORED` names in half of the sets, at random. A set that suits
a swap best is known with hindsight only: part of what it wins is luck, which no policy has.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.batch import make_worlds
from agents.episodes import Scene
from agents.tasks import find_task
from agents.train.fit_swaps import Explored
from envs.timing_observation import PHASES, place_of
from tests.evidence.markers import made_from, replace, stamp
from tests.evidence.part import ROOT, OneLine, count
from twin import seeding
from twin.console import progress
from twin.errors import InputError

Array = np.ndarray
DOCUMENT, SECTION = ROOT / "docs" / "evaluate.md", "timing_headroom"
EXPLORED = {
    "lower": ("creep_height", "creep_speed", "overlap"),
    "unlock": ("creep_speed", "weight_share"),
    "lift_out": ("velocity", "acceleration", "creep_speed"),
    "traverse_to_slot": ("velocity", "acceleration", "overlap"),
    "store": ("settle_threshold", "settle_dwell", "creep_height", "creep_speed"),
    "pick": ("creep_height", "creep_speed"),
    "traverse_to_truck": ("velocity", "acceleration", "overlap"),
    "insert": ("settle_threshold", "settle_dwell", "creep_height", "creep_speed"),
}
VARIED = 0.5
FIRST_SEED = 5_100_000
PRESSES_N = 500.0
"""Phases whose largest force stays below it are left out of the table."""
SLOWER_S = (0.0, 1.0, 2.0, 5.0)
WORLDS = 64
STREAM = "headroom"


@dataclass(frozen=True)
class Played:
    """Swaps (S) with each set (K): peak lateral force by phase (S, K, P), N; mechanical time (S, K), s; completed."""

    peak_n: Array
    time_s: Array
    completed: Array


def play(station: str, sets: int, swaps: int) -> tuple[Played, float]:
    """Play each swap with each set; return also the station's warning limit in N."""
    scene = Scene(find_task("timing"), {"plant": "rom", "station": station})
    worlds = make_worlds(scene, WORLDS)
    try:
        explored, random = Explored.of(EXPLORED, worlds), seeding.stream(0, STREAM)
        actions = random.uniform(-1.0, 1.0, (sets, *explored.elements.shape)) * explored.elements
        actions *= random.uniform(size=actions.shape) < VARIED
        actions[0] = 0.0
        found = _swaps(worlds, actions.astype(np.float32), swaps)
        return found, float(worlds.station.limits.lateral_warn_n)
    finally:
        worlds.close()


def _swaps(worlds: Any, actions: Array, swaps: int) -> Played:
    w, kind = worlds, worlds.station.kind
    n, sets = w.num_envs, len(actions)
    left = [(s, k) for s in range(swaps) for k in range(sets)][::-1]
    peak_n = np.zeros((swaps, sets, len(PHASES)))
    time_s, completed = np.full((swaps, sets), np.nan), np.zeros((swaps, sets), bool)
    playing: list[tuple[int, int] | None] = [None] * n

    def begin(which: list[int]) -> None:
        given: list[int | None] = [None] * n
        for i in which:
            playing[i] = one = left.pop() if left else None
            given[i] = None if one is None else FIRST_SEED + one[0]
        mask = np.array([seed is not None for seed in given])
        if mask.any():
            w.reset(seed=given, options={"reset_mask": mask})

    w.reset(seed=[FIRST_SEED] * n)
    begin(list(range(n)))
    with progress("sets") as line:
        while any(one is not None for one in playing):
            run = np.array([one is not None for one in playing])
            w.halt(~run)
            phases, given = w.phases(), np.zeros((n, actions.shape[2]), np.float32)
            for i in np.flatnonzero(run).tolist():
                given[i] = actions[(playing[i] or (0, 0))[1], place_of(phases[i], kind)]
            w.take_peaks()
            _, _, terminated, truncated, infos = w.step(given)
            peaks, now_s = w.take_peaks(), w.times_s()
            for i in np.flatnonzero(run).tolist():
                s, k = playing[i] or (0, 0)
                place = place_of(phases[i], kind)
                peak_n[s, k, place] = max(peak_n[s, k, place], peaks[i])
            ended = np.flatnonzero((terminated | truncated) & run).tolist()
            for i in ended:
                s, k = playing[i] or (0, 0)
                time_s[s, k], completed[s, k] = now_s[i], bool(infos["is_success"][i])
            if ended:
                begin(ended)
                line.update(f"swap {swaps * sets - len(left)} of {swaps * sets}")
    return Played(peak_n, time_s, completed)


def tables(found: Played, warn_n: float) -> str:
    """Forces of the base by phase, and what the sets would win."""
    rows = ["| phase | peak lateral force, N: median, p95 | above the warn limit | largest of the swap |",
            "|---|---:|---:|---:|"]  # fmt: skip
    base = found.peak_n[:, 0]
    for place, name in enumerate(PHASES):
        force = base[:, place]
        if force.max() >= PRESSES_N:
            largest = 100.0 * float((base.argmax(axis=1) == place).mean())
            above = 100.0 * float((force > warn_n).mean())
            middle, tail = np.percentile(force, [50, 95])
            rows.append(f"| {name} | {middle:.0f}, {tail:.0f} | {above:.0f} % | {largest:.0f} % |")
    most = found.peak_n.max(axis=2)
    below = (most < warn_n) & found.completed
    longer_s = found.time_s - found.time_s[:, :1]
    rows += ["", "| chosen | below the warn limit | completed | force, kN: p95 |", "|---|---:|---:|---:|"]
    best = int(below.mean(axis=0).argmax())

    def row(name: str, kept: Array, done: Array, force: Array) -> str:
        tail = np.percentile(force, 95) / 1e3
        return f"| {name} | {100 * kept.mean():.1f} % | {100 * done.mean():.1f} % | {tail:.1f} |"

    rows.append(row("the base", below[:, 0], found.completed[:, 0], most[:, 0]))
    medians = np.nanmedian(found.time_s, axis=0)
    name = f"the best single set, {medians[best] - medians[0]:+.1f} s"
    rows.append(row(name, below[:, best], found.completed[:, best], most[:, best]))
    for slower_s in SLOWER_S:
        fits = found.completed & (longer_s <= slower_s)
        least = np.where(fits, most, np.inf).min(axis=1)
        least = np.where(np.isfinite(least), least, most[:, 0])
        name = f"the best set for each swap, with hindsight, at most {slower_s:.0f} s longer"
        rows.append(row(name, (below & fits).any(axis=1), fits.any(axis=1), least))
    return "\n".join(rows) + "\n"


def main() -> None:
    parser = OneLine(
        prog="python -m tests.evidence.timing_headroom", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--station", default="top_lift")
    parser.add_argument("--sets", type=count(2, 1000), default=48)
    parser.add_argument("--swaps", type=count(2, 10_000), default=96)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/evaluate.md")
    given = parser.parse_args()
    if given.write and given.station != parser.get_default("station"):
        parser.error("--write: the document has the table of top_lift")
    try:
        found, warn_n = play(given.station, given.sets, given.swaps)
    except InputError as error:
        parser.error(str(error))
    text = tables(found, warn_n)
    print(text)
    if given.write:
        command = f"python -m tests.evidence.timing_headroom --sets {given.sets} --swaps {given.swaps}"
        replace(DOCUMENT, SECTION, f"{text}\n{made_from([stamp()], command)}")


if __name__ == "__main__":
    main()
