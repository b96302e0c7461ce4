"""Evidence: many seeds of each station and parking on both plants, each swap's key figures.

    .venv/bin/python -m tests.evidence swaps --seeds 40

Results are in tests/evidence/<station>_<parking>.jsonl (the reference plant) and `..._rom.jsonl` (the reduced-order
one), a line a seed (`agents.swap_rows`). `tests/evidence/test_swaps.py` plays a few of them again.
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from agents.agreement.run import BATCH
from agents.statistics import wilson
from agents.swap_rows import REDUCED, REFERENCE, Series, SwapRow, play, read_rows
from agents.swap_rows import write_rows as write_swaps
from tests.evidence.part import HERE, SEEDS, Claim, Key, Part, Played, seeds_in_words
from twin.catalogue.plain import model_from_plain

SETUPS = {"top_lift": ("tractor_6x4", "cab_282"), "chassis": ("chassis_tractor_3", "chassis_171")}
"""Truck and pack of each station's campaign."""
PARKINGS = ("guided", "unguided")
SETS = tuple((station, parking) for station in SETUPS for parking in PARKINGS)
PLANTS = (REFERENCE, REDUCED)
A_TRY = 8
BOUNDS = {"kinematic": "lower_bound_s", "procedure": "procedure_bound_s"}
"""The field of a row that holds each bound of its mechanical time."""


def series_of(station_name: str, parking: str) -> Series:
    """What a campaign's swaps are made from: factory timing."""
    from twin.catalogue import load_pack, load_station, load_timing, load_truck

    station, (truck, pack) = load_station(station_name), SETUPS[station_name]
    return Series(station, load_truck(truck), load_pack(pack), load_timing("factory", station), parking)


def table_of(station: str, parking: str, plant: str = REFERENCE) -> str:
    """A set's name, and its file's."""
    return f"{station}_{parking}" + ("_rom" if plant == REDUCED else "")


def path_of(station: str, parking: str, plant: str = REFERENCE, folder: Path = HERE) -> Path:
    return folder / f"{table_of(station, parking, plant)}.jsonl"


def stored_rows(station: str, parking: str, plant: str = REFERENCE, folder: Path = HERE) -> list[SwapRow]:
    """Stored rows by seed; empty when there are none."""
    path = path_of(station, parking, plant, folder)
    return read_rows(path) if path.exists() else []


def read(station: str, parking: str, folder: Path = HERE) -> list[dict[str, Any]]:
    """Stored rows of the reference plant by seed, as plain data; a bound that older rows lack, from their setup."""
    return [
        row.model_dump() | {"procedure_bound_s": row.procedure_bound_s or _procedure_bound_s(row)}
        for row in stored_rows(station, parking, folder=folder)
    ]


def _procedure_bound_s(row: SwapRow) -> float:
    from twin.bounds import procedure_bound_s

    return procedure_bound_s(series_of(row.station, row.parking).setup(row.seed))


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What a campaign shows: counts, outcomes, times, forces."""
    done = [r for r in rows if r["outcome"] == "completed"]
    first = [r for r in rows if r["insert_attempts"] and set(r["insert_attempts"]) == {1}]
    outcomes: dict[str, int] = {}
    for row in rows:
        outcomes[row["outcome"]] = outcomes.get(row["outcome"], 0) + 1
    times = sorted(r["mechanical_time_s"] for r in done)
    return {
        "seeds": len(rows),
        "completed": len(done),
        "completed_ci95": wilson(len(done), len(rows)),
        "first_attempt": len(first),
        "first_attempt_ci95": wilson(len(first), len(rows)),
        "violations": sum(len(r["violations"]) for r in rows),
        "outcomes": outcomes,
        "mechanical_time_s": {
            "min": times[0] if times else None,
            "median": statistics.median(times) if times else None,
            "max": times[-1] if times else None,
        },
        **{
            f"ratio_{name}_median": statistics.median(r["mechanical_time_s"] / r[key] for r in done) if done else None
            for name, key in BOUNDS.items()
        },
        "peak_lateral_force_n_max": max((r["kpis"]["peak_lateral_force_n"] for r in rows), default=None),
        "residual_sway_m_max": max((r["kpis"]["residual_sway_m"] for r in done), default=None),
        "seat_error_m_max": max((r["kpis"]["seat_error_m"] for r in done), default=None),
    }


# ----------------------------------------------------------------------------------------------------------------- part


def keys(seeds: int) -> list[Key]:
    """A swap each on the reference plant, the long ones first; batches on the reduced-order one.

    That one's swaps take little: unless this is a try, they are not fewer than `SEEDS`.
    """
    sets = sorted(SETS)  # chassis first
    quick = seeds if seeds < A_TRY else max(seeds, SEEDS)
    reference: list[Key] = [(REFERENCE, *which, seed, 1) for which in sets for seed in range(seeds)]
    reduced: list[Key] = [
        (REDUCED, *which, seed, min(BATCH, quick - seed)) for which in sets for seed in range(0, quick, BATCH)
    ]
    return [*reference, *reduced]


def play_seeds(plant: str, station: str, parking: str, first: int, count: int) -> list[dict[str, Any]]:
    """Rows of consecutive seeds."""
    rows = play(series_of(station, parking), plant, range(first, first + count))
    return [row.model_dump(mode="json") for row in rows]


def store(folder: Path, played: Played) -> None:
    for plant in PLANTS:
        for which in SETS:
            rows = [
                model_from_plain(SwapRow, row, "row", "played", "not the row of a swap")
                for key, found in played.items()
                if key[:3] == (plant, *which)
                for row in found
            ]
            write_swaps(path_of(*which, plant, folder), rows)


def seeds_of(played: Played) -> dict[str, str]:
    return {
        table_of(*which, plant): seeds_in_words(
            [row["seed"] for key, found in played.items() if key[:3] == (plant, *which) for row in found]
        )
        for plant in PLANTS
        for which in SETS
    }


LIMITS_S = {"top_lift": (120.0, 190.0), "chassis": (120.0, 200.0)}
"""Mechanical times of comparable robots, with every pack seated at the first attempt."""
NAMED = {"completed", "repark_required", "jam", "grip_failed", "lock_stuck", "sway_limit", "scan_failed"}


def claims(folder: Path = HERE) -> list[Claim]:
    """The project's targets for swaps."""
    found = []
    for station, parking in SETS:
        rows = read(station, parking, folder)
        reported, name = summary(rows), f"{station}, {parking}"
        found.append(Claim(f"{name}: no safety invariant broken", reported["violations"] == 0))
        found.append(Claim(f"{name}: every outcome is one of those expected", set(reported["outcomes"]) <= NAMED))
        done = [row for row in rows if row["outcome"] == "completed"]
        for bound, key in BOUNDS.items():
            over = all(row["mechanical_time_s"] > row[key] for row in done)
            found.append(Claim(f"{name}: no swap beats its {bound} bound", over))
        if parking == "guided":
            first = reported["first_attempt"] >= 0.95 * len(rows)
            found.append(Claim(f"{name}: 95 % seated at the first attempt", first))
            found.append(Claim(f"{name}: 99 % completed", reported["completed"] >= 0.99 * len(rows)))
            low, high = LIMITS_S[station]
            times = [row["mechanical_time_s"] for row in done if set(row["insert_attempts"]) == {1}]
            within = all(low <= time <= high for time in times)
            found.append(Claim(f"{name}: mechanical times of {low:.0f} to {high:.0f} s", within))
        reduced = stored_rows(station, parking, REDUCED, folder)
        safe = not any(row.violations for row in reduced)
        found.append(Claim(f"{name}: no safety invariant broken on the reduced-order plant", safe))
    return found


PART = Part("swaps", keys, play_seeds, store, seeds_of, claims, release=False)
