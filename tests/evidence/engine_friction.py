"""Evidence: the reduced-order plant with the sliding friction of the reference's engine, which is not Coulomb's.

    .venv/bin/python -m tests.evidence engine_friction    # five minutes: a copy's kernels are compiled; needs git

The engine's friction points against what would have to be stopped, not against the slip
(`tests/physics/test_engine_friction.py`). The command makes a copy of this folder, has its reduced-order plant do the
same (`engine_friction.patch`: the masses are those of the body alone, without the truck's give), and plays the
campaign's seeds on it. `claims` is what docs/agreement.md says of them: what of the differences between the plants is a
matter of that.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from agents.agreement.run import reduced_rows
from tests.evidence import agreement
from tests.evidence.campaign import series_of, stored_rows
from tests.evidence.part import HERE, ROOT, Claim, Key, Part, Played, seeds_in_words

TABLE = "engine_friction"
PATCH = HERE / "engine_friction.patch"
COPIED = ("models", "twin", "envs", "agents", "tests", "pyproject.toml")
CASES = (("chassis", "guided"), ("chassis", "unguided"), ("top_lift", "guided"))
KPIS = {"peak_sway_rad": 7, "peak_lateral_force_n": 1}
"""What is kept, with its decimals."""

Found = dict[str, dict[str, dict[int, float]]]
"""By station and parking (`chassis_guided`), key figure, and seed."""


SWAY, FORCE = KPIS


def figures(station: str, parking: str, seeds: int) -> dict[str, dict[int, float]]:
    """Key figures of swaps on whatever reduced-order plant this is."""
    rows = list(reduced_rows(series_of(station, parking), range(seeds)))
    return {
        kpi: {row.seed: round(row.kpis[kpi], digits) for row in rows if row.completed} for kpi, digits in KPIS.items()
    }


def read(folder: Path = HERE) -> Found:
    stored = json.loads((folder / f"{TABLE}.json").read_text())
    return {
        case: {kpi: {int(seed): value for seed, value in values.items()} for kpi, values in kpis.items()}
        for case, kpis in stored.items()
    }


WIDENED = (
    ("model.py", r"^(POINTS, COLUMNS = \d+), (\d+)$", "{}, {}"),
    ("contact_points.py", r"^(RX, RY, .*) = range\((\d+)\)$", "{}, D1, D2 = range({})"),
)
"""Lines that give a contact point two more columns, for what the patch keeps there, however many there are."""


def widen(plant: Path) -> None:
    """Edit these lines of a copy of the plant."""
    for name, pattern, written in WIDENED:
        text, count = re.subn(
            pattern,
            lambda found, written=written: written.format(found[1], int(found[2]) + 2),
            (plant / name).read_text(),
            flags=re.MULTILINE,
        )
        if count != 1:
            raise RuntimeError(f"{name}: no line like {pattern}")
        (plant / name).write_text(text)


def play(seeds: int) -> Any:
    """Every case, on a copy of this folder."""
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
        widen(copy / "twin" / "plants" / "rom")
        there = {**os.environ, "PYTHONPATH": str(copy), "NUMBA_CACHE_DIR": str(Path(name) / "cache")}
        command = [sys.executable, "-m", "tests.evidence.engine_friction", str(seeds)]
        said = subprocess.run(command, cwd=copy, env=there, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(said)


def keys(seeds: int) -> list[Key]:
    return [(seeds,)]


def store(folder: Path, played: Played) -> None:
    (found,) = played.values()
    (folder / f"{TABLE}.json").write_text(json.dumps(found, indent=1) + "\n")


def seeds_of(played: Played) -> dict[str, str]:
    return {TABLE: seeds_in_words(range(max(int(key[0]) for key in played)))}


def beside_the_reference(station: str, parking: str, kpi: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Of the reference and with the engine's friction, by seed; of what is completed on both."""
    found = read(folder)[f"{station}_{parking}"][kpi]
    rows = stored_rows(station, parking, folder=folder)
    reference = {row.seed: row.kpis[kpi] for row in rows if row.completed and row.seed in found}
    return np.array(list(reference.values())), np.array([found[seed] for seed in reference])


def as_it_is(station: str, parking: str, kpi: str, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Of the reference and of the reduced-order plant with its own friction, completed on both."""
    pairs = agreement.stored(station, parking, folder).pairs
    reference, reduced = np.array([(a.kpis[kpi], b.kpis[kpi]) for a, b in pairs if a.completed and b.completed]).T
    return reference, reduced


def claims(folder: Path = HERE) -> list[Claim]:
    def apart(reference: np.ndarray, reduced: np.ndarray) -> np.ndarray:
        return np.log(reduced / reference)

    found, outside = [], np.log(1.05)
    for parking, still_outside in (("guided", 0.005), ("unguided", 0.03)):
        own = apart(*as_it_is("chassis", parking, SWAY, folder))
        engine = apart(*beside_the_reference("chassis", parking, SWAY, folder))
        shares = [(np.abs(column) > outside).mean() for column in (own, engine)]
        inner = [np.subtract(*np.percentile(column, [84.0, 16.0])) for column in (own, engine)]
        closer = shares[1] <= still_outside and shares[0] >= 3.0 * shares[1] and inner[1] < 0.6 * inner[0]
        closer = closer and abs(np.median(engine)) < 0.001
        found.append(Claim(f"chassis, {parking}: with the engine's friction peak sways agree", bool(closer)))
    forces = beside_the_reference("chassis", "guided", FORCE, folder)
    ranks = [spearmanr(*columns)[0] for columns in (as_it_is("chassis", "guided", FORCE, folder), forces)]
    closer = ranks[0] + 0.02 < ranks[1] < 0.9 and abs(np.median(apart(*forces))) < 0.005
    found.append(Claim("chassis: peak forces come closer with it but stay a matter of the scan", bool(closer)))
    hanging = np.abs(apart(*beside_the_reference("top_lift", "guided", SWAY, folder))).max() < 0.05
    return [*found, Claim("top_lift: a hanging pack does not mind", bool(hanging))]


PART = Part(TABLE, keys, play, store, seeds_of, claims)

if __name__ == "__main__":  # in the copy
    print(json.dumps({f"{case[0]}_{case[1]}": figures(*case, int(sys.argv[1])) for case in CASES}))
