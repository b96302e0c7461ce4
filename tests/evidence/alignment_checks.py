"""Evidence: policies of Alignment-v1 side by side, by parking and visibility, and under what their makers left out.

    .venv/bin/python -m tests.evidence.alignment_checks cells     # reduced-order plant, eight cells a station
    .venv/bin/python -m tests.evidence.alignment_checks robust    # the same plant, one variation a row
    .venv/bin/python -m tests.evidence.alignment_checks bullet    # the reference plant
    .venv/bin/python -m tests.evidence.alignment_checks tables    # --write: into docs/evaluate.md and README.md

Every row is of the same seeds as `swaptwin evaluate alignment` plays with the options that it names. Rows are kept in
tests/evidence/alignment_v1.jsonl, a line each with its episodes' figures in the order of the seeds; a run goes on where
it stopped. `--anew` plays all of them again.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.experiments.campaign import core_count
from agents.statistics import mean_interval, median_interval, wilson
from tests.evidence.markers import made_from, replace, stamp
from tests.evidence.part import HERE, ROOT, OneLine, count

STORE = HERE / "alignment_v1.jsonl"
DOCUMENT, README = ROOT / "docs" / "evaluate.md", ROOT / "README.md"
SEED, EPISODES, WORLDS = 20_000, 200, 200
"""Episodes of a row. No policy was trained, and no gain set, on seeds from 20,000 to 49,999."""
BULLET_SEED, BULLET_EPISODES = 30_000, 30
PARKINGS = ("guided", "unguided")
CONDITIONS = ("clear", "night", "rain", "night+rain")
POLICIES = {
    "top_lift": (("baseline", "fast"), ("law", "fast"), ("law", "careful"), ("align_careful", "careful")),
    "chassis": (("baseline", "fast"), ("law", "fast"), ("law", "careful")),
}
"""Policies by station, each with its `--care`; the first is what others are compared with."""
WORDS = {"baseline": "servo", "law": "law", "align_careful": "`align_careful`"}
VARIATIONS = {
    "": "none",
    "noise_factor=2": "noise of all sensors doubled",
    "mass_beyond=0.1": "packs 10 % over their heaviest",
    "mass_beyond=-0.1": "packs 10 % under their lightest",
    "delay_s=0.1": "setpoints 100 ms later",
    "friction_factor=0.5": "guide friction halved",
}
"""Values of `--vary`, and what the table calls them."""
OVERLOADED = ("top_lift", "mass_beyond=0.1")
"""What its hoist cannot lift: the heaviest packs trip its overload interlock before the insertion begins."""
KEPT = ("time_s", "force_n", "success", "first")
"""Figures that a row has of each episode, in the order of the seeds."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Key:
    """What one row is of."""

    part: str
    station: str
    parking: str | None
    conditions: str | None
    vary: str
    policy: str
    care: str

    @property
    def options(self) -> dict[str, str]:
        """Options of `swaptwin evaluate alignment`."""
        plant = "bullet" if self.part == "bullet" else "rom"
        given = {"station": self.station, "plant": plant, "care": self.care, "parking": self.parking}
        given |= {"conditions": self.conditions, "vary": self.vary}
        return {name: value for name, value in given.items() if value}


def keys(part: str) -> Iterator[Key]:
    """Rows of a part, in the order of its table."""
    for station, policies in POLICIES.items():
        cells = [(p, c) for p in PARKINGS for c in CONDITIONS] if part == "cells" else [(None, None)]
        for parking, conditions in cells:
            for vary in VARIATIONS if part == "robust" else ("",):
                if (station, vary) == OVERLOADED:
                    continue
                for policy, care in policies:
                    yield Key(part, station, parking, conditions, vary, policy, care)


def play(key: Key, episodes: int) -> Row:
    """Play one row."""
    from agents.episodes import Scene
    from agents.evaluate import evaluate
    from agents.tasks import TASKS

    bullet = key.part == "bullet"
    seed = BULLET_SEED if bullet else SEED
    scene = Scene(TASKS["alignment"], key.options)
    worlds = 0 if bullet else min(WORLDS, episodes)
    done, interrupted = evaluate(scene, [key.policy], episodes=episodes, seed=seed, workers=core_count(), worlds=worlds)
    if interrupted:
        raise KeyboardInterrupt
    [played] = done.episodes
    return {
        **vars(key),
        **stamp(),
        "seed": seed,
        "time_s": [round(one.time_s, 2) for one in played],
        "force_n": [round(one.kpis["peak_lateral_force_n"]) for one in played],
        "success": [int(one.success) for one in played],
        "first": [int(one.kpis["first_attempt"] > 0.0) for one in played],
        "violations": sum(one.violations for one in played),
        "reasons": dict(Counter(one.outcome for one in played)),
        "changed": [sum(one.changed for one in played), sum(one.steps for one in played)],
    }


def read(path: Path = STORE) -> dict[Key, Row]:
    """Stored rows by their keys."""
    lines = path.read_text().splitlines() if path.is_file() else []
    rows = [json.loads(line) for line in lines]
    return {Key(**{name: row[name] for name in Key.__dataclass_fields__}): row for row in rows}


def write(rows: dict[Key, Row], path: Path = STORE) -> None:
    """Store the rows, in the order of the tables."""
    order = [key for part in ("cells", "robust", "bullet") for key in keys(part)]
    lines = [json.dumps(rows[key], separators=(",", ":")) for key in order if key in rows]
    part = path.with_name(f".{path.name}.part")
    part.write_text("".join(f"{line}\n" for line in lines))
    part.replace(path)


# ----------------------------------------------------------------------------------------------------------- the tables


def joined(rows: Sequence[Row]) -> Row:
    """Several rows of one policy as one."""
    one: Row = {
        name: [value for row in rows for value in row[name]] for name in ("time_s", "force_n", "success", "first")
    }
    reasons: Counter[str] = Counter()
    for row in rows:
        reasons.update(row["reasons"])
    return one | {"reasons": dict(reasons), "violations": sum(row["violations"] for row in rows)}


def percent(rate: float) -> str:
    return f"{100 * rate:.1f}"


def with_interval(flags: Sequence[int]) -> str:
    """A rate with its Wilson interval, %."""
    low, high = wilson(sum(flags), len(flags))
    return f"{percent(float(np.mean(flags)))} ({percent(low)} to {percent(high)})"


def figures(row: Row) -> tuple[str, str]:
    """Time (median, p95) of the successes, s; force (median, p99), kN."""
    times = [t for t, done in zip(row["time_s"], row["success"], strict=True) if done]
    time_s = ", ".join(f"{t:.2f}" for t in np.percentile(times, [50, 95])) if times else "-"
    force = ", ".join(f"{1e-3 * n:.1f}" for n in np.percentile(row["force_n"], [50, 99]))
    return time_s, force


def name_of(key: Key) -> str:
    words = WORDS.get(key.policy, key.policy)
    return f"{words}, {key.care}" if key.policy == "law" else words


def others(row: Row) -> str:
    return ", ".join(f"{name} {n}" for name, n in sorted(row["reasons"].items()) if name != "seated") or "-"


def cells_table(rows: dict[Key, Row]) -> str:
    """Rows by parking and visibility, and all of a station together."""
    lines = [
        "| station | parking, conditions | policy | at the first attempt, % | success, % | time, s: median, p95 "
        "| force, kN: median, p99 |",
        "|---|---|---|---:|---:|---|---|",
    ]
    found = [key for key in keys("cells") if key in rows]
    for station in POLICIES:
        for key in (key for key in found if key.station == station):
            row = rows[key]
            first, success = percent(float(np.mean(row["first"]))), percent(float(np.mean(row["success"])))
            cell = f"{key.parking}, {key.conditions}"
            lines.append(f"| {station} | {cell} | {name_of(key)} | {first} | {success} | {' | '.join(figures(row))} |")
        for label, together in all_cells(rows, station).items():
            first, success = with_interval(together["first"]), with_interval(together["success"])
            lines.append(f"| {station} | all | {label} | {first} | {success} | {' | '.join(figures(together))} |")
    return "\n".join([*lines, "", stamp_of(rows, "cells")])


def all_cells(rows: dict[Key, Row], station: str, part: str = "cells") -> dict[str, Row]:
    """By policy, all its cells together; of robustness the row without a variation."""
    groups: dict[str, list[Row]] = {}
    for key in keys(part):
        if key.station == station and key in rows and not key.vary:
            groups.setdefault(name_of(key), []).append(rows[key])
    return {label: joined(group) for label, group in groups.items()}


def paired_table(rows: dict[Key, Row]) -> str:
    """Each policy less the servo, and less the fast law, seed by seed; in how many cells it is worse."""
    lines = [
        "| station | policy | less | time, s | force, N | at the first attempt, % | cells with a longer median | fewer "
        "first attempts | a larger median force |",
        "|---|---|---|---|---|---|---:|---:|---:|",
    ]
    for station in POLICIES:
        together = all_cells(rows, station)
        labels = list(together)
        for a in labels[:2]:
            for b in labels[labels.index(a) + 1 :]:
                worse = [0, 0, 0]
                for one, other in zip(own_rows(rows, station, a), own_rows(rows, station, b), strict=True):
                    worse[0] += median_of(one, other, "time_s") > 0.0
                    worse[1] += sum(other["first"]) < sum(one["first"])
                    worse[2] += median_of(one, other, "force_n") > 0.0
                x, y = together[a], together[b]
                both = [k for k, (p, q) in enumerate(zip(x["success"], y["success"], strict=True)) if p and q]
                time_s = [y["time_s"][k] - x["time_s"][k] for k in both]
                force = np.subtract(y["force_n"], x["force_n"])
                first = 100.0 * np.subtract(y["first"], x["first"])
                lines.append(
                    f"| {station} | {b} | {a} | {said(median_interval(time_s, 0), 2)} "
                    f"| {said(median_interval(force, 0), 0)} | {said(mean_interval(first, 0), 1)} "
                    f"| {' | '.join(map(str, worse))} |"
                )
    return "\n".join([*lines, ""])


def own_rows(rows: dict[Key, Row], station: str, label: str) -> list[Row]:
    return [rows[key] for key in keys("cells") if key in rows and key.station == station and name_of(key) == label]


def median_of(one: Row, other: Row, name: str) -> float:
    """Median of the paired differences, other less one."""
    return float(np.median(np.subtract(other[name], one[name])))


def said(figure: tuple[float, tuple[float, float]], digits: int) -> str:
    middle, (low, high) = figure
    return f"{middle:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"


def robust_table(rows: dict[Key, Row]) -> str:
    """One variation a row."""
    lines = [
        "| station | variation | policy | at the first attempt, % | success, % (95 % interval) | time, s: median, p95 "
        "| force, kN: median, p99 | violations | other ends |",
        "|---|---|---|---:|---|---|---|---:|---|",
    ]
    for key in keys("robust"):
        if key in rows:
            row = rows[key]
            lines.append(
                f"| {key.station} | {VARIATIONS[key.vary]} | {name_of(key)} | {percent(float(np.mean(row['first'])))} "
                f"| {with_interval(row['success'])} | {' | '.join(figures(row))} | {row['violations']} "
                f"| {others(row)} |"
            )
    return "\n".join([*lines, "", stamp_of(rows, "robust")])


def readme_table(rows: dict[Key, Row]) -> str:
    """All cells of a station together (or parking and conditions drawn), and the reference plant."""
    lines = [
        "| station, plant, conditions | policy | episodes | at the first attempt, % (95 % interval) | within 6 kN, % "
        "| time, s: median, p95 | force, kN: median, p99 | violations |",
        "|---|---|---:|---|---:|---|---|---:|",
    ]
    parts = {"cells": "ROM, eight cells", "robust": "ROM, drawn", "bullet": "Bullet, drawn"}
    for part, plant in parts.items():
        for station in POLICIES:
            if part == "robust" and all_cells(rows, station):
                continue
            for label, row in all_cells(rows, station, part).items():
                lines.append(
                    f"| {station}, {plant} | {label} | {len(row['first'])} | {with_interval(row['first'])} "
                    f"| {percent(float(np.mean(row['success'])))} | {' | '.join(figures(row))} | {row['violations']} |"
                )
    return "\n".join([*lines, "", stamp_of(rows, *parts)])


def bullet_table(rows: dict[Key, Row]) -> str:
    """On the reference plant."""
    lines = [
        "| station | policy | episodes | at the first attempt, % | success, % (95 % interval) | time, s: median, p95 "
        "| force, kN: median, p99 | violations | other ends |",
        "|---|---|---:|---|---|---|---|---:|---|",
    ]
    for key in keys("bullet"):
        if key in rows:
            row = rows[key]
            lines.append(
                f"| {key.station} | {name_of(key)} | {len(row['first'])} | {with_interval(row['first'])} "
                f"| {with_interval(row['success'])} | {' | '.join(figures(row))} | {row['violations']} "
                f"| {others(row)} |"
            )
    return "\n".join([*lines, "", stamp_of(rows, "bullet")])


def stamp_of(rows: dict[Key, Row], *parts: str) -> str:
    command = f"python -m tests.evidence.alignment_checks {'|'.join(parts)}"
    return made_from([row for key, row in rows.items() if key.part in parts], command)


def of_folder(table: Callable[[dict[Key, Row]], str]) -> Callable[[Path], str]:
    """A table of the rows in a folder."""
    return lambda folder=HERE: table(read(folder / STORE.name))


TABLES = (
    (README, "alignment", of_folder(readme_table)),
    (DOCUMENT, "law", of_folder(cells_table)),
    (DOCUMENT, "law_paired", of_folder(paired_table)),
    (DOCUMENT, "robust", of_folder(robust_table)),
    (DOCUMENT, "align_bullet", of_folder(bullet_table)),
)
"""Document, its section, and what makes it of the rows in a folder."""


def main(words: Sequence[str] | None = None) -> int:
    """Play a part's missing rows, or write the tables."""
    parser = OneLine(prog="python -m tests.evidence.alignment_checks", description="Policies of Alignment-v1.")
    parser.add_argument("part", choices=("cells", "robust", "bullet", "tables"))
    parser.add_argument("--stations", nargs="+", choices=tuple(POLICIES), default=list(POLICIES))
    parser.add_argument("--policies", nargs="+", choices=tuple(WORDS), default=list(WORDS))
    episodes_help = f"a row; default: {EPISODES}, on Bullet {BULLET_EPISODES}"
    parser.add_argument("--episodes", type=count(1, 100_000), help=episodes_help)
    parser.add_argument("--write", action="store_true", help="put the tables into the documents")
    parser.add_argument("--anew", action="store_true", help="also rows that are stored")
    given = parser.parse_args(words)
    if given.part == "tables":
        for document, name, table in TABLES:
            if given.write:
                replace(document, name, table(HERE))
            else:
                print(table(HERE))
        return 0
    episodes = given.episodes or (BULLET_EPISODES if given.part == "bullet" else EPISODES)
    for key in keys(given.part):
        wanted = key.station in given.stations and key.policy in given.policies
        if wanted and (given.anew or key not in read()):
            row = play(key, episodes)
            write(read() | {key: row})
            where = " ".join(key.options.values())
            print(f"{where} {key.policy}: {with_interval(row['first'])} {' | '.join(figures(row))}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
