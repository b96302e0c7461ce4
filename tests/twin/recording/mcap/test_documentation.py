"""The Python in docs/recording.md runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.twin.recording.mcap.sample_recording import write
from twin.recording import open_recording

DOCUMENT = Path(__file__).parents[4] / "docs" / "recording.md"


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("swap.mcap"))
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, str(DOCUMENT), "exec"), {})
    with open_recording("mine.mcap") as recording:
        assert (recording.outcome, len(recording.states().t_s)) == ("completed", 100)
