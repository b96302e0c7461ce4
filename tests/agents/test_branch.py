"""Branches with real policies, and from an episode whose agent nobody names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from swaptwin import run
from tests.envs.episodes import make
from tests.tiers import slow
from tests.twin.recording.resume.rom_swaps import end_sha256, run_json
from twin.recording import open_recording
from twin.recording.verify import verify


@pytest.mark.parametrize("station", ["top_lift", slow("chassis")])
def test_policies_continue_as_they_were(station: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both decided: one draws at random, the other remembers the sway that it has seen."""
    path = tmp_path / "a.mcap"
    words = f"--station {station} --seed 3 --timing-policy random --align-policy baseline"
    run_json(f"swap --plant rom {words} --record {path}", capsys)
    with open_recording(path) as recording:
        given = [c["t_s"] for c in recording.commands() if c["command"]["fields"]["follow"]]
    said = run_json(f"swap --from {path} --at {given[30] + 0.013}", capsys)
    assert said["end_state_sha256"] == end_sha256(path)
    assert (said["timing_policy"], said["align_policy"]) == ("random", "baseline")
    assert not [e for e in said["events"] if e["name"] == "policy_differs"]


@pytest.mark.slow
def test_other_policies_take_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, other = tmp_path / "a.mcap", tmp_path / "b.mcap"
    run_json(f"swap --plant rom --seed 3 --record {path}", capsys)
    said = run_json(f"swap --from {path} --at 60 --timing-policy zvd --align-policy baseline --record {other}", capsys)
    assert said["outcome"] == "completed"
    assert said["branch"]["settings"][0]["policies"] == {"timing": "zvd", "align": "baseline"}
    assert verify(other).verified


def test_an_unnamed_policy_has_to_be_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.mcap"
    env: Any = make("swaptwin/Timing-v0", {"station": "top_lift", "plant": "rom", "last_phase": "lift_out"})
    env.unwrapped.record_next(path)
    env.reset(seed=3)
    ended = False
    while not ended:
        _, _, terminated, truncated, _ = env.step(np.full(env.action_space.shape, 0.25, np.float32))
        ended = terminated or truncated
    env.close()
    assert run(["swap", "--from", str(path), "--at", "40"]) == 2
    assert "--timing-policy: decided by a policy that the recording does not name" in capsys.readouterr().err
    said = run_json(f"swap --from {path} --at 40 --timing-policy none", capsys)
    asked = [e["phase"] for e in said["events"] if e["name"] == "timing"]
    assert asked == ["lower", "grip", "unlock", "lift_out"][: len(asked)]
    assert asked
    assert said["outcome"] == "completed"
