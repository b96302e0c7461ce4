"""What the guard's safety filter changes of good policies in Alignment-v1, and whether it had to.

    .venv/bin/python -m tests.evidence.guarded --episodes 100 --out guarded.jsonl [--write]

Each episode is played twice on the reduced-order plant: without the filter, which only tells what it would change in
the same states, and with it. A change was needed if the episode without it ended by an interlock or a limit within
NEEDED_S, the longest that an axis takes to stop. `--write` puts the table into docs/guard.md. With `--out` rows are
kept, and a later run with the same file goes on where this one stopped.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from tests.evidence.hostile.run import NO_TRIPS
from tests.evidence.markers import made_from, of_this_version, replace, stamp
from tests.evidence.part import ROOT, OneLine, count

Array = np.ndarray
Row = dict[str, Any]
DOCUMENT, SECTION = ROOT / "docs" / "guard.md", "policies"
POLICIES = {"baseline": ("top_lift", "chassis"), "law": ("top_lift", "chassis"), "align_careful": ("top_lift",)}
"""Policies and the stations that each is made for."""
CARE = {"align_careful": "careful"}
CELLS = tuple(itertools.product(("guided", "unguided"), ("clear", "night+rain")))
FIRST_SEED = 910_000
"""Episodes that no stored evaluation and no training uses."""
WORLDS = 100
NEEDED_S = 2.0
"""Time after a change within which a trip counts as its consequence: the hoist's stop from 0.25 m/s takes 1.8 s."""


class Watched:
    """An actor whose actions a filter certifies in the shadow: they are left as they are.

    Attributes:
        changes: by seed, (step, rules, largest change of a setpoint over its scale).
    """

    def __init__(self, actor: Any, rules: Any, low: Array, high: Array) -> None:
        self._actor, self._rules, self._low, self._high = actor, rules, low, high
        self._seeds: dict[int, int] = {}
        self._steps: Counter[int] = Counter()
        self.changes: dict[int, list[tuple[int, tuple[int, ...], float]]] = {}

    def begin(self, world: int, seed: int) -> None:
        self._actor.begin(world, seed)
        self._rules.begin(np.array([world]))
        self._seeds[world], self._steps[seed], self.changes[seed] = seed, 0, []

    def act(self, worlds: Array, observations: Array) -> Array:
        acted = np.asarray(self._actor.act(worlds, observations), np.float64)
        asked, seen = (np.zeros((len(self._rules.causes), rows.shape[1])) for rows in (acted, observations))
        asked[worlds], seen[worlds] = np.clip(acted, self._low, self._high), observations
        kept = asked.copy()
        self._rules.certify_rows(worlds, kept, seen.astype(np.float32))
        for i in worlds.tolist():
            seed = self._seeds[i]
            if (self._rules.causes[i] > 0).any():
                rules = tuple(np.flatnonzero(self._rules.causes[i]).tolist())
                self.changes[seed].append((self._steps[seed], rules, float(np.abs(kept[i] - asked[i]).max())))
            self._steps[seed] += 1
        return acted


def cell(policy: str, station: str, parking: str, conditions: str, episodes: int) -> Row:
    """Row of one cell: episodes without the filter, with it in the shadow, and the same seeds with it."""
    from agents.batch import actor_of, filter_of, make_worlds, play
    from agents.episodes import Scene
    from agents.guard_alignment import CAUSES
    from agents.policies import load_policy
    from agents.tasks import TASKS
    from twin.alignment.sensed import DECISION_S

    task, seeds = TASKS["alignment"], range(FIRST_SEED, FIRST_SEED + episodes)
    options = {"station": station, "plant": "rom", "parking": parking, "conditions": conditions}
    options["care"] = CARE.get(policy, "fast")
    guarded, free = Scene(task, options), Scene(task, options, guarded=False)
    worlds = make_worlds(guarded, min(WORLDS, episodes))
    actor = actor_of(lambda: load_policy(policy, dict(task.baselines), worlds), worlds.num_envs)
    space = worlds.single_action_space
    watched = Watched(actor, filter_of(guarded, worlds), space.low, space.high)
    without = play(worlds, watched, seeds, free)
    with_it = play(worlds, actor, seeds, guarded)
    worlds.close()
    changes = [(episode, change) for episode in without for change in watched.changes[episode.seed]]
    trips = [episode for episode in without if episode.outcome not in NO_TRIPS]
    sizes = [size for _, (_, _, size) in changes]
    return {
        "policy": policy,
        "station": station,
        "parking": parking,
        "conditions": conditions,
        "episodes": episodes,
        "steps": sum(episode.steps for episode in without),
        "changed": len(changes),
        "rules": dict(Counter(CAUSES[rule] for _, (_, rules, _) in changes for rule in rules)),
        "size": [round(float(v), 3) for v in np.percentile(sizes, [50, 90])] if sizes else None,
        "trips": len(trips),
        "needed": sum(
            episode in trips and (episode.steps - step) * DECISION_S <= NEEDED_S for episode, (step, _, _) in changes
        ),
        "without": _told(without),
        "with": _told(with_it) | {"changed": sum(e.changed for e in with_it), "steps": sum(e.steps for e in with_it)},
        **stamp(),
    }


def _told(episodes: list[Any]) -> dict[str, Any]:
    times, forces = [e.time_s for e in episodes], [e.kpis["peak_lateral_force_n"] for e in episodes]
    return {
        "seated": sum(e.outcome == "seated" for e in episodes),
        "trips": sum(e.outcome not in NO_TRIPS for e in episodes),
        "violations": sum(e.violations for e in episodes),
        "time_s": np.percentile(times, [50, 95]).round(2).tolist(),
        "force_n": np.percentile(forces, [50, 99]).round(0).tolist(),
    }


def table(rows: list[Row]) -> str:
    """Markdown: a row a cell, and one of each policy and station together."""
    lines = [
        "| policy | station | parking | conditions | steps | would be changed | by rule, % | size: median, 90 % "
        "| trips without, with | before a trip "
        "| time, s: median, 95 %, without | with | force, kN: median, 99 %, without | with |",
        "|---|---|---|---|---:|---:|---|---|---:|---:|---|---|---|---|",
    ]
    for row in rows:
        rules = ", ".join(f"{name} {100.0 * n / row['steps']:.2f}" for name, n in sorted(row["rules"].items())) or "-"
        size = "-" if row["size"] is None else f"{row['size'][0]:.2f}, {row['size'][1]:.2f}"
        cells = [row["policy"], row["station"], row["parking"], row["conditions"], f"{row['steps']:,}"]
        cells += [_share([row]), rules, size, f"{row['without']['trips']}, {row['with']['trips']}", str(row["needed"])]
        cells += [", ".join(f"{v:.2f}" for v in row[which]["time_s"]) for which in ("without", "with")]
        cells += [", ".join(f"{v / 1e3:.2f}" for v in row[which]["force_n"]) for which in ("without", "with")]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "| policy | station | episodes | steps | would be changed | changed with it | seated without, with |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for policy, station in dict.fromkeys((row["policy"], row["station"]) for row in rows):
        some = [row for row in rows if (row["policy"], row["station"]) == (policy, station)]
        seated = ", ".join(f"{sum(row[which]['seated'] for row in some):,}" for which in ("without", "with"))
        totals = [f"{sum(row[name] for row in some):,}" for name in ("episodes", "steps")]
        shares = f"{_share(some)} | {_share([row['with'] for row in some])}"
        lines.append(f"| {policy} | {station} | {' | '.join(totals)} | {shares} | {seated} |")
    return "\n".join(lines) + "\n\n"


def _share(rows: list[Row]) -> str:
    return f"{100.0 * sum(row['changed'] for row in rows) / max(sum(row['steps'] for row in rows), 1):.2f} %"


def _read(path: Path | None) -> list[Row]:
    if path is None or not path.exists():
        return []
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            key_of(row)
        except (ValueError, KeyError, TypeError):
            raise SystemExit(f"{path}, line {number}: not a row of this tool") from None
        if of_this_version(row):
            rows.append(row)
    return rows


def key_of(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("policy", "station", "parking", "conditions", "episodes"))


def main(argv: list[str] | None = None) -> int:
    parser = OneLine(prog="python -m tests.evidence.guarded", description=str(__doc__).split("\n")[0])
    parser.add_argument("--episodes", type=count(1, 100_000), default=100, help="of each cell; default 100")
    parser.add_argument("--policy", action="append", choices=POLICIES, help="default: all")
    parser.add_argument("--station", action="append", choices=("top_lift", "chassis"), help="default: both")
    parser.add_argument("--out", type=Path, help="file to keep the rows in and to go on from")
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{DOCUMENT.name}")
    given = parser.parse_args(argv)
    found = {key_of(row): row for row in _read(given.out)}
    rows = []
    for policy, stations in POLICIES.items():
        if given.policy and policy not in given.policy:
            continue
        for station, (parking, conditions) in itertools.product(stations, CELLS):
            if given.station and station not in given.station:
                continue
            key = (policy, station, parking, conditions, given.episodes)
            if key not in found:
                found[key] = cell(policy, station, parking, conditions, given.episodes)
                if given.out is not None:
                    with given.out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(found[key]) + "\n")
            rows.append(found[key])
            print(f"{' '.join(map(str, key))}: {_share([found[key]])} changed", file=sys.stderr, flush=True)
    said = table(rows)
    if given.write:
        made = made_from(rows, f"python -m tests.evidence.guarded --episodes {given.episodes}")
        replace(DOCUMENT, SECTION, said + made)
    else:
        print(said, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
