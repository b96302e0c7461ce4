"""`swaptwin evaluate` and `swaptwin train` as a user runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RunCommand = Any


def test_evaluate_prints_one_json_object(run_swaptwin: RunCommand) -> None:
    done = run_swaptwin(
        "evaluate", "docking", "--policy", "baseline", "--conditions", "clear", "--parking", "guided",
        "--plant", "docking", "--episodes", "2", "--seed", "5", "--workers", "1", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    reported = json.loads(done.stdout)
    assert (reported["task"], reported["station"], reported["conditions"], reported["episodes"]) == (
        "docking",
        "top_lift",
        "clear",
        2,
    )
    assert reported["policies"][0]["reasons"] == {"docked": 2}
    assert reported["interrupted"] is False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "dockin"], "error: TASK: unknown task (did you mean docking?), got 'dockin'"),
        (["evaluate", "docking", "--policy", "best"], "error: --policy: unknown policy"),
        (["evaluate", "docking", "--episodes", "0"], "error: --episodes: out of range, got 0 (allowed: 1 to"),
        (["evaluate", "docking", "--plant", "rom"], "error: --plant: task docking takes no such option, got 'rom'"),
        (["evaluate", "alignment", "--plant", "mujoco"], "plant: unknown, got 'mujoco' (allowed: bullet, rom)"),
        (["evaluate", "docking", "--parking", "driven"], "error: --parking: unknown, got 'driven'"),
        (["evaluate", "docking", "--conditions", "fog"], "conditions: unknown, got 'fog'"),
        (["evaluate", "docking", "--record-failures", __file__], "error: --record-failures: is not a folder"),
        (["train", "docking", "--algorithm", "dqn"], "--algorithm: unknown value"),
        (["train", "docking", "--resume", "nowhere"], "error: --resume: no run to resume"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(run_swaptwin: RunCommand, arguments: list[str], said: str) -> None:
    done = run_swaptwin(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_ctrl_c_prints_what_is_done(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "swaptwin", "evaluate", "docking", "--policy", "baseline", "--episodes", "100000",
         "--workers", "1", "--json"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    time.sleep(5.0)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    if out:  # else it was still importing
        reported = json.loads(out)
        assert reported["interrupted"] is True
        assert reported["episodes"] == sum(reported["policies"][0]["reasons"].values())
    assert "interrupted" in err
    assert "Traceback" not in err
