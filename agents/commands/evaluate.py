"""`swaptwin evaluate`: policies side by side on the same seeds."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agents.commands.evaluation_tables import label, print_evaluation, print_recordings
from agents.commands.given_files import refuse_absent
from agents.commands.limits import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    MAX_EPISODES,
    MAX_WORKERS,
    MAX_WORLDS,
    at_most,
    duration,
)
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
    Vary,
    scene_options,
)
from twin import kernel_cache
from twin.console import ProgressLine, emit_json, progress
from twin.errors import InputError

if TYPE_CHECKING:
    from agents.episodes import Episode, Scene
    from agents.evaluate import Evaluation
    from agents.recordings import Recorded
    from agents.tasks import Task

MAX_RECORDINGS = 20
"""Failures recorded per policy by default: the recording of a whole swap has tens of MB."""


def command(
    task: Annotated[str, typer.Argument(help="Task: docking, alignment or timing.")],
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="May be repeated: baseline (docking, alignment); a timing set, by name or file (timing); "
            "random, zero; a shipped bundle (alignment: align_careful, align_sac; docking: dock_forward; "
            "timing: timing_gentle); a bundle's folder. "
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
    vary: Vary = None,
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
    record_at_most: Annotated[
        int | None, typer.Option(help=f"Failed episodes of each policy to record. Default: {MAX_RECORDINGS}.")
    ] = None,
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
    if record_failures is None and record_at_most is not None:
        raise InputError("records nothing without --record-failures", key="--record-at-most", value=record_at_most)
    records = at_most("--record-at-most", MAX_RECORDINGS if record_at_most is None else record_at_most, 0, MAX_EPISODES)
    at_most("--worlds", worlds, 0, MAX_WORLDS)
    if worlds and (alone := set(names) & set(what.oracles)):
        raise InputError("plays one world at a time: leave out --worlds", key="--policy", value=min(alone))
    if worlds and workers is not None and record_failures is None:
        raise InputError("has no effect with --worlds", key="--workers", value=workers)
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
                recordings, cut_short = record(evaluation, folder, records, processes, trust_pickle)
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
