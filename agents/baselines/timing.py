"""Timing by classical sets of a station (`models/timing/STATION/NAME.yaml`, which gives the reasons for its numbers).

Baselines of Timing-v1 are played as they are: tuned, careful, factory. Those of Timing-v0 (factory, S-curve with a
fixed settling time, ZV and ZVD) are played through its action, phase by phase. There shapers use the natural frequency
of the rope during the move, the observation's `rope_move`: a frequency factor of 1. At a floating table no load swings
while it travels and a shaper has no effect: `zv` and `zvd` are the same overlapped moves there.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.catalogue import TimingSet, load_timing
from twin.catalogue.schema import MECHANICAL
from twin.errors import InputError
from twin.gravity import GRAVITY_MPS2
from twin.sequence.timing import timing_row

if TYPE_CHECKING:
    from envs.timing_action import Range

Array = np.ndarray


OPTIONS = ("creep_height_per_scatter", "sway_damping", "weight_share", "blending", "x", "y", "z", "yaw")
"""What a phase of a timing set may have and no action of Timing-v0 represents."""


def refuse_options(timing: TimingSet, file: str) -> None:
    """Raise InputError for a timing set with options that Timing-v0's action lacks: it would be played without them."""
    words = "Timing-v0's action has no such option; play the set with: swaptwin swap --timing"
    if timing.planning != "nearest":
        raise InputError(words, file=file, key="planning", value=timing.planning, allowed="nearest")
    for phase in MECHANICAL[timing.kind]:
        of, where = timing.of(phase), f"phases.{phase}" if phase in timing.phases else "default"
        for name in OPTIONS:
            if getattr(of, name):
                raise InputError(words, file=file, key=f"{where}.{name}", allowed="left out")
        if of.shaper == "matched":
            raise InputError(words, file=file, key=f"{where}.shaper", value=of.shaper, allowed="none, zv, zvd, ei")


class SetPolicy:
    """A timing set as a policy: the set's action for the requested phase."""

    def __init__(self, timing: TimingSet) -> None:
        """Make it; raises InputError for a set with options that the action lacks."""
        from envs.timing_action import action_of
        from envs.timing_observation import OBSERVATION

        refuse_options(timing, f"timing set {timing.name}")
        self.timing = timing
        names = [q.name for q in OBSERVATION]
        self._first = names.index(f"phase_{MECHANICAL['top_lift'][0]}")
        self._actions = [action_of(timing_row(timing.of(phase))) for phase in MECHANICAL[timing.kind]]

    def begin(self, seed: int) -> None:
        """Do nothing: there is no internal state."""

    def act(self, observation: Array) -> Array:
        """Return the action for a scaled observation of `swaptwin/Timing-v0`."""
        return self._actions[self._place(observation)].copy()

    def _place(self, observation: Array) -> int:
        """Index of the requested mechanical phase."""
        return int(np.argmax(observation[self._first : self._first + len(self._actions)]))


class PlayedSet:
    """A timing set that is played as it is, with every option: the environment takes it in place of actions.

    Attributes:
        played: the timing set.
        options: of the environment's reset.
    """

    def __init__(self, environment: Any, name: str) -> None:
        """`name`: of a set of the environment's station, or the path of one.

        Raises:
            InputError: the set is missing, invalid, or made for another station.
        """
        self.played = load_timing(name, environment.station)
        self.options = {"timing": self.played}
        self._action = np.zeros(environment.action_space.shape, environment.action_space.dtype)

    def begin(self, seed: int) -> None:
        """Do nothing: there is no internal state."""

    def act(self, observation: Array) -> Array:
        """Return an action without effect."""
        return self._action.copy()

    def act_many(self, observations: Array) -> Array:
        """Return actions (N, A) without effect."""
        return np.tile(self._action, (len(observations), 1))


class Tuned(PlayedSet):
    """The station's tuned set."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment, "tuned")


class Careful(PlayedSet):
    """The station's set of least force."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment, "careful")


class PlayedFactory(PlayedSet):
    """The station's factory set."""

    def __init__(self, environment: Any) -> None:
        super().__init__(environment, "factory")


class OwnSet(SetPolicy):
    """A timing set from a file, if the environment's action can represent it."""

    def __init__(self, environment: Any, file: str) -> None:
        """`file`: path of a timing set for the environment's station.

        Raises:
            InputError: the file is missing, invalid or for another station, or no action represents a number; it names
                file, key and value.
        """
        from envs.timing_action import ACTION, RANGES
        from envs.timing_observation import OBSERVATION

        timing = load_timing(file, environment.station)
        refuse_options(timing, file)
        phases = MECHANICAL[timing.kind]
        for phase in phases:
            of, where = timing.of(phase), f"phases.{phase}" if phase in timing.phases else "default"
            for name, allowed in RANGES.items():
                value = getattr(of, name, None)  # a file has a frequency, not a factor
                if value is not None:
                    _within(allowed, value, 1.0, file, f"{where}.{name}")
        super().__init__(timing)
        self._file, self._hz = file, [timing.of(phase).shaper_frequency_hz for phase in phases]
        self._factors = RANGES["shaper_factor"]
        self._element = [q.name for q in ACTION].index("shaper_frequency")
        self._rope = [q.name for q in OBSERVATION].index("rope_move")
        self._rope_scale_m = OBSERVATION[self._rope].scale
        self._mast_hz = getattr(environment.station.reeving, "frequency_hz", None)

    def act(self, observation: Array) -> Array:
        """Return the set's action; a frequency fixed by the file becomes a factor of the move's natural frequency.

        Raises:
            InputError: no action represents that frequency.
        """
        action, hz = super().act(observation), self._hz[self._place(observation)]
        rope_m = self._rope_scale_m * float(observation[self._rope])
        natural_hz = self._mast_hz
        if natural_hz is None and rope_m > 0.0:
            natural_hz = math.sqrt(GRAVITY_MPS2 / rope_m) / (2.0 * math.pi)
        if hz is not None and natural_hz is not None:  # at a floating table nothing sways and a shaper has no effect
            _within(self._factors, hz, natural_hz, self._file, "shaper_frequency_hz")
            action[self._element] = self._factors.element(hz / natural_hz)
        return action


def _within(allowed: Range, value: float, unit: float, file: str, key: str) -> None:
    """Raise InputError unless an action represents a file's `value`, in units of `unit`."""
    if not allowed.low <= value / unit <= allowed.high:
        words = f"{allowed.low * unit:.4g} to {allowed.high * unit:.4g}"
        raise InputError("outside the action range of Timing-v0", file=file, key=key, value=value, allowed=words)


class Factory(SetPolicy):
    """The station's factory set."""

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
