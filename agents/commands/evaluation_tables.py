"""The terminal's tables of an evaluation: policies, paired differences, notable seeds, recordings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agents.commands.limits import duration, percent
from agents.validity import in_words
from twin.console import as_typed
from twin.tables import print_table

if TYPE_CHECKING:
    from rich.console import Console

    from agents.episodes import Scene
    from agents.evaluate import Evaluation
    from agents.recordings import Recorded

SHOWN_SEEDS = 12
"""Maximum number of failed seeds shown on the terminal; --json has them all."""


def label(name: str) -> str:
    """Name of a policy in tables: of a folder its last part."""
    return Path(name).name if "/" in name else name


def print_evaluation(console: Console, evaluation: Evaluation, wall_s: float | None = None) -> None:
    """Print the tables for people: the policies, their differences, notable seeds."""
    result = evaluation.as_json()
    about = ", ".join(f"{name} {value}" for name, value in evaluation.about.items() if value is not None)
    console.print(
        f"{result['task']}: {about}; seeds {result['seed']} to {result['seed'] + result['episodes_asked'] - 1}, "
        + (f"{result['episodes']} of " if result["episodes"] < result["episodes_asked"] else "")
        + f"{result['episodes_asked']} episodes a policy"
        + (f", {duration(wall_s)} in all" if wall_s is not None else ""),
        markup=False,
    )
    if result.get("reparked"):
        console.print(
            f"{result['reparked']} of {result['episodes']} trucks stood outside the station's gate "
            f"(in {result['draws_outside_gate']} draws) and parked again before their episode; a swap ends there, "
            "repark_required",
            markup=False,
        )
    console.print()
    print_table(console, policy_table(result, console.width))
    for name, file in evaluation.normalisers.items():
        console.print(f"{label(name)}: observations go through its normaliser, {file}", markup=False, soft_wrap=True)
    for name, played in evaluation.timing_sets.items():
        console.print(f"{label(name)}: timing set {played}, played as it is, without actions", markup=False)
    for row in result["policies"]:
        if "outside_validity" in row:
            said = f"{label(row['name'])}: {in_words(row['outside_validity'])}: nothing is known of it there"
            console.print(said, markup=False, soft_wrap=True)
    if result["paired"] or result["paired_success"]:
        console.print()
        print_table(console, paired_table(result))
    print_seeds(console, result, evaluation.scene)


def table_of(title: str, *columns: str) -> Any:
    """Return an empty table; its first column is of names, the others of figures."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right", overflow="fold")
    return table


def policy_table(result: dict[str, Any], width: int) -> Any:
    """Make one row per policy or, if that is wider than `width` columns of text, one column per policy."""
    names = [label(row["name"]) for row in result["policies"]]
    figures = [_figures(row) for row in result["policies"]]
    table = table_of("Policies", "policy", *figures[0])
    for name, of in zip(names, figures, strict=True):
        table.add_row(name, *of.values())
    if table.columns and sum(max(map(len, (c.header, *c.cells))) + 2 for c in table.columns) <= width:
        return table
    table = table_of("Policies", "", *names)
    for figure in figures[0]:
        table.add_row(figure, *(of[figure] for of in figures))
    return table


def _figures(row: dict[str, Any]) -> dict[str, str]:
    """Return the entries of a policy by column heading."""
    low, high = row["success_ci95"]
    return {
        "success": percent(row["success_rate"]),
        "95 % interval": f"{100 * low:.1f} to {100 * high:.1f} %",
        **{name.replace("_", " "): percent(rate["rate"]) for name, rate in row["rates"].items()},
        "time, s: median, p95": _pair(row["time_s"], 1.0, 1),
        "force, kN: median, p95, p99": _pair(row["peak_lateral_force_n"], 1e-3, 1),
        "violations": str(row["violations"]),
        "changed by guard": percent(row["actions_changed"] / row["actions"] if row["actions"] else None),
        "ended": ", ".join(f"{name} {n}" for name, n in sorted(row["reasons"].items(), key=lambda item: -item[1])),
    }


def _pair(values: dict[str, float | None], factor: float, digits: int) -> str:
    return ", ".join("-" if value is None else f"{value * factor:.{digits}f}" for value in values.values())


def paired_table(result: dict[str, Any]) -> Any:
    """Make the table of paired differences, b less a."""
    table = table_of("Paired differences, b less a", "a", "b", "of", "difference", "95 % interval", "pairs")
    rates = [*({"rate": "success"} | row for row in result["paired_success"]), *result["paired_rates"]]
    for row in rates:
        low, high = (100 * value for value in row["ci95"])
        table.add_row(
            label(row["a"]), label(row["b"]), row["rate"].replace("_", " "), f"{100 * row['difference']:+.1f} %",
            f"{low:+.1f} to {high:+.1f} %", str(row["pairs"]),
        )  # fmt: skip
    units = {"time_s": ("median time", 1.0, "s", 1), "peak_lateral_force_n": ("median peak force", 1e-3, "kN", 2)}
    for row in result["paired"]:
        words, factor, unit, digits = units[row["metric"]]
        low, high = (factor * value for value in row["ci95"])
        table.add_row(
            label(row["a"]), label(row["b"]), words, f"{factor * row['median_difference']:+.{digits}f} {unit}",
            f"{low:+.{digits}f} to {high:+.{digits}f} {unit}", str(row["pairs"]),
        )  # fmt: skip
    return table


def print_seeds(console: Console, result: dict[str, Any], scene: Scene) -> None:
    """List the failed episodes and the slowest one, and how to replay one."""
    again: tuple[str, int] | None = None
    console.print()
    for row in result["policies"]:
        failed, slowest = row["failed_seeds"], row["slowest_seed"]
        more = f" and {len(failed) - SHOWN_SEEDS} more" if len(failed) > SHOWN_SEEDS else ""
        seeds = f"failed on seeds {', '.join(map(str, failed[:SHOWN_SEEDS]))}{more}" if failed else "never failed"
        slow = f"; slowest success on seed {slowest}" if slowest is not None else ""
        console.print(f"{label(row['name'])}: {seeds}{slow}", markup=False)
        if again is None and (failed or slowest is not None):
            again = row["name"], failed[0] if failed else slowest
    if again is not None:
        words = command_line(scene, [again[0]], "--seed", str(again[1]), "--episodes", "1")
        console.print(f"one of them again: {words}", markup=False, soft_wrap=True)


def command_line(scene: Scene, policies: Sequence[str], *more: str) -> str:
    """Return the shell command `swaptwin evaluate` that plays these policies on `scene`."""
    words = ["evaluate", scene.task.name]
    for name, value in scene.options.items():
        words += [f"--{name}", str(value)]
    for change in scene.changes:
        words += ["--set", change]
    words += [] if scene.guarded else ["--no-guard"]
    for name in policies:
        words += ["--policy", f"./{name}" if name.startswith("-") else name]
    return as_typed(*words, *more)


def print_recordings(console: Console, made: Sequence[Recorded]) -> None:
    """List the files written, and how to watch one."""
    for one in made:
        console.print(f"recorded {one.path}", markup=False, soft_wrap=True)
    if made:
        console.print(f"watch it       {as_typed('replay', str(made[0].path))}", markup=False, soft_wrap=True)
