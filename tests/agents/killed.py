"""Trainings that are killed with SIGKILL, at any time or as the n-th file of theirs is about to get its name.

Each part of a run is a process of its own, forked from a server that has nothing but the imports: a fresh process
without the seconds of imports.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

from agents.episodes import Scene
from agents.tasks import TASKS
from agents.train.config import TrainConfig
from agents.train.run import train
from tests.agents.tiny import TASK
from twin.console import ProgressLine

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])
SCENES = {"tiny": lambda options: Scene(TASK), "timing": lambda options: Scene(TASKS["timing"], options)}


def part_of_run(scene: str, settings: dict[str, Any], folder: str, resume: bool, die_at: int) -> None:
    """Train; `die_at`: kill this process at its n-th renaming of a file or folder, every second time after it."""
    count = 0

    def counted(rename: Any) -> Any:
        def renamed(*paths: Any, **options: Any) -> None:
            nonlocal count
            count += 1
            if count == die_at and die_at % 2:
                os.kill(os.getpid(), signal.SIGKILL)
            rename(*paths, **options)
            if count == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

        return renamed

    if die_at:
        os.replace, os.rename = counted(os.replace), counted(os.rename)
    config = TrainConfig.model_validate(settings)
    train(SCENES[scene](config.environment), config, Path(folder), ProgressLine(None, "", None), resume=resume,
          trust_pickle=True)  # fmt: skip


def run_part(
    scene: str, config: TrainConfig, folder: Path, *, die_at: int = 0, kill_after_s: float | None = None
) -> int:
    """Run one part of a training in a process of its own, on with what `folder` has; return its exit code."""
    arguments = (scene, config.model_dump(mode="json"), str(folder), folder.exists(), die_at)
    process = CONTEXT.Process(target=part_of_run, args=arguments)
    process.start()
    process.join(kill_after_s)
    if process.is_alive():
        process.kill()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def outcome(folder: Path) -> dict[str, bytes]:
    """Everything of a finished run that may not depend on what happened to it."""
    files = ["policy/policy.onnx", "policy/contract.json", "policy/card.md", "untrained/policy.onnx", "metrics.csv"]
    return {name: (folder / name).read_bytes() for name in files if (folder / name).exists()}
