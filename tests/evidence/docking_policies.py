"""Evidence: what the docking yardstick and the floor below it reach, by conditions, with and without guides.

    .venv/bin/python -m tests.evidence docking_policies

The table stands in docs/evaluate.md; `tests/evidence/test_docking.py` runs a small sample again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.evidence.part import HERE, ROOT, Claim, Key, Part, Played, about_lines, seeds_in_words, write_rows

TABLE = "docking_policies"
DOCUMENT = ROOT / "docs" / "evaluate.md"
SECTION = "table"
SEED, SAMPLE = 0, 3
"""Evaluations run on seeds 0 and up; the yardstick was tuned on seeds from 100,000 on."""
STATION = "top_lift"
CASES = [(conditions, parking) for parking in ("guided", "unguided") for conditions in ("clear", "night", "rain")]
GUIDED, UNGUIDED, FLOOR = 500, 200, 40
"""Episodes of the yardstick with and without guides, and of the floor: that one is flat, fewer do."""


def keys(_seeds: int) -> list[Key]:
    """(conditions, parking, episodes, policies that are played together), the ones that matter most first."""
    yardstick = [(*case, GUIDED if case[1] == "guided" else UNGUIDED, "baseline") for case in CASES]
    return [*yardstick, *((*case, FLOOR, "random", "zero") for case in CASES)]


def options(case: tuple[str, str]) -> dict[str, str]:
    return {"station": STATION, "conditions": case[0], "parking": case[1]}


def play(conditions: str, parking: str, episodes: int, *policies: str) -> dict[str, Any]:
    """One evaluation, and the first episodes of it number by number."""
    from agents.episodes import Scene
    from agents.evaluate import evaluate
    from agents.tasks import TASKS

    scene = Scene(TASKS["docking_v0"], options((conditions, parking)))
    evaluation, _ = evaluate(scene, policies, episodes=episodes, seed=SEED, workers=1)
    sample = {
        name: [
            {"outcome": e.outcome, "steps": e.steps, "reward": round(e.reward, 6), "kpis": e.kpis}
            for e in episodes_of[:SAMPLE]
        ]
        for name, episodes_of in zip(policies, evaluation.episodes, strict=True)
    }
    return {"evaluation": evaluation.as_json(), "sample": sample}


def read(folder: Path = HERE) -> list[dict[str, Any]]:
    """The stored rows."""
    rows: list[dict[str, Any]] = json.loads((folder / f"{TABLE}.json").read_text())
    return rows


def key_of(reported: dict[str, Any]) -> tuple[Any, ...]:
    return reported["conditions"], reported["parking"], tuple(row["name"] for row in reported["policies"])


def table(folder: Path = HERE) -> str:
    """Markdown, a row per policy and case."""
    lines = [
        "| conditions | policy | episodes | docked | 95 % interval | time, s: median, p95 "
        "| rail force, kN: median, p99 | other ends |",
        "|---|---|---:|---:|---|---|---|---|",
    ]
    for case in CASES:
        for stored in read(folder):
            reported = stored["evaluation"]
            if (reported["conditions"], reported["parking"]) != case:
                continue
            for row in reported["policies"]:
                low, high = (100 * value for value in row["success_ci95"])
                time_s, force = row["time_s"], row["peak_lateral_force_n"]
                times = "-" if time_s["median"] is None else f"{time_s['median']:.1f}, {time_s['p95']:.1f}"
                forces = f"{force['median'] / 1e3:.1f}, {force['p99'] / 1e3:.1f}" if case[1] == "guided" else "-"
                others = ", ".join(f"{name} {n}" for name, n in row["reasons"].items() if name != "docked") or "-"
                episodes = reported["episodes"]
                lines.append(
                    f"| {case[0]}, {case[1]} | {row['name']} | {episodes} | {100 * row['success_rate']:.1f} % "
                    f"| {low:.1f} to {high:.1f} % | {times} | {forces} | {others} |"
                )
    return "\n".join([*lines, "", about_lines([TABLE], folder)])


def store(folder: Path, played: Played) -> None:
    write_rows(folder / f"{TABLE}.json", list(played.values()))


def seeds_of(played: Played) -> dict[str, str]:
    return {TABLE: seeds_in_words(range(SEED, SEED + max(int(key[2]) for key in played)))}


def claims(folder: Path = HERE) -> list[Claim]:
    stored = {key_of(row["evaluation"]): row["evaluation"]["policies"] for row in read(folder)}
    (day,) = stored["clear", "guided", ("baseline",)]
    found = [Claim("by day with guides the yardstick docks 19 of 20", day["success_rate"] >= 0.95)]
    for case in CASES:
        (yardstick,) = stored[(*case, ("baseline",))]
        for row in stored[(*case, ("random", "zero"))]:
            far = row["success_ci95"][1] < 0.1 < 0.9 < yardstick["success_ci95"][0]
            found.append(Claim(f"{', '.join(case)}: {row['name']} is far below the yardstick", far))
    return found


PART = Part(TABLE, keys, play, store, seeds_of, claims, release=False)
