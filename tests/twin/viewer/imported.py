"""A recording as the import of a station's log makes one, in a few seconds: made up from a twin's own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from twin.recording import Recorder, open_recording

T0_NS = 1_770_791_021_200_000_000  # 2026-02-11 06:23:41.2 UTC
GAP = (6.0, 9.0)
PHASES = (("scan", 0.0, 2.0), ("lower", 2.0, 10.0), ("idle", 10.0, 11.0), ("insert", 11.0, 13.0), ("fault", 13.0, 16.0))
EVENTS = (
    (6.0, {"name": "gap", "level": "warning", "message": "nothing was logged for 3.00 s", "length_s": 3.0}),
    (12.0, {"name": "sway_warning", "level": "warning", "message": "alarm 2107: sway over 0.5 deg", "alarm": "2107"}),
    (13.0, {"name": "lateral_abort", "level": "error", "message": "alarm 2211: lateral force over 6 kN"}),
)
MEASURED_FRAMES = ("robot0/bridge", "robot0/trolley", "robot0/hoist", "robot0/end_effector")
ESTIMATES = ("estimate/robot0/sway_x_m", "residual/robot0/sway_x_m")


def imported(source: Path, target: Path, *, sway: bool = True, load: bool = True, t0_ns: int = T0_NS) -> Path:
    """16 s with a gap from 6 to 9 s. Without `sway` nothing measured the swing, without `load` no cell the weight."""
    with open_recording(source) as real:
        header = real.header
        frames, values, sensors = real.frames().values, real.states().values, real.sensors().values
    kept = [k for k, name in enumerate(header.channels) if "guide_force" not in name]
    channels = [header.channels[k] for k in kept]
    estimated = {"robot0/held", "truck/z_m", *(() if sway else ("robot0/sway_x_m", "robot0/sway_y_m"))}
    estimated |= set(ESTIMATES) | set(() if load else ("robot0/load_n",))
    bodies = {frame.name for frame in header.frames} - set(MEASURED_FRAMES[: 4 if sway else 3])
    names = (*header.frame_names, *channels, *ESTIMATES, *header.sensors)
    provenance = {name: "estimated" if name in estimated | bodies else "measured" for name in names}
    configuration = {
        **header.configuration,
        "kind": "imported",
        "title": "Station A, a pack swings",
        "log": {"name": "station_a.csv"},
    }
    made = replace(
        header,
        channels=(*channels, *ESTIMATES),
        configuration=configuration,
        seed=None,
        source="imported",
        provenance=provenance,
        t0_ns=t0_ns,
    )
    with Recorder(target, made) as recorder:
        _write(recorder, frames, values[:, kept], sensors, channels.index("robot0/sway_x_m"))
        recorder.close("imported", "", {})
    return target


def _write(recorder: Recorder, frames: np.ndarray, values: np.ndarray, sensors: np.ndarray, sway: int) -> None:
    entries = [(t, "event", event) for t, event in EVENTS]
    for name, start_s, end_s in PHASES:
        entries.append((start_s, "phase", {"name": name, "robot": 0, "job": 0, "state": "start"}))
        entries.append((end_s, "phase", {"name": name, "robot": 0, "job": 0, "state": "end", "start_s": start_s}))
    entries.sort(key=lambda entry: (entry[0], entry[2].get("state") != "end"))
    for k in range(16 * 50 + 1):
        t_s = k / 50.0
        while entries and entries[0][0] <= t_s:
            at, kind, entry = entries.pop(0)
            (recorder.phase if kind == "phase" else recorder.event)(at, entry)
        if GAP[0] < t_s < GAP[1]:
            continue
        row = min(k, len(frames) - 1)
        measured_m = 0.02 * np.sin(t_s)
        own = values[row].copy()
        own[sway] = measured_m
        recorder.state(t_s, frames[row], np.append(own, (0.5 * measured_m, -0.5 * measured_m)))
        recorder.sensors(t_s, sensors[row])
