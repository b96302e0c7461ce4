"""Evidence: what the classical controllers reach in Docking, by who follows them, direction, trailer and visibility.

    .venv/bin/python -m tests.evidence docking_laws

The table stands in docs/docking.md; `tests/evidence/test_docking.py` runs a small sample again. Scenarios (hall, yard,
winter), loads, packs and starts are drawn. Episodes are played on the batch, which equals the single environment.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from tests.evidence.part import HERE, ROOT, Claim, Key, Part, Played, about_lines, seeds_in_words, write_rows

TABLE = "docking_laws"
DOCUMENT = ROOT / "docs" / "docking.md"
SECTION = "classical"
SEED, SAMPLE, WORLDS = 0, 3, 50
EPISODES = {"by_wire": 100, "driver": 50}
"""Evaluations run on seeds 0 and up; the gains were tuned on seeds from 100,000 on."""
STATION = "top_lift"
TRUCKS = {"no": "mixer_8x4", "yes": "tractor_6x4"}
"""Without and with a trailer."""
CONDITIONS = ("clear", "night", "rain", "night+rain")
LAWS = {
    "forward": {"stanley": "Stanley", "pure_pursuit": "pure pursuit"},
    "reverse": {"mpc": "MPC", "cascade": "cascade"},
}
"""Policies by direction: name of the law and what the table calls it."""


def keys(_seeds: int) -> list[Key]:
    """(operator, direction, trailer, conditions, law): by wire the first law in every condition and the second in the
    worst; of reversing with a trailer the best and the worst, behind a driver the worst."""
    found: list[Key] = []
    for operator in ("by_wire", "driver"):
        for direction, laws in LAWS.items():
            for trailer in TRUCKS:
                first, second = laws
                towed = (direction, trailer) == ("reverse", "yes")
                some = (CONDITIONS[0], CONDITIONS[-1]) if towed else CONDITIONS
                some = some if operator == "by_wire" else CONDITIONS[-1:]
                found += [(operator, direction, trailer, conditions, first) for conditions in some]
                if operator == "by_wire" and not towed:
                    found.append((operator, direction, trailer, CONDITIONS[-1], second))
    return found


def play(
    operator: str, direction: str, trailer: str, conditions: str, law: str, episodes: int | None = None
) -> dict[str, Any]:
    """One row of the table, and its first episodes number by number."""
    import gymnasium

    from agents.baselines.docking import ClassicalMany

    arguments = {"operator": operator, "direction": direction, "truck": TRUCKS[trailer], "conditions": conditions}
    episodes = EPISODES[operator] if episodes is None else episodes
    n = min(WORLDS, episodes)
    env = gymnasium.make_vec(
        "envs:swaptwin/Docking-v3", num_envs=n, station=STATION, guided=False, autoreset_mode="SameStep", **arguments
    )
    ends = []
    for first in range(SEED, SEED + episodes, n):
        controllers = ClassicalMany(n, "stanley" if law == "cascade" else law)
        controllers.begin()
        observations, _ = env.reset(seed=first)
        over, found = np.zeros(n, bool), [None] * n
        while not over.all():
            observations, _, terminated, truncated, infos = env.step(controllers.act(observations))
            for i in np.flatnonzero((terminated | truncated) & ~over):
                last = infos["final_info"]
                kpis = {name: float(values[i]) for name, values in last["kpis"].items() if not name.startswith("_")}
                scenario = str(last["case"]["scenario"][i])
                found[i] = {"outcome": str(last["outcome"][i]), "scenario": scenario, "kpis": kpis}
            over |= terminated | truncated
        ends += found
    env.close()
    return {
        "operator": operator,
        "direction": direction,
        "trailer": trailer,
        "conditions": conditions,
        "law": law,
        "episodes": episodes,
        "reasons": dict(Counter(end["outcome"] for end in ends)),
        "by_scenario": {
            name: [sum(e["outcome"] == "docked" for e in some), len(some)]
            for name in sorted({end["scenario"] for end in ends})
            for some in [[end for end in ends if end["scenario"] == name]]
        },
        "ends": [[end["outcome"], round(float(end["kpis"]["time_s"]), 1)] for end in ends],
        "retries": sum(end["kpis"]["gear_changes"] > 0 for end in ends),
        "sample": ends[:SAMPLE],
    }


def read(folder: Path = HERE) -> list[dict[str, Any]]:
    """The stored rows."""
    rows: list[dict[str, Any]] = json.loads((folder / f"{TABLE}.json").read_text())
    return rows


def key_of(row: dict[str, Any]) -> Key:
    return row["operator"], row["direction"], row["trailer"], row["conditions"], row["law"]


def times_of(row: dict[str, Any]) -> list[float]:
    """Times of the drives that docked, s."""
    return [float(time_s) for outcome, time_s in row["ends"] if outcome == "docked"]


def paired(row: dict[str, Any], first: dict[str, Any]) -> str:
    """Difference from the first law of the direction on the same seeds: share docked, and time where both docked."""
    from agents.statistics import mean_interval, median_interval

    both = list(zip(row["ends"], first["ends"], strict=True))
    won = [float(a[0] == "docked") - float(b[0] == "docked") for a, b in both]
    later = [a[1] - b[1] for a, b in both if a[0] == b[0] == "docked"]
    share, (low, high) = mean_interval(won, SEED)
    time_s, (soon, late) = median_interval(later, SEED)
    return f"{100 * share:+.0f} % ({100 * low:+.0f} to {100 * high:+.0f}), {time_s:+.1f} s ({soon:+.1f} to {late:+.1f})"


def table(folder: Path = HERE) -> str:
    """Markdown, a row per case."""
    from agents.statistics import wilson

    lines = [
        "| follows | direction | trailer | conditions | law | episodes | within 50 mm, 1 deg | 95 % interval "
        "| time, s: median, p95 | second tries | hall, winter, yard: docked of | other ends | less the first law |",
        "|---|---|---|---|---|---:|---:|---|---|---:|---|---|---|",
    ]
    rows = {key_of(row): row for row in read(folder)}
    for key, row in rows.items():
        n, docked = row["episodes"], row["reasons"].get("docked", 0)
        low, high = (100 * value for value in wilson(docked, n))
        times = "-" if not docked else ", ".join(f"{t:.1f}" for t in np.percentile(times_of(row), [50, 95]))
        first = rows[(*key[:4], next(iter(LAWS[row["direction"]])))]
        less = "-" if row is first else paired(row, first)
        scenarios = ", ".join(f"{k}/{m}" for k, m in row["by_scenario"].values())
        others = ", ".join(f"{name} {k}" for name, k in sorted(row["reasons"].items()) if name != "docked") or "-"
        lines.append(
            f"| {row['operator']} | {row['direction']} | {row['trailer']} | {row['conditions']} "
            f"| {LAWS[row['direction']][row['law']]} | {n} | {100 * docked / n:.0f} % | {low:.1f} to {high:.1f} % "
            f"| {times} | {row['retries']} | {scenarios} | {others} | {less} |"
        )
    return "\n".join([*lines, "", about_lines([TABLE], folder)])


def short_row(row: dict[str, Any]) -> str:
    """The row for the README's table of all tasks."""
    from agents.statistics import wilson

    n, docked = row["episodes"], row["reasons"].get("docked", 0)
    low, high = (100 * value for value in wilson(docked, n))
    follows = "by wire" if row["operator"] == "by_wire" else "driver"
    trailer = "trailer" if row["trailer"] == "yes" else "no trailer"
    times = ", ".join(f"{t:.1f}" for t in np.percentile(times_of(row), [50, 95]))
    law = LAWS[row["direction"]][row["law"]]
    return (
        f"| docking, {follows}, {row['direction']}, {trailer}, {row['conditions']} | {law} | {n} "
        f"| within 50 mm and 1 deg: {100 * docked / n:.1f} % ({low:.1f} to {high:.1f} %) | {times} | - |"
    )


def readme_table(folder: Path = HERE) -> str:
    """The README's rows: by night and rain, the first law of each direction."""
    lines = [
        "| task | policy | episodes | success (95 % interval) | time, s: median, p95 | violations |",
        "|---|---|---:|---|---|---:|",
    ]
    for row in read(folder):
        if (row["conditions"], row["law"]) == (CONDITIONS[-1], next(iter(LAWS[row["direction"]]))):
            lines.append(short_row(row))
    return "\n".join([*lines, "", about_lines([TABLE], folder)])


def store(folder: Path, played: Played) -> None:
    write_rows(folder / f"{TABLE}.json", [played[key] for key in keys(SEED)])


def claims(folder: Path = HERE) -> list[Claim]:
    rows = {key_of(row): row for row in read(folder)}

    def share(*key: str) -> float:
        row = rows[key]
        return float(row["reasons"].get("docked", 0) / row["episodes"])

    firsts = {direction: next(iter(laws)) for direction, laws in LAWS.items()}
    worst = [share(o, d, t, CONDITIONS[-1], firsts[d]) for o in ("by_wire", "driver") for d in LAWS for t in TRUCKS]
    back = ("by_wire", "reverse", "no", CONDITIONS[-1])
    return [
        Claim("by wire, forwards, clear: 19 of 20", share("by_wire", "forward", "no", "clear", "stanley") >= 0.95),
        Claim("by night in rain, whoever follows: 9 of 10", min(worst) >= 0.9),
        Claim("in reverse both laws dock alike", abs(share(*back, "mpc") - share(*back, "cascade")) <= 0.05),
    ]


PART = Part(
    TABLE,
    keys,
    play,
    store,
    lambda _: {TABLE: seeds_in_words(range(SEED, SEED + EPISODES["by_wire"]))},
    claims,
    release=False,
)
