"""The reduced-order plant on the test bench: writes to its records, and a step mode selected by the test."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, sin
from typing import Any

from twin.motion.kernels import kernel
from twin.plants.geometry import end_effector_pose, measure_packs
from twin.plants.rom import RomPlant, advance, contacts, pad_stiction, placing, step_mode
from twin.plants.rom.model import COUPLED, GROUND
from twin.plants.rom.step_mode import ATTACHED, FULL_RATE, LONG_STEP, SLEEPING
from twin.records import ROBOTS
from twin.runner.single import Runner
from twin.setup.setup import SwapSetup

__all__ = ["ATTACHED", "FULL_RATE", "LONG_STEP", "SLEEPING", "RomBench"]


@kernel
def refresh(worlds: Any, params: Any, models: Any, states: Any, scratch: Any) -> None:
    """Update holds and all poses after a test has written positions or holds into the world."""
    world, p, m, x, t = worlds[0], params[0], models[0], states[0], scratch[0]
    for r in range(p.robots):
        end_effector_pose(world.truth, p, r)
    measure_packs(world.truth, p)
    placing.update_carriers(world.truth, p, m, x, t)
    placing.load_scratch(world.truth, p, m, x, t)
    placing.place_all(world.truth, p, m, x, t)
    contacts.find_candidates(world.truth, world.image, p, m, x, t, True)
    for i in range(ROBOTS + 1):
        x.still[i] = 0


@kernel
def step_at(worlds: Any, params: Any, models: Any, states: Any, scratch: Any, chosen: int, ticks: int) -> None:
    """Step robots in a given mode, the truck as the plant chooses: for loads without contact, or FULL_RATE."""
    world, p, m, x, t = worlds[0], params[0], models[0], states[0], scratch[0]
    if chosen == FULL_RATE:
        for r in range(p.robots):
            pad_stiction.release(x, r)
            if x.near[r] == COUPLED:  # with its truck
                x.near[r] = 1
            x.still[r] = 0
        x.still[ROBOTS] = 0
    placing.load_scratch(world.truth, p, m, x, t)
    step_mode.choose(world.truth, world.image, world.faults, p, m, x)
    for r in range(p.robots):
        x.mode[r] = chosen
    advance.advance_ticks(world.truth, world.image, world.faults, p, m, x, t, ticks)


class StepModePlant(RomPlant):
    """One world of the reduced-order model; `step_mode`: a step mode for all robots, None: the plant's choice."""

    step_mode: int | None = None

    def step(self, ticks: int = 1) -> None:
        if self.step_mode is None:
            super().step(ticks)
        else:
            step_at(*self._arguments(), self.step_mode, ticks)


class RomBench(Runner):
    """One world of the reduced-order model, scan by scan; attributes that the runner lacks are the plant's."""

    plant: StepModePlant

    def __init__(self, setup: SwapSetup) -> None:
        super().__init__(StepModePlant(setup))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plant, name)

    @property
    def step_mode(self) -> int | None:
        return self.plant.step_mode

    @step_mode.setter
    def step_mode(self, mode: int | None) -> None:
        self.plant.step_mode = mode

    def refresh(self) -> None:
        """Update everything that depends on positions and holds just set."""
        refresh(*self.plant._arguments())

    def put_pack(self, k: int, xyz_m: Sequence[float], yaw_rad: float) -> None:
        """Put pack `k` with its grip face at `xyz_m`; a support under it carries it from now on."""
        self.worlds["truth"]["pack_pose"][0, k] = (*xyz_m, 0.0, 0.0, sin(0.5 * yaw_rad), cos(0.5 * yaw_rad))
        self.plant.states["carrier"][0, k] = GROUND
        self.refresh()

    def chosen(self, robot: int = 0) -> int:
        """Step mode of the last step."""
        return int(self.plant.states["mode"][0, robot])
