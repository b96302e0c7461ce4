"""What the commands of `swaptwin experiment` print for a reader."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.console import Console
from rich.table import Table

from agents.experiments.compare import Comparison
from agents.experiments.equipment import SettingDrives
from agents.experiments.report.estimates import Estimate
from agents.experiments.resolving import Plan
from agents.throughput.of_experiment import SettingDays, ranked
from agents.throughput.words import in_words
from twin.tables import print_table

SHOWN_STATIONS = 20
"""Stations of a fleet that are shown on the terminal; JSON and the page have all."""
SHOWN_LEFT_OUT = 5


def print_run(result: dict[str, object], plan: Plan) -> None:
    """Print counts, what was left out and the files; `result` is the command's JSON object."""
    typer.echo(f"{result['settings']} settings x {plan.spec.swaps} seeds: {result['done']} trials done, "
               f"{result['resumed']} of them from the ledger, {result['failed']} not completed")  # fmt: skip
    for setting, why in plan.left_out[:SHOWN_LEFT_OUT]:
        typer.echo(f"left out       {', '.join(f'{k} {v}' for k, v in setting.items())}: {why}")
    if len(plan.left_out) > SHOWN_LEFT_OUT:
        typer.echo(f"left out       {len(plan.left_out) - SHOWN_LEFT_OUT} more")
    typer.echo(f"ledger         {result['ledger']}")
    for key in ("table", "ranking"):
        if result[key]:
            typer.echo(f"{key:<15}{result[key]}")


def print_days(days: Sequence[SettingDays]) -> None:
    """Print a line a station of each setting; of a fleet the stations whose trucks wait longest and least."""
    if not days:
        return
    fleet = len({one.station for one in days}) > 1
    shown = ranked(days) if fleet else list(days)
    if fleet and len(shown) > SHOWN_STATIONS:
        shown = [*shown[: SHOWN_STATIONS // 2], *shown[-SHOWN_STATIONS // 2 :]]
    words = f"{len(shown)} of {len(days)} stations, longest waiting first" if fleet else "by setting"
    intervals = "" if all(of.ci95 is None for one in days for of in one.figures.values()) else " (95 % intervals)"
    table = Table(title=f"A day of the station, {words}{intervals}")
    own = ("swaps a day", "mean wait, min", "swaps, always waiting", "waits for")
    for column in (*(["station"] if fleet else []), *days[0].setting, *own):
        table.add_column(column)
    for one in shown:
        of = one.figures
        table.add_row(
            *([str(one.station + 1)] if fleet else []),
            *(str(level) for level in one.setting.values()),
            one.why or in_words(of.get("swaps_per_day")),
            in_words(of.get("wait_mean_s"), 1 / 60, 0),
            in_words(of.get("capacity_per_day")),
            one.waiting or "-",
        )
    print_table(Console(highlight=False), table)


def print_drives(drives: Sequence[SettingDrives]) -> None:
    """Print a line a setting: levels, time, electric energy, the most loaded motor and what all drives cost."""
    if not drives:
        return

    def words(of: Estimate, digits: int, scale: float = 1.0) -> str:
        if of.value is None:
            return "-"
        interval = (
            ""
            if of.low is None or of.high is None
            else f" ({of.low * scale:.{digits}f} to {of.high * scale:.{digits}f})"
        )
        return f"{of.value * scale:.{digits}f}{interval}"

    table = Table(title="Drives, by setting (means with 95 % intervals)")
    for column in (
        *drives[0].setting,
        "mechanical time, s",
        "less the first's, s",
        "electric energy, Wh",
        "RMS",
        "EUR",
    ):
        table.add_column(column)
    for one in drives:
        table.add_row(
            *(str(level) for level in one.setting.values()),
            words(one.mechanical_time_s, 1),
            words(one.against_first_s, 1),
            words(one.electric_energy_j, 1, 1.0 / 3600.0),
            "-" if one.rms_share is None else f"{one.rms_share[0]} {100.0 * one.rms_share[1]:.0f} %",
            "-" if one.cost_eur is None else f"{one.cost_eur:.0f}",
        )
    print_table(Console(highlight=False), table)


def print_comparison(found: Comparison) -> None:
    """Print both medians, the paired difference, what the limit takes and what speaks for a regression."""
    low, high = found.ci95
    typer.echo(f"A              {found.a.name}")
    typer.echo(f"B              {found.b.name}")
    typer.echo(f"{found.metric}: median {found.a_median:.6g} in A, {found.b_median:.6g} in B")
    typer.echo(f"B - A          {found.median_difference:+.6g} (95 % interval {low:+.6g} to {high:+.6g}), "
               f"{found.pairs} pairs, {found.unmatched} trials without a partner")  # fmt: skip
    low, high = found.relative_ci95
    effect = "-" if found.effect is None else f"{found.effect:.2f}"
    typer.echo(f"relative mean  {100 * found.relative:+.3f} % ({100 * low:+.3f} to {100 * high:+.3f} %), "
               f"effect size {effect}, detectable {100 * found.detectable:.3f} %")  # fmt: skip
    typer.echo(f"completed      only in A {found.lost}, only in B {found.won}")
    if found.pairs_needed is not None:
        enough = "" if found.reasons or found.pairs >= found.pairs_needed else ", more seeds than there are"
        of = 100 * (found.limit or 0.0)
        typer.echo(f"limit          {of:g} %: {found.pairs_needed} pairs find such a rise in 95 % of cases{enough}")
    for reason in found.reasons:
        typer.echo(f"regression     {reason}")
    if found.limit is not None and not found.reasons:
        typer.echo("regression     none")
