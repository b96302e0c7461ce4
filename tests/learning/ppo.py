"""PPO in one file, for any Gymnasium environment with boxes of numbers; it knows nothing of this project.

    python ppo.py envs:swaptwin/Docking-v3 --arguments '{"guided": true}' --steps 1000000

After Schulman et al. 2017 (arXiv:1707.06347), with the details that cleanrl's ppo_continuous_action.py lists.
Prints one JSON object: how far it came, and mean return and success rate of the last 100 episodes.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import Tensor, nn
from torch.distributions import Normal


@dataclass(frozen=True)
class Settings:
    steps: int = 1_000_000
    seconds: float = math.inf  # wall time after which a last update ends the training
    seed: int = 1
    rollout: int = 2048
    minibatches: int = 32
    epochs: int = 10
    learning_rate: float = 3e-4
    gamma: float = 0.99
    gae_lambda: float = 0.95
    clip: float = 0.2
    value_weight: float = 0.5
    max_gradient: float = 0.5


def network(inputs: int, outputs: int, last_gain: float) -> nn.Sequential:
    """Two hidden layers, orthogonal weights, no biases to begin with."""
    layers = [nn.Linear(inputs, 64), nn.Linear(64, 64), nn.Linear(64, outputs)]
    for layer, gain in zip(layers, (math.sqrt(2), math.sqrt(2), last_gain), strict=True):
        nn.init.orthogonal_(layer.weight, gain)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2])


class Agent(nn.Module):
    def __init__(self, observations: int, actions: int) -> None:
        super().__init__()
        self.actor, self.critic = network(observations, actions, 0.01), network(observations, 1, 1.0)
        self.log_std = nn.Parameter(torch.zeros(actions))

    def value(self, observation: Tensor) -> Tensor:
        return self.critic(observation).squeeze(-1)

    def policy(self, observation: Tensor) -> Normal:
        return Normal(self.actor(observation), self.log_std.exp())


@dataclass
class Rollout:
    """One row a step. `after` is the value of the state that followed: 0 at a real end, not at a time limit."""

    observation: Tensor
    action: Tensor
    log_probability: Tensor
    reward: Tensor
    value: Tensor
    after: Tensor
    ended: Tensor

    @classmethod
    def empty(cls, steps: int, observations: int, actions: int) -> Rollout:
        scalars = (torch.zeros(steps) for _ in range(5))
        return cls(torch.zeros(steps, observations), torch.zeros(steps, actions), *scalars)

    def cut(self, steps: int) -> Rollout:
        return Rollout(**{name: rows[:steps] for name, rows in vars(self).items()})

    def advantages(self, gamma: float, gae_lambda: float) -> Tensor:
        """Generalised advantage estimates."""
        error = self.reward + gamma * self.after - self.value
        found, carried = torch.zeros_like(error), torch.tensor(0.0)
        for t in reversed(range(len(error))):
            carried = error[t] + gamma * gae_lambda * (1 - self.ended[t]) * carried
            found[t] = carried
        return found


def update(agent: Agent, optimiser: torch.optim.Optimizer, rows: Rollout, s: Settings) -> None:
    """Some epochs over one rollout, in minibatches."""
    advantages = rows.advantages(s.gamma, s.gae_lambda)
    returns = advantages + rows.value
    for _ in range(s.epochs):
        for batch in torch.randperm(len(returns)).chunk(min(s.minibatches, max(1, len(returns) // 8))):
            log_probability = agent.policy(rows.observation[batch]).log_prob(rows.action[batch]).sum(-1)
            ratio = (log_probability - rows.log_probability[batch]).exp()
            advantage = advantages[batch]
            advantage = (advantage - advantage.mean()) / (advantage.std(correction=0) + 1e-8)
            gain = torch.min(ratio * advantage, ratio.clamp(1 - s.clip, 1 + s.clip) * advantage).mean()
            miss = 0.5 * (agent.value(rows.observation[batch]) - returns[batch]).square().mean()
            optimiser.zero_grad()
            (s.value_weight * miss - gain).backward()
            nn.utils.clip_grad_norm_(agent.parameters(), s.max_gradient)
            optimiser.step()


def train(env: gymnasium.Env[Any, Any], s: Settings) -> tuple[Agent, dict[str, Any]]:
    """The agent, and what is said of it."""
    torch.manual_seed(s.seed)
    low, high = torch.tensor(env.action_space.low), torch.tensor(env.action_space.high)
    size = env.observation_space.shape[0]
    agent = Agent(size, len(low))
    optimiser = torch.optim.Adam(agent.parameters(), s.learning_rate, eps=1e-5)
    returns: deque[float] = deque(maxlen=100)
    successes: deque[bool] = deque(maxlen=100)
    observation, _ = env.reset(seed=s.seed)
    now = torch.as_tensor(observation, dtype=torch.float32)
    done, updates, episode, began_s, late = 0, 0, 0.0, time.monotonic(), False
    while done < s.steps and not late:
        rows, taken = Rollout.empty(min(s.rollout, s.steps - done), size, len(low)), 0
        for t in range(len(rows.reward)):
            with torch.no_grad():
                policy = agent.policy(now)
                action = policy.sample()
                rows.value[t], rows.log_probability[t] = agent.value(now), policy.log_prob(action).sum(-1)
            sent = (low + (high - low) * (action.clamp(-1, 1) + 1) / 2).numpy()
            observation, reward, terminated, truncated, info = env.step(sent.astype(env.action_space.dtype))
            rows.observation[t], rows.action[t], rows.reward[t] = now, action, float(reward)
            now = torch.as_tensor(observation, dtype=torch.float32)
            with torch.no_grad():
                rows.after[t] = 0.0 if terminated else agent.value(now)
            rows.ended[t] = float(terminated or truncated)
            episode, taken = episode + float(reward), taken + 1
            if terminated or truncated:
                returns.append(episode)
                successes.append(bool(info.get("is_success", False)))
                now, episode = torch.as_tensor(env.reset()[0], dtype=torch.float32), 0.0
            late = time.monotonic() - began_s > s.seconds
            if late:
                break
        update(agent, optimiser, rows.cut(taken), s)
        done, updates = done + taken, updates + 1
    said = {"steps": done, "updates": updates, "episodes": len(returns)}
    if returns:
        said |= {"mean_return": float(np.mean(returns)), "success_rate": float(np.mean(successes))}
    return agent, said


def main() -> None:
    parser = argparse.ArgumentParser(description="PPO on one environment.")
    parser.add_argument("id")
    parser.add_argument("--arguments", type=json.loads, default={}, help="of gymnasium.make, as JSON")
    for name, default in vars(Settings()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    given = vars(parser.parse_args())
    torch.set_num_threads(1)
    env = gymnasium.make(given.pop("id"), **given.pop("arguments"))
    _, said = train(env, Settings(**given))
    env.close()
    print(json.dumps(said))


if __name__ == "__main__":
    main()
