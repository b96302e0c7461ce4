"""Runners by the name of their plant; each is imported only when it is asked for."""

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
    """One world of the reference plant."""
    from twin.plants.bullet import BulletPlant
    from twin.runner.single import Runner

    return Runner(BulletPlant(setup, worlds=worlds), observer=observer)


def seat_runner(setup: SwapSetup, *, observer: Hook | None = None, worlds: np.ndarray | None = None) -> Runner:
    """One world of the reference plant in which held packs come to rest in their seats, and nothing else happens."""
    from twin.plants.bullet import BulletPlant
    from twin.runner.single import Runner

    return Runner(BulletPlant(setup, worlds=worlds, scope="seat"), observer=observer)


def rom_runner(
    setups: SwapSetup | Sequence[SwapSetup], *, observer: Hook | None = None, worlds: np.ndarray | None = None
) -> Runner:
    """Worlds of the reduced-order plant."""
    from twin.runner.batch import BatchRunner

    return BatchRunner(setups, observer=observer, worlds=worlds)


def runner_maker(name: str, *, seat: bool = False) -> MakeRunner:
    """Find what makes a runner on the plant of that name.

    Args:
        seat: it need not do more than let held packs come to rest in their seats.

    Raises:
        InputError: a name that no plant has.
    """
    if name == "bullet":
        return seat_runner if seat else bullet_runner
    if name == "rom":
        return rom_runner
    raise InputError("unknown plant", key="--plant", value=name, allowed=", ".join(PLANTS))


def batch_maker(setups: Sequence[SwapSetup]) -> MakeRunner:
    """What makes one runner of all `setups` on the reduced-order plant, whichever of them it is asked for."""

    def make(setup: SwapSetup, *, worlds: np.ndarray | None = None) -> Runner:
        return rom_runner(setups, worlds=worlds)

    return make


def ready(runner: Runner) -> MakeRunner:
    """What gives a runner that is made already."""

    def make(setup: SwapSetup, *, worlds: np.ndarray | None = None) -> Runner:
        return runner

    return make
