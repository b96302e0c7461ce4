"""A realistic command line of every command, and a process that runs them where something is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOG = "2026-02-11T06:23:{:02d}Z,{:.1f},1500.0,4699.9,450.0\n"
MAP = """
station: top_lift
truck: tractor_6x4
pack: cab_282
time: {column: Time, format: iso}
signals:
  robot0/x/position_m: {tag: X, unit: mm}
  robot0/y/position_m: {tag: Y, unit: mm}
  robot0/z/position_m: {tag: Z, unit: mm}
  robot0/load_cell_n: {tag: Load, unit: kg}
"""
SWAP = ["swap", "--plant", "rom", "--fault", "estop:at_s=1"]
EXPORT = ["export", "timing", "zvd", "--seeds", "0"]
TRAIN = [
    "train",
    "docking",
    "--algorithm",
    "ppo",
    "--steps",
    "64",
    "--workers",
    "1",
    "--worlds",
    "0",
    "--clone",
    "none",
    "--episodes",
    "1",
]
DATASET = ["record-dataset", "docking", "--policy", "stanley", "--episodes", "1", "--workers", "1"]
EXPERIMENT = ["experiment", "run", "experiment.yaml", "--workers", "1"]
THROUGHPUT = ["throughput", "--play", "1", "--days", "1", "--workers", "1", "--no-sensitivity"]
TUNE = ["tune", "--truck", "tractor_6x4", "--pack", "cab_282", "--trials", "8", "--reference", "0", "--workers", "1"]


@dataclass(frozen=True)
class Ended:
    """How a command line ended: its exit code, or `"raised"`, and what it said on standard error."""

    line: list[str]
    code: int | str
    said: str


def materials(folder: Path) -> Path:
    """A short recording, a log and its mapping, which command lines name."""
    (folder / "log.csv").write_text("Time,X,Y,Z,Load\n" + "".join(LOG.format(i, 600 + i % 3) for i in range(20)))
    (folder / "map.yaml").write_text(MAP)
    (folder / "experiment.yaml").write_text("seeds: 1\n")
    (folder / "table.csv").write_text("setting,seed,outcome,mechanical_time_s\n0,0,completed,100\n")
    for ended in run(folder, [[*SWAP, "--record", "short.mcap"]]):
        assert ended.code == 1, ended.said
    return folder


def lines(out: str) -> dict[str, list[str]]:
    """A command line of every command; what it writes goes into folder `out`."""
    return {
        "demo": ["demo", "--folder", f"{out}/demo", "--no-video"],
        "swap": [*SWAP, "--record", f"{out}/swap.mcap"],
        "evaluate": ["evaluate", "docking", "--policy", "zero", "--episodes", "1", "--workers", "1"],
        "agree": ["agree", "--seeds", "1", "--reference", str(ROOT / "tests/evidence/top_lift_guided.jsonl")],
        "record-dataset": [*DATASET, "--out", f"{out}/datasets"],
        "train": [*TRAIN, "--out", f"{out}/run"],
        "tune": [*TUNE, "--output", f"{out}/tuned.yaml"],
        "experiment": [*EXPERIMENT, "--ledger", f"{out}/e.sqlite", "--table", f"{out}/e.csv"],
        "throughput": [*THROUGHPUT, "-o", f"{out}/day.html", "--events", f"{out}/day.csv"],
        "export": [*EXPORT, "-o", f"{out}/t.csv"],
        "replay": ["replay", "short.mcap", "--screenshot", f"{out}/shot.png", "--size", "320x180", "--quality", "low"],
        "verify": ["verify", "short.mcap"],
        "import-log": ["import-log", "log.csv", "--map", "map.yaml", "--output", f"{out}/log.mcap"],
        "models": ["models", "list"],
        "bench": ["bench"],
        "doctor": ["doctor"],
    }


def run(
    folder: Path,
    each: list[list[str]],
    *,
    output: str = "file",
    hidden: tuple[str, ...] = (),
    cheap: bool = False,
    limit_bytes: int | None = None,
) -> list[Ended]:
    """Run the lines in `folder`, in one process of their own (tests/sweep/child.py), files of up to `limit_bytes`."""
    case, answer = folder / "case.json", folder / "answer.json"
    reported = {"lines": each, "output": output, "hidden": list(hidden), "cheap": cheap, "answer": str(answer)}
    reported["limit_bytes"] = limit_bytes
    case.write_text(json.dumps(reported))
    done = subprocess.run(
        [sys.executable, "-m", "tests.sweep.child", str(case)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    case.unlink()
    answers = json.loads(answer.read_text())
    answer.unlink()
    return [Ended(line, one["code"], one["said"]) for line, one in zip(each, answers, strict=True)]
