"""Recording an episode while it is played: the same file that a swap or an insertion gives."""

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
    """Records those episodes of an environment for which it is asked; a copy (pickle) of the environment records none.

    The file's events end with `episode`: the sum of the rewards, and how many steps there were.
    """

    def __init__(self, decides: str) -> None:
        """`decides` says what the agent decides: "align", "timing" or "dock"."""
        self._decides = decides
        self._next: tuple[Path, str | None] | None = None
        self._recorder: Any = None
        self._reward, self._steps = 0.0, 0

    @property
    def asked(self) -> bool:
        """Whether the next episode shall be recorded."""
        return self._next is not None

    def ask(self, path: str | os.PathLike[str], policy: str | None = None) -> None:
        """Record the next episode to `path`; the header names `policy`.

        Raises:
            InputError: a path that cannot be written, or is another file than a recording.
        """
        self._next = check_output_path(os.fspath(path)), policy

    def drop(self) -> None:
        """Close what has not ended, as interrupted."""
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None

    def _taken(self) -> tuple[Path, dict[str, str]] | None:
        """(where to record the episode that begins, its policies by what they decide), if it is to be."""
        self.drop()
        asked, self._next = self._next, None
        self._reward, self._steps = 0.0, 0
        if asked is None:
            return None
        path, policy = asked
        return path, {} if policy is None else {self._decides: policy}

    def _stepped(self, reward: float, outcome: str) -> tuple[str, dict[str, Any]]:
        """A step is over: what the event `episode` says by now, in words and in numbers."""
        self._reward, self._steps = self._reward + reward, self._steps + 1
        said = f"{outcome} after {self._steps} steps, reward {self._reward:.2f}"
        return said, {"outcome": outcome, "steps": self._steps, "reward": self._reward}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_recorder": None, "_next": None}


class EpisodeRecorder(Asked):
    """Of a swap's twin, or an insertion's."""

    _recorder: SwapRecorder | None

    def begin(self, twin: Twin) -> None:
        """The next episode begins with this twin, of which nothing has run yet."""
        from twin.recording.swap import SwapRecorder

        asked = self._taken()
        if asked is None:
            return
        path, policies = asked
        if policies:
            twin.policies = policies
        self._recorder = SwapRecorder(path, twin)

    def step(self, twin: Twin, reward: float, outcome: str) -> None:
        """A step is over; with any outcome but "running" the episode is, and the file is closed."""
        if self._recorder is None:
            return
        said, numbers = self._stepped(reward, outcome)
        if outcome == "running":
            return
        twin.program.end(0, outcome, "")  # a time limit, or a part that is over: the twin knows neither
        twin.program.event(0, "episode", said, **numbers)
        with self._recorder as recorder:
            recorder.finish(dataclasses.replace(twin.result(), outcome=outcome))
        self._recorder = None
