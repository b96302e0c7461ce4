"""The bench's rows on learning, with few worlds and beside an environment that every installation has."""

from __future__ import annotations

import pytest

from tests.benchmarks.learning import REQUIRED_STEPS_PER_S, rows
from twin.console import ProgressLine

QUIET = ProgressLine(None, "", None)
FEW = ("worlds=8", "ppo.n_steps=8", "ppo.batch_size=16", "ppo.n_epochs=1")


def test_ours_beside_another() -> None:
    ours, theirs = rows(QUIET, other="Pendulum-v1", rollout=64, turns=2, settings=FEW)
    assert (ours.name, ours.against) == ("Alignment-v1, PPO learning", "Pendulum-v1, PPO learning")
    assert ours.value is not None
    assert theirs.value is not None
    assert ours.ratio == pytest.approx(ours.value / theirs.value, rel=0.8)
    assert ours.met is (ours.value >= REQUIRED_STEPS_PER_S)


def test_without_the_other_ours_stands_alone() -> None:
    [row] = rows(QUIET, other="no_such_gym:Panda-v3", rollout=64, turns=2, settings=FEW)
    assert row.value is not None
    assert row.ratio is None
    assert "not measured beside no_such_gym:Panda-v3: No module named 'no_such_gym'" in str(row.note)
