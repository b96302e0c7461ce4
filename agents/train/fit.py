"""Fit a policy of Timing-v1 to what its steps do: effects of actions by regression, the policy down their gradient.

What a phase of a swap does depends on what is observed as it begins and on the action; what is left to later phases is
small. So each decision is taken as a contextual bandit. Swaps are played with the set itself and again, on the same
seeds, with random actions: the difference of the two holds the effect of the actions and little else. Networks learn
the lateral force of a step, its spread, the risk of failing and what an action changes of them and of the time. The
policy's own network goes down their gradient, while a Lagrange multiplier keeps the mean time at the set's. Then swaps
with noise about the policy are added, and so on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from agents.train.config import FitWeights

Array = np.ndarray
WINDOW = 2
"""Steps whose force and time an action answers for: what unlocking leaves tilted swings in the lift after it, and an
overlap moves the beginning of the next phase."""
FORCE_N, FLOOR_N = 1000.0, 50.0
"""Unit of forces, and what is added to one before its logarithm is taken: below it nothing presses."""
SPREADS = (-3.0, 0.7)
"""Limits of the logarithm of the spread of a log force."""
TIME_BETA_S, EFFECT_BETA = 0.3, 0.2
"""Where the losses of time and of paired log forces pass from square to linear: single swaps wait for a sway to end."""
LEAST_DEVIATION = 1e-3
"""Deviation up to which a quantity counts as constant."""
PAIRED = 20.0
"""Weight of a paired difference of log forces beside the force itself, which is so much noisier [measured: 179 N within
a seed, 1,059 N between seeds]."""


@dataclass(frozen=True)
class Step:
    """One decision of a swap, and what came of it until the next one."""

    phase: str
    observation: Array
    action: Array
    force_n: float
    time_s: float


@dataclass(frozen=True)
class Examples:
    """Decisions: observations (M, O), actions (M, A) and, over `WINDOW` steps, peak force, time, failure (M,).

    `plain_force_n` and `plain_time_s` are of the same decision in the swap with the set itself; NaN without one.
    """

    observations: Array
    actions: Array
    force_n: Array
    time_s: Array
    failed: Array
    plain_force_n: Array
    plain_time_s: Array

    def __len__(self) -> int:
        return len(self.force_n)

    @staticmethod
    def joined(parts: Sequence[Examples]) -> Examples:
        """Return all of them."""
        return Examples(*(np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS))


COLUMNS = ("observations", "actions", "force_n", "time_s", "failed", "plain_force_n", "plain_time_s")


def examples_of(steps: Sequence[Step], failed: bool, plain: Sequence[Step] = ()) -> Examples:
    """Make the examples of one swap; `plain`: the swap of the same seed with the set itself."""
    own, other = _windows(steps), _windows(plain)
    nothing = (float("nan"), float("nan"))
    reference = [other.get(key, nothing) for key in own]
    n = len(steps)
    return Examples(
        np.stack([step.observation for step in steps]).astype(np.float32),
        np.stack([step.action for step in steps]).astype(np.float32),
        np.array([force_n for force_n, _ in own.values()], np.float32),
        np.array([time_s for _, time_s in own.values()], np.float32),
        np.array([failed and k + WINDOW >= n for k in range(n)], np.float32),
        np.array([force_n for force_n, _ in reference], np.float32),
        np.array([time_s for _, time_s in reference], np.float32),
    )


def _windows(steps: Sequence[Step]) -> dict[tuple[str, int], tuple[float, float]]:
    """Peak force (N) and time (s) over each window, by the phase and how often it was asked for before."""
    found: dict[tuple[str, int], tuple[float, float]] = {}
    counts: dict[str, int] = {}
    for k, step in enumerate(steps):
        window = steps[k : k + WINDOW]
        counts[step.phase] = counts.get(step.phase, -1) + 1
        force_n, time_s = max(one.force_n for one in window), sum(one.time_s for one in window)
        found[step.phase, counts[step.phase]] = force_n, time_s
    return found


class Scaled(nn.Module):
    """Observations less their mean over their deviation: parked poses differ by a tenth of their fixed scale."""

    def __init__(self, observations: Array) -> None:
        super().__init__()
        deviation = observations.std(axis=0)
        self.mean = nn.Parameter(torch.from_numpy(observations.mean(axis=0)), requires_grad=False)
        self.deviation = nn.Parameter(
            torch.from_numpy(np.where(deviation > LEAST_DEVIATION, deviation, 1.0).astype(np.float32)),
            requires_grad=False,
        )

    def forward(self, observations: Tensor) -> Tensor:
        scaled: Tensor = (observations - self.mean) / self.deviation
        return scaled


class StepModel(nn.Module):
    """What a step does, by networks: `forward` gives mean and spread of the log force, time, logit of failing.

    The time is the difference to the zero action's.
    """

    def __init__(self, scaled: Scaled, actions: int, width: int, members: int) -> None:
        super().__init__()
        self.scaled, observed = scaled, len(scaled.mean)
        self.plain = nn.ModuleList(_network(observed, width, 3) for _ in range(members))
        self.effect = nn.ModuleList(_network(observed + actions, width, 3) for _ in range(members))

    def effects(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Return (members, M, 3): changes of log force, time (s) and logit of failing against the zero action."""
        seen = self.scaled(observations)
        rows = torch.cat([seen, actions], dim=1)
        zeros = torch.cat([seen, torch.zeros_like(actions)], dim=1)
        return torch.stack([member(rows) - member(zeros) for member in self.effect])

    def forward(self, observations: Tensor, actions: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return mean and spread of the log force, time in s and logit of failing, each (members, M)."""
        seen = self.scaled(observations)
        plain = torch.stack([member(seen) for member in self.plain])
        changes = self.effects(observations, actions)
        spread = plain[..., 1].clamp(*SPREADS).exp()
        return plain[..., 0] + changes[..., 0], spread, changes[..., 1], plain[..., 2] + changes[..., 2]


def _network(inputs: int, width: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(inputs, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, outputs)
    )


def log_force(force_n: Tensor) -> Tensor:
    """Return what the model predicts of a force in N."""
    return torch.log((force_n + FLOOR_N) / FORCE_N)


def fit_model(
    model: StepModel,
    examples: Examples,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    until_s: float = float("inf"),
) -> float:
    """Fit the model; return the mean loss of the last epoch. No epoch begins after `until_s` (`time.monotonic`)."""
    columns = {name: torch.from_numpy(getattr(examples, name)) for name in COLUMNS}
    optimiser = torch.optim.AdamW(model.parameters(), learning_rate, weight_decay=1e-2)
    batches = max(len(examples) // batch_size, 1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * batches)
    total = 0.0
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(examples)).chunk(batches):
            loss = _loss(model, {name: column[rows] for name, column in columns.items()})
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        if time.monotonic() >= until_s:
            break
    return total / batches


def _loss(model: StepModel, of: Mapping[str, Tensor]) -> Tensor:
    mean, spread, longer_s, risk = model(of["observations"], of["actions"])
    force = log_force(of["force_n"])
    loss = (spread.log() + 0.5 * ((force - mean) / spread).square()).mean()
    loss = loss + nn.functional.binary_cross_entropy_with_logits(risk, of["failed"].expand_as(risk))
    paired = ~torch.isnan(of["plain_time_s"])
    if paired.any():
        change = model.effects(of["observations"][paired], of["actions"][paired])
        more = (force - log_force(of["plain_force_n"]))[paired].expand_as(change[..., 0])
        longer = (of["time_s"] - of["plain_time_s"])[paired].expand_as(change[..., 1])
        loss = loss + PAIRED * nn.functional.smooth_l1_loss(change[..., 0], more, beta=EFFECT_BETA)
        loss = loss + nn.functional.smooth_l1_loss(change[..., 1], longer, beta=TIME_BETA_S)
    return loss


def improve(
    actor: nn.Module,
    model: StepModel,
    observations: Array,
    varied: Array,
    warn_n: float,
    weights: FitWeights,
    updates: int,
    batch_size: int,
    learning_rate: float,
) -> dict[str, float]:
    """Bring the actor down the model's gradient, its mean time at that of the zero action; return the last figures.

    Args:
        actor: maps observations (M, O) to actions (M, A).
        observations: (M, O) of the steps to be decided.
        varied: (M, A) bool, elements that the examples vary in the phase.
        warn_n: the station's warning limit of lateral force.
    """
    seen, free = torch.from_numpy(observations), torch.from_numpy(varied.astype(np.float32))
    warn = float(log_force(torch.tensor(warn_n)))
    optimiser = torch.optim.Adam(actor.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates)
    for network in (model.plain, model.effect):
        network.requires_grad_(False)
    price, sums = weights.price, np.zeros(4)
    last = max(updates // 5, 1)
    for update in range(updates):
        rows = torch.randint(len(seen), (batch_size,))
        raw = actor(seen[rows])
        action = raw.clamp(-1.0, 1.0) * free[rows]
        mean, spread, longer, logit = model(seen[rows], action)
        over = 0.5 * torch.erfc((warn - mean) / spread / 2.0**0.5)
        tail = 0.2 * nn.functional.softplus((mean + 1.28 * spread - warn) / 0.2)
        risk = torch.sigmoid(logit)
        pain = over + weights.tail * tail + weights.failing * risk
        pain = pain.mean(0) + weights.doubt * pain.std(0) + price * longer.mean(0)
        beyond = (raw.abs() - 1.0).clamp(min=0.0).square().sum(1)
        idle = (raw * (1.0 - free[rows])).square().sum(1)
        loss = (pain + weights.effort * action.square().sum(1) + weights.unexplored * idle + beyond).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        longer_s = weights.steps * float(longer.mean().detach())
        price = min(max(price + weights.price_rate * (longer_s - weights.longer_s), 0.0), weights.most)
        if update >= updates - last:
            shares = [float(value.mean().detach()) for value in (over, risk, idle)]
            sums += [weights.steps * shares[0], longer_s, weights.steps * shares[1], shares[2]]
        over_a_swap, longer_s, risk_a_swap, idle_left = (sums / last).tolist()
    return {"over": over_a_swap, "longer_s": longer_s, "risk": risk_a_swap, "idle": idle_left, "price": price}
