"""What Ray costs: the same experiment by local processes and on a Ray cluster of this machine, in turn.

    .venv/bin/python -m tests.evidence.executors -o FOLDER                        # 2 x 2 x 2 runs: 10 quiet minutes
    .venv/bin/python -m tests.evidence.executors -o FOLDER --swaps 200 600 --turns 1
    .venv/bin/python -m tests.evidence.executors -o FOLDER --stations 900 --seeds 50 --executors local

Every run has a ledger of its own, so all swaps are played. Two sizes tell the start (cluster, processes, kernels) from
what a swap takes. Processor time is that of the command and of everything that it starts: this process adopts what Ray
leaves behind, and waits for it. All runs of a size must have equal results to the last bit. FOLDER/executors.json has
every run; with --stations a run is the day of a fleet instead.
"""

from __future__ import annotations

import argparse
import ctypes
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from agents.experiments.ledger import Ledger
from agents.experiments.results import results_of
from agents.experiments.trial import canonical, program_version
from tests.evidence.part import OneLine, count

EXECUTORS = ("local", "ray")
SWAPS = (1000, 4000)
SPEC = "factors: {{timing: [factory, tuned]}}\nseeds: {seeds}\n"
FLEET = (
    "constants: {{timing: tuned}}\nseeds: {seeds}\nstations: {stations}\n"
    "throughput: {{days: 1, trucks_per_day: 140, trucks_spread: 0.5}}\n"
)
PR_SET_CHILD_SUBREAPER = 36
"""Linux: orphans below this process become its children."""


def run(folder: Path, name: str, spec: str, executor: str, workers: int) -> dict[str, Any]:
    """Run the experiment anew; return its times, and a hash of its results and days."""
    file, ledger = folder / f"{name}.yaml", folder / f"{name}_{executor}.sqlite"
    file.write_text(spec)
    for old in folder.glob(f"{ledger.name}*"):
        old.unlink()
    command = [sys.executable, "-m", "swaptwin", "experiment", "run", str(file), "--executor", executor]
    options = ["--workers", str(workers), "--ledger", str(ledger), "--json"]
    before, began_s = processor_s(), time.monotonic()
    done = subprocess.run([*command, *options], stdout=subprocess.PIPE, text=True, check=False)
    wall_s = time.monotonic() - began_s
    _reap()
    if done.returncode:
        sys.exit(f"the run of {file} by {executor} ended with {done.returncode}")
    found = json.loads(done.stdout)
    digest = hashlib.sha256()
    with Ledger(ledger, read_only=True) as opened:
        for number, seed, figures in results_of(opened).trials():
            digest.update(canonical([number, seed, figures]).encode())
    digest.update(canonical(found["throughput"]).encode())
    return {
        "executor": executor,
        "swaps": found["done"],
        "wall_s": round(wall_s, 2),
        "processor_s": round(processor_s() - before, 2),
        "load": os.getloadavg()[0],
        "results": digest.hexdigest()[:16],
    }


def processor_s() -> float:
    """Processor time of all descendants that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _reap() -> None:
    """Wait for what a command left behind."""
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:
        return


def told(rows: list[dict[str, Any]]) -> list[str]:
    """Start and time a swap of each executor, and what Ray takes more."""
    lines, each = [], {}
    for executor in dict.fromkeys(row["executor"] for row in rows):
        own = [row for row in rows if row["executor"] == executor]
        for what in ("wall_s", "processor_s"):
            by_size = {n: np.mean([row[what] for row in own if row["swaps"] == n]) for n in {r["swaps"] for r in own}}
            if len(by_size) < 2:
                lines.append(f"{executor:6s} {what:12s} {float(next(iter(by_size.values()))):8.1f} s")
                continue
            small, large = min(by_size), max(by_size)
            swap_s = float(by_size[large] - by_size[small]) / (large - small)
            start_s = float(by_size[small]) - swap_s * small
            each[executor, what] = swap_s, start_s
            lines.append(f"{executor:6s} {what:12s} {1e3 * swap_s:8.2f} ms a swap, {start_s:6.1f} s to start and end")
    for what in ("wall_s", "processor_s"):
        if all((executor, what) in each for executor in EXECUTORS):
            (local, _), (ray, start_s) = (each[executor, what] for executor in EXECUTORS)
            lines.append(f"ray less local, {what}: {100.0 * (ray / local - 1.0):+.1f} % a swap; "
                         f"{start_s - each['local', what][1]:+.1f} s to start and end")  # fmt: skip
    return lines


def main() -> int:
    """Play all runs in turn and print the comparison."""
    parser = OneLine(
        prog="python -m tests.evidence.executors",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--swaps", nargs="+", type=count(2, 10_000_000), default=list(SWAPS))
    parser.add_argument("--stations", type=count(1, 100_000))
    parser.add_argument("--seeds", type=count(1, 100_000), default=50, help="swaps of each station")
    parser.add_argument("--turns", type=count(1, 100), default=2)
    parser.add_argument("--workers", type=count(1, 1000), default=2)
    parser.add_argument("--executors", nargs="+", choices=EXECUTORS, default=list(EXECUTORS))
    given = parser.parse_args()
    given.output.mkdir(parents=True, exist_ok=True)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if given.stations is not None:
        specs = {"fleet": FLEET.format(seeds=given.seeds, stations=given.stations)}
    else:
        specs = {f"swaps_{n}": SPEC.format(seeds=n // 2) for n in given.swaps}
    rows: list[dict[str, Any]] = []
    for turn in range(given.turns):
        for name, spec in specs.items():
            # the order changes from turn to turn: a drift of the machine then favours neither
            for executor in given.executors[:: 1 if turn % 2 == 0 else -1]:
                rows.append(run(given.output, name, spec, executor, given.workers))
                print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
                text = json.dumps({"version": program_version(), "workers": given.workers, "runs": rows}, indent=1)
                (given.output / "executors.json").write_text(text)
    print("\n".join(told(rows)))
    different = [n for n in {row["swaps"] for row in rows} if len({r["results"] for r in rows if r["swaps"] == n}) > 1]
    if different:
        print(f"results differ, swaps: {', '.join(map(str, different))}", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
