"""Record an episode of Docking while it is driven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from envs.docking_case import Case
from envs.recording import Asked
from twin.docking import CONTROL_S, DockingPlant

if TYPE_CHECKING:
    from twin.recording.docking import DockingRecorder


class DriveRecorder(Asked):
    """Drive the plant and record it on request; recording does not change the episode by a bit."""

    _recorder: DockingRecorder | None

    def begin(self, case: Case, plant: DockingPlant) -> None:
        """Begin the next episode with this plant, which stands at its start."""
        request = self._taken()
        if request is None:
            return
        from twin.recording.docking import DockingRecorder

        path, policies = request
        self._recorder = DockingRecorder(path, plant, case.configuration(plant, policies))

    def drive(
        self, plant: DockingPlant, steering_rate_radps: float, acceleration_mps2: float, gear: float = 1.0
    ) -> None:
        """Hold a decision for one decision period."""
        if self._recorder is not None:
            self._recorder.drive(steering_rate_radps, acceleration_mps2, gear)
            return
        plant.apply(steering_rate_radps, acceleration_mps2, gear)
        plant.advance(CONTROL_S)

    def step(self, reward: float, info: Mapping[str, Any], meaning: str) -> None:
        """Note the end of a step; any outcome but "running" ends the episode and closes the file."""
        if self._recorder is None:
            return
        outcome, success = info["outcome"], info["is_success"]
        message, numbers = self._stepped(reward, outcome)
        if outcome == "running":
            return
        with self._recorder as recorder:
            level = "info" if success else "error"
            recorder.event("outcome", f"{outcome}: {meaning.removeprefix('success: ')}", level=level, outcome=outcome)
            recorder.event("episode", message, **numbers)
            recorder.finish(outcome, success, info["kpis"])
        self._recorder = None
