"""The other end of `side.py`: starts it, tells it to run, and reads how far it came."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

SIDE = Path(__file__).with_name("side.py")
ROOT = Path(__file__).parents[3]
PATIENCE_S = 120.0
"""For a response beyond its running time: kernels compile at the first start."""


class SideError(Exception):
    """A side that could not be had, in words."""


class Process:
    """An environment that runs in turns in a process of its own.

    >>> with Process("envs:swaptwin/Docking-v3") as docking:
    ...     docking.ask(0.5)
    ...     print(docking.answer()["steps"])
    """

    def __init__(self, name: str, arguments: dict[str, Any] | None = None) -> None:
        paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(SIDE), name, json.dumps(arguments or {})],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
        )
        self._seconds = 0.0
        try:
            self.answer()
        except BaseException:
            self.close()
            raise

    def ask(self, seconds: float) -> None:
        """Let it run for that long; returns at once."""
        assert self._process.stdin is not None
        self._seconds = seconds
        try:
            self._process.stdin.write(f"{seconds}\n".encode())
            self._process.stdin.flush()
        except BrokenPipeError:
            raise SideError(f"ended, exit code {self._process.wait()}") from None

    def answer(self) -> dict[str, Any]:
        """What it did.

        Raises:
            SideError: it could not start, ended or gave no answer in time.
        """
        out = self._process.stdout
        assert out is not None
        if not select.select([out], [], [], self._seconds + PATIENCE_S)[0]:
            raise SideError(f"gave no answer within {PATIENCE_S:.0f} s")
        line = out.readline()
        if not line:
            raise SideError(f"ended, exit code {self._process.wait()}")
        said: dict[str, Any] = json.loads(line)
        if "error" in said:
            raise SideError(said["error"])
        return said

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # what was not yet sent
                    pipe.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
