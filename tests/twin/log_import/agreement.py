"""How far the recording of an imported log is from the truth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tests.twin.log_import.historian import Log
from tests.twin.log_import.truth import ALARMS, AXES, Truth
from twin.recording import Recording

ALARM_NAMES = {2107: "sway_warning", 2210: "lateral_warning", 2211: "lateral_abort"}
TOLD = ("gripped", "grips_open", "locks_closed", "locks_open")


@dataclass(frozen=True)
class Farthest:
    """The largest differences over all axes, and how long a position is unknown at most."""

    position_m: float
    yaw_rad: float
    unknown_s: float


def axes_of(recording: Recording, log: Log) -> Farthest:
    """Positions of all axes against the truth, at every sample."""
    at, yaw, unknown = 0.0, 0.0, 0.0
    for r in range(log.truth.robots):
        for axis in AXES:
            name = f"robot{r}/{axis}/position_{'rad' if axis == 'yaw' else 'm'}"
            t_s, values = recording.states(names=[name])
            true_s = t_s + (recording.header.t0_ns - log.t0_ns) * 1e-9
            known = np.isfinite(values[:, 0])
            far = float(np.abs(values[known, 0] - log.truth.at(name, true_s[known])).max())
            at, yaw = (at, max(yaw, far)) if axis == "yaw" else (max(at, far), yaw)
            unknown = max(unknown, 0.02 * float((~known).sum()))
    return Farthest(at, yaw, unknown)


def phases_apart_s(recording: Recording, log: Log) -> float:
    """The farthest that the begin or end of a phase is from the truth; infinite where they are others."""
    shift_s = (recording.header.t0_ns - log.t0_ns) * 1e-9
    far = 0.0
    for r in range(log.truth.robots):
        reported = [p for p in recording.phases() if p["robot"] == r and p["name"] != "idle"]
        begun = [(p["name"], p["t_s"] + shift_s) for p in reported if p["state"] == "start"]
        ended = [(p["name"], p["t_s"] + shift_s) for p in reported if p["state"] == "end"]
        true = [p for p in log.truth.phases if p.robot == r]
        names = [p.name for p in true]
        if [name for name, _ in begun] != names or [name for name, _ in ended] != names:
            return math.inf
        end_s = min(float(log.truth.t_s[-1]), log.end_s)  # the exit takes longer than the log
        far = max(far, *(abs(t - p.start_s) for (_, t), p in zip(begun, true, strict=True)))
        far = max(far, *(abs(t - min(p.end_s, end_s)) for (_, t), p in zip(ended, true, strict=True)))
    return far


def events_apart_s(recording: Recording, log: Log) -> float:
    """The farthest that grips, locks or an alarm are from the truth; infinite where they are others or out of order."""
    shift_s = (recording.header.t0_ns - log.t0_ns) * 1e-9
    names = {*TOLD, *(f"{name}{off}" for name in ALARM_NAMES.values() for off in ("", "_off"))}
    reported = [
        (e["t_s"] + shift_s, e["name"], e.get("robot", e.get("seat", 0)))
        for e in recording.events()
        if e["name"] in names
    ]
    true = sorted([*log.truth.events(), *alarms(log.truth)])
    if sorted(e[1:] for e in reported) != sorted(e[1:] for e in true):
        return math.inf
    # what happens in the same sample may come in any order
    far = max(abs(a[0] - b[0]) for a, b in zip(sorted(reported, key=_who), sorted(true, key=_who), strict=True))
    in_order = all(b[0] >= a[0] for a, b in zip(reported[:-1], reported[1:], strict=True))
    return far if in_order else math.inf


def _who(event: tuple[float, str, int]) -> tuple[str, int, float]:
    return (event[1], event[2], event[0])


def alarms(truth: Truth) -> list[tuple[float, str, int]]:
    found = []
    for code, _, start_s, end_s in ALARMS:
        on = truth.t_s[(truth.t_s >= start_s) & (truth.t_s < end_s)]
        found += [(float(on[0]), ALARM_NAMES[code], 0), (float(on[-1]) + 0.02, ALARM_NAMES[code] + "_off", 0)]
    return found
