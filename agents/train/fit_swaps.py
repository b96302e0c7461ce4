"""Swaps that a fit of Timing-v1 learns from: the policy's network, random actions about it, and the batch's steps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from agents.train.fit import Examples, Scaled, Step, examples_of
from envs.timing_observation import PHASES, place_of
from twin.catalogue.explain import hint
from twin.catalogue.schema import MECHANICAL
from twin.errors import InputError

Array = np.ndarray
WIDE, NARROW, SHARE = 0.7, 0.3, 0.7
"""Half-width of the random actions, at first about the set and later about the policy, and the share of the elements
that a draw varies."""
AS_IT_IS = 0.25
"""Share of the decisions without noise."""


@dataclass(frozen=True)
class Explored:
    """Which elements of the action each phase varies: (phases, A) bool, by `place_of`."""

    elements: Array
    kind: str

    @staticmethod
    def of(explore: Mapping[str, Sequence[str]], environment: Any) -> Explored:
        """Read the configuration's names; phases are named as at top_lift.

        Raises:
            InputError: an unknown phase or element.
        """
        names = [quantity.name for quantity in environment.actions]
        kind = environment.station.kind
        elements = np.zeros((len(PHASES), len(names)), bool)
        for phase, varied in explore.items():
            if phase not in MECHANICAL["top_lift"]:
                allowed = ", ".join(MECHANICAL["top_lift"])
                near = hint(phase, MECHANICAL["top_lift"])
                raise InputError(f"unknown phase{near}", key=f"fit.explore.{phase}", value=phase, allowed=allowed)
            for name in varied:
                if name not in names:
                    near = hint(name, names)
                    raise InputError(f"unknown{near}", key=f"fit.explore.{phase}", value=name, allowed=", ".join(names))
                elements[place_of(phase, "top_lift"), names.index(name)] = True
        return Explored(elements, kind)

    def at(self, phases: Sequence[str]) -> Array:
        """Return (K, A) bool of phases by name."""
        return self.elements[[place_of(phase, self.kind) for phase in phases]]

    def seen(self, observations: Array) -> Array:
        """Return (M, A) bool by the phases that observations name."""
        return self.elements[observations[:, : len(PHASES)].argmax(axis=1)]


def make_actor(scaled: Scaled, hidden: Sequence[int], actions: int) -> nn.Sequential:
    """Make the policy's network; it begins near the zero action."""
    sizes = [len(scaled.mean), *hidden]
    layers: list[nn.Module] = []
    for inputs, outputs in zip(sizes, sizes[1:], strict=False):
        layers += [nn.Linear(inputs, outputs), nn.Tanh()]
    last = nn.Linear(sizes[-1], actions)
    with torch.no_grad():
        last.weight.mul_(0.01)
        last.bias.zero_()
    return nn.Sequential(scaled, *layers, last)


def folded(actor: nn.Sequential) -> nn.Sequential:
    """Return the same network without its scaling, which its first layer takes over."""
    scaled, first = actor[0], actor[1]
    assert isinstance(scaled, Scaled)
    assert isinstance(first, nn.Linear)
    own = nn.Linear(first.in_features, first.out_features)
    with torch.no_grad():
        own.weight.copy_(first.weight / scaled.deviation)
        own.bias.copy_(first.bias - own.weight @ scaled.mean)
    return nn.Sequential(own, *deepcopy(list(actor)[2:]))


def acting(actor: nn.Module) -> Callable[[Array], Array]:
    """Return the actor as a function of observations (N, O) to actions (N, A) within their limits."""

    def act(observations: Array) -> Array:
        with torch.no_grad():
            actions: Array = actor(torch.from_numpy(observations)).clamp(-1.0, 1.0).numpy()
        return actions

    return act


def swaps(
    worlds: Any,
    seeds: Sequence[int],
    again: int,
    noisy: Callable[[Array, list[str]], Array],
    tell: Callable[[int], None],
    until_s: float = float("inf"),
) -> Iterator[Examples]:
    """Play each seed with the set itself, then `again` times with noisy actions; yield the examples of each swap.

    Args:
        worlds: a batch of Timing-v1 of its own: infos and rewards are not to be used after.
        noisy: maps observations (K, O) and phases to actions (K, A).
        until_s: no swap begins after it, by `time.monotonic`.
    """
    n, size = worlds.num_envs, worlds.single_action_space.shape[0]
    left = [(seed, turn) for seed in seeds for turn in range(again + 1)][::-1]
    playing: list[tuple[int, int] | None] = [None] * n
    steps: list[list[Step]] = [[] for _ in range(n)]
    plain: dict[int, tuple[list[Step], bool]] = {}
    waiting: dict[int, list[tuple[list[Step], bool]]] = {}
    done = 0

    def begin(which: Sequence[int]) -> None:
        given: list[int | None] = [None] * n
        if time.monotonic() >= until_s:
            left.clear()
        for i in which:
            playing[i] = left.pop() if left else None
            steps[i] = []
            begun = playing[i]
            given[i] = None if begun is None else begun[0]
        mask = np.array([seed is not None for seed in given])
        if mask.any():
            worlds.reset(seed=given, options={"reset_mask": mask})

    worlds.reset(seed=[seeds[0]] * n)
    begin(range(n))
    while any(one is not None for one in playing):
        run = np.array([one is not None for one in playing])
        worlds.halt(~run)
        which = np.flatnonzero(run)
        before, phases, began_s = worlds.observations[which].copy(), worlds.phases(), worlds.times_s()
        actions = np.zeros((n, size), np.float32)
        actions[which] = noisy(before, [phases[i] for i in which.tolist()])
        for i in which.tolist():
            if (playing[i] or (0, 0))[1] == 0:
                actions[i] = 0.0
        worlds.take_peaks()
        _, _, terminated, truncated, infos = worlds.step(actions)
        peaks, now_s = worlds.take_peaks(), worlds.times_s()
        for k, i in enumerate(which.tolist()):
            took_s = float(now_s[i] - began_s[i])
            steps[i].append(Step(phases[i], before[k], actions[i].copy(), float(peaks[i]), took_s))
        ended = np.flatnonzero((terminated | truncated) & run).tolist()
        for i in ended:
            seed, turn = playing[i] or (0, 0)
            swap = steps[i], not bool(infos["is_success"][i])
            done += 1
            tell(done)
            if turn == 0:
                plain[seed] = swap
                yield examples_of(*swap)
            else:
                waiting.setdefault(seed, []).append(swap)
            if seed in plain:
                reference, lost = plain[seed]
                for other in waiting.pop(seed, ()):
                    yield examples_of(*other, () if lost else reference)
        if ended:
            begin(ended)
    worlds.halt(np.zeros(n, bool))


def noisy_about(
    explored: Explored, act: Callable[[Array], Array] | None, random: np.random.Generator
) -> Callable[[Array, list[str]], Array]:
    """Return random actions in the explored elements: about a policy, or widely about the set."""
    width = WIDE if act is None else NARROW

    def noisy(observations: Array, phases: list[str]) -> Array:
        free = explored.at(phases)
        drawn = random.uniform(-width, width, free.shape) * (random.uniform(size=free.shape) < SHARE)
        drawn *= (random.uniform(size=len(free)) >= AS_IT_IS)[:, None]
        about = 0.0 if act is None else act(observations)
        actions: Array = np.clip(free * (about + drawn), -1.0, 1.0).astype(np.float32)
        return actions

    return noisy
