"""A station's log of a swap of the twin's own, and its import: what a historian would have kept of it."""

from __future__ import annotations

import csv
from bisect import bisect_right
from pathlib import Path

import yaml

from twin.catalogue import default_pack, load_station, load_timing, load_truck, with_overrides
from twin.commands.swap import default_truck
from twin.log_import.importing import import_log
from twin.log_import.mapping_checks import load_mapping
from twin.recording import Recording, open_recording
from twin.recording.swap import SwapRecorder
from twin.runner.kinds import runner_maker
from twin.setup.setup import build_setup
from twin.swap import SwapTwin

ROUNDED = {"m": ("mm", 1e3, 1), "rad": ("mrad", 1e3, 3), "n": ("N", 1.0, 0)}
OVERRIDES = {
    "times.identify_s": 0.2,
    "times.scan_s": 1.0,
    "times.verify_s": 1.0,
    "scanner.scan_samples": 5,
    "scanner.rescan_samples": 5,
    "sensors.load_cell_weighing_s": 1.0,  # the start waits for load cells that are zeroed
}
AXES = ("x/encoder_m", "y/encoder_m", "z/encoder_m", "yaw/encoder_rad")


def own_swap(path: Path, station: str, truck: str | None = None) -> Path:
    """A recorded swap on the reduced-order plant, with short fixed times."""
    at = with_overrides(load_station(station), OVERRIDES)
    who = default_truck(at, None) if truck is None else load_truck(truck)
    setup = build_setup(at, who, default_pack(at, who), seed=1)
    twin = SwapTwin(setup, load_timing("factory", at), make_runner=runner_maker("rom"))
    with SwapRecorder(path, twin) as recorder:
        recorder.finish(twin.run())
    return path


def imported(swap: Path, folder: Path, *, sway: bool = True, steps: bool = True) -> Path:
    """The import of the log of a recorded swap; with or without a sway sensor, and steps in words."""
    log, mapping, path = folder / "log.csv", folder / "map.yaml", folder / "log.mcap"
    with open_recording(swap) as recording:
        signals = _signals(recording, sway)
        phases = _phases(recording)
        samples = recording.sensors()
        tags = {name: recording.sensor_names.index(of) for name, (of, _) in signals.items()}
        with log.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["t", *signals, "step"])
            starts = [t_s for t_s, _ in phases]
            for t_s, values in zip(samples.t_s.tolist(), samples.values.tolist(), strict=True):
                row = [_rounded(values[tags[name]], unit) for name, (_, unit) in signals.items()]
                step = phases[max(bisect_right(starts, t_s + 1e-9) - 1, 0)][1]
                writer.writerow([f"{1.7e9 + t_s:.3f}", *row, step])
        configuration = recording.header.configuration
    reported = {
        "station": configuration["station"]["name"],
        "truck": configuration["truck"]["name"],
        "pack": configuration["pack"]["name"],
        "overrides": OVERRIDES,
        "time": {"column": "t", "format": "epoch_s"},
        "signals": {
            name: {"tag": name} if unit == "" else {"tag": name, "unit": ROUNDED[unit][0]}
            for name, (_, unit) in signals.items()
        },
    }
    if steps:
        reported["steps"] = {"tag": "step", "phases": {name: name for _, name in phases}}
    mapping.write_text(yaml.safe_dump(reported))
    import_log(log, load_mapping(mapping), path)
    return path


def _signals(recording: Recording, sway: bool) -> dict[str, tuple[str, str]]:
    """(sensor of the recording, unit; "" for a switch) by the name that imports have for it."""
    found: dict[str, tuple[str, str]] = {}
    for name in recording.sensor_names:
        robot, _, what = name.partition("/")
        if what in AXES:
            found[f"{robot}/{what.replace('encoder', 'position')}"] = (name, what.rsplit("_", 1)[1])
        elif what == "load_cell_n" or (sway and "sway_sensor" in name):
            found[name] = (name, name.rsplit("_", 1)[1])
        elif name.endswith(("_closed", "_open")):
            found[name] = (name, "")
    return found


def _phases(recording: Recording) -> list[tuple[float, str]]:
    return [(e["t_s"], e["name"]) for e in recording.phases() if e["state"] == "start" and e["robot"] == 0]


def _rounded(value: float, unit: str) -> str:
    if unit == "":
        return str(int(value))
    _, factor, digits = ROUNDED[unit]
    return f"{factor * value:.{digits}f}"
