"""Evidence: the reduced-order plant with the sliding friction of the reference's engine, which is not Coulomb's.

    .venv/bin/python -m tests.evidence.engine_friction    # five minutes: a copy's kernels are compiled; needs git

The engine's friction points against what would have to be stopped, not against the slip
(`tests/physics/test_engine_friction.py`). The command makes a copy of this folder, has its reduced-order plant do the
same (`engine_friction.patch`: the masses are those of the body alone, without the truck's give), and plays the
campaign's seeds on it. `tests/evidence/test_engine_friction.py` holds the stored figures to what docs/agreement.md says
of them: what of the differences between the plants is a matter of that.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from agents.agreement.run import reduced_rows
from tests.evidence.campaign import setup_of, stored_rows

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PATH, PATCH = HERE / "engine_friction.json", HERE / "engine_friction.patch"
COPIED = ("models", "twin", "envs", "agents", "tests", "pyproject.toml")
CASES = (("chassis", "guided"), ("chassis", "unguided"), ("top_lift", "guided"))
KPIS = {"peak_sway_rad": 7, "peak_lateral_force_n": 1}
"""What is kept, with its decimals."""

Found = dict[str, dict[str, dict[int, float]]]
"""By station and parking (`chassis_guided`), key figure, and seed."""


def play(station: str, parking: str) -> dict[str, dict[int, float]]:
    """Key figures of the seeds that the reference has played, on whatever reduced-order plant this is."""
    seeds = [row.seed for row in stored_rows(station, parking)]
    rows = list(reduced_rows(setup_of(station, parking), seeds))
    return {
        kpi: {row.seed: round(row.kpis[kpi], digits) for row in rows if row.completed} for kpi, digits in KPIS.items()
    }


def read() -> Found:
    stored = json.loads(PATH.read_text())
    return {
        case: {kpi: {int(seed): value for seed, value in values.items()} for kpi, values in kpis.items()}
        for case, kpis in stored.items()
    }


def beside_the_reference(station: str, parking: str, kpi: str) -> tuple[np.ndarray, np.ndarray]:
    """Of the reference and with the engine's friction, by seed; of what is completed on both."""
    found = read()[f"{station}_{parking}"][kpi]
    rows = stored_rows(station, parking)
    reference = {row.seed: row.kpis[kpi] for row in rows if row.completed and row.seed in found}
    return np.array(list(reference.values())), np.array([found[seed] for seed in reference])


def main() -> int:
    if sys.argv[1:] == ["--here"]:  # in the copy
        played = {f"{station}_{parking}": play(station, parking) for station, parking in CASES}
        PATH.write_text(json.dumps(played, indent=1) + "\n")
        return 0
    with tempfile.TemporaryDirectory() as name:
        copy = Path(name) / "copy"
        copy.mkdir()
        for part in COPIED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / part)
        subprocess.run(["git", "apply", str(PATCH)], cwd=copy, check=True)
        there = {**os.environ, "PYTHONPATH": str(copy), "NUMBA_CACHE_DIR": str(Path(name) / "cache")}
        command = [sys.executable, "-m", "tests.evidence.engine_friction", "--here"]
        subprocess.run(command, cwd=copy, env=there, check=True)
        shutil.copy(copy / "tests" / "evidence" / PATH.name, PATH)
    return 0


if __name__ == "__main__":
    sys.exit(main())
