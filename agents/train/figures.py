"""Figures of training episodes, and where a run writes them: TensorBoard and a CSV."""

from __future__ import annotations

import csv
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.logger import KVWriter, Logger, TensorBoardOutputFormat
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn
from torch.utils.tensorboard import SummaryWriter

from agents.episodes import FORCE
from twin.errors import InputError

Array = np.ndarray
METRICS = "metrics.csv"


class EpisodeFigures(VecEnvWrapper):
    """Environments whose ended episodes are told as stable-baselines3's monitors do, and kept with all reward terms.

    A batch has terms and costs of a step as arrays (`terms`, `costs`); of others the infos are read.

    Attributes:
        finished: figures by name of the episodes that ended since `take`.
    """

    def __init__(self, venv: VecEnv, force: str | None = None) -> None:
        """`force`: the key figure that is told as `peak_lateral_force_n`."""
        super().__init__(venv)
        self.finished: list[dict[str, float]] = []
        vector: Any = getattr(venv, "vector", None)
        self._vector = vector if hasattr(vector, "terms") else None
        self._force, self._began_s = force or FORCE, time.monotonic()
        self._names: tuple[str, ...] = ()

    def reset(self) -> VecEnvObs:
        observations = self.venv.reset()
        n = self.num_envs
        self._rewards, self._steps, self._cost = np.zeros(n), np.zeros(n, np.int64), np.zeros(n)
        self._terms = np.zeros((n, len(self._names)))
        return observations

    def step_wait(self) -> VecEnvStepReturn:
        observations, rewards, dones, infos = self.venv.step_wait()
        self._rewards += rewards
        self._steps += 1
        if self._vector is not None:
            running = ~dones
            self._width(self._vector.terms.shape[1])
            self._terms[running] += self._vector.terms[running]
            self._cost[running] += self._vector.costs[running].sum(axis=1)
        for i in range(self.num_envs) if self._vector is None else np.flatnonzero(dones).tolist():
            terms = infos[i].get("reward_terms", {})
            self._names = tuple(terms)
            self._width(len(terms))
            self._terms[i] += list(terms.values())
            self._cost[i] += float(infos[i].get("cost", 0.0))
        for i in np.flatnonzero(dones).tolist():
            self._end(i, infos[i])
        self._rewards[dones], self._steps[dones], self._cost[dones], self._terms[dones] = 0.0, 0, 0.0, 0.0
        return observations, rewards, dones, infos

    def _width(self, terms: int) -> None:
        if self._terms.shape[1] != terms:
            self._terms = np.zeros((self.num_envs, terms))

    def _end(self, i: int, info: dict[str, Any]) -> None:
        """Keep the figures of the episode that has ended in world `i`, and tell it as a monitor does."""
        kpis = info["kpis"]
        episode = {"r": float(self._rewards[i]), "l": int(self._steps[i])}
        info["episode"] = episode | {"t": time.monotonic() - self._began_s}
        figures = {"success": float(info["is_success"]), "reward": episode["r"], "steps": float(episode["l"])}
        figures |= {"cost": float(self._cost[i]), "time_s": float(kpis["time_s"])}
        figures |= {FORCE: float(kpis[self._force])} if self._force in kpis else {}
        self.finished.append(
            figures | {f"term_{name}": float(value) for name, value in zip(self._names, self._terms[i], strict=True)}
        )

    def take(self) -> dict[str, float]:
        """Return the means of the episodes that ended since the last call, and their number."""
        finished, self.finished = self.finished, []
        if not finished:
            return {"episodes": 0.0}
        means = {name: float(np.mean([figures[name] for figures in finished])) for name in finished[0]}
        return {"episodes": float(len(finished)), **means}


class AppendedCsv(KVWriter):
    """Metrics as one row for each update; a resumed run drops the rows after its checkpoint and goes on."""

    def __init__(self, path: Path, resumed_at: int | None) -> None:
        """`resumed_at`: step of the checkpoint; None: a new run, whose file begins anew."""
        self._path, self._rows = path, []
        if path.is_file() and resumed_at is not None:
            try:
                with path.open(newline="") as file:
                    self._rows = [row for row in csv.DictReader(file) if float(row.get("step") or "inf") <= resumed_at]
            except (ValueError, csv.Error) as error:
                raise InputError(f"is damaged ({error}); without it the run goes on", file=path) from None

    def write(self, key_values: dict[str, Any], key_excluded: dict[str, Any], step: int = 0) -> None:
        numbers = {
            key: value
            for key, value in key_values.items()
            if isinstance(value, int | float | np.number) and not key.startswith("time/")  # of the machine, not the run
        }
        self._rows.append({"step": str(step)} | {key: f"{float(value):.6g}" for key, value in numbers.items()})
        names = list(dict.fromkeys(name for row in self._rows for name, text in row.items() if text))
        part = self._path.with_name(f".{self._path.name}.part")
        with part.open("w", newline="") as file:
            writer = csv.DictWriter(file, names, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(self._rows)
        os.replace(part, self._path)

    def close(self) -> None:
        """Do nothing: each row is on disk."""


class Events(TensorBoardOutputFormat):
    """TensorBoard's events; a resumed run hides what its folder has after the checkpoint."""

    def __init__(self, folder: Path, resumed_at: int | None) -> None:
        self._is_closed = False
        folder.mkdir(parents=True, exist_ok=True)
        begin = any(folder.iterdir())
        purge_step = None if not begin else 0 if resumed_at is None else resumed_at + 1
        self.writer = SummaryWriter(str(folder), purge_step=purge_step)


def make_logger(folder: Path, resumed_at: int | None) -> Logger:
    """Make the logger of a run in `folder`; `resumed_at`: step of the checkpoint it goes on from, None: a new run."""
    events = folder / "tensorboard"
    return Logger(str(events), [Events(events, resumed_at), AppendedCsv(folder / METRICS, resumed_at)])
