"""`swaptwin experiment`: designed experiments over anything in the catalogue; resumable."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.commands.limits import EXIT_FAILED, MAX_WORKERS, at_most, duration
from twin import kernel_cache
from twin.console import as_typed, atomic_write, emit_json, progress, write_target
from twin.errors import InputError

if TYPE_CHECKING:
    from agents.experiments.report.data import Trials
    from agents.experiments.resolving import Plan
    from agents.experiments.results import Results
    from agents.experiments.spec import Spec
    from agents.throughput.of_experiment import SettingDays

app = typer.Typer(no_args_is_help=True, add_completion=False)
EXECUTORS = (LOCAL, RAY) = ("local", "ray")
ASK_FROM = 200_000
"""Trials from which --yes is needed: an hour and more."""


@app.callback()
def main() -> None:
    """Designed experiments over station, truck, pack, timing, weather and wear; they resume where they stopped."""


@app.command("run")
def run_command(
    spec: Annotated[
        str,
        typer.Argument(
            help="Specification: a file, or the name of one that ships; see docs/experiments.md.", metavar="SPEC.yaml"
        ),
    ],
    ledger: Annotated[
        str | None,
        typer.Option(help="Ledger (SQLite) to go on with. Default: SPEC.ledger.sqlite beside SPEC.yaml, or here."),
    ] = None,
    table: Annotated[str | None, typer.Option(help="Write a row a trial: a name in .csv or .parquet.")] = None,
    ranking: Annotated[
        str | None, typer.Option(help="With throughput: write a page (.html) that ranks stations by waiting.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Processes. Default: as many as there are cores.")] = None,
    executor: Annotated[
        str, typer.Option(help="local: processes; ray: a Ray cluster, of this machine or at --address.")
    ] = "local",
    address: Annotated[
        str | None, typer.Option(help="HOST:PORT of a Ray cluster; its token in RAY_AUTH_TOKEN. Goes with ray.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help=f"Play more than {ASK_FROM:,} trials.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Play an experiment's trials; those that the ledger has are not played again, also after kill -9.

    Exit code 0: every trial has a result (a swap that ends as a jam is one). 1: the simulation raised an error. 2: bad
    input. 130: interrupted.
    """
    from agents.commands import experiment_text as text
    from agents.experiments import run as running
    from agents.experiments.campaign import Campaign, core_count
    from agents.experiments.cluster import Cluster, ClusterError
    from agents.experiments.design import count
    from agents.experiments.equipment import drives_of_settings
    from agents.experiments.ledger import Ledger
    from agents.experiments.resolving import plan as planned
    from agents.experiments.results import results_of
    from agents.experiments.spec import load_spec
    from agents.experiments.tables import write_table
    from agents.pool import WorkerDiedError
    from agents.throughput.of_experiment import columns_of
    from twin.catalogue.load import is_path

    processes = at_most("--workers", core_count() if workers is None else workers, 1, MAX_WORKERS)
    if executor not in EXECUTORS:
        raise InputError("unknown executor", key="--executor", value=executor, allowed=", ".join(EXECUTORS))
    if address is not None and executor != RAY:
        raise InputError("goes with --executor ray", key="--address", value=address)
    wanted = load_spec(spec)
    _refuse_many(count(wanted) * wanted.swaps, spec, wanted.seeds, yes)
    if table is not None and Path(table).suffix not in (".csv", ".parquet"):
        raise InputError("no table's name", key="--table", value=table, allowed="a name in .csv or .parquet")
    target = write_target(table, key="--table") if table is not None else None
    if ranking is not None and (wanted.throughput is None or Path(ranking).suffix != ".html"):
        allowed = "a name in .html, with throughput in the specification"
        raise InputError("no page of stations", key="--ranking", value=ranking, allowed=allowed)
    page = write_target(ranking, key="--ranking") if ranking is not None else None
    beside = Path(spec) if is_path(spec) else Path(f"{spec}.yaml")
    path = write_target(ledger or str(beside.with_suffix(".ledger.sqlite")), key="--ledger")
    found = _in_file(spec, lambda: planned(wanted))
    _refuse_many(found.trials, spec, wanted.seeds, yes)  # with the levels that `all` stands for
    began_s = time.monotonic()
    words = kernel_cache.start_notice(f"{found.trials} trials of {len(found.settings)} settings")
    try:
        with Ledger(path, "--ledger") as opened, ExitStack() as stack:
            players = None
            if executor == RAY:
                players = stack.enter_context(Cluster(address, processes, lambda line: typer.echo(line, err=True)))
            campaign = stack.enter_context(Campaign(opened, processes, players=players))
            chunk = None if players is None else running.CLUSTER_CHUNK
            with progress(words, total=float(found.trials)) as line:
                counts = campaign.counts
                campaign.on_played = lambda _: line.update(completed=float(counts.found + counts.played))

                def shown(of: running.Progress) -> None:
                    rate = campaign.counts.played / campaign.counts.playing_s if campaign.counts.playing_s else 0.0
                    left = f", {duration((of.trials - of.done) / rate)} left" if rate else ""
                    line.update(
                        f"{of.done} of {of.trials} trials, {of.failed} not completed, {rate:.0f}/s{left}",
                        completed=float(of.done),
                    )

                done = running.run(found, opened, campaign, shown, chunk)
            results = results_of(opened, running.study_key(wanted))
            days = _days(found, results, processes)
            drives = drives_of_settings(results)
            if target is not None:
                write_table(results, target, columns_of(days, found) if days is not None else None)
            if page is not None and days is not None:
                _rank(page, wanted, days)
    except (WorkerDiedError, ClusterError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    result = {
        "trials": done.trials,
        "done": done.done,
        "failed": done.failed,
        "resumed": done.resumed,
        "errors": len(counts.errors),
        "settings": len(found.settings),
        "left_out": [{"setting": setting, "why": why} for setting, why in found.left_out],
        "wall_s": round(time.monotonic() - began_s, 3),
        "swaps_per_s": round(counts.played / counts.playing_s, 2) if counts.playing_s > 0.0 else None,
        "ledger": str(path),
        "table": str(target) if target is not None else None,
        "ranking": str(page) if page is not None else None,
        "throughput": [one.as_plain() for one in days] if days is not None else None,
        "drives": [one.as_plain() for one in drives] if drives is not None else None,
    }
    if json:
        emit_json(result)
    else:
        text.print_run(result, found)
        text.print_days(days or [])
        text.print_drives(drives or [])
    if counts.errors:
        typer.echo(f"error: the simulation raised: {counts.errors[0]}", err=True)
        raise typer.Exit(EXIT_FAILED)


@app.command("compare")
def compare_command(
    sides: Annotated[
        list[str],
        typer.Argument(
            help="A and B: ledgers of one experiment each, or tables that run --table wrote.", metavar="A B"
        ),
    ],
    baseline: Annotated[
        str | None, typer.Option(help="In place of A: a table or ledger that is kept in your repository.")
    ] = None,
    metric: Annotated[str, typer.Option(help="Column to compare.")] = "mechanical_time_s",
    limit: Annotated[
        float | None, typer.Option(help="Relative rise that is a regression, such as 0.01 for 1 %.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare two experiments trial by trial: pairs have equal levels and the same seed, and completed in both.

    With --limit a gate for a CI: exit code 1 for a regression. Exit code 0: none. 2: bad input.
    """
    from agents.commands import experiment_text as text
    from agents.experiments.compare import METRICS, compare, load_side

    named = [baseline, *sides] if baseline is not None else sides
    if len(named) != 2:
        allowed = "B with --baseline" if baseline is not None else "A and B, or B with --baseline"
        raise InputError(f"{len(sides)} files", key="A B", value=" ".join(sides), allowed=allowed)
    if metric not in METRICS:
        from twin.catalogue.explain import hint

        words = f"unknown metric{hint(metric, METRICS)}"
        raise InputError(words, key="--metric", value=metric, allowed=", ".join(METRICS))
    if limit is not None and not 0.0 < limit <= 1.0:
        raise InputError("out of range", key="--limit", value=limit, allowed="above 0, up to 1")
    a, b = (load_side(path, metric, key) for path, key in zip(named, ("A", "B"), strict=True))
    found = compare(a, b, metric, limit, at_most("--seed", seed, 0, 2**63 - 1))
    if json:
        emit_json(found.as_plain())
    else:
        text.print_comparison(found)
    if found.reasons:
        raise typer.Exit(EXIT_FAILED)


@app.command("report")
def report_command(
    results: Annotated[
        str,
        typer.Argument(help="A ledger, or a table that run --table wrote (.csv, .parquet).", metavar="LEDGER|TABLE"),
    ],
    output: Annotated[str, typer.Option("-o", "--output", help="The page to write.", metavar="FILE.html")],
    metric: Annotated[str, typer.Option(help="Figure that decides which setting is best; less is better.")] = (
        "mechanical_time_s"
    ),
    baseline: Annotated[
        str,
        typer.Option(
            help="Setting to compare with: its number, or FACTOR=LEVEL,... that it alone has; a level with commas in "
            "quotation marks."
        ),
    ] = "0",
    over: Annotated[
        str | None,
        typer.Option(
            help="Factors that are circumstances and no choices, NAME,...: settings of the others are compared over "
            "all of them. none: compare all settings. Default: station, truck, pack, parking, weather, wear.",
            metavar="NAMES",
        ),
    ] = None,
    spec: Annotated[
        str | None, typer.Option(help="Which experiment, where the ledger has several.", metavar="SPEC.yaml")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write an experiment's report: one HTML file with the answer, its intervals and its pictures.

    Exit code 0: written. 2: bad input.
    """
    from agents.experiments.report.metrics import metric as named
    from agents.experiments.report.metrics import sorted_names
    from agents.experiments.report.page import report
    from agents.experiments.report.reading import load
    from twin.catalogue.explain import hint

    if Path(output).suffix not in (".html", ".htm"):
        raise InputError("no page's name", key="-o", value=output, allowed="a name in .html")
    target = write_target(output, key="-o")
    with progress("reading the trials") as line:
        trials = load(results, "LEDGER", spec, metric)
        known = sorted_names(trials.metrics)
        if known and metric not in known:
            words = f"no completed trial has this figure{hint(metric, known)}"
            raise InputError(words, key="--metric", value=metric, allowed=", ".join(known))
        line.update("making the page")
        page, answer = report(trials, named(metric), baseline, _factors_of(trials, over))
        with atomic_write(target) as file:
            file.write(page)
    if json:
        completed = int(trials.completed.sum())
        emit_json(
            {
                "file": str(target),
                "trials": len(trials),
                "planned": trials.planned,
                "completed": completed,
                "in_progress": trials.in_progress,
                "settings": len(trials.settings),
                "metric": metric,
                "answer": answer,
            }
        )
    else:
        typer.echo("\n".join(answer))
        if len(trials) < trials.planned:
            why = "a run is still in progress" if trials.in_progress else "go on with experiment run"
            typer.echo(f"incomplete     {len(trials):,} of {trials.planned:,} swaps: {why}")
        typer.echo(f"report         {target}")


def _factors_of(trials: Trials, over: str | None) -> list[str] | None:
    """Factors that `--over` names; None: not given."""
    if over is None or over.strip() == "none":
        return None if over is None else []
    from agents.experiments.report.answer import listed

    names = [name.strip() for name in listed(over, "--over")]
    for name in names:
        if name not in trials.factors:
            raise InputError("no such factor", key="--over", value=name, allowed=", ".join(trials.factors) or "none")
    return names


def _refuse_many(trials: int, spec: str, seeds: int, yes: bool) -> None:
    """Raise InputError for more trials than are played without --yes."""
    if trials > ASK_FROM and not yes:
        allowed = f"up to {ASK_FROM:,}, or --yes"
        raise InputError(f"{trials:,} trials", file=spec, key="seeds", value=seeds, allowed=allowed)


def _in_file(spec: str, work: object) -> Plan:
    """Call `work`; its InputError names the specification's file where it names none."""
    try:
        found: Plan = work()  # type: ignore[operator]
    except InputError as error:
        raise InputError(error.problem, file=error.file or spec, key=error.key, value=error.value,
                         allowed=error.allowed) from None  # fmt: skip
    return found


def _days(plan: Plan, results: Results, processes: int) -> list[SettingDays] | None:
    """A day of the station for each setting, where the specification asks for it."""
    if plan.spec.throughput is None:
        return None
    from agents.throughput.estimates import Simulator
    from agents.throughput.of_experiment import days_of_settings, days_to_simulate

    done = 0
    with progress("simulated days", total=float(days_to_simulate(plan))) as line:

        def shown(n: int) -> None:
            nonlocal done
            done += n
            line.update(completed=float(done))

        with Simulator(processes if days_to_simulate(plan) > 100 else 1) as simulator:
            return days_of_settings(plan, results, simulator, shown)


def _rank(page: Path, spec: Spec, days: Sequence[SettingDays]) -> None:
    """Write the page that ranks the stations."""
    from agents.throughput.fleet_page import FleetContent, write_fleet_page

    assert spec.throughput is not None
    made_by = as_typed(*sys.argv[1:])
    write_fleet_page(page, FleetContent(spec.question, days, spec.seeds, spec.throughput.days, made_by))
