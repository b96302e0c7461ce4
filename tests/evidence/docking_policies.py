"""Evidence: what the docking yardstick and the floor below it reach, by conditions, with and without guides.

    .venv/bin/python -m tests.evidence.docking_policies

Stores the evaluations in tests/evidence/docking_policies.json, goes on where it stopped, and writes the table into
docs/evaluate.md; `tests/evidence/test_docking_policies.py` re-runs a small sample. Remove the file to start afresh.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PATH = HERE / "docking_policies.json"
DOCUMENT = HERE.parents[1] / "docs" / "evaluate.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
SEED, SAMPLE = 0, 3
"""Evaluations run on seeds 0 and up; the yardstick was tuned on seeds from 100,000 on."""
STATION = "top_lift"
CASES = [(conditions, parking) for parking in ("guided", "unguided") for conditions in ("clear", "night", "rain")]
GUIDED, UNGUIDED, FLOOR = 500, 200, 40
"""Episodes of the yardstick with and without guides, and of the floor: that one is flat, fewer do."""


def runs() -> list[tuple[tuple[str, str], tuple[str, ...], int]]:
    """(case, policies that are played together, episodes), the ones that matter most first."""
    yardstick = [(case, ("baseline",), GUIDED if case[1] == "guided" else UNGUIDED) for case in CASES]
    return [*yardstick, *((case, ("random", "zero"), FLOOR) for case in CASES)]


def options(case: tuple[str, str]) -> dict[str, str]:
    return {"station": STATION, "conditions": case[0], "parking": case[1]}


def play(case: tuple[str, str], policies: tuple[str, ...], episodes: int, workers: int) -> dict[str, Any]:
    """One evaluation, and the first episodes of it number by number."""
    from agents.episodes import Scene
    from agents.evaluate import evaluate
    from agents.tasks import TASKS

    scene = Scene(TASKS["docking"], options(case))
    evaluation, interrupted = evaluate(scene, policies, episodes=episodes, seed=SEED, workers=workers)
    if interrupted:
        raise KeyboardInterrupt
    sample = {
        name: [
            {"outcome": e.outcome, "steps": e.steps, "reward": round(e.reward, 6), "kpis": e.kpis}
            for e in episodes_of[:SAMPLE]
        ]
        for name, episodes_of in zip(policies, evaluation.episodes, strict=True)
    }
    return {"evaluation": evaluation.as_json(), "sample": sample}


def read() -> list[dict[str, Any]]:
    """What is stored; empty when nothing is."""
    rows: list[dict[str, Any]] = json.loads(PATH.read_text()) if PATH.exists() else []
    return rows


def key_of(told: dict[str, Any]) -> tuple[Any, ...]:
    return told["conditions"], told["parking"], tuple(row["name"] for row in told["policies"])


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown, a row per policy and case."""
    lines = [
        "| conditions | policy | episodes | docked | 95 % interval | time, s: median, 95 % "
        "| rail force, kN: median, 99 % | other ends |",
        "|---|---|---:|---:|---|---|---|---|",
    ]
    for case in CASES:
        for stored in rows:
            told = stored["evaluation"]
            if (told["conditions"], told["parking"]) != case:
                continue
            for row in told["policies"]:
                low, high = (100 * value for value in row["success_ci95"])
                time_s, force = row["time_s"], row["peak_lateral_force_n"]
                times = "-" if time_s["median"] is None else f"{time_s['median']:.1f}, {time_s['p95']:.1f}"
                forces = f"{force['median'] / 1e3:.1f}, {force['p99'] / 1e3:.1f}" if case[1] == "guided" else "-"
                others = ", ".join(f"{name} {n}" for name, n in row["reasons"].items() if name != "docked") or "-"
                lines.append(
                    f"| {case[0]}, {case[1]} | {row['name']} | {told['episodes']} | {100 * row['success_rate']:.1f} % "
                    f"| {low:.1f} to {high:.1f} % | {times} | {forces} | {others} |"
                )
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=2)
    workers = parser.parse_args().workers
    known = {key_of(stored["evaluation"]) for stored in read()}
    for case, policies, episodes in runs():
        if (*case, policies) in known:
            continue
        stored = [*read(), play(case, policies, episodes, workers)]
        PATH.write_text("[\n" + ",\n".join(json.dumps(row) for row in stored) + "\n]\n")
        row = stored[-1]["evaluation"]["policies"][0]
        print(f"{', '.join(case)}: {row['name']} {row['success_rate']:.3f}", file=sys.stderr, flush=True)
    before, rest = DOCUMENT.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    DOCUMENT.write_text(f"{before}{BEGIN}\n{table(read())}\n{END}{after}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
