"""The station's own incident log against what its truth file says happened."""

from __future__ import annotations

import gzip
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.log_import.importing import import_log
from twin.log_import.mapping_checks import load_mapping
from twin.log_import.report import ImportReport
from twin.recording import Recording, open_recording

HERE = Path(__file__).parent
LOG = HERE / "data" / "inc1_sway_collision.csv.gz"
TRUTH: dict[str, Any] = json.loads((HERE / "data" / "inc1_sway_collision.truth.json").read_text())
PHASES = {30: "scan", 40: "lower", 50: "grip", 60: "lift_out", 70: "traverse_to_slot", 80: "store"}
PHASES |= {90: "traverse_to_full", 100: "pick", 110: "traverse_to_truck", 120: "align", 130: "insert"}
PHASES |= dict.fromkeys((900, 910), "fault")
EVENTS = {
    "pose_measured": {"name": "step", "step": "40"},
    "spreader_landed": {"name": "step", "step": "50"},
    "gripped": {"name": "gripped"},
    "locks_open_seen": {"name": "locks_open"},
    "hoist_start": {"name": "step"},
    "lifted_out": {"name": "step", "step": "70"},
    "root_cause": {"name": "shaper_rope_length"},
    "sway_at_alignment": {"name": "sway_warning"},
    "insert_start": {"name": "step", "step": "130"},
    "abort": {"name": "lateral_abort"},
    "backed_off": {"name": "sequence_abort"},
}
"""What the import calls those of the truth's events that the log can tell: by a step, a switch or an alarm."""
ALARMS = {"SWAY_WARN": "sway_warning", "LAT_FORCE_WARN": "lateral_warning"}
ALARMS |= {"LAT_FORCE_ABORT": "lateral_abort", "SEQ_ABORT": "sequence_abort"}


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> tuple[ImportReport, Recording]:
    target = tmp_path_factory.mktemp("incident") / "incident.mcap"
    report = import_log(LOG, load_mapping(HERE / "station_a.yaml"), target)
    return report, open_recording(target)


def test_axes_are_where_they_were(imported: tuple[ImportReport, Recording]) -> None:
    truth = TRUTH["axes_1hz"]
    t_true = np.array(truth["t"])
    for axis, most in (("x", 0.002), ("y", 0.002), ("z", 0.002), ("yaw", math.radians(0.05))):
        unit = "rad" if axis == "yaw" else "m"
        t_s, values = imported[1].states(names=[f"robot0/{axis}/position_{unit}"])
        known = np.isfinite(values[:, 0])
        assert known.mean() > 0.99
        at = np.interp(t_true[t_true <= t_s[-1]], t_s[known], values[known, 0])
        assert np.abs(at - np.array(truth[axis])[: len(at)]).max() <= most, axis


def test_steps_come_in_their_order_at_their_times(imported: tuple[ImportReport, Recording]) -> None:
    reported = [(p["name"], p["t_s"]) for p in imported[1].phases() if p["state"] == "start"]
    true = [(PHASES[s["exported"]], s["t_start"]) for s in TRUTH["steps"] if s["t_start"] < imported[1].duration_s]
    true = [step for k, step in enumerate(true) if k == 0 or step[0] != true[k - 1][0]]
    assert [name for name, _ in reported] == [name for name, _ in true]
    assert max(abs(a - b) for (_, a), (_, b) in zip(reported, true, strict=True)) <= 0.05


def test_events_come_at_their_times(imported: tuple[ImportReport, Recording]) -> None:
    reported = imported[1].events()
    found = 0
    for event in TRUTH["events"]:
        wanted = {"name": ALARMS[event["alarm"]]} if event["name"] == "alarm_on" else EVENTS.get(event["name"])
        if wanted is None:
            continue
        near = [abs(e["t_s"] - event["t"]) for e in reported if wanted.items() <= e.items()]
        assert min(near) <= 0.05, event
        found += 1
    assert found == 17


def test_measured_and_estimated_swing_are_those_of_the_load(imported: tuple[ImportReport, Recording]) -> None:
    height_m, sway = TRUTH["layout"]["sheave_z"], TRUTH["sway_rad_1hz"]
    rope_m = height_m - np.array(TRUTH["axes_1hz"]["z"])
    t_true = np.arange(min(len(sway["x"]), len(rope_m), 160))
    for a in "xy":
        true_m = rope_m[: len(t_true)] * np.sin(np.array(sway[a])[: len(t_true)])
        for name, most in ((f"robot0/sway_{a}_m", 0.003), (f"estimate/robot0/sway_{a}_m", 0.03)):
            t_s, values = imported[1].states(names=[name])
            known = np.isfinite(values[:, 0])
            reported = np.interp(t_true, t_s[known], values[known, 0])
            assert np.sqrt(np.mean((reported - true_m) ** 2)) <= most, name


def test_the_report_counts_what_the_recorder_left_out(imported: tuple[ImportReport, Recording]) -> None:
    report, recording = imported
    with gzip.open(LOG, "rt", encoding="utf-8") as file:
        rows = [line.rstrip("\n").split(",") for line in file]
    used = {s["tag"] for s in report.signals} | {"SEQ.Step", "ALM.Code1", "ALM.Code2"}
    columns = [k for k, name in enumerate(rows[0]) if name in used]
    empty = sum(row[k] == "" for row in rows[1:] for k in columns)
    assert [(f.kind, f.count) for f in report.findings] == [("empty cell", empty)]
    assert recording.header.configuration["import"]["findings"] == [f.as_json() for f in report.findings]
    assert report.lines == len(rows) - 1 == TRUTH["file"]["rows"]
    assert report.unused_columns == ["CAB.Temp[°C]", "PLC.Heartbeat"]


def test_the_setup_is_that_of_the_log(imported: tuple[ImportReport, Recording]) -> None:
    found = {row["figure"].partition("[")[0]: row["value"] for row in imported[0].setup}
    layout = TRUTH["layout"]
    assert found["put_slot"] == layout["slot_put"]
    assert found["take_slot"] == layout["slot_taken"]
    x_m, y_m, yaw_rad = layout["truck_parked_x_y_yaw"]
    assert (found["truck_x_m"], found["truck_y_m"]) == (pytest.approx(x_m, abs=0.01), pytest.approx(y_m, abs=0.01))
    assert found["truck_yaw_rad"] == pytest.approx(yaw_rad, abs=0.002)


def test_what_is_estimated_says_so(imported: tuple[ImportReport, Recording]) -> None:
    recording = imported[1]
    of = recording.header.provenance
    named = {*recording.channel_names, *recording.header.sensors, *(f.name for f in recording.header.frames)}
    assert set(of) == named
    assert of["robot0/x/position_m"] == of["robot0/sway_x_m"] == of["robot0/hoist"] == "measured"
    assert of["estimate/robot0/sway_x_m"] == of["robot0/held"] == of["truck/x_m"] == of["truck"] == "estimated"
    assert of["robot0/yaw/velocity_radps"] == "estimated"
    assert of["pack0"] == "estimated"
