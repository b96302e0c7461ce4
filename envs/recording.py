"""Record an episode while it is played, in the format of a swap's or an insertion's recording."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twin.recording.mcap.container_out import check_output_path

if TYPE_CHECKING:
    from twin.recording.swap import SwapRecorder
    from twin.recording.swap.configuration import Twin


class Asked:
    """Record the requested episodes of an environment; a copy (pickle) of the environment records none.

    The file's last event is `episode`: the sum of the rewards and the number of steps.
    """

    def __init__(self, decides: str) -> None:
        """`decides`: the agent's role, "align", "timing" or "dock"."""
        self._decides = decides
        self._next: tuple[Path, str | None] | None = None
        self._recorder: Any = None
        self._reward, self._steps = 0.0, 0

    @property
    def asked(self) -> bool:
        """True if the next episode is to be recorded."""
        return self._next is not None

    def ask(self, path: str | os.PathLike[str], policy: str | None = None) -> None:
        """Record the next episode to `path`; the header names `policy`.

        Raises:
            InputError: the path cannot be written, or is a file that is no recording.
        """
        self._next = check_output_path(os.fspath(path)), policy

    def drop(self) -> None:
        """Close an unfinished recording as interrupted."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    def _taken(self) -> tuple[Path, dict[str, str]] | None:
        """Return (path of the recording, policies by role) of the episode that begins, None without recording."""
        self.drop()
        request, self._next = self._next, None
        self._reward, self._steps = 0.0, 0
        if request is None:
            return None
        path, policy = request
        return path, {} if policy is None else {self._decides: policy}

    def _stepped(self, reward: float, outcome: str) -> tuple[str, dict[str, Any]]:
        """Count a step; return the message and the numbers of the event `episode`."""
        self._reward, self._steps = self._reward + reward, self._steps + 1
        message = f"{outcome} after {self._steps} steps, reward {self._reward:.2f}"
        return message, {"outcome": outcome, "steps": self._steps, "reward": self._reward}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_recorder": None, "_next": None}


class EpisodeRecorder(Asked):
    """Recorder of a swap's or an insertion's twin."""

    _recorder: SwapRecorder | None

    def begin(self, twin: Twin) -> None:
        """Begin the next episode with this twin, which has not run yet."""
        from twin.recording.swap import SwapRecorder

        request = self._taken()
        if request is None:
            return
        path, policies = request
        if policies:
            twin.policies = policies
        self._recorder = SwapRecorder(path, twin)

    def step(self, twin: Twin, reward: float, outcome: str) -> None:
        """Note the end of a step; any outcome but "running" ends the episode and closes the file."""
        if self._recorder is None:
            return
        message, numbers = self._stepped(reward, outcome)
        if outcome == "running":
            return
        twin.program.end(0, outcome, "")  # time limit or end of the chosen part: unknown to the twin
        twin.program.event(0, "episode", message, **numbers)
        with self._recorder as recorder:
            recorder.finish(dataclasses.replace(twin.result(), outcome=outcome))
        self._recorder = None
