"""Fit a policy of Timing-v1 to what its steps do: a model of force and time by regression, the policy by its gradient.

What a phase of a swap does depends on what is observed as it begins and on the action; what is left to later phases is
small. So each decision is taken as a contextual bandit: swaps with random actions give examples, networks learn the
peak lateral force, the time and the risk of failing of a step and the one after it, and the policy's own network goes
down their gradient. A Lagrange multiplier keeps the mean time at that of the set which actions change. Then swaps with
noise about the policy are added, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

Array = np.ndarray
WINDOW = 2
"""Steps whose force and time an action answers for: what unlocking leaves tilted swings in the lift after it, and an
overlap moves the beginning of the next phase."""
FORCE_N = 1000.0
FLOOR_N = 50.0
"""Added to a force before its logarithm is taken: below it nothing presses."""


@dataclass(frozen=True)
class Examples:
    """Steps: observations (M, O), actions (M, A); of step and window: peak force in N, time in s, failed (M,)."""

    observations: Array
    actions: Array
    force_n: Array
    time_s: Array
    failed: Array

    def __len__(self) -> int:
        return len(self.force_n)

    @staticmethod
    def joined(parts: Sequence[Examples]) -> Examples:
        """Return all of them."""
        names = ("observations", "actions", "force_n", "time_s", "failed")
        return Examples(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def windows(steps: Sequence[tuple[Array, Array, float, float]], failed: bool) -> Examples:
    """Make the examples of one episode from its (observation, action, peak force in N, time in s) in order."""
    force = np.array([step[2] for step in steps])
    time = np.array([step[3] for step in steps])
    n = len(steps)
    ahead = [slice(k, min(k + WINDOW, n)) for k in range(n)]
    lost = np.array([failed and k + WINDOW >= n for k in range(n)], np.float32)
    return Examples(
        np.stack([step[0] for step in steps]),
        np.stack([step[1] for step in steps]),
        np.array([force[window].max() for window in ahead], np.float32),
        np.array([time[window].sum() for window in ahead], np.float32),
        lost,
    )


@dataclass(frozen=True)
class Weights:
    """What counts against an action, beside the probability of a force beyond the warning limit.

    Attributes:
        tail: of the 90th percentile of the log force beyond it.
        failing: of the risk of failing.
        doubt: of the spread among the model's members.
        effort: of the square of the action, against idle deviations from the set.
        longer_s: mean time that a swap may last longer than with the set.
        price: of a second, to begin with; it rises by `price_rate` times the excess in each update, up to `most`.
        steps: of a swap.
    """

    tail: float = 0.5
    failing: float = 3.0
    doubt: float = 0.5
    effort: float = 0.001
    longer_s: float = -0.1
    price: float = 0.1
    price_rate: float = 0.0005
    most: float = 2.0
    steps: float = 14.0


class StepModel(nn.Module):
    """Networks that predict, for observations and actions, log force (mean, spread), time and the risk of failing."""

    def __init__(self, observed: int, actions: int, width: int, members: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(
            nn.Sequential(
                nn.Linear(observed + actions, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, 4)
            )
            for _ in range(members)
        )

    def forward(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Return (members, M, 4): mean and log spread of log force, time in s, logit of failing."""
        rows = torch.cat([observations, actions], dim=1)
        return torch.stack([member(rows) for member in self.members])


def log_force(force_n: Tensor) -> Tensor:
    """Return what the model predicts of a force."""
    return torch.log((force_n + FLOOR_N) / FORCE_N)


def fit_model(model: StepModel, examples: Examples, epochs: int, batch_size: int, learning_rate: float) -> float:
    """Fit the model; each member sees the steps in an order of its own. Return the mean loss of the last epoch."""
    observations, actions = torch.from_numpy(examples.observations), torch.from_numpy(examples.actions)
    force, time = log_force(torch.from_numpy(examples.force_n)), torch.from_numpy(examples.time_s)
    failed = torch.from_numpy(examples.failed)
    optimiser = torch.optim.AdamW(model.parameters(), learning_rate, weight_decay=1e-3)
    batches = max(len(examples) // batch_size, 1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * batches)
    total = 0.0
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(examples)).chunk(batches):
            mean, spread, lasts, risk = model(observations[rows], actions[rows]).unbind(-1)
            spread = spread.clamp(-4.0, 1.0)
            loss = (spread + 0.5 * ((force[rows] - mean) / spread.exp()).square()).mean()
            loss = loss + nn.functional.smooth_l1_loss(lasts, time[rows].expand_as(lasts), beta=0.5)
            loss = loss + nn.functional.binary_cross_entropy_with_logits(risk, failed[rows].expand_as(risk))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
    return total / batches


def improve(
    actor: nn.Module,
    model: StepModel,
    observations: Array,
    warn_n: float,
    weights: Weights,
    updates: int,
    batch_size: int,
    learning_rate: float,
) -> dict[str, float]:
    """Bring the actor down the model's gradient, its mean time at that of the zero action; return the last figures.

    Args:
        actor: maps observations (M, O) to actions (M, A).
        observations: (M, O) of the steps to be decided.
        warn_n: the station's warning limit of lateral force.
    """
    seen, warn = torch.from_numpy(observations), float(log_force(torch.tensor(warn_n)))
    steps_a_swap = weights.steps
    optimiser = torch.optim.Adam(actor.parameters(), learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, updates)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    price, figures = weights.price, {}
    for _ in range(updates):
        rows = seen[torch.randint(len(seen), (batch_size,))]
        raw = actor(rows)
        action = raw.clamp(-1.0, 1.0)
        said, plain = model(rows, action), model(rows, torch.zeros_like(action))
        mean, spread = said[..., 0], said[..., 1].clamp(-4.0, 1.0).exp()
        over = 0.5 * torch.erfc((warn - mean) / spread / 2.0**0.5)
        tail = 0.2 * nn.functional.softplus((mean + 1.28 * spread - warn) / 0.2)
        lasts = (said[..., 2] - plain[..., 2]).mean(0)
        risk = torch.sigmoid(said[..., 3])
        pain = over + weights.tail * tail + weights.failing * risk
        pain = pain.mean(0) + weights.doubt * pain.std(0)
        beyond = (raw.abs() - 1.0).clamp(min=0.0).square().sum(1)
        loss = (pain + price * lasts + weights.effort * action.square().sum(1) + beyond).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        longer_s = steps_a_swap * float(lasts.mean().detach())
        price = min(max(price + weights.price_rate * (longer_s - weights.longer_s), 0.0), weights.most)
        figures = {
            "over": steps_a_swap * float(over.mean().detach()),
            "longer_s": longer_s,
            "risk": steps_a_swap * float(risk.mean().detach()),
            "price": price,
        }
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    return figures
