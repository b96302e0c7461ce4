"""What `swaptwin train` prints at its end: one run, or several seeds side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from agents.commands.evaluation_tables import command_line, print_evaluation, table_of
from agents.commands.limits import duration, percent
from twin.console import emit_json
from twin.tables import print_table

if TYPE_CHECKING:
    from agents.episodes import Scene
    from agents.train.run import Trained
    from agents.train.seeds import Trainings


def report(trained: Trained, scene: Scene, *, as_json: bool) -> None:
    """Print the result of a run on `scene`, as JSON or as text."""
    if as_json:
        emit_json(
            {
                "task": scene.task.name,
                "folder": str(trained.folder),
                "policy": str(trained.policy) if trained.policy else None,
                "policy_sha256": trained.policy_sha256,
                "steps": trained.steps,
                "wall_s": trained.wall_s,
                "spent_s": dict(trained.spent_s),
                "ended": trained.ended,
                "evaluation": trained.evaluation.as_json() if trained.evaluation else None,
            }
        )
        return
    from rich.console import Console

    console = Console(highlight=False)
    console.print(f"{trained.steps} steps in {duration(trained.wall_s)}, ended by {trained.ended}", markup=False)
    if trained.policy is None:
        return
    console.print(f"time           {trained.time_spent}", markup=False, soft_wrap=True)
    console.print()
    if trained.evaluation is not None:
        print_evaluation(console, trained.evaluation)
    else:
        console.print("not evaluated: no wall time was left for an episode")
    console.print(f"policy         {trained.policy}", markup=False, soft_wrap=True)
    again = command_line(scene, [next(iter(scene.task.baselines)), str(trained.policy)])
    console.print(f"compare it     {again}", markup=False, soft_wrap=True)


def report_seeds(found: Trainings, scene: Scene, *, as_json: bool) -> None:
    """Print what came out of each seed, beside the best classical policy, as one JSON object or as text."""
    ranked = found.ranked()
    if as_json:
        emit_json(
            {
                "task": scene.task.name,
                "folder": str(found.folder),
                "policy": None if found.policy is None else str(found.policy),
                "ended": found.ended,
                "shipped": found.shipped,
                "best": ranked[0] if ranked else None,
                "worst": ranked[-1] if ranked else None,
                "classical": found.classical,
                "seeds": [{key: _finite(value) for key, value in row.items()} for row in found.rows],
            }
        )
        return
    from rich.console import Console

    console = Console(highlight=False)
    heads = ("steps", "selection", "success", "95 % interval", "time, s: median, p95", "force, kN: median, p99")
    name = "the classical one" if found.classical is None else found.classical["name"]
    table = table_of("Seeds", "", *heads, f"success less {name}", f"time less {name}")
    marks: dict[str, Sequence[int | None]] = {"best": ranked[:1], "worst": ranked[-1:], "shipped": [found.shipped]}
    for row in found.rows:
        words = ", ".join(word for word, seeds in marks.items() if row["seed"] in seeds)
        judged = "-" if row["judged_s"] is None else f"{row['judged_s']:.2f}"
        against = row.get("against") or {}
        table.add_row(
            f"seed {row['seed']}{f' ({words})' if words else ''}",
            str(row["steps"]),
            judged,
            *_figures(row),
            _difference(against.get("success"), 100.0, "%"),
            _difference(against.get("time_s"), 1.0, "s"),
        )
    if found.classical is not None:
        table.add_row(name, "-", "-", *_figures(found.classical), "-", "-")
    print_table(console, table)
    console.print(
        "best and worst by the evaluation, on seeds that nothing was chosen on; shipped: the best by the selection, on "
        "held-out episodes (less is better)",
        soft_wrap=True,
    )
    if found.policy is not None:
        console.print(f"policy         {found.policy}", markup=False, soft_wrap=True)
        again = command_line(scene, [*([] if found.classical is None else [name]), str(found.policy)])
        console.print(f"compare it     {again}", markup=False, soft_wrap=True)


def _figures(row: dict[str, Any]) -> tuple[str, str, str, str]:
    if row["success_rate"] is None:
        return "-", "-", "-", "-"
    low, high = row["success_ci95"]
    time_s, force_n = row["time_s"], row["peak_lateral_force_n"]
    return (
        percent(row["success_rate"]),
        f"{100 * low:.1f} to {100 * high:.1f} %",
        _pair(time_s["median"], time_s["p95"], 1.0),
        _pair(force_n["median"], force_n["p99"], 1e-3),
    )


def _pair(first: float | None, second: float | None, factor: float) -> str:
    return ", ".join("-" if value is None else f"{factor * value:.1f}" for value in (first, second))


def _difference(row: dict[str, Any] | None, factor: float, unit: str) -> str:
    if row is None:
        return "-"
    low, high = (factor * end for end in row["ci95"])
    return f"{factor * row['difference']:+.1f} {unit} ({low:+.1f} to {high:+.1f})"


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
