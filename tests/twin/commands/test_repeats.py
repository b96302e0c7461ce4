"""An option that takes one value is refused when it is given twice."""

from __future__ import annotations

import pytest

import swaptwin


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["swap", "--seed", "1", "--seed=2"], "--seed"),
        (["swap", "--conditions", "rain", "--conditions", "night"], "--conditions"),
        (["evaluate", "docking", "--conditions", "rain", "--policy", "zero", "--conditions", "rain"], "--conditions"),
        (["train", "docking", "--out", "a", "--out", "b"], "--out"),
        (["agree", "--seeds", "1", "--seeds", "2"], "--seeds"),
        (["replay", "a.mcap", "--view", "top", "--view", "seat"], "--view"),
        (["models", "list", "--json", "--nothing"], ""),
    ],
)
def test_the_last_one_does_not_win(arguments: list[str], option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert swaptwin.run(arguments) == 2
    reported = capsys.readouterr()
    assert reported.out == ""
    assert len(reported.err.splitlines()) == 1
    assert not option or reported.err == f"error: {option}: given twice, it takes one value\n"


def test_lists_and_flags_may_be_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert swaptwin.run(["models", "list", "--json", "--json"]) == 0
    capsys.readouterr()
    assert swaptwin.run(["evaluate", "docking", "--policy", "zero", "--policy", "zero"]) == 2
    assert "--policy: policy given twice" in capsys.readouterr().err
