"""Timing by classical sets, phase by phase: factory, S-curve with a fixed settling time, ZV and ZVD.

Each plays the named timing set of its station (`models/timing/STATION/NAME.yaml`, where its numbers have their reasons)
through the environment's action. Shapers stand at the natural frequency of the rope during the move, the observation's
`rope_move`: a frequency factor of 1. At a floating table no load swings while it travels, and a shaper has nothing to
act on: `zv` and `zvd` are there the same overlapped moves, as without a shaper.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.catalogue import TimingSet, load_timing
from twin.catalogue.schema import MECHANICAL
from twin.sequence.timing import timing_row

Array = np.ndarray


class SetPolicy:
    """A timing set as a policy: for the phase that is asked for, its action."""

    def __init__(self, timing: TimingSet) -> None:
        from envs.timing_action import action_of
        from envs.timing_observation import OBSERVATION

        self.timing = timing
        names = [q.name for q in OBSERVATION]
        self._first = names.index(f"phase_{MECHANICAL['top_lift'][0]}")
        self._actions = [action_of(timing_row(timing.of(phase))) for phase in MECHANICAL[timing.kind]]

    def begin(self, seed: int) -> None:
        """Nothing to forget."""

    def act(self, observation: Array) -> Array:
        """The action for a scaled observation of `swaptwin/Timing-v0`."""
        asked = observation[self._first : self._first + len(self._actions)]
        return self._actions[int(np.argmax(asked))].copy()


class Factory(SetPolicy):
    """The set that the station ships with."""

    def __init__(self, environment: Any) -> None:
        super().__init__(load_timing("factory", environment.station))


class SCurve(SetPolicy):
    """S-curves without a shaper, a fixed settling time after each."""

    def __init__(self, environment: Any) -> None:
        super().__init__(load_timing("s_curve", environment.station))


class Zv(SetPolicy):
    """ZV at the rope's length, overlaps."""

    def __init__(self, environment: Any) -> None:
        super().__init__(load_timing("zv", environment.station))


class Zvd(SetPolicy):
    """ZVD at the rope's length, overlaps."""

    def __init__(self, environment: Any) -> None:
        super().__init__(load_timing("zvd", environment.station))
