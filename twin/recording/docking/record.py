"""Recording of a drive into the bay while it runs."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twin.docking import DockingPlant
from twin.recording import Header, Recorder
from twin.recording.docking.configuration import DockingConfiguration
from twin.recording.docking.events import Watch
from twin.recording.docking.holding import TICK_HZ, Decision, hold, sample_ticks
from twin.recording.docking.sampling import MISSING_AT_FIRST, DockingSampler
from twin.recording.docking.scene import entities_of
from twin.recording.swap.ending import Recording
from twin.recording.swap.versions import DOCKING_SOURCES, software_versions

PHASE = {"name": "dock", "robot": 0, "job": 0}


def state_sha256(plant: DockingPlant) -> str:
    """Hash of a plant's whole state, exact to the last bit."""
    return hashlib.sha256(plant.worlds.tobytes()).hexdigest()


class DockingRecorder(Recording):
    """Drives a plant's one world and records it; a context manager around the drive.

    After an exception, or without `finish`, the recording ends as "interrupted".
    """

    def __init__(self, path: str | Path, plant: DockingPlant, configuration: DockingConfiguration) -> None:
        """Check the path and begin the file; `plant` must be at its start.

        Raises:
            InputError: a path that cannot be written, or an existing file that is not a recording.
        """
        self._plant = plant
        self._ticks = sample_ticks(configuration.station.rates.recording_hz)
        setup = configuration.setup()
        self._sampler = DockingSampler(setup, plant, configuration.wheel_speed_factor)
        header = Header(
            frames=self._sampler.frames,
            channels=self._sampler.channel_names,
            sensors=self._sampler.sensor_names,
            configuration=configuration.as_plain(),
            seed=configuration.seed,
            versions=software_versions(DOCKING_SOURCES),
            tick_hz=TICK_HZ,
            lacking=frozenset(MISSING_AT_FIRST),
        )
        self.path = Path(path)
        self._recorder = Recorder(path, header)
        self._recorder.scene(0.0, entities_of(setup, configuration.guided))
        self._recorder.phase(0.0, {**PHASE, "state": "start"})
        self._watch = Watch(plant)
        self.event("begin", _begun(configuration))
        self._sample()

    def drive(self, steering_rate_radps: float, acceleration_mps2: float, gear: float = 1.0) -> None:
        """Hold a decision for one control period, as the plant alone would, and record it and the resulting samples."""
        command = {"steering_rate_radps": steering_rate_radps, "acceleration_mps2": acceleration_mps2}
        if gear != 1.0:
            command["gear"] = gear
        self._recorder.command(self._t_s, self._tick, command)
        hold(self._plant, Decision(steering_rate_radps, acceleration_mps2, gear), self._ticks, self._sample)

    def event(self, name: str, message: str, *, level: str = "info", **more: Any) -> None:
        """Record an event now."""
        self._recorder.event(self._t_s, {"name": name, "message": message, "level": level, **more})

    def finish(self, outcome: str, success: bool, kpis: Mapping[str, float]) -> None:
        """Write the outcome and close the file."""
        self._recorder.phase(self._t_s, {**PHASE, "state": "end", "start_s": 0.0, "end_s": self._t_s})
        sha256 = state_sha256(self._plant)
        result = {"outcome": outcome, "success": success, "kpis": dict(kpis), "end_state_sha256": sha256}
        self._recorder.close(outcome, sha256, {"end": {"tick": self._tick}, "result": result})

    @property
    def _tick(self) -> int:
        return int(self._plant.worlds["tick"][0])

    @property
    def _t_s(self) -> float:
        return self._tick / TICK_HZ

    def _sample(self) -> None:
        frames, channels, sensors = self._sampler.read()
        tick, t_s = self._tick, self._t_s
        self._recorder.state(t_s, frames, channels, tick=tick)
        self._recorder.sensors(t_s, sensors, tick=tick)
        for name, message, more in self._watch.look():
            self.event(name, message, **more)


def _begun(configuration: DockingConfiguration) -> str:
    """Describe the truck's start in words."""
    start, guided = configuration.start, "rails and wheel stop" if configuration.guided else "no guides"
    aside = f"{abs(start.y_m):.2f} m {'left' if start.y_m >= 0.0 else 'right'}"
    place = "before" if start.x_m <= 0.0 else "beyond"
    stands = f"{abs(start.x_m):.1f} m {place} the bay, {aside}, {math.degrees(start.yaw_rad):.1f} deg"
    return f"{stands}; {configuration.conditions}, {guided}"
