"""Commands in a recording: numbers that JSON has no word for come back too."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from twin.errors import InputError
from twin.recording import Frame, Header, Recorder, open_recording
from twin.recording.swap import commands
from twin.records import new_command


def test_no_limit_and_no_target_are_recorded_and_read_back(tmp_path: Path) -> None:
    record = new_command(1)[0]
    record["jam_below_n"] = math.inf  # backing out of a seat: no force is a jam
    record["target"][:2] = math.nan, -math.inf
    path = tmp_path / "a.mcap"
    with Recorder(path, Header(frames=(Frame("truck"),), channels=(), sensors=())) as recorder:
        recorder.command(0.5, 250, {"robot": 0, "fields": commands.as_plain(record)})
        recorder.close("completed", "", {})
    with open_recording(path) as recording:
        fields = recording.commands()[0]["command"]["fields"]
    assert fields["jam_below_n"] == "inf"
    again = commands.from_plain(fields, path)
    for name in record.dtype.names or ():
        assert np.array_equal(again[name], record[name], equal_nan=True), name


@pytest.mark.parametrize("value", ["infinity", "nan", "1.0", "", True, [1.0], {}])
def test_other_words_are_refused(value: object) -> None:
    fields = json.loads(json.dumps(commands.as_plain(new_command(1)[0])))
    with pytest.raises(InputError, match="jam_below_n"):
        commands.from_plain({**fields, "jam_below_n": value}, "a.mcap")
