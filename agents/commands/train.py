"""`swaptwin train`: from a task and a file of hyper-parameters to a policy bundle."""

from __future__ import annotations

import shlex
import sys
import time
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
from twin.console import emit_json, program, progress
from twin.errors import InputError

if TYPE_CHECKING:
    from agents.episodes import Scene
    from agents.train.config import TrainConfig
    from agents.train.run import Trained

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
    out: Annotated[str | None, typer.Option(help="Folder of the run. Default: a new one in runs/train.")] = None,
    resume: Annotated[str | None, typer.Option(help="Continue the run of this folder.")] = None,
    trust_pickle: Annotated[
        bool, typer.Option("--trust-pickle", help="Load the run's own checkpoint: a pickle, which can run any code.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Train a policy with stable-baselines3 and write it as a bundle: ONNX, contract, card.

    At the end the untrained policy, the result and the task's baseline are compared on unseen seeds. The wall time
    covers start-up, training, selection and evaluation; if it is short, fewer episodes are evaluated. Ctrl-C saves a
    checkpoint.

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

    if resume is not None:
        folder = Path(resume)
        fixed = {key: overrides[key] for key in ("algorithm", "seed", "environment") if overrides[key] is not None}
        if fixed or config is not None or out is not None or clone is not None or seeds > 1:
            others = {"config": config, "out": out, "clone": clone}
            named = [*fixed, *(name for name, value in others.items() if value is not None), "seeds"]
            key = named[0]
            raise InputError("cannot change when a run is resumed", key=f"--{key}")
        settings = resumed_config(folder, what.name, overrides)
    else:
        settings = _load(what.name, config, overrides)
        stamp = time.strftime("%Y%m%d-%H%M%S")
        name = f"{what.name}-{settings.algorithm}-seed{settings.seed}-{stamp}"
        folder = Path(out) if out is not None else Path("runs/train") / name
        if folder.exists():
            raise InputError("already exists; --resume continues a run", key="--out", value=str(folder))
    scene = Scene(what, settings.environment)
    if not 1 <= seeds <= MAX_SEEDS:
        raise InputError("out of range", key="--seeds", value=seeds, allowed=f"1 to {MAX_SEEDS}")
    with progress("loading stable-baselines3 and torch", total=1.0) as line:
        from agents.train.budget import process_start_s
        from agents.train.seeds import train_seeds

        runs = train_seeds(
            scene,
            settings,
            folder,
            line,
            seeds,
            resume=resume is not None,
            trust_pickle=trust_pickle,
            began_s=process_start_s(),
            say=lambda text: print(text, file=sys.stderr, flush=True),
        )
    for one in runs:
        report(one, scene, as_json=json)
    trained = runs[-1]
    if trained.ended == "interrupted":
        again = f"{program()} train {what.name} --resume {shlex.quote(str(folder))} --trust-pickle"
        typer.echo(f"interrupted at step {trained.steps}; to go on: {again}", err=True)
        raise typer.Exit(EXIT_INTERRUPTED)


def _load(task: str, file: str | None, overrides: dict[str, Any]) -> TrainConfig:
    from agents.train.config import load_config

    return load_config(task, file, overrides)


def resumed_config(folder: Path, task: str, overrides: dict[str, Any]) -> TrainConfig:
    """Load the run's configuration; limits, workers and episodes may be replaced.

    Raises:
        InputError: no run folder, or an invalid configuration in it.
    """
    file = folder / "config.json"
    if not file.is_file():
        raise InputError("no run to resume: it has no config.json", key="--resume", value=str(folder))
    return _load(task, str(file), overrides)  # JSON is a subset of YAML


def report(trained: Trained, scene: Scene, *, as_json: bool) -> None:
    """Print the result of a run on `scene`, as JSON or as text."""
    if as_json:
        emit_json(
            {
                "task": scene.task.name,
                "folder": str(trained.folder),
                "policy": str(trained.policy) if trained.policy else None,
                "steps": trained.steps,
                "wall_s": trained.wall_s,
                "spent_s": dict(trained.spent_s),
                "ended": trained.ended,
                "evaluation": trained.evaluation.as_json() if trained.evaluation else None,
            }
        )
        return
    from rich.console import Console

    from agents.commands.evaluate import command_line, duration, print_evaluation

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
