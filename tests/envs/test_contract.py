"""What every registered environment promises, against the checkers of others and its own docstring."""

from __future__ import annotations

import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from tests.envs.episodes import ARGUMENTS, CASES, LONG, Arguments, make, registered
from tests.tiers import slow

Row = list[str]


def test_every_environment_is_tested() -> None:
    assert set(ARGUMENTS) == registered()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [slow(*case) if case[0] in LONG and case != (case[0], ARGUMENTS[case[0]][-1]) else case for case in CASES],
)
def test_the_checkers_of_others_have_nothing_to_say(name: str, arguments: Arguments) -> None:
    from stable_baselines3.common.env_checker import check_env as check_for_sb3

    env = make(name, arguments).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env, skip_render_check=True)  # pictures have tests of their own
        check_for_sb3(env, warn=True)
    env.close()


@pytest.mark.parametrize("name", ARGUMENTS)
def test_the_docstring_is_the_contract(name: str) -> None:
    env = make(name).unwrapped
    module, text = sys.modules[type(env).__module__], type(env).__doc__
    assert text is not None
    quantities = tables(text, "i")
    assert len(quantities) == 2, "a table of the action and one of the observation"
    for rows, space, ours in zip(
        quantities, (env.action_space, env.observation_space), (module.ACTION, module.OBSERVATION), strict=True
    ):
        assert [int(row[0]) for row in rows] == list(range(space.shape[0]))
        assert np.float32([row[4] for row in rows]).tolist() == space.low.tolist()
        assert np.float32([row[5] for row in rows]).tolist() == space.high.tolist()
        assert [(row[1], row[2], float(row[3]), row[6]) for row in rows] == [
            (q.name, q.unit, q.scale, q.meaning) for q in ours
        ]
        assert f"`Box({space.shape[0]},)` {space.dtype}" in text
    [terms] = tables(text, "term")
    assert {row[0]: float(row[1]) for row in terms} == module.REWARD_WEIGHTS
    [outcomes] = tables(text, "outcome")
    assert {row[0]: row[1] for row in outcomes} == module.OUTCOMES
    assert "Version history" in text
    env.close()


@pytest.mark.parametrize("name", ARGUMENTS)
def test_info_has_what_the_contract_says(name: str) -> None:
    env = make(name)
    module = sys.modules[type(env.unwrapped).__module__]
    _, first = env.reset(seed=1)
    _, reward, _, _, info = env.step(env.action_space.sample())
    assert set(first) == set(info)
    for key in ("outcome", "is_success", "reward_terms", "clipped", "cost", "costs", "kpis", "case"):
        assert key in info
    assert info["outcome"] in module.OUTCOMES
    assert reward == pytest.approx(sum(w * info["reward_terms"][term] for term, w in module.REWARD_WEIGHTS.items()))
    assert info["cost"] == pytest.approx(sum(info["costs"].values()))
    env.close()


def test_the_twin_knows_nothing_of_environments() -> None:
    twin = Path(__file__).parents[2] / "twin"
    wrong = re.compile(r"^\s*(?:from|import) (?:envs|agents|gymnasium|torch|stable_baselines3)\b", re.MULTILINE)
    assert [path.name for path in twin.rglob("*.py") if wrong.search(path.read_text())] == []


def tables(text: str, first_column: str) -> list[list[Row]]:
    """Rows (cells as text) of every table in `text` whose first column has this heading."""
    found: list[list[Row]] = []
    inside = False
    for line in (line.strip() for line in text.splitlines()):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif cells[0] == first_column:
            inside = True
            found.append([])
        elif inside and not re.fullmatch(r"[|\-]+", line):
            found[-1].append(cells)
    return found
