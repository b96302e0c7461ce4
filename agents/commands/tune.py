"""`swaptwin tune`: search of a timing set for a station."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agents.commands.evaluate import EXIT_FAILED, MAX_WORKERS, at_most, duration
from twin import kernel_cache
from twin.catalogue.settings import HELP as SET_HELP
from twin.console import ProgressLine, as_typed, emit_json, progress, write_target
from twin.errors import InputError
from twin.tables import print_table

if TYPE_CHECKING:
    from rich.console import Console

    from agents.experiments.campaign import Counts
    from agents.tune.search import Search
    from agents.tune.study import Outcome, Settings

BUDGET_S = 600.0
"""Time budget where neither it nor a number of candidates is given."""
LEAST_BUDGET_S = 10.0
MAX_TRIALS = 1_000_000
MAX_REFERENCE = 1000
NONE_PASSED = "no set passed the checks"


def command(
    station: Annotated[str, typer.Option(help="Station: a name or a file.")] = "top_lift",
    truck: Annotated[str | None, typer.Option(help="Truck: a name or a file. Default: all that fit.")] = None,
    pack: Annotated[str | None, typer.Option(help="Pack: a name or a file. Default: all that fit.")] = None,
    objective: Annotated[
        list[str] | None,
        typer.Option(
            help="time, p95 (of time), force, sway or energy; again for more: the first one chooses. Default: time."
        ),
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="Seconds in all, checks included. Default: 600, without --trials.")
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Candidates in all, instead of a time.")] = None,
    seed: Annotated[int, typer.Option(help="Of candidates and scenarios.")] = 0,
    start: Annotated[str, typer.Option(help="Timing set to start from: a name or a file.")] = "factory",
    sampler: Annotated[
        str, typer.Option(help="blocks, tpe, nsga2, cmaes, random_phases or random (docs/tuning.md compares them).")
    ] = "blocks",
    study: Annotated[
        str | None, typer.Option(help="Ledger (SQLite) to go on with. Default: beside the output, .study.sqlite.")
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Timing set (YAML) to write; pictures go beside it. Default: STATION_tuned.yaml in this folder.",
        ),
    ] = None,
    reference: Annotated[
        int, typer.Option(help="Swaps of the check on the reference plant; fewer where the time is short.")
    ] = 8,
    workers: Annotated[int | None, typer.Option(help="Processes. Default: as many as there are cores.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help=SET_HELP)] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Search a timing set: on the reduced-order plant, checked on unseen scenarios and on the reference plant.

    A set counts only if it breaks no invariant, completes and seats at the first attempt no less often than factory,
    and presses no harder. The same command goes on where it stopped, also after kill -9; with --trials the result is
    the same whether it was interrupted or not. Exit code 0: a set was written. 1: none passed the checks. 2: bad
    input. 130: interrupted.
    """
    from agents.experiments.campaign import Campaign, core_count
    from agents.experiments.ledger import Ledger
    from agents.pool import WorkerDiedError

    budget_s = check_limits(budget, trials, seed, reference)
    processes = at_most("--workers", core_count() if workers is None else workers, 1, MAX_WORKERS)
    settings = settings_of(station, truck, pack, start, objective, sampler, seed, set_ or ())
    target, ledger_path = targets(output or f"{settings.station.name}_tuned.yaml", study)
    words = "the study goes on from" if ledger_path.exists() else "the study is kept in"
    began_s = time.monotonic()
    try:
        with Ledger(ledger_path, "--study") as ledger, Campaign(ledger, processes) as campaign:
            typer.echo(f"{words} {ledger_path}; a set that passes goes to {target}", err=True)
            outcome = run(settings, ledger, campaign, trials, budget_s, reference)
            counts = campaign.counts
    except WorkerDiedError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    files = write_files(outcome, settings, counts, target, trials, budget_s)
    wall_s = time.monotonic() - began_s
    if json:
        from agents.tune.report import as_json

        emit_json(as_json(outcome, settings, counts, wall_s, files) | {"study": str(ledger_path)})
    else:
        from rich.console import Console

        print_outcome(Console(highlight=False), outcome, settings, counts, wall_s, files)
    if outcome.best is None:
        typer.echo(f"error: {NONE_PASSED}; nothing was written", err=True)
        raise typer.Exit(EXIT_FAILED)


def check_limits(budget: float | None, trials: int | None, seed: int, reference: int) -> float | None:
    """Return the time budget, None with a number of candidates; raise InputError for a value out of range."""
    if budget is not None and trials is not None:
        raise InputError("does not go with --trials", key="--budget", value=budget)
    if budget is not None and not LEAST_BUDGET_S <= budget <= 1e7:
        raise InputError("out of range", key="--budget", value=budget, allowed=f"{LEAST_BUDGET_S:g} to 1e7")
    if trials is not None:
        at_most("--trials", trials, 1, MAX_TRIALS)
    at_most("--seed", seed, 0, 2**63 - 1)
    at_most("--reference", reference, 0, MAX_REFERENCE)
    return None if trials is not None else BUDGET_S if budget is None else budget


def targets(output: str, study: str | None) -> tuple[Path, Path]:
    """Return the checked paths of timing set and ledger; raise InputError where one could not be written."""
    from agents.tune.report import picture_paths

    if not output.endswith((".yaml", ".yml")):
        raise InputError("is no YAML file's name", key="--output", value=output, allowed="a name ending in .yaml")
    target = write_target(output, key="--output")
    for path in picture_paths(target):
        write_target(path, key="--output")
    named = str(target.with_suffix(".study.sqlite")) if study is None else study
    ledger = write_target(named, key="--study")
    if ledger in (target, *picture_paths(target)):
        raise InputError("the same file as one of the result", key="--study", value=named)
    return target, ledger


def settings_of(
    station: str,
    truck: str | None,
    pack: str | None,
    start: str,
    objective: Sequence[str] | None,
    sampler: str,
    seed: int,
    changes: Sequence[str],
) -> Settings:
    """Return the study's settings; raise InputError for a model, word or value that is wrong."""
    from agents.tune.samplers import SAMPLERS
    from agents.tune.scenarios import fitting_pairs
    from agents.tune.score import OBJECTIVES
    from agents.tune.study import Settings
    from twin.catalogue import load_pack, load_station, load_timing, load_truck, names
    from twin.catalogue.settings import with_settings
    from twin.records import AXES

    objectives = tuple(objective or ("time",))
    for name in objectives:
        if name not in OBJECTIVES:
            raise InputError("unknown objective", key="--objective", value=name, allowed=", ".join(OBJECTIVES))
        if objectives.count(name) > 1:
            raise InputError("objective given twice", key="--objective", value=name)
    if sampler not in SAMPLERS:
        raise InputError("unknown sampler", key="--sampler", value=sampler, allowed=", ".join(SAMPLERS))
    at = load_station(station)
    models: dict[str, Any] = {"station": at, "timing": load_timing(start, at)}
    if truck is not None:
        models["truck"] = load_truck(truck)
    if pack is not None:
        models["pack"] = load_pack(pack)
    models = with_settings(models, changes)
    axes = models["station"].axes
    if "energy" in objectives and (bare := [name for name in AXES if getattr(axes, name).motor is None]):
        problem = f"station {models['station'].name} names no motor of axis {', '.join(bare)}: no electric energy"
        raise InputError(problem, key="--objective", value="energy", allowed="time, p95, force, sway")
    pairs = fitting_pairs(models["station"], models.get("truck"), models.get("pack"))
    sets = {name: load_timing(name, at) for name in names("timing", at)}
    known = tuple(one for name, one in sets.items() if name != "factory")
    return Settings(models["station"], pairs, sets["factory"], models["timing"], known, objectives, sampler, seed)


def run(
    settings: Settings, ledger: Any, campaign: Any, trials: int | None, budget_s: float | None, reference: int
) -> Outcome:
    """Run the study with a progress line on standard error."""
    from agents.tune.study import Study

    total = float(trials) if trials is not None else budget_s
    words = kernel_cache.start_notice("starting the processes")
    with progress(words, total=total) as line:
        shown = Shown(line, campaign.counts, trials, budget_s)
        study = Study(settings, ledger, campaign.play, on_wave=shown.wave)
        study.checking = shown.check
        return study.run(trials, budget_s, reference_swaps=reference)


class Shown:
    """Progress line: candidates, swaps, their rate, and the best set so far."""

    def __init__(self, line: ProgressLine, counts: Counts, trials: int | None, budget_s: float | None) -> None:
        self.line, self.counts, self.trials, self.budget_s = line, counts, trials, budget_s
        self.began_s = time.monotonic()
        self.best = ""

    def wave(self, search: Search) -> None:
        """Show the state after a wave."""
        from agents.tune.score import summary

        of = summary(search.best.figures)
        start = summary(search.state.played[0].figures)["mechanical_time_s"]["median"]
        median, force = of["mechanical_time_s"]["median"], of["peak_lateral_force_n"]["p95"]
        if median is not None and start is not None:
            gain = 100.0 * (1.0 - search.best.score.objectives["time"])
            self.best = f"best {median:.1f} s (factory's less {gain:.1f} %), {force / 1e3:.1f} kN"
        rate = self.counts.played / self.counts.playing_s if self.counts.playing_s > 0.0 else 0.0
        self._show(
            f"candidate {search.candidate_count}, {self.counts.asked} swaps, {rate:.0f}/s: {self.best}",
            search.candidate_count,
        )

    def check(self, words: str) -> None:
        """Show what is checked."""
        self._show(f"checking {words}" + (f"; {self.best}" if self.best else ""), None)

    def _show(self, words: str, candidates: int | None) -> None:
        spent_s = time.monotonic() - self.began_s
        if self.budget_s is not None:
            self.line.update(f"{words}; {duration(max(self.budget_s - spent_s, 0.0))} left", completed=spent_s)
        else:
            self.line.update(words, completed=candidates)


def write_files(
    outcome: Outcome, settings: Settings, counts: Counts, target: Path, trials: int | None, budget_s: float | None
) -> list[str]:
    """Write timing set and pictures, or nothing where no set passed; return their paths."""
    from agents.tune.report import front_of, text_of, write
    from twin.catalogue.load import as_name

    if outcome.best is None:
        return []
    budget = f"{trials} candidates asked" if trials is not None else f"budget {budget_s:g} s"
    words = as_typed("tune", "--station", settings.station.name, "--seed", str(settings.seed))
    text = text_of(outcome, settings, counts, as_name(target.stem), f"Made by `{words} ...`", budget)
    return write(target, text, front_of(outcome, settings))


def print_outcome(
    console: Console, outcome: Outcome, settings: Settings, counts: Counts, wall_s: float, files: list[str]
) -> None:
    """Print the tables for people: the chosen set beside factory, the front, refused sets."""
    from rich.table import Table

    from agents.tune.score import summary

    console.print(
        f"{settings.station.name}, seed {settings.seed}: {outcome.search.candidate_count} candidates, "
        f"{counts.asked} swaps ({counts.found} of them from the ledger), {duration(wall_s)} in all",
        markup=False,
    )
    console.print()
    table = Table(title="Sets", title_justify="left", box=None, pad_edge=False, header_style="bold")
    table.add_column("set")
    columns: tuple[str, ...] = (
        "plant",
        "swaps",
        "time, s: median, p95",
        "over bound",
        "force, kN: p95, most",
        "completed",
    )
    columns += ("first attempt", "violations")
    for column in columns:
        table.add_column(column, justify="right")
    rows = [("factory", "rom", outcome.factory_unseen), ("factory", "bullet", outcome.factory_reference)]
    if outcome.best is not None:
        rows += [("tuned", "rom", outcome.best.unseen), ("tuned", "bullet", outcome.best.reference)]
    for name, plant, figures in rows:
        if figures:
            table.add_row(name, plant, *_cells(summary(figures)))
    print_table(console, table)
    console.print()
    front = Table(title="Front, on the search's scenarios", title_justify="left", box=None, pad_edge=False,
                  header_style="bold")  # fmt: skip
    front.add_column("candidate")
    for column in columns[1:]:
        front.add_column(column, justify="right")
    for member in outcome.front[:SHOWN_FRONT]:
        front.add_row(str(member.number), *_cells(summary(member.figures)))
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
    if files:
        line = as_typed("swap", "--station", settings.station.name, "--timing", files[0])
        console.print(f"play it        {line}", markup=False, soft_wrap=True)


SHOWN_FRONT = 12
"""Sets of the front on the terminal; --json has them all."""


def _cells(of: dict[str, Any]) -> list[str]:
    time_s, force_n = of["mechanical_time_s"], of["peak_lateral_force_n"]
    return [
        str(of["swaps"]),
        "-" if time_s["median"] is None else f"{time_s['median']:.1f}, {time_s['p95']:.1f}",
        "-" if of["ratio_kinematic"] is None else f"{of['ratio_kinematic']:.3f}",
        f"{force_n['p95'] / 1e3:.2f}, {of['max_lateral_force_n'] / 1e3:.2f}",
        f"{100 * of['completed']:.1f} %",
        f"{100 * of['first_attempt']:.1f} %",
        str(of["violations"]),
    ]
