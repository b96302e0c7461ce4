"""Worker processes whose parent is killed while they are busy: they end by themselves, and say nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.pool import Pool

ROOT = Path(__file__).resolve().parents[2]
BUSY_S = 1.0


def build(folder: str) -> Callable[[int], int]:
    """A worker that notes its process and is busy for a while with each item."""

    def answer(item: int) -> int:
        (Path(folder) / "worker").write_text(str(os.getpid()))
        time.sleep(BUSY_S)
        return item

    return answer


def running(process: int) -> bool:
    """True unless the process has ended, or waits for a parent to notice its end."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_worker_whose_parent_was_killed_ends_quietly(how: signal.Signals, tmp_path: Path) -> None:
    note, said = tmp_path / "worker", tmp_path / "said"
    with said.open("wb") as file:
        parent = subprocess.Popen(
            [sys.executable, "-m", "tests.agents.test_pool", str(tmp_path)],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=file, stdout=file,
        )  # fmt: skip
        began_s = time.monotonic()
        while not (note.exists() and note.read_text()) and time.monotonic() - began_s < 60.0:
            time.sleep(0.01)
        parent.send_signal(how)
        parent.wait()
    worker, began_s = int(note.read_text()), time.monotonic()
    while running(worker) and time.monotonic() - began_s < 60.0:
        time.sleep(0.05)
    assert not running(worker)
    assert "Traceback" not in said.read_text()
    assert "BrokenPipe" not in said.read_text()


if __name__ == "__main__":
    with Pool(1, build, sys.argv[1]) as pool:
        list(pool.answers(range(1000)))
