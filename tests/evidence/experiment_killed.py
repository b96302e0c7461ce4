"""An experiment that is killed at random moments ends with the ledger of one that is not.

    .venv/bin/python -m tests.evidence.experiment_killed -o FOLDER --executor ray --moments 10

The same `swaptwin experiment run` on real swaps of the reduced-order plant runs twice: undisturbed, and killed
(SIGKILL) at random moments and started again, until it is left to end. Compared are all tables of the ledger and the
command's counts; after each kill every process that the command started must end by itself. FOLDER/killed.json has the
result.
"""

from __future__ import annotations

import argparse
import json
import os
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

import psutil

from tests.evidence.executors import EXECUTORS
from tests.evidence.part import ROOT, OneLine, count

SPEC = "factors: {{timing: [factory, tuned], conditions: [clear, rain]}}\nseeds: {seeds}\n"
TABLES = ("trials", "studies", "candidates", "runs")
COUNTS = ("trials", "done", "failed", "errors", "settings")
"""Keys of the JSON that do not depend on where a run began."""
MARK = "SWAPTWIN_KILLED_RUN"
"""Variable in the environment of the command and of all that it starts."""
ENDS_S = 60.0
"""Time for the rest of a killed command to end; Ray looks for its driver every few seconds."""


def line(folder: Path, executor: str, workers: int) -> list[str]:
    """The command; its ledger goes into `folder`."""
    options = ["--executor", executor, "--workers", str(workers), "--ledger", str(folder / "ledger.sqlite"), "--json"]
    return [sys.executable, "-m", "swaptwin", "experiment", "run", str(folder / "e.yaml"), *options]


def whole(folder: Path, executor: str, workers: int) -> dict[str, Any]:
    """Run the command to its end; return its counts and all rows of the ledger."""
    done = subprocess.run(line(folder, executor, workers), cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"error: the run ended with exit code {done.returncode}: {done.stderr.strip()[-300:]}")
    told = json.loads(done.stdout)
    with sqlite3.connect(folder / "ledger.sqlite") as ledger:
        tables = {table: sorted(ledger.execute(f"SELECT * FROM {table}")) for table in TABLES}
    return {"counts": {name: told[name] for name in COUNTS}, **tables}


def kill_at(folder: Path, executor: str, workers: int, after_s: float) -> tuple[bool, int]:
    """Start the command and kill it after `after_s`; was it still running, and how many of its processes stay."""
    mark = f"{os.getpid()}-{random.random()}"
    process = subprocess.Popen(
        line(folder, executor, workers), cwd=ROOT, env={**os.environ, MARK: mark},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(after_s)
    running = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    until_s = time.monotonic() + ENDS_S
    while (left := marked(mark)) and time.monotonic() < until_s:
        time.sleep(0.2)
    return running, len(left)


def marked(mark: str) -> list[int]:
    """Processes with the mark in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == mark:
                found.append(process.pid)
        except psutil.Error:  # it has ended, or belongs to somebody else
            continue
    return found


def compared(folder: Path, executor: str, seeds: int, moments: int, workers: int, seed: int = 0) -> dict[str, Any]:
    """Run both; return what differs (nothing, where all is well), kills that met a run, and processes left behind."""
    plain, broken = folder / "undisturbed", folder / "killed"
    for each in (plain, broken):
        shutil.rmtree(each, ignore_errors=True)
        each.mkdir(parents=True)
        (each / "e.yaml").write_text(SPEC.format(seeds=seeds))
    whole(broken, executor, workers)  # kernels are compiled and in memory: the next run is as long as the others
    (broken / "ledger.sqlite").unlink()
    began_s = time.monotonic()
    expected = whole(plain, executor, workers)
    played_s = time.monotonic()
    whole(plain, executor, workers)  # all trials are found: the time to start and end
    idle_s = time.monotonic() - played_s
    # so late that a run plays a part, and that all of them together do not play everything
    latest_s = idle_s + max(played_s - began_s - idle_s, 0.0) / moments
    draw, met, left = random.Random(seed), 0, 0
    for _ in range(moments):
        running, stay = kill_at(broken, executor, workers, draw.uniform(0.2, 1.0) * latest_s)
        met, left = met + running, left + stay
    found = whole(broken, executor, workers)
    differ = [name for name in expected if expected[name] != found[name]]
    return {"executor": executor, "trials": len(expected["runs"]), "kills": met, "left_running": left, "differ": differ}


def main(words: Sequence[str] | None = None) -> int:
    """Compare, and print the result."""
    parser = OneLine(
        prog="python -m tests.evidence.experiment_killed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--executor", choices=EXECUTORS, default="local")
    parser.add_argument("--seeds", type=count(1, 100_000), default=200)
    parser.add_argument("--moments", type=count(1, 1000), default=10)
    parser.add_argument("--workers", type=count(1, 256), default=2)
    given = parser.parse_args(words)
    result = compared(given.output, given.executor, given.seeds, given.moments, given.workers)
    (given.output / "killed.json").write_text(json.dumps(result) + "\n")
    print(json.dumps(result))
    return 0 if not result["differ"] and not result["left_running"] and result["kills"] else 1


if __name__ == "__main__":
    sys.exit(main())
