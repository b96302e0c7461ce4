"""Small recordings to test with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twin.recording import Cube, Cylinder, Frame, Header, Line, Recorder, SceneEntity, Sphere

FRAMES = (Frame("truck"), Frame("spreader"), Frame("pack", "spreader"))
CHANNELS = ("robot0/x/position_m", "robot0/hoist/speed_mps", "truck/heave_m", 'odd "name" é/n')
SENSORS = ("scanner/x_m", "load_cell/force_n")


def header(**changes: object) -> Header:
    known: dict[str, object] = {
        "frames": FRAMES,
        "channels": CHANNELS,
        "sensors": SENSORS,
        "configuration": {"station": {"name": "top_lift", "rate_hz": 500.0}},
        "seed": 7,
    }
    return Header(**{**known, **changes})  # type: ignore[arg-type]


def samples(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Poses, channel values and sensor values of `count` samples."""
    random = np.random.default_rng(seed)
    return (
        random.normal(size=(count, len(FRAMES), 7)),
        random.normal(size=(count, len(CHANNELS))),
        random.normal(size=(count, len(SENSORS))),
    )


def write(path: Path, count: int = 230, *, close: bool = True, **changes: object) -> None:
    """A recording at 50 Hz with something on every topic."""
    poses, values, sensed = samples(count)
    recorder = Recorder(path, header(**changes))
    recorder.scene(
        0.0,
        [
            SceneEntity(
                "pack",
                "pack",
                cubes=(Cube((2.0, 1.0, 1.0)),),
                cylinders=(Cylinder(0.05, 0.3),),
                spheres=(Sphere(0.05),),
                lines=(Line(((0.0, 0.0, 0.0), (0.0, 0.0, 3.0))),),
            )
        ],
    )
    for k in range(count):
        t_s = k * 0.02
        if k % 10 == 0:
            recorder.command(t_s, 10 * k, {"axis": "x", "target_m": 0.1 * k, "until": None})
        recorder.state(t_s, poses[k], values[k])
        recorder.sensors(t_s, sensed[k])
        if k % 50 == 0:
            recorder.phase(t_s, {"name": f"phase_{k // 50}"})
        if k % 70 == 3:
            recorder.event(t_s, {"name": "retry", "message": "again", "level": "warning"})
    recorder.violation((count - 1) * 0.02, {"name": "invariant_3", "message": "traverse below clearance"})
    if close:
        recorder.close("completed", "ab" * 32, {"cycle_time_s": 4.6})
