"""Tables of `swaptwin tune` for people: the chosen set beside factory, where the seconds go, the front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from agents.commands.limits import duration
from agents.tune.report import judged_summary, phases_of
from agents.tune.score import summary
from twin.tables import print_lines, print_table

if TYPE_CHECKING:
    from rich.console import Console

    from agents.experiments.campaign import Counts
    from agents.tune.study import Outcome, Settings

SHOWN_FRONT = 12
"""Sets of the front on the terminal; --json has them all."""
ROWS: tuple[tuple[str, Callable[[dict[str, Any]], float | None], int], ...] = (
    ("swaps", lambda of: of["swaps"], 0),
    ("time, s: median", lambda of: of["mechanical_time_s"]["median"], 1),
    ("time, s: 95th p.", lambda of: of["mechanical_time_s"]["p95"], 1),
    ("/ kinematic bound", lambda of: of["ratio_kinematic"], 3),
    ("/ procedure bound", lambda of: of["ratio_procedure"], 3),
    ("judged force, kN", lambda of: 1e-3 * of["judged_force_p95_n"], 2),
    ("force, kN: 95th p.", lambda of: _kilo(of["peak_lateral_force_n"]["p95"]), 2),
    ("force, kN: most", lambda of: 1e-3 * of["max_lateral_force_n"], 2),
    ("completed, %", lambda of: 100.0 * of["completed"], 1),
    ("first attempt, %", lambda of: 100.0 * of["first_attempt"], 1),
    ("violations", lambda of: of["violations"], 0),
)
"""Figure, where a summary has it, decimals."""
LEGEND = (
    "Force: peak lateral force at the guides. Judged is its 95th percentile where factory completes; a swap that "
    "factory gave up counts against no set."
)


def print_outcome(
    console: Console, outcome: Outcome, settings: Settings, counts: Counts, wall_s: float, files: list[str]
) -> None:
    """Print the tables, then the worth of each change, refused sets and files."""
    candidates = outcome.search.candidate_count
    console.print(
        f"{settings.station.name}, seed {settings.seed}: {candidates} candidate{'s' * (candidates != 1)}, "
        f"{counts.played} swaps played, {duration(wall_s)} in all",
        markup=False,
    )
    console.print()
    print_table(console, _sets(outcome))
    print_lines(console, LEGEND, style="dim")
    console.print()
    _print_phases(console, outcome, settings)
    front = _table("Front, on the search's scenarios, and the chosen set there", "candidate")
    for name in ("swaps", "s: median", "95th p.", "/kinematic", "/procedure", "kN: 95th p.", "most"):
        front.add_column(name, justify="right")
    chosen = [outcome.best.candidate] if outcome.best is not None else []
    others = [one for one in chosen if one not in outcome.front[:SHOWN_FRONT]]
    for member in [*others, *outcome.front[:SHOWN_FRONT]]:
        name = settings.start.name if member.number == 0 else str(member.number)
        name += " chosen" if member in chosen else ""
        front.add_row(name, *_cells(summary(member.figures)))
    print_table(console, front)
    console.print()
    for one in outcome.worth[:SHOWN_FRONT]:
        words = ", ".join(f"{name.removeprefix(one.phase + '.')} {value}" for name, value in one.changed.items())
        console.print(f"worth          {one.phase} {one.s:+.2f} s: {words}", markup=False, soft_wrap=True)
    for refused in outcome.refused:
        console.print(f"refused        candidate {refused.number} on {refused.plant}: {refused.why}", markup=False)
    if counts.errors:
        console.print(f"errors         {len(counts.errors)} swaps raised: {counts.errors[0]}", markup=False)
    for path in files:
        console.print(f"written        {path}", markup=False, soft_wrap=True)


def _sets(outcome: Outcome) -> Table:
    """Factory and the chosen set, on each plant a column."""
    table = _table("Sets, on scenarios that the search has not seen", "")
    columns = [("factory rom", outcome.factory_unseen, outcome.factory_unseen)]
    if outcome.best is not None:
        columns.append(("tuned rom", outcome.best.unseen, outcome.factory_unseen))
    columns.append(("factory bullet", outcome.factory_reference, outcome.factory_reference))
    if outcome.best is not None:
        columns.append(("tuned bullet", outcome.best.reference, outcome.factory_reference))
    found = [(name, judged_summary(own, factory)) for name, own, factory in columns if own]
    for name, _ in found:
        table.add_column(name, justify="right")
    for words, value, decimals in ROWS:
        table.add_row(words, *(_shown(value(of), decimals) for _, of in found))
    return table


def _print_phases(console: Console, outcome: Outcome, settings: Settings) -> None:
    """Print where the seconds go, if a set was chosen."""
    n, phases = phases_of(outcome, settings)
    if not phases:
        return
    bounds = [one.bound_s for one in phases]
    bounded = None not in bounds
    robots = "" if bounded else ", all robots together"
    table = _table(f"Where the seconds go: mean of {n} swaps that both complete{robots}", "phase")
    for name in ("factory", "tuned", "won", *(("procedure bound", "over it") if bounded else ())):
        table.add_column(name, justify="right")
    rows = [(one.phase, one.factory_s, one.best_s, one.bound_s) for one in phases]
    sums = (sum(one.factory_s for one in phases), sum(one.best_s for one in phases))
    for name, factory_s, best_s, bound_s in (*rows, ("sum", *sums, sum(b or 0.0 for b in bounds))):
        least = (bound_s, best_s - bound_s) if bounded and bound_s is not None else ()
        table.add_row(name, *(_shown(value, 2) for value in (factory_s, best_s, factory_s - best_s, *least)))
    print_table(console, table)
    console.print()


def _table(title: str, first: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column(first)
    return table


def _cells(of: dict[str, Any]) -> Sequence[str]:
    time_s, force_n = of["mechanical_time_s"], of["peak_lateral_force_n"]
    return (
        str(of["swaps"]),
        _shown(time_s["median"], 1),
        _shown(time_s["p95"], 1),
        _shown(of["ratio_kinematic"], 3),
        _shown(of["ratio_procedure"], 3),
        _shown(_kilo(force_n["p95"]), 2),
        _shown(1e-3 * of["max_lateral_force_n"], 2),
    )


def _kilo(value: float | None) -> float | None:
    return None if value is None else 1e-3 * value


def _shown(value: float | None, decimals: int) -> str:
    """A number without a sign before zero, or a dash."""
    return "-" if value is None else f"{round(value, decimals) + 0.0:.{decimals}f}"
