"""Evidence: a day of swaps at 50 samples a second, imported in a process of its own: peak memory and speed.

    .venv/bin/python -m tests.evidence.day_log --hours 0.5     # a quick look; stores nothing
    nice .venv/bin/python -m tests.evidence.day_log --write    # about half an hour, 5 GB in the temporary folder

The log is one swap of the twin, again and again, as a wide CSV file with ISO stamps. Plain pyarrow reading of the same
file stands beside it. It runs alone, for its times. `tests/evidence/test_day_log.py` imports ten minutes.
"""

from __future__ import annotations

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from agents.swap_rows import version
from tests.evidence.part import HERE, ROOT, About, OneLine, write_about
from tests.twin.log_import.historian import Lines, Tag, mapping, stamps
from tests.twin.log_import.truth import AXES, truth_of

TABLE = "day_log"
T0_NS = 1_770_790_000_000_000_000
HZ = 50
MAX_MB = 500.0
PIECE_ROWS = 50_000

IMPORT = """
import json, sys, time
from tests.process_memory import peak_mib
from twin.log_import.importing import import_log
from twin.log_import.mapping_checks import load_mapping
began = time.monotonic()
times = {}
def report_peak(what, share):
    times.setdefault(what, time.monotonic() - began)
report = import_log(sys.argv[1], load_mapping(sys.argv[2]), sys.argv[3], on_progress=report_peak)
seconds = time.monotonic() - began
peak_mb = peak_mib()
print(json.dumps({"rows": report.lines, "samples": report.samples, "phases": len(report.phases),
    "findings": [f.kind for f in report.findings], "seconds": seconds, "cpu_s": time.process_time(),
    "begun_s": times, "peak_mb": peak_mb}))
"""
PLAIN = """
import json, sys, time
import pyarrow.csv
from tests.process_memory import peak_mib
began = time.monotonic()
rows = sum(batch.num_rows for batch in pyarrow.csv.open_csv(sys.argv[1]))
seconds = time.monotonic() - began
peak_mb = peak_mib()
print(json.dumps({"rows": rows, "seconds": seconds, "cpu_s": time.process_time(), "peak_mb": peak_mb}))
"""


def tags() -> list[Tag]:
    """Thirty columns of a top-lift station."""
    found = [Tag(f"{a}.ActPos[mm]", f"robot0/{a}/position_m", "mm") for a in "xyz"]
    found += [Tag(f"{a}.SetPos[mm]", f"robot0/{a}/reference_m", "mm") for a in "xyz"]
    found += [Tag(f"{a}.ActVel[mm/s]", f"robot0/{a}/velocity_mps", "mm/s") for a in "xyz"]
    found += [
        Tag("yaw.ActPos[deg]", "robot0/yaw/position_rad", "deg", 3),
        Tag("Load[kg]", "robot0/load_cell_n", "kg", 0),
    ]
    found += [Tag(f"Lat{a}[N]", f"robot0/lateral_{a}_n", "N", 0) for a in "xy"]
    for stem, signal in (("Grip", "robot0/grip"), ("Lock", "truck1/lock")):
        for word in ("closed", "open"):
            found += [
                Tag(f"{stem}{i + 1}.{word}", f"{signal}{i + 1}_{word}", words=("FALSE", "TRUE")) for i in range(4)
            ]
    return found


def write_log(folder: Path, hours: float) -> tuple[Path, Path, int]:
    """A log of so many hours and its mapping; and its rows."""
    truth, columns = truth_of("top_lift"), tags()
    lines = Lines.of(truth, columns, T0_NS)
    step = (10 * truth.step(0)).astype(str)
    alarms = [truth.alarm(k).astype(str) for k in range(2)]
    tails = [",".join(row) for row in zip(*lines.setups.values(), step, *alarms, strict=True)]
    rows = round(hours * 3600 * HZ)
    path = folder / "day.csv"
    with path.open("w") as file:
        file.write(",".join(["Timestamp", *lines.setups, "Step", "Alarm1", "Alarm2"]) + "\n")
        for begin in range(0, rows, PIECE_ROWS):
            k = np.arange(begin, min(begin + PIECE_ROWS, rows))
            said = stamps(T0_NS + k * (10**9 // HZ), 8.0, "%Y-%m-%dT%H:%M:%S.FRACTION+08:00")
            file.writelines(f"{t},{tails[i]}\n" for t, i in zip(said, (k % len(tails)).tolist(), strict=True))
    names = {str(10 * k + 10): name for k, name in enumerate(truth.phase_names)}
    at = mapping(
        folder / "day.yaml", "top_lift", columns, file={}, time={"column": "Timestamp"},
        steps=[("Step", 0, {"0": "idle", **names})], alarms=["Alarm1", "Alarm2"],
    )  # fmt: skip
    return path, at, rows


def positions(rows: int) -> np.ndarray:
    """(rows, 4) positions of the axes as the log writes them."""
    truth = truth_of("top_lift")
    known = {tag.signal: tag for tag in tags()}
    said = []
    for axis in AXES:
        tag = known[f"robot0/{axis}/position_{'rad' if axis == 'yaw' else 'm'}"]
        to_si = 1e-3 if tag.unit == "mm" else np.pi / 180.0
        said.append(to_si * tag.text(truth).astype(float))
    return np.stack(said, axis=1)[np.arange(rows) % len(truth.t_s)]


def in_process(code: str, *arguments: Path) -> dict[str, Any]:
    """What a fresh process says that runs this code."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compile_kernels(folder: Path) -> None:
    """Import a few seconds, so that no process that is measured compiles: that takes more memory than any log."""
    folder.mkdir()
    log, at, _ = write_log(folder, 20.0 / 3600.0)
    in_process(IMPORT, log, at, folder / "log.mcap")


def measure(folder: Path, hours: float) -> dict[str, Any]:
    """Write, import and read a log; the log and its recording stay in the folder."""
    compile_kernels(folder / "first")
    log, at, rows = write_log(folder, hours)
    recording = folder / "day.mcap"
    plain = in_process(PLAIN, log)
    imported = in_process(IMPORT, log, at, recording)
    again = in_process(PLAIN, log)
    plain_s = min(plain["seconds"], again["seconds"])
    return {
        "hours": hours,
        "hz": HZ,
        "rows": rows,
        "columns": len(tags()) + 4,
        "log_bytes": log.stat().st_size,
        "recording_bytes": recording.stat().st_size,
        "import": imported,
        "plain_pyarrow": {**plain, "seconds": plain_s},
        "rows_per_s": round(rows / imported["seconds"]),
        "plain_rows_per_s": round(rows / plain_s),
        "peak_mb": round(imported["peak_mb"], 1),
    }


def main() -> int:
    parser = OneLine(
        prog="python -m tests.evidence.day_log",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--hours", type=float, default=24.0, help="of log; default 24")
    parser.add_argument("--folder", help="for the log and its recording; default: the temporary folder")
    parser.add_argument("--write", action="store_true", help=f"store the figures in {HERE.name}/{TABLE}.json")
    reported = parser.parse_args()
    if not 0.01 <= reported.hours <= 48.0:
        parser.error(f"--hours: out of range, got {reported.hours:g} (allowed: 0.01 to 48)")
    if reported.folder is not None and not Path(reported.folder).is_dir():
        parser.error(f"--folder: no such folder, got {reported.folder!r}")
    with tempfile.TemporaryDirectory(dir=reported.folder) as folder:
        found = measure(Path(folder), reported.hours)
    text = json.dumps(found, indent=1) + "\n"
    print(text)
    if found["peak_mb"] >= MAX_MB or found["rows_per_s"] <= 60 * HZ:  # an hour of log in a minute
        print("no longer holds: an hour of log in a minute, within 500 MB", file=sys.stderr)
    if reported.write:
        from tests.benchmarks.table import this_machine

        machine = this_machine()
        (HERE / f"{TABLE}.json").write_text(json.dumps({**found, "machine": machine}, indent=1) + "\n")
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        where = f"{machine['processor']}, {machine['cores']} cores"
        command = "python -m tests.evidence.day_log --write"
        write_about(HERE, {TABLE: About(version() or "unknown", day, day, "none", command, where)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
