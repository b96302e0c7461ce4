"""`swaptwin tune`: search of a timing set for a station."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agents.commands.given_files import refuse_absent, refuse_given
from agents.commands.limits import EXIT_FAILED, MAX_WORKERS, at_most, duration
from twin import kernel_cache
from twin.catalogue.settings import HELP as SET_HELP
from twin.console import ProgressLine, as_typed, emit_json, progress, write_target
from twin.errors import InputError

if TYPE_CHECKING:
    from agents.experiments.campaign import Campaign, Counts
    from agents.tune.search import Search
    from agents.tune.study import Outcome, Settings, Study

BUDGET_S = 600.0
"""Time budget where neither it nor a number of candidates is given."""
LEAST_BUDGET_S = 10.0
MAX_TRIALS = 1_000_000
MAX_REFERENCE = 1000
NONE_PASSED = "no set passed the checks"
NONE_PLAYED = "no candidate beside the start was played, and the start is no answer"


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
    from agents.tune.study import Study

    budget_s = check_limits(budget, trials, seed, reference)
    processes = at_most("--workers", core_count() if workers is None else workers, 1, MAX_WORKERS)
    settings = settings_of(station, truck, pack, start, objective, sampler, seed, set_ or ())
    given = {"--station": station, "--truck": truck, "--pack": pack, "--start": start}
    target, ledger_path = targets(output or f"{settings.station.name}_tuned.yaml", study, given)
    typed = Typed(station, truck, pack, tuple(set_ or ()))
    began_s = time.monotonic()
    try:
        with Ledger(ledger_path, "--study") as ledger, Campaign(ledger, processes) as campaign:
            study_ = Study(settings, ledger, campaign.play)
            typer.echo(f"{beginning(study_, ledger_path)}; a set that passes goes to {target}", err=True)
            outcome = run(study_, campaign, trials, budget_s, reference)
            counts = campaign.counts
    except WorkerDiedError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    limit = ("--trials", str(trials)) if trials is not None else ("--budget", f"{budget_s:g}")
    made_by = typed.made_by(settings, start, limit, reference)
    files = write_files(outcome, settings, counts, target, made_by)
    wall_s = time.monotonic() - began_s
    if json:
        from agents.tune.report import as_json

        emit_json(as_json(outcome, settings, counts, wall_s, files) | {"study": str(ledger_path)})
    else:
        from rich.console import Console

        from agents.commands.tune_tables import print_outcome

        print_outcome(Console(highlight=False), outcome, settings, counts, wall_s, files)
        if files:
            words = as_typed("swap", *typed.models(settings), "--timing", files[0])
            Console(highlight=False).print(f"play it        {words}", markup=False, soft_wrap=True)
    if outcome.best is None:
        words = NONE_PASSED if outcome.search.candidate_count > 1 else NONE_PLAYED
        typer.echo(f"error: {words}; no set was written", err=True)
        raise typer.Exit(EXIT_FAILED)


@dataclass(frozen=True)
class Typed:
    """Models as the user named them, for command lines that can be typed again."""

    station: str
    truck: str | None
    pack: str | None
    changes: tuple[str, ...]

    def models(self, settings: Settings) -> list[str]:
        """Options of `swap` for the models that were tuned for; changes of the start are in the set."""
        named = [("--station", self.station), ("--truck", self.truck), ("--pack", self.pack)]
        words = [word for option, value in named if value is not None for word in (option, value)]
        return [*words, *(word for text in self.changes if self._of_models(text, settings) for word in ("--set", text))]

    def _of_models(self, text: str, settings: Settings) -> bool:
        """True for a change of station, truck or pack."""
        from twin.catalogue.settings import parse_setting

        kind = parse_setting(text, ("station", "truck", "pack", "timing"))
        return kind.kind != "timing" if kind.kind else kind.path.split(".")[0] not in type(settings.start).model_fields

    def made_by(self, settings: Settings, start: str, limit: Sequence[str], reference: int) -> str:
        """Return the whole command line, without paths of results, for the set's evidence."""
        import shlex

        words = ["swaptwin", "tune", "--station", self.station]
        words += [word for name in ("truck", "pack") if (of := getattr(self, name)) for word in (f"--{name}", of)]
        words += [word for one in settings.objectives for word in ("--objective", one)]
        words += ["--start", start, "--sampler", settings.sampler, "--seed", str(settings.seed), *limit]
        words += ["--reference", str(reference), *(word for text in self.changes for word in ("--set", text))]
        return " ".join(map(shlex.quote, words))


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


def targets(output: str, study: str | None, given: Mapping[str, str | None]) -> tuple[Path, Path]:
    """Return the checked paths of timing set and ledger.

    Raises:
        InputError: one could not be written, or is a file that was given (option and value of each model).
    """
    from agents.tune.report import picture_paths

    if not output.endswith((".yaml", ".yml")):
        raise InputError("is no YAML file's name", key="--output", value=output, allowed="a name ending in .yaml")
    target = write_target(output, key="--output")
    pictures = [write_target(path, key="--output") for path in picture_paths(target)]
    refuse_given("--output", [target, *pictures], given)
    named = str(target.with_suffix(".study.sqlite")) if study is None else study
    ledger = write_target(named, key="--study")
    if ledger in (target, *pictures):
        raise InputError("the same file as one of the result", key="--study", value=named)
    refuse_given("--study", [ledger], given)
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
    refuse_absent(changes, tuple(models))
    models = with_settings(models, changes)
    axes = models["station"].axes
    if "energy" in objectives and (bare := [name for name in AXES if getattr(axes, name).motor is None]):
        problem = f"station {models['station'].name} names no motor of axis {', '.join(bare)}: no electric energy"
        raise InputError(problem, key="--objective", value="energy", allowed="time, p95, force, sway")
    pairs = fitting_pairs(models["station"], models.get("truck"), models.get("pack"))
    sets = {name: load_timing(name, at) for name in names("timing", at)}
    known = tuple(one for name, one in sets.items() if name != "factory")
    return Settings(models["station"], pairs, sets["factory"], models["timing"], known, objectives, sampler, seed)


def beginning(study: Study, path: Path) -> str:
    """Say whether a study is new or goes on, and where it is kept."""
    others = len(study.ledger.specifications()) - 1
    if study.stored:
        return f"the study goes on from {path}, with {study.stored} candidates"
    beside = f" beside {others} of other settings or versions" if others else ""
    return f"the study is kept in {path}{beside}"


def run(study: Study, campaign: Campaign, trials: int | None, budget_s: float | None, reference: int) -> Outcome:
    """Run the study with a progress line on standard error."""
    total = float(trials) if trials is not None else budget_s
    words = kernel_cache.start_notice("starting the processes")
    with progress(words, total=total) as line:
        shown = Shown(line, campaign.counts, trials, budget_s)
        study.search.on_wave, study.checking, campaign.on_played = shown.wave, shown.check, shown.played
        return study.run(trials, budget_s, reference_swaps=reference)


class Shown:
    """Progress line: candidates, swaps, their rate, and the best set so far."""

    def __init__(self, line: ProgressLine, counts: Counts, trials: int | None, budget_s: float | None) -> None:
        self.line, self.counts, self.trials, self.budget_s = line, counts, trials, budget_s
        self.began_s = time.monotonic()
        self.best = ""
        self.words, self.candidates = "the first candidates", 0

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
        self.candidates = search.candidate_count
        self._show(f"candidate {search.candidate_count}, {rate:.0f} swaps/s: {self.best}")

    def check(self, words: str) -> None:
        """Show what is checked."""
        self._show(f"checking {words}" + (f"; {self.best}" if self.best else ""))

    def played(self, swaps: int) -> None:
        """Show the swaps and the time so far: a batch of `swaps` has been played."""
        self._show(self.words)

    def _show(self, words: str) -> None:
        self.words = words
        spent_s, text = time.monotonic() - self.began_s, f"{words}; {self.counts.played} swaps played"
        if self.budget_s is not None:
            left_s = self.budget_s - spent_s
            over = f"{duration(-left_s)} over the budget" if left_s < 0.0 else f"{duration(left_s)} left"
            self.line.update(f"{text}; {over}", completed=min(spent_s, self.budget_s))
        else:
            self.line.update(text, completed=self.candidates)


def write_files(outcome: Outcome, settings: Settings, counts: Counts, target: Path, made_by: str) -> list[str]:
    """Write timing set and pictures, or nothing where no set passed; return their paths."""
    from agents.tune.report import front_of, text_of, write
    from twin.catalogue.load import as_name

    if outcome.best is None:
        return []
    text = text_of(outcome, settings, counts, as_name(target.stem), made_by)
    return write(target, text, front_of(outcome, settings))
