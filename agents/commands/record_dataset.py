"""`swaptwin record-dataset`: episodes of a policy as a dataset for offline learning, in Minari's format."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from agents.commands.evaluate import Shown, chosen_policies
from agents.commands.given_files import refuse_absent
from agents.commands.limits import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    MAX_EPISODES,
    MAX_WORKERS,
    MAX_WORLDS,
    at_most,
    duration,
    percent,
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
from twin.catalogue.settings import HELP as SET_HELP
from twin.console import as_typed, emit_json, progress


def command(
    task: Annotated[str, typer.Argument(help="Task: docking, alignment or timing.")],
    policy: Annotated[
        str,
        typer.Option(
            help="baseline or another classical policy of the task; random, zero (timing: the set of --base); a "
            "shipped bundle; a bundle's folder."
        ),
    ] = "baseline",
    name: Annotated[
        str | None, typer.Option(help="Name of the dataset, ending in -vN. Default: swaptwin/TASK/POLICY-v0.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(help="Folder of datasets. Default: MINARI_DATASETS_PATH, or Minari's own, ~/.minari/datasets."),
    ] = None,
    station: Station = None,
    truck: Truck = None,
    pack: Pack = None,
    parking: Parking = None,
    conditions: Conditions = None,
    action_mode: ActionMode = None,
    care: Care = None,
    starts: Starts = None,
    vary: Vary = None,
    base: Base = None,
    errors: Errors = None,
    scenario: Scenario = None,
    direction: Direction = None,
    operator: Operator = None,
    plant: Plant = None,
    episodes: Annotated[int, typer.Option(help="Number of episodes.")] = 100,
    seed: Annotated[int, typer.Option(help="Episode i runs on seed SEED + i.")] = 0,
    workers: Annotated[int | None, typer.Option(help="Number of processes. Default: one per core.")] = None,
    worlds: Annotated[int, typer.Option(help="Episodes at once in this process, with --plant rom. 0: --workers.")] = 0,
    set_: Annotated[list[str] | None, typer.Option("--set", help=SET_HELP)] = None,
    trust_pickle: Annotated[
        bool, typer.Option("--trust-pickle", help="Also load stable-baselines3 .zip files, which can run any code.")
    ] = False,
    guard: Annotated[
        bool, typer.Option("--guard/--no-guard", help="alignment: the safety filter between policy and environment.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Record episodes of a policy for offline learning, as a dataset that Minari loads.

    Observations, actions as the environment gets them (behind the guard), rewards, ends and the safety cost of each
    step; with each episode its seed, outcome and key figures. The dataset does not depend on the number of workers or
    worlds, and appears whole or not at all.

    Exit code 0: done. 1: a worker died. 2: bad input. 130: interrupted, nothing written.
    """
    from agents.tasks import find_task

    what = find_task(task)
    chosen_policies(what, [policy], station)
    at_most("--episodes", episodes, 1, MAX_EPISODES)
    at_most("--seed", seed, 0, 2**63 - 1 - episodes)
    processes = at_most("--workers", len(os.sched_getaffinity(0)) if workers is None else workers, 1, MAX_WORKERS)
    at_most("--worlds", worlds, 0, MAX_WORLDS)
    options = scene_options(
        station=station, truck=truck, pack=pack, parking=parking, conditions=conditions, action_mode=action_mode,
        plant=plant, care=care, starts=starts, vary=",".join(vary) if vary else None, base=base, errors=errors,
        scenario=scenario, direction=direction, operator=operator,
    )  # fmt: skip

    from agents.datasets import FOLDER, default_name, record
    from agents.episodes import Scene
    from agents.pool import WorkerDiedError

    refuse_absent(set_ or (), ("station", *(kind for kind in ("truck", "pack") if kind in options)))
    scene = Scene(what, options, tuple(set_ or ()), guard)
    title = name or default_name(what.name, policy)
    root = Path(out or os.environ.get(FOLDER) or Path.home() / ".minari" / "datasets").expanduser()
    root = Path(os.path.abspath(root))  # Minari joins a relative path twice
    began_s = time.monotonic()
    try:
        with progress(kernel_cache.start_notice(f"starting: {episodes} episodes"), total=1.0) as line:
            shown = Shown(line, [policy], episodes)
            folder, played = record(
                scene, policy, title, root, episodes=episodes, seed=seed, workers=processes, worlds=worlds,
                trust_pickle=trust_pickle, on_episode=lambda episode: shown.take([episode]),
            )  # fmt: skip
    except WorkerDiedError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from None
    except KeyboardInterrupt:
        typer.echo("interrupted: nothing was written", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None
    steps, successes = sum(one.steps for one in played), sum(one.success for one in played)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    if json:
        emit_json(
            {
                "task": what.name,
                "policy": policy,
                "name": title,
                "folder": str(folder),
                "episodes": len(played),
                "seed": seed,
                "steps": steps,
                "success_rate": successes / len(played),
                "bytes": size,
                "wall_s": time.monotonic() - began_s,
            }
        )
        return
    took = duration(time.monotonic() - began_s)
    success = percent(successes / len(played))
    typer.echo(f"{len(played)} episodes, {steps} steps, success {success}, {size / 1e6:.1f} MB, {took}")
    typer.echo(f"dataset        {folder}")
    typer.echo(f'load it        minari.load_dataset("{title}"), with {FOLDER}={root}')
    given = [word for option, value in options.items() for word in (f"--{option}", str(value))]
    typer.echo(f"play it        {as_typed('evaluate', what.name, *given, '--policy', policy)}")
