"""Runners by the name of their plant; each is imported only on demand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from twin.errors import InputError

if TYPE_CHECKING:
    import numpy as np

    from twin.runner.single import Hook, Runner
    from twin.setup.setup import SwapSetup

PLANTS = ("bullet", "rom")
"""`bullet`: the reference. `rom`: the reduced-order model."""


class MakeRunner(Protocol):
    """Makes the runner of a setup, at the start of its swap or at `worlds`, a (1,) WORLD array that it then owns."""

    def __call__(self, setup: SwapSetup, /, *, worlds: np.ndarray | None = None) -> Runner: ...


def bullet_runner(setup: SwapSetup, *, observer: Hook | None = None, worlds: np.ndarray | None = None) -> Runner:
    """Make one world of the reference plant."""
    from twin.plants.bullet import BulletPlant
    from twin.runner.single import Runner

    return Runner(BulletPlant(setup, worlds=worlds), observer=observer)


def seat_runner(setup: SwapSetup, *, observer: Hook | None = None, worlds: np.ndarray | None = None) -> Runner:
    """Make one world of the reference plant in which held packs only come to rest in their seats."""
    from twin.plants.bullet import BulletPlant
    from twin.runner.single import Runner

    return Runner(BulletPlant(setup, worlds=worlds, scope="seat"), observer=observer)


def rom_runner(
    setups: SwapSetup | Sequence[SwapSetup], *, observer: Hook | None = None, worlds: np.ndarray | None = None
) -> Runner:
    """Make worlds of the reduced-order plant."""
    from twin.runner.batch import BatchRunner

    return BatchRunner(setups, observer=observer, worlds=worlds)


def runner_maker(name: str, *, seat: bool = False) -> MakeRunner:
    """Maker of runners on the plant of that name.

    Args:
        seat: it only has to let held packs come to rest in their seats.

    Raises:
        InputError: a name that no plant has.
    """
    if name == "bullet":
        return seat_runner if seat else bullet_runner
    if name == "rom":
        return rom_runner
    raise InputError("unknown plant", key="--plant", value=name, allowed=", ".join(PLANTS))


def batch_maker(setups: Sequence[SwapSetup]) -> MakeRunner:
    """Maker that returns one runner of all `setups` on the reduced-order plant, for any of them."""

    def make(setup: SwapSetup, *, worlds: np.ndarray | None = None) -> Runner:
        return rom_runner(setups, worlds=worlds)

    return make


def existing_runner(runner: Runner) -> MakeRunner:
    """Maker that returns an existing runner."""

    def make(setup: SwapSetup, *, worlds: np.ndarray | None = None) -> Runner:
        return runner

    return make
