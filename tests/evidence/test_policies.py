"""A few of the stored policies' episodes come out as stored.

Slow, as episodes are played anew for a release only.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agents.train.config import load_config
from tests.evidence.policies import BY_NAME, CASES, FIRST_SEED, UNTRAINED, play, read
from tests.evidence.replay import RELATIVE, assert_as_stored, kpi_differences

ALIGNMENT = [case.name for case in CASES if case.name.startswith("alignment")]
EPISODES = [
    *((name, "baseline", FIRST_SEED) for name in ALIGNMENT),
    ("trained-alignment", "align_sac", FIRST_SEED),
]
MORE = [
    ("timing-top_lift", "zvd", FIRST_SEED),
    *((name, policy, FIRST_SEED + 7) for name in ALIGNMENT for policy in ("baseline", "zero", "random")),
    *(("trained-alignment", policy, FIRST_SEED + 3) for policy in ("align_sac", "untrained")),
    *((f"timing-{station}", "factory", FIRST_SEED + 1) for station in ("top_lift", "chassis")),
    ("timing-chassis", "zvd", FIRST_SEED + 2),
]
"""(case, policy, seed)"""


@pytest.mark.slow
@pytest.mark.parametrize(("name", "policy", "seed"), [*EPISODES, *MORE])
def test_a_stored_episode_comes_out_as_stored(name: str, policy: str, seed: int) -> None:
    stored, again = read(BY_NAME[name])[policy, seed], play(name, policy, seed)
    differences = [
        f"{what} {getattr(stored, what)}, now {again[what]}"
        for what in ("success", "outcome", "steps", "violations")
        if getattr(stored, what) != again[what]
    ]
    differences += kpi_differences(stored.kpis, again["kpis"], RELATIVE["reference"])
    assert_as_stored(f"policies/{name}", f"{policy}, seed {seed}", differences)


def test_the_trained_policys_run_is_one_that_the_command_can_repeat(tmp_path: Path) -> None:
    """Its configuration, of version 0's training, is a valid `--config`; the task's own has become another."""
    run = json.loads((UNTRAINED.parent / "run.json").read_text())
    file = tmp_path / "sac.yaml"
    file.write_text(json.dumps(run["config"]))
    config = load_config("alignment", file)
    assert (config.algorithm, config.worlds, config.clone.policy) == ("sac", 0, None)
    assert config.environment == {"action-mode": "residual", "parking": "guided"}
