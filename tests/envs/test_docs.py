"""The examples of docs/environments.md run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "environments.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_page_names_every_environment() -> None:
    from tests.envs.episodes import registered

    assert all(f"`{name}`" in PAGE.read_text() for name in registered())


@pytest.mark.parametrize(
    ("code", "says"),
    list(zip(EXAMPLES, ("longitudinal_error_m", "(64, 50)", "128 steps on the batch", "(2, 2)"), strict=True)),
    ids=["gymnasium", "make_vec", "make_sb3", "stable-baselines3"],
)
def test_the_examples_run(code: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {}
    exec(code, names)
    assert says in capsys.readouterr().out
