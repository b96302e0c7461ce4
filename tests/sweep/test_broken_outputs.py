"""Every command where its standard output is closed, its reader has gone, or the disk behind it is full."""

from __future__ import annotations

from pathlib import Path

import pytest

import swaptwin
from tests.sweep.lines import lines, run

EXPECTED = {
    # exit code and words on standard error, for a command that does what it should
    "closed": (0, ""),
    "gone": (141, ""),
    "full": (1, "error: output: No space left on device\n"),
}
OTHERWISE = {"swap": {1}, "demo": {1}, "agree": {0, 1}, "doctor": {0, 1}}
"""Exit codes of lines whose run does not end well, wherever they write."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", EXPECTED)
def test_every_command(made: Path, kind: str) -> None:
    out = f"out-{kind}"
    (made / out).mkdir()
    each = lines(out)
    assert set(each) >= set(swaptwin.COMMANDS)
    if kind != "full":
        del each["train"]  # takes long
    plain = [line for name, line in each.items() if name != "train"]
    reported = [["--help"], *plain, *([*line, "--json"] for line in each.values())]
    code, words = EXPECTED[kind]
    for ended in run(made, reported, output=kind, cheap=True):
        assert "Traceback" not in ended.said, ended
        assert ended.code in (OTHERWISE.get(ended.line[0], {0}) if kind == "closed" else {code}), ended
        errors = [line for line in ended.said.splitlines(keepends=True) if line.startswith("error")]
        assert "".join(errors) == words, ended
    for name in ("swap.mcap", "shot.png", "log.mcap"):  # what was asked for is there and whole
        assert (made / out / name).stat().st_size > 0
    [again] = run(made, [["verify", f"{out}/swap.mcap"]])
    assert again.code == 0, again.said
