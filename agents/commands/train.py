"""`swaptwin train`: from a task and a file of hyper-parameters to a policy bundle."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
from twin.catalogue.explain import hint
from twin.console import program, progress
from twin.errors import InputError

if TYPE_CHECKING:
    from agents.train.config import TrainConfig
    from agents.train.seeds import Trainings

EXIT_INTERRUPTED = 128 + 2
MAX_SEEDS = 1000


def command(
    task: Annotated[str, typer.Argument(help="Task: docking, alignment or timing.")],
    algorithm: Annotated[str | None, typer.Option(help="ppo, sac or (timing) fit. Default: the task's file.")] = None,
    config: Annotated[str | None, typer.Option(help="Hyper-parameters (YAML). Default: the task's own.")] = None,
    steps: Annotated[int | None, typer.Option(help="Steps in total.")] = None,
    wall_time_s: Annotated[float | None, typer.Option(help="Wall time in total, s, evaluation included.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights, exploration and training episodes.")] = None,
    workers: Annotated[int | None, typer.Option(help="Number of environments, each in its own process.")] = None,
    station: Station = None,
    truck: Truck = None,
    pack: Pack = None,
    parking: Parking = None,
    conditions: Conditions = None,
    action_mode: ActionMode = None,
    care: Care = None,
    starts: Starts = None,
    base: Base = None,
    errors: Errors = None,
    scenario: Scenario = None,
    direction: Direction = None,
    operator: Operator = None,
    plant: Plant = None,
    worlds: Annotated[int | None, typer.Option(help="Worlds of the batch on the rom, instead of workers.")] = None,
    clone: Annotated[str | None, typer.Option(help="Start by cloning this policy, on the batch; or none.")] = None,
    seeds: Annotated[int, typer.Option(help="Number of runs, on seeds SEED, SEED + 1, ...; they share the time.")] = 1,
    episodes: Annotated[int | None, typer.Option(help="Episodes of the evaluation, on unseen seeds.")] = None,
    hyper: Annotated[
        list[str] | None,
        typer.Option(help="A key of the file of hyper-parameters, PATH=VALUE, such as ppo.gamma=0.99; again for more."),
    ] = None,
    out: Annotated[str | None, typer.Option(help="Folder of the run. Default: a new one in runs/train.")] = None,
    resume: Annotated[str | None, typer.Option(help="Continue the run of this folder.")] = None,
    trust_pickle: Annotated[
        bool, typer.Option("--trust-pickle", help="Load the run's own checkpoint: a pickle, which can run any code.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train a policy with stable-baselines3 and write it as a bundle: ONNX, contract, card.

    At the end the untrained policy, the result and the task's classical policies are compared on unseen seeds. The wall
    time covers start-up, training, selection and evaluation; if it is short, fewer episodes are evaluated. A run that
    was killed goes on with --resume and ends as if undisturbed. Ctrl-C makes a checkpoint.

    Exit code 0: done. 2: bad input, or a wall time too short to learn anything. 130: interrupted.
    """
    from agents.tasks import find_task

    what = find_task(task)
    options = scene_options(
        station=station, truck=truck, pack=pack, parking=parking, conditions=conditions, action_mode=action_mode,
        plant=plant, care=care, starts=starts, base=base, errors=errors, scenario=scenario, direction=direction,
        operator=operator,
    )  # fmt: skip
    overrides: dict[str, Any] = {
        "algorithm": algorithm,
        "steps": steps,
        "wall_time_s": wall_time_s,
        "seed": seed,
        "workers": workers,
        "worlds": worlds,
        "clone": None if clone is None else {"policy": None if clone == "none" else clone},
        "evaluation_episodes": episodes,
        "environment": options or None,
    }

    from agents.episodes import Scene

    if not 1 <= seeds <= MAX_SEEDS:
        raise InputError("out of range", key="--seeds", value=seeds, allowed=f"1 to {MAX_SEEDS}")
    if resume is not None:
        folder = Path(resume)
        fixed = ("algorithm", "seed", "environment", "workers", "worlds", "clone")
        given = [key for key in fixed if overrides[key] is not None]
        given = [next(iter(options)) if key == "environment" else key for key in given]
        given += [key for key, value in {"config": config, "out": out, "hyper": hyper}.items() if value]
        if given or seeds > 1:
            key = next(iter(given), "seeds")
            raise InputError("cannot change when a run is resumed", key=f"--{key}")
        settings = resumed_config(folder, what.name, overrides)
    else:
        settings = _load(what.name, config, overrides, hyper or [])
        stamp = time.strftime("%Y%m%d-%H%M%S")
        name = f"{what.name}-{settings.algorithm}-seed{settings.seed}-{stamp}"
        folder = Path(out) if out is not None else Path("runs/train") / name
        if os.path.lexists(folder):
            raise InputError("already exists; --resume continues a run", key="--out", value=str(folder))
    scene = Scene(what, settings.environment)
    _check_environment(scene, options, config)
    with progress("loading stable-baselines3 and torch", total=1.0) as line:
        from agents.train.budget import Budget, process_start_s
        from agents.train.run import train
        from agents.train.seeds import number_of_seeds, train_seeds

        def say(text: str) -> None:
            print(text, file=sys.stderr, flush=True)

        several: Trainings | None = None
        if seeds > 1 or (resume is not None and number_of_seeds(folder)):
            several = train_seeds(
                scene, settings, folder, line, seeds, resume=resume is not None, trust_pickle=trust_pickle,
                began_s=process_start_s(), say=say,
            )  # fmt: skip
        else:
            budget = Budget(settings.wall_time_s, process_start_s())
            one = train(
                scene, settings, folder, line, resume=resume is not None, trust_pickle=trust_pickle, budget=budget,
                say=say,
            )  # fmt: skip
    from agents.commands.train_report import report, report_seeds

    if several is not None:
        report_seeds(several, scene, as_json=json)
        ended = several.ended
    else:
        report(one, scene, as_json=json)
        ended = one.ended
    if ended == "interrupted":
        pickled = "" if settings.algorithm == "fit" else " --trust-pickle"
        again = f"{program()} train {what.name} --resume {shlex.quote(str(folder))}{pickled}"
        typer.echo(f"interrupted; to go on: {again}", err=True)
        raise typer.Exit(EXIT_INTERRUPTED)


def _check_environment(scene: Any, options: dict[str, Any], file: str | None) -> None:
    """Raise InputError for a wrong option of the environment, under the name that the user gave it."""
    try:
        scene.arguments()
    except InputError as error:
        name = (error.key or "").removeprefix("--")
        if error.key is None or name in options:
            raise
        known = list(scene.task.options)
        problem = f"{error.problem}{hint(name, known)}" if name not in known else error.problem
        raise InputError(
            problem, key=f"environment.{name}", value=error.value, allowed=error.allowed, file=file
        ) from None


def _load(task: str, file: str | None, overrides: dict[str, Any], changes: Sequence[str] = ()) -> TrainConfig:
    from agents.train.config import load_config

    return load_config(task, file, overrides, changes)


def resumed_config(folder: Path, task: str, overrides: dict[str, Any]) -> TrainConfig:
    """Load the run's configuration; steps, wall time and episodes of the evaluation may be replaced.

    Raises:
        InputError: no run folder, or an invalid configuration in it.
    """
    file = folder / "config.json"
    if not os.path.isfile(file):
        raise InputError("no run to resume: it has no config.json", key="--resume", value=str(folder))
    _refuse_run_of_another_task(folder, task)
    more = ("steps", "wall_time_s")
    if (folder / "result.json").is_file() and not any(overrides[key] is not None for key in more):
        raise InputError("this run is over", key="--resume", value=str(folder),
                         allowed="with --steps or --wall-time-s, to train on")  # fmt: skip
    made = [path.stem.removeprefix("step_") for path in folder.glob("checkpoints/step_*.zip")]
    done = max((int(steps) for steps in made if steps.isdigit()), default=0)
    if overrides["steps"] is not None and overrides["steps"] < done:
        raise InputError("the run has made more", key="--steps", value=overrides["steps"], allowed=f"{done} or more")
    return _load(task, str(file), overrides)  # JSON is a subset of YAML


def _refuse_run_of_another_task(folder: Path, task: str) -> None:
    """Raise InputError if the run's bundles are of another environment than the task's; new runs have none yet."""
    from agents.policies import environment_of, name_of
    from agents.tasks import find_task

    own = name_of(find_task(task).environment)
    for contract in (*folder.glob("untrained/contract.json"), *folder.glob("seed_*/untrained/contract.json")):
        made_for = environment_of(contract)
        if made_for not in (None, own):
            raise InputError(f"a run of another task ({made_for})", key="--resume", value=str(folder), allowed=own)
