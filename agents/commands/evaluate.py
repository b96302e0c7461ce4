"""`swaptwin evaluate`: policies side by side on the same seeds."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agents.commands.given_files import refuse_absent
from agents.commands.options import (
    ActionMode,
    Base,
    Care,
    Conditions,
    Direction,
    Errors,
    Operator,
    Pack,
    Parking,
    Plant,
    Scenario,
    Starts,
    Station,
    Truck,
    scene_options,
)
from twin import kernel_cache
from twin.console import ProgressLine, as_typed, emit_json, progress
from twin.errors import InputError
from twin.tables import print_table

if TYPE_CHECKING:
    from rich.console import Console

    from agents.episodes import Episode, Scene
    from agents.evaluate import Evaluation
    from agents.recordings import Recorded
    from agents.tasks import Task

MAX_EPISODES = 1_000_000
MAX_WORKERS = 256
MAX_WORLDS = 1 << 16
MAX_RECORDINGS = 20
"""Failures recorded per policy by default: the recording of a whole swap has tens of MB."""
SHOWN_SEEDS = 12
"""Maximum number of failed seeds shown on the terminal; --json has them all."""
EXIT_FAILED, EXIT_INTERRUPTED = 1, 128 + 2


def command(
    task: Annotated[str, typer.Argument(help="Task: docking, alignment or timing.")],
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="May be repeated: baseline (docking, alignment); a timing set, by name or file (timing); "
            "random, zero; a shipped bundle (alignment: align_careful, align_sac); a bundle's folder. "
            "Default: the baselines, random and zero."
        ),
    ] = None,
    station: Station = None,
    truck: Truck = None,
    pack: Pack = None,
    parking: Parking = None,
    conditions: Conditions = None,
    action_mode: ActionMode = None,
    scenario: Scenario = None,
    direction: Direction = None,
    operator: Operator = None,
    plant: Plant = None,
    episodes: Annotated[int, typer.Option(help="Episodes per policy.")] = 100,
    seed: Annotated[int, typer.Option(help="Episode i runs on seed SEED + i.")] = 0,
    workers: Annotated[int | None, typer.Option(help="Number of processes. Default: one per core.")] = None,
    worlds: Annotated[
        int,
        typer.Option(help="Episodes at once in this process, with --plant rom: thousands in seconds. 0: --workers."),
    ] = 0,
    care: Care = None,
    starts: Starts = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            help="Alignment: an option of every episode, NAME=NUMBER; again for more: noise_factor (of all sensors), "
            "mass_beyond (share beyond the pack's range), delay_s (of actions), friction_factor, ..."
        ),
    ] = None,
    base: Base = None,
    errors: Errors = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="A value of the station, or of a truck or pack that is given, PATH=VALUE, such as "
            "station.axes.z.velocity_mps=0.5; again for more.",
        ),
    ] = None,
    record_failures: Annotated[
        str | None, typer.Option(help="Record each policy's failed episodes and slowest success to this folder.")
    ] = None,
    record_at_most: Annotated[int, typer.Option(help="Failed episodes of each policy to record.")] = MAX_RECORDINGS,
    trust_pickle: Annotated[
        bool,
        typer.Option(
            "--trust-pickle",
            help="Also load stable-baselines3 .zip and vecnormalize.pkl files, which can run any code.",
        ),
    ] = False,
    guard: Annotated[
        bool, typer.Option("--guard/--no-guard", help="alignment: the safety filter between policy and environment.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare policies on the same seeds: success, time, force and violations, with their intervals.

    Rates carry 95 % Wilson intervals, paired differences 95 % bootstrap intervals. Results do not depend on the number
    of workers. Ctrl-C prints the results so far.

    Exit code 0: done. 1: a worker died, or a recorded episode differs from its evaluation. 2: bad input. 130:
    interrupted.
    """
    from agents.tasks import find_task

    what = find_task(task)
    names = chosen_policies(what, policy, station)
    at_most("--episodes", episodes, 1, MAX_EPISODES)
    at_most("--seed", seed, 0, 2**63 - 1 - episodes)
    processes = at_most("--workers", len(os.sched_getaffinity(0)) if workers is None else workers, 1, MAX_WORKERS)
    at_most("--record-at-most", record_at_most, 0, MAX_EPISODES)
    at_most("--worlds", worlds, 0, MAX_WORLDS)
    if worlds and (alone := set(names) & set(what.oracles)):
        raise InputError("plays one world at a time: leave out --worlds", key="--policy", value=min(alone))
    options = scene_options(
        station=station, truck=truck, pack=pack, parking=parking, conditions=conditions, action_mode=action_mode,
        plant=plant, care=care, starts=starts, vary=",".join(vary) if vary else None, base=base, errors=errors,
        scenario=scenario, direction=direction, operator=operator,
    )  # fmt: skip

    from agents.episodes import Scene
    from agents.pool import WorkerDiedError

    refuse_absent(set_ or (), ("station", *(kind for kind in ("truck", "pack") if kind in options)))
    scene = Scene(what, options, tuple(set_ or ()), guard)
    began_s = time.monotonic()
    try:
        with recordings_folder(what, record_failures) as folder:
            evaluation, interrupted = run(scene, names, episodes, seed, processes, trust_pickle, worlds)
            wall_s = time.monotonic() - began_s
            recordings: list[Recorded] = []
            cut_short = interrupted
            if folder is not None and not interrupted:
                recordings, cut_short = record(evaluation, folder, record_at_most, processes, trust_pickle)
    except WorkerDiedError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    if json:
        result = evaluation.as_json() | {"interrupted": cut_short}
        emit_json(result if folder is None else result | {"recordings": [one.as_json() for one in recordings]})
    else:
        from rich.console import Console

        console = Console(highlight=False)
        print_evaluation(console, evaluation, wall_s)
        print_recordings(console, recordings)
    if interrupted:
        typer.echo(f"interrupted: {evaluation.played} of {episodes} episodes a policy done", err=True)
    elif cut_short:
        typer.echo(f"interrupted: {len(recordings)} recordings made", err=True)
    if cut_short:
        raise typer.Exit(EXIT_INTERRUPTED)
    if not all(one.same for one in recordings):
        raise typer.Exit(EXIT_FAILED)


def chosen_policies(task: Task, given: Sequence[str] | None, station: str | None = None) -> tuple[str, ...]:
    """Return the policies to compare, or raise InputError; by default the task's baselines, random and zero.

    `station`: whose timing sets are policies too, where the task takes them.
    """
    from agents.episodes import DEFAULT_STATION
    from agents.policies import FLOOR, name_of, refuse_unknown
    from twin.catalogue import names as names_of

    sets = names_of("timing", station or DEFAULT_STATION) if task.timing_files is not None and given else []

    names = tuple(given) if given else (*task.baselines, *FLOOR)
    for name in names:
        if not name or "\0" in name:
            raise InputError("not the name of a policy", key="--policy", value=name)
        if names.count(name) > 1:
            raise InputError("policy given twice", key="--policy", value=name)
        refuse_unknown(name, {**task.baselines, **task.oracles}, name_of(task.environment), sets)
    return names


def at_most(key: str, value: int, least: int, most: int) -> int:
    """Return `value` if it is within its range; raise InputError if not."""
    if not least <= value <= most:
        raise InputError("out of range", key=key, value=value, allowed=f"{least} to {most}")
    return value


def recordings_folder(task: Task, folder: str | None) -> AbstractContextManager[Path | None]:
    """Return the writable folder of recordings, or None; raise InputError if the task or the path allows none."""
    if folder is None:
        return nullcontext()
    if not task.recordable:
        raise InputError(f"episodes of task {task.name} cannot be recorded yet", key="--record-failures", value=folder)
    from agents.recordings import folder_for

    return folder_for(folder)


def run(
    scene: Scene,
    names: Sequence[str],
    episodes: int,
    seed: int,
    workers: int,
    trust_pickle: bool = False,
    worlds: int = 0,
) -> tuple[Evaluation, bool]:
    """Evaluate with a progress bar on standard error."""
    places = f"{min(worlds, episodes)} at once" if worlds else f"{min(workers, episodes)} processes"
    words = f"starting: {episodes} episodes a policy, {places}"
    with progress(kernel_cache.start_notice(words), total=1.0) as line:
        shown = Shown(line, names, episodes)

        from agents.evaluate import evaluate

        return evaluate(
            scene,
            names,
            episodes=episodes,
            seed=seed,
            workers=workers,
            trust_pickle=trust_pickle,
            on_seed=shown.take,
            worlds=worlds,
        )


def record(
    evaluation: Evaluation, folder: Path, most: int, workers: int, trust_pickle: bool = False
) -> tuple[list[Recorded], bool]:
    """Record the chosen episodes, with a progress bar; omitted or differing episodes are reported on stderr."""
    from agents import recordings

    items, left_out = recordings.recording_requests(evaluation, folder, most)
    for name, count in left_out.items():
        typer.echo(f"{label(name)}: {count} more failed episodes are not recorded (--record-at-most {most})", err=True)
    done = 0
    with progress(f"recording {len(items)} episodes", total=1.0) as line:

        def show(one: Recorded) -> None:
            nonlocal done
            done += 1
            line.update(f"recording {done} of {len(items)} episodes", completed=done / len(items))

        scene, policies = evaluation.scene, evaluation.policies
        made, interrupted = recordings.record(
            scene, policies, items, workers=workers, trust_pickle=trust_pickle, on_recorded=show
        )
    for one in made:
        if not one.same:
            was = one.request.episode
            typer.echo(
                f"warning: {label(one.request.name)} on seed {was.seed} differed when it was recorded: "
                f"{one.again.outcome} after {one.again.steps} steps, evaluated {was.outcome} after {was.steps}",
                err=True,
            )
    return made, interrupted


class Shown:
    """Progress bar: success so far, and the time left at the pace so far."""

    def __init__(self, line: ProgressLine, names: Sequence[str], total: int) -> None:
        self.line, self.names, self.total = line, names, total
        self.done = 0
        self.successes = [0] * len(names)
        self.began_s = time.monotonic()

    def take(self, episodes: list[Episode]) -> None:
        """Count one more seed."""
        self.done += 1
        for i, episode in enumerate(episodes):
            self.successes[i] += episode.success
        rates = ", ".join(
            f"{label(name)} {100 * n / self.done:.0f} %" for name, n in zip(self.names, self.successes, strict=True)
        )
        left_s = (time.monotonic() - self.began_s) / self.done * (self.total - self.done)
        self.line.update(
            f"episode {self.done} of {self.total}: success {rates}; {duration(left_s)} left",
            completed=self.done / self.total,
        )


def label(name: str) -> str:
    """Name of a policy in tables: of a folder its last part."""
    return Path(name).name if "/" in name else name


def duration(seconds: float) -> str:
    """Format a duration: `0:42`, `12:05`, `1:02:30`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


# --------------------------------------------------------------------------------------------------------- for people


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


def percent(rate: float | None) -> str:
    """Format a share: `97.5 %`, or a dash."""
    return "-" if rate is None else f"{100 * rate:.1f} %"


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
