"""Evidence: the parking errors that the driver model produces, beside the stated distributions.

    .venv/bin/python -m tests.evidence docking

The table stands in docs/docking.md; `tests/evidence/test_docking.py` runs a small sample again.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from tests.evidence.part import HERE, ROOT, Claim, Key, Part, Played, about_lines, seeds_in_words, write_rows

TABLE = "docking"
DOCUMENT = ROOT / "docs" / "docking.md"
SECTION = "table"
RUNS, SAMPLE = 400, 5
STATED = {"good": (0.020, 0.017, math.radians(0.4)), "bad": (0.060, 0.045, math.radians(1.0))}
"""Standard deviations of x, y (m) and yaw (rad) as the stations' `parking` section has them."""
CASES = [
    # station, truck, pack, weather, guided, what it is held against
    ("top_lift", "tractor_6x4", "cab_282", "clear", True, "good"),
    ("top_lift", "mixer_8x4", "cab_282", "clear", True, "good"),
    ("chassis", "chassis_tractor_3", "chassis_171", "clear", True, "good"),
    ("top_lift", "tractor_6x4", "cab_282", "night", False, "bad"),
    ("top_lift", "tractor_6x4", "cab_282", "rain", False, "bad"),
    ("top_lift", "tractor_6x4", "cab_282", "night+rain", False, ""),
    ("top_lift", "mixer_8x4", "cab_282", "night", False, "bad"),
    ("chassis", "chassis_tractor_3", "chassis_171", "night", False, "bad"),
    ("top_lift", "tractor_6x4", "cab_282", "clear", False, ""),
    ("top_lift", "tractor_6x4", "cab_282", "night", True, ""),
]
WITHIN_M, WITHIN_RAD = 0.050, math.radians(1.0)
REPARK_M = 0.100
"""Error in x or y beyond which a truck parks again; the published sizes by night and in rain (domain 3)."""


def drives(case: tuple[Any, ...], seeds: range) -> Any:
    from twin.catalogue import load_pack, load_station, load_truck
    from twin.docking.drive import drive_in

    station, truck, pack, weather, guided, _ = case
    return drive_in(load_truck(truck), load_station(station), load_pack(pack), seeds, weather=weather, guided=guided)


def summary(case: tuple[Any, ...], runs: int) -> dict[str, Any]:
    """One row: what `runs` drives of a case came to."""
    ends = drives(case, range(runs))
    pose = ends.pose
    near = (np.hypot(pose[:, 0], pose[:, 1]) <= WITHIN_M) & (np.abs(pose[:, 2]) <= WITHIN_RAD)
    station, truck, pack, weather, guided, stated = case
    return {
        "station": station,
        "truck": truck,
        "pack": pack,
        "weather": weather,
        "guided": guided,
        "stated": stated,
        "runs": runs,
        "arrived": int(ends.arrived.sum()),
        "mean": pose[ends.arrived].mean(axis=0).round(6).tolist(),
        "sigma": pose[ends.arrived].std(axis=0).round(6).tolist(),
        "largest": np.abs(pose[ends.arrived]).max(axis=0).round(6).tolist(),
        "within_50_mm_1_deg": int((near & ends.arrived).sum()),
        "beyond_100_mm": int((np.abs(pose[:, :2]).max(axis=1) > REPARK_M).sum()),
        "time_s": np.percentile(ends.time_s[ends.arrived], [5, 50, 95]).round(1).tolist(),
        "rail_force_n": np.percentile(ends.peak_rail_force_n, [50, 95, 100]).round(0).tolist(),
        "stop_force_n": np.percentile(ends.peak_stop_force_n, [50, 95, 100]).round(0).tolist(),
        "first_poses": pose[:SAMPLE].tolist(),
    }


def table(folder: Path = HERE) -> str:
    """The rows as Markdown, in millimetres and degrees."""

    def triple(values: Any, digits: tuple[int, int, int] = (0, 0, 2)) -> str:
        shown = (values[0] * 1e3, values[1] * 1e3, math.degrees(values[2]))
        return " / ".join(f"{round(v, n) + 0.0:.{n}f}" for v, n in zip(shown, digits, strict=True))  # no "-0"

    lines = [
        "| truck | conditions | runs | sigma of x / y / yaw, mm, mm, deg | stated | mean | within 50 mm, 1 deg "
        "| x or y beyond 100 mm | time, s | rail force, kN: median, p95 |",
        "|---|---|---:|---|---|---|---:|---:|---|---|",
    ]
    for row in read(folder):
        conditions = f"{row['weather']}, {'rails and stop' if row['guided'] else 'no guides'}"
        stated = f"{row['stated']}: {triple(STATED[row['stated']])}" if row["stated"] else "-"
        rail = f"{row['rail_force_n'][0] / 1e3:.0f}, {row['rail_force_n'][1] / 1e3:.0f}" if row["guided"] else "-"
        low, middle, high = row["time_s"]
        near = f"{100 * row['within_50_mm_1_deg'] / row['runs']:.0f} %"
        beyond = f"{100 * row['beyond_100_mm'] / row['runs']:.1f} %"
        lost = row["runs"] - row["arrived"]
        runs = f"{row['runs']}" + (f" ({lost} stuck)" if lost else "")
        lines.append(
            f"| {row['truck']} | {conditions} | {runs} | {triple(row['sigma'])} | {stated} | {triple(row['mean'])} "
            f"| {near} | {beyond} | {middle:.0f} ({low:.0f} to {high:.0f}) | {rail} |"
        )
    return "\n".join([*lines, "", about_lines([TABLE], folder)])


def read(folder: Path = HERE) -> list[dict[str, Any]]:
    """The stored rows."""
    rows: list[dict[str, Any]] = json.loads((folder / f"{TABLE}.json").read_text())
    return rows


def keys(_seeds: int) -> list[Key]:
    return [(k,) for k in range(len(CASES))]


def play(k: int) -> dict[str, Any]:
    return summary(CASES[k], RUNS)


def store(folder: Path, played: Played) -> None:
    write_rows(folder / f"{TABLE}.json", [played[key] for key in keys(RUNS)])


OF_THE_SIZE = (1.0 / 3.0, 2.0)
"""Produced over stated standard deviation. The stated ones are estimates themselves, without trucks and speeds."""


def claims(folder: Path = HERE) -> list[Claim]:
    found = []
    for row in read(folder):
        if row["stated"]:
            ratio = np.array(row["sigma"]) / np.array(STATED[row["stated"]])
            alike = (ratio > OF_THE_SIZE[0]).all() and (ratio < OF_THE_SIZE[1]).all()
            words = f"{row['truck']}, {row['weather']}: errors of the size of the stated ones, 98 % arrive"
            found.append(Claim(words, bool(alike) and row["arrived"] >= 0.98 * row["runs"]))
    rows = {(r["truck"], r["weather"], r["guided"]): np.array(r["sigma"]) for r in read(folder)}
    day, night = ("tractor_6x4", "clear"), ("tractor_6x4", "night")
    helps = (rows[(*day, True)] < 0.6 * rows[(*day, False)]).all()
    helps &= (rows[(*day, False)] < rows[(*night, False)]).all()
    helps &= (rows[(*night, True)] < rows[(*night, False)]).all()
    found.append(Claim("guides and daylight help", bool(helps)))
    beyond = {(r["weather"], r["guided"]): r["beyond_100_mm"] / r["runs"] for r in read(folder) if r["truck"] == day[0]}
    for weather in ("night", "rain", "night+rain"):
        words = f"{weather}, no guides: more than a twentieth of the trucks stand beyond 100 mm, as published"
        found.append(Claim(words, beyond[weather, False] > 0.05))
    found.append(Claim("by day with guides none does", beyond["clear", True] == 0.0))
    return found


PART = Part(TABLE, keys, play, store, lambda _: {TABLE: seeds_in_words(range(RUNS))}, claims, release=False)
