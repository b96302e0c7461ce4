"""Samplers propose candidates from what is known of earlier ones; a proposal depends on that and the seed alone."""

from __future__ import annotations

import importlib

from agents.tune.samplers.base import Sampler
from agents.tune.space import Space
from twin.errors import InputError

SAMPLERS = {
    "blocks": "agents.tune.samplers.blocks:Blocks",
    "tpe": "agents.tune.samplers.by_optuna:Tpe",
    "nsga2": "agents.tune.samplers.by_optuna:Nsga2",
    "cmaes": "agents.tune.samplers.cmaes:CmaEs",
    "random": "agents.tune.samplers.random:Uniform",
    "random_phases": "agents.tune.samplers.random:Phases",
}
"""Samplers by name; the first is the default."""
DEFAULT = "blocks"


def make_sampler(name: str, space: Space, seed: int, objectives: tuple[str, ...]) -> Sampler:
    """Make the sampler `name`.

    Raises:
        InputError: there is none.
        ImportError: its package is not installed.
    """
    if name not in SAMPLERS:
        raise InputError("unknown sampler", key="--sampler", value=name, allowed=", ".join(SAMPLERS))
    module, attribute = SAMPLERS[name].split(":")
    sampler: Sampler = getattr(importlib.import_module(module), attribute)(space, seed, objectives)
    return sampler
