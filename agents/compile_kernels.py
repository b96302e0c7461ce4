"""Compile every kernel once, as all commands and environments use them: `python -m agents.compile_kernels`.

A kernel is compiled for the types of its arguments at its first call, and cached on disk. So each plant, batch and
environment, and the import of a log, run briefly here. Afterwards nothing is compiled until the sources change.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from twin import kernel_cache
from twin.console import progress

STATIONS = ("top_lift", "chassis")
SECONDS = 2.0
"""Simulated time of a swap: covers its scan and moving robots."""
LOG = """\
time,x_m,y_m,z_m
2026-01-01T00:00:00,0.0,0.0,3.0
2026-01-01T00:00:01,0.1,0.0,3.0
2026-01-01T00:00:02,0.2,0.0,3.0
2026-01-01T00:00:03,0.2,0.0,3.1
"""
MAP = """\
station: top_lift
truck: tractor_6x4
pack: cab_282
time: {column: time, format: iso, zone: UTC}
signals:
  robot0/x/position_m: {tag: x_m, unit: m}
  robot0/y/position_m: {tag: y_m, unit: m}
  robot0/z/position_m: {tag: z_m, unit: m}
"""


def main() -> None:
    """Compile the kernels that are not in the cache."""
    if kernel_cache.is_compiled(kernel_cache.ALL):
        return
    with progress("compiling kernels", total=len(PARTS)) as line, tempfile.TemporaryDirectory() as folder:
        for done, (words, part) in enumerate(PARTS.items()):
            line.update(f"compiling kernels (minutes, once for each state of the sources): {words}", completed=done)
            part(Path(folder))
    kernel_cache.mark_compiled(kernel_cache.ALL)


def _setup(station: str, seed: int = 0) -> tuple[Any, Any]:
    from twin.commands.swap import resolve

    return resolve(station, None, None, "factory", seed=seed, parking="guided")


def _recorded(plant: str, folder: Path) -> None:
    """Run swaps that are recorded and trip."""
    from twin.faults import parse_fault
    from twin.recording.swap import SwapRecorder
    from twin.runner.kinds import runner_maker
    from twin.swap import SwapTwin

    for station in STATIONS:
        setup, timing = _setup(station)
        twin = SwapTwin(setup, timing, [parse_fault(f"estop:at_s={SECONDS}")], make_runner=runner_maker(plant))
        try:
            with SwapRecorder(folder / "swap.mcap", twin) as recorder:
                recorder.finish(twin.run())
        finally:
            twin.close()


def _reduced(folder: Path) -> None:
    """Also run whole unobserved swaps, with overlaps, and with the servo's setpoints in place of moves."""
    from agents.deciders import alignment
    from twin.catalogue import load_timing
    from twin.runner.kinds import rom_runner
    from twin.swap import SwapTwin

    _recorded("rom", folder)
    for station in STATIONS:
        setup, factory = _setup(station)
        for timing, policies in ((factory, {}), (load_timing("zvd", setup.station), alignment("baseline", setup))):
            twin = SwapTwin(setup, timing, make_runner=rom_runner, **policies)
            twin.run()
            twin.runner.stand(0, 0.1)
            _from_a_log(twin.runner.worlds[0], twin.runner.params[0])
            twin.close()


def _from_a_log(w: Any, p: Any) -> None:
    """Call the kernels that only a swap resumed from a log uses (`twin.recording.resume.estimated.world`)."""
    from twin.plants.rom.carried_body import angles_of, end_effector_motion

    angles, at, turn, motion = np.zeros(8), np.zeros(3), np.zeros((3, 3)), np.zeros(6)
    angles_of(w["truth"], p, 0, angles)
    end_effector_motion(w["truth"], p, 0, angles, at, turn, motion)


def _reference(folder: Path) -> None:
    """Also call the kernels first used when something slides or a coupler mates, minutes into a swap."""
    from twin.plants import lock_release
    from twin.plants.bullet import BulletPlant
    from twin.plants.bullet.sliding import COLUMNS, STATES, slide
    from twin.plants.geometry import carried_lift_mps

    _recorded("bullet", folder)
    plant = BulletPlant(_setup("top_lift")[0])
    carried_lift_mps(plant.worlds, plant.params, 0, 0, 0)
    lock_release.load_of(plant.worlds, plant.params, 0, 0, np.zeros(6))
    plant.close()
    points, states = np.zeros((1, COLUMNS)), np.zeros((1, STATES))
    slide(points, 0, points.copy(), 0, states, np.zeros(1), 0.002, np.zeros((1, 3)))


def _batch(folder: Path) -> None:
    """Run enough swaps for several threads."""
    from twin.runner.batch import THREADS_FROM
    from twin.runner.kinds import batch_maker
    from twin.swap import SwapTwin

    setup, timing = _setup("top_lift")
    setups = [_setup("top_lift", seed)[0] for seed in range(THREADS_FROM)]
    twin = SwapTwin(setup, timing, make_runner=batch_maker(setups))
    twin.program.advance()
    twin.close()


def _drive(folder: Path) -> None:
    """Drive a truck in with the driver model."""
    from twin.commands.swap import resolve

    resolve("top_lift", None, None, "factory", seed=0, parking="driven")


def _environments(folder: Path) -> None:
    import gymnasium

    import envs

    for name in envs.ENTRY_POINTS:
        # on the reference plant they call no other kernels
        plant: dict[str, Any] = {} if "Docking" in name else {"plant": "rom"}
        for station in STATIONS:
            environment = gymnasium.make(name, station=station, disable_env_checker=True, **plant)
            environment.reset(seed=0)
            for _ in range(2):
                environment.step(np.zeros(environment.action_space.shape, np.float32))
            environment.close()


def _vectors(folder: Path) -> None:
    """Run a vector environment of few worlds, stepped by one thread, and one of many."""
    import gymnasium

    import envs
    from twin.docking.plant import THREADS_FROM

    for name in envs.VECTOR_ENTRY_POINTS:
        for worlds in (2, THREADS_FROM):
            environment = gymnasium.make_vec(name, num_envs=worlds, station="top_lift")
            environment.reset(seed=0)
            for _ in range(2):
                environment.step(np.zeros(environment.action_space.shape, np.float32))
            environment.close()


def _import(folder: Path) -> None:
    from twin.log_import.importing import import_log
    from twin.log_import.mapping_checks import load_mapping

    (folder / "log.csv").write_text(LOG)
    (folder / "map.yaml").write_text(MAP)
    import_log(folder / "log.csv", load_mapping(folder / "map.yaml"), folder / "log.mcap")


PARTS: dict[str, Callable[[Path], None]] = {
    "the reduced-order plant, most of the work": _reduced,
    "its batches": _batch,
    "the reference plant's control": _reference,
    "driving": _drive,
    "environments": _environments,
    "environments of many worlds": _vectors,
    "importing logs": _import,
}


if __name__ == "__main__":
    main()
