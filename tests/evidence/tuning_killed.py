"""A search that is killed at random moments ends with the result of one that is not.

    .venv/bin/python -m tests.evidence.tuning_killed -o FOLDER --trials 33 --moments 10

The same `swaptwin tune --trials` on real swaps of the reduced-order plant runs twice: undisturbed, and killed
(SIGKILL) at random moments and started again, until it is left to end. Compared are the set's file, the JSON but for
its counts of this run, and the keys of all swaps in the ledger: none is missing, and the ledger has each once.
FOLDER/killed.json has the result.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.evidence.part import ROOT, OneLine, count

OF_THE_RUN = ("played", "wall_s", "swaps_per_s", "study", "pictures")
"""Keys of the JSON that differ from run to run."""


def line(folder: Path, trials: int, workers: int) -> list[str]:
    """The command; its files go into `folder`, under the same names in every folder."""
    options = ["--station", "top_lift", "--truck", "tractor_6x4", "--pack", "cab_282", "--trials", str(trials)]
    options += ["--reference", "0", "--workers", str(workers), "-o", str(folder / "set.yaml"), "--json"]
    return [sys.executable, "-c", "import swaptwin, sys; sys.exit(swaptwin.run(sys.argv[1:]))", "tune", *options]


def whole(folder: Path, trials: int, workers: int) -> dict[str, Any]:
    """Run the command to its end; return its JSON, without what is of the run alone, the set's text and the keys."""
    done = subprocess.run(line(folder, trials, workers), cwd=ROOT, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"error: the search ended with exit code {done.returncode}: {done.stderr.strip()[-300:]}")
    found = {name: value for name, value in json.loads(done.stdout).items() if name not in OF_THE_RUN}
    if found["best"]:
        found["best"] = {name: value for name, value in found["best"].items() if name != "file"}
    target = folder / "set.yaml"
    with sqlite3.connect(folder / "set.study.sqlite") as ledger:
        keys = sorted(key for (key,) in ledger.execute("SELECT key FROM trials"))
    return {"json": found, "set": target.read_text() if target.exists() else None, "keys": keys}


def kill_at(folder: Path, trials: int, workers: int, after_s: float) -> bool:
    """Start the command and kill it after `after_s`; True if it was still running."""
    process = subprocess.Popen(
        line(folder, trials, workers), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(after_s)
    running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    return running


def compared(folder: Path, trials: int, moments: int, workers: int, seed: int = 0) -> dict[str, Any]:
    """Run both; return what differs (nothing, where all is well), and how many kills met a running search."""
    plain, broken = folder / "undisturbed", folder / "killed"
    for each in (plain, broken):
        shutil.rmtree(each, ignore_errors=True)
        each.mkdir(parents=True)
    began_s = time.monotonic()
    expected = whole(plain, trials, workers)
    spent_s = time.monotonic() - began_s
    draw, met = random.Random(seed), 0
    for _ in range(moments):
        met += kill_at(broken, trials, workers, draw.uniform(0.1, 0.9) * min(spent_s, 20.0))
    found = whole(broken, trials, workers)
    differ = [name for name in expected if expected[name] != found[name]]
    return {"swaps": len(expected["keys"]), "kills": met, "differ": differ, "set": expected["set"] is not None}


def main(words: Sequence[str] | None = None) -> int:
    """Compare, and print the result."""
    parser = OneLine(
        prog="python -m tests.evidence.tuning_killed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--trials", type=count(1, 100_000), default=33)
    parser.add_argument("--moments", type=count(1, 1000), default=10)
    parser.add_argument("--workers", type=count(1, 256), default=1)
    given = parser.parse_args(words)
    result = compared(given.output, given.trials, given.moments, given.workers)
    (given.output / "killed.json").write_text(json.dumps(result) + "\n")
    print(json.dumps(result))
    return 0 if not result["differ"] and result["kills"] else 1


if __name__ == "__main__":
    sys.exit(main())
