"""swaptwin/Timing-v0: choose how each robot of a swap moves in its next phase."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from envs.episodic import EpisodicEnv
from envs.options import choice, known
from envs.recording import EpisodeRecorder
from envs.scaling import Quantity, box, checked_action
from envs.swap_case import OPTIONS, SwapChoice
from envs.timed_swap import begin
from envs.timing_action import ACTION, Absolute, Actions
from envs.timing_episode import TimingEpisode
from envs.timing_observation import OBSERVATION, place_of
from envs.timing_reward import REWARD_WEIGHTS as REWARD_WEIGHTS
from twin.catalogue import Station, TimingSet, load_pack, load_station, load_timing, load_truck, with_overrides
from twin.catalogue.schema import MECHANICAL
from twin.errors import InputError
from twin.runner.kinds import PLANTS

Array = np.ndarray
Name = str | os.PathLike[str]

STILL_S = {"times.identify_s": 0.1, "times.verify_s": 0.1}
"""Shortened identification and final check, in which nothing moves: a seventh of a swap's processor time."""

OUTCOMES = {
    "running": "not ended yet",
    "completed": "the truck has its pack and may leave; success if no safety invariant was broken",
    "part_completed": "the phases up to last_phase are done",
    "repark_required": "the truck stands too far off",
    "lock_stuck": "a lock did not open or close, or did not hold",
    "grip_failed": "the robot did not get hold of a pack, or not off it",
    "jam": "a pack did not go into its seat",
    "scan_failed": "the truck could not be measured",
    "sway_limit": "a load did not settle below its threshold in time",
    "timeout": "a command took too long",
    "refused": "a permissive refused a command",
    "outside_model": "the reduced-order model's domain of validity was left; counts as failed",
    "overload": "trip: load beyond the limit",
    "lateral_force": "trip: pressed too hard sideways",
    "truck_moved": "trip: the truck was pushed aside",
    "estop": "trip: emergency stop",
    "power_loss": "trip: power lost",
    "lock_not_open": "trip: lifted with a lock not open",
    "low_traverse": "trip: sideways with a pack too low",
    "following_error": "trip or end: an axis did not follow",
    "robot_distance": "trip: robots too close",
    "load_implausible": "trip: the load cell reads what no load there can weigh",
}


class TimingEnv(EpisodicEnv):
    """Choose how each mechanical phase of a swap moves: speed, shaper, settling, creep and overlap.

    One step is one mechanical phase of one robot, from the moment it may begin to the next decision request of any
    robot. No action can exceed the machine's interlocks and axis limits.

    Action, `Box(10,)` float32, each element mapped onto its range in the timing set. Finite values beyond the bounds
    are clipped; `info["clipped"]` lists which. `info["limited"]` lists which of `creep_height` and `creep_speed` the
    station's contact zone and contact speed limit. At a floating table nothing sways while it travels, so shaper and
    frequency have no effect there:

    | i | name | unit | scale | low | high | meaning |
    |---|---|---|---|---|---|---|
    | 0 | velocity | - | 1 | -1 | 1 | 0.2 to 1 of each axis' limit, linear |
    | 1 | acceleration | - | 1 | -1 | 1 | 0.2 to 1 of each axis' limit, linear |
    | 2 | jerk | - | 1 | -1 | 1 | 0.1 to 1 of each axis' limit, linear |
    | 3 | shaper | - | 1 | -1 | 1 | cut in four: none, zv, zvd, ei |
    | 4 | shaper_frequency | - | 1 | -1 | 1 | 0.5 to 2 x the natural one of the move's rope, logarithmic |
    | 5 | settle_threshold | - | 1 | -1 | 1 | sway that counts as settled, 0.005 to 0.08 m, logarithmic |
    | 6 | settle_dwell | - | 1 | -1 | 1 | for how long, 0 to 3 s, linear |
    | 7 | creep_height | - | 1 | -1 | 1 | before a contact, 0.03 to 0.3 m, logarithmic |
    | 8 | creep_speed | - | 1 | -1 | 1 | 0.01 to 0.05 m/s, logarithmic |
    | 9 | overlap | - | 1 | -1 | 1 | up to -0.5 none, wait until settled; beyond 0 to 10 s, linear |

    Observation, `Box(41,)` float32, quantity / scale, clipped to its bounds: what the control software knows when a
    robot asks. Phases are named as at top_lift; at a chassis station `lower` is `raise` and `lift_out` `lower_out`.
    After the last step it is that of the last question:

    | i | name | unit | scale | low | high | meaning |
    |---|---|---|---|---|---|---|
    | 0 | phase_lower | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 1 | phase_grip | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 2 | phase_unlock | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 3 | phase_lift_out | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 4 | phase_traverse_to_slot | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 5 | phase_store | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 6 | phase_traverse_to_full | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 7 | phase_pick | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 8 | phase_traverse_to_truck | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 9 | phase_rescan | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 10 | phase_align | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 11 | phase_insert | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 12 | phase_lock | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 13 | phase_pull_test | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 14 | phase_release | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 15 | phase_clear | - | 1 | 0 | 1 | 1 where this phase is asked for |
    | 16 | way_x | m | 5 | -2 | 2 | of axis x in the phase, target less position |
    | 17 | way_y | m | 3 | -2 | 2 | of axis y |
    | 18 | way_z | m | 3 | -2 | 2 | of axis z; pick: down to the pack |
    | 19 | way_yaw | rad | 0.05 | -2 | 2 | of the yaw axis |
    | 20 | rope_start | m | 4 | 0 | 2 | length of the ropes now; 0 where none swing |
    | 21 | rope_move | m | 4 | 0 | 2 | during the sideways move: what the shaper's natural frequency is of |
    | 22 | rope_end | m | 4 | 0 | 2 | at the end of the phase |
    | 23 | mass | kg | 4000 | 0 | 2 | of the pack on the robot: as weighed, nominal before; 0 without one |
    | 24 | pack_mass | kg | 4000 | 0 | 2 | of such a pack, nominal |
    | 25 | truck_x | m | 0.1 | -2 | 2 | by the scanner: ahead of its place |
    | 26 | truck_y | m | 0.1 | -2 | 2 | by the scanner: left of it |
    | 27 | truck_yaw | rad | 0.03 | -2 | 2 | by the scanner, left positive |
    | 28 | truck_z | m | 0.05 | -2 | 2 | by the scanner: over its nominal height |
    | 29 | truck_pitch | rad | 0.03 | -2 | 2 | by the scanner, nose down positive |
    | 30 | truck_roll | rad | 0.03 | -2 | 2 | by the scanner, right down positive |
    | 31 | sway_x | m | 0.02 | -2 | 2 | of the load from its trolley now, or of the table from its middle |
    | 32 | sway_y | m | 0.02 | -2 | 2 | the same across |
    | 33 | load | N | 40000 | -1 | 2 | load cell |
    | 34 | clear | - | 1 | 0 | 1 | 1 by clear day |
    | 35 | night | - | 1 | 0 | 1 | 1 by night |
    | 36 | rain | - | 1 | 0 | 1 | 1 in rain |
    | 37 | guided | - | 1 | 0 | 1 | 1 where the truck was parked between rails |
    | 38 | robot_progress | - | 1 | 0 | 1 | share of this robot's phases that lie behind it |
    | 39 | swap_progress | - | 1 | 0 | 1 | the same of all robots |
    | 40 | elapsed | s | 150 | 0 | 3 | since the first mechanical phase began |

    Reward: sum of weight x raw term; raw terms are in `info["reward_terms"]`:

    | term | weight | raw value |
    |---|---|---|
    | time | -1 | mechanical time that passed in this step over the swap's kinematic bound |
    | completed | 2 | 1 at completed |
    | failed | -2 | 1 at any end but completed and part_completed |
    | violation | -2 | safety invariants that this step broke for the first time |
    | force | -0.5 | peak lateral force beyond the warn limit as a share of it, in the step that raised it |
    | sway | -0.1 | sway at hand-over beyond the station's limit as a share of it, in the step that raised it |

    Start: a parked, measured truck; the first robot requests a decision for `lower` (`raise`). A truck outside the
    station's gate parks again, where a swap would end (`repark_required`); `info["case"]["reparked"]` counts how often.
    Each quantity is drawn from its own stream of the episode's seed. Constructor arguments (for every episode) or
    `reset(options=...)` (for one) fix `truck`, `pack`, `parking` (guided, unguided; by argument or option only, driven:
    the driver model parks the truck), `conditions` (clear, night, rain; by argument or option only, night+rain) and
    `last_phase`. Options alone fix `servo_gain_spread` (0.1 by default), `friction_factor` (of the guides),
    `pack_mass_kg`, `truck_x_m`, `truck_y_m`, `truck_yaw_rad`. The option `timing` (a timing set, its name or file) has
    that set played as it is, every option of it, and actions have no effect. `reset(seed=s)` is episode s; a reset
    without a seed draws one, given in `info["case"]["seed"]`, so every episode is reproducible from its seed.

    Ends, in `info["outcome"]`; all of them terminate, as every wait of a swap has its own time limit:

    | outcome | when |
    |---|---|
    | running | not ended yet |
    | completed | the truck has its pack and may leave; success if no safety invariant was broken |
    | part_completed | the phases up to last_phase are done |
    | repark_required | the truck stands too far off |
    | lock_stuck | a lock did not open or close, or did not hold |
    | grip_failed | the robot did not get hold of a pack, or not off it |
    | jam | a pack did not go into its seat |
    | scan_failed | the truck could not be measured |
    | sway_limit | a load did not settle below its threshold in time |
    | timeout | a command took too long |
    | refused | a permissive refused a command |
    | outside_model | the reduced-order model's domain of validity was left; counts as failed |
    | overload | trip: load beyond the limit |
    | lateral_force | trip: pressed too hard sideways |
    | truck_moved | trip: the truck was pushed aside |
    | estop | trip: emergency stop |
    | power_loss | trip: power lost |
    | lock_not_open | trip: lifted with a lock not open |
    | low_traverse | trip: sideways with a pack too low |
    | following_error | trip or end: an axis did not follow |
    | robot_distance | trip: robots too close |
    | load_implausible | trip: the load cell reads what no load there can weigh |

    `info`: `outcome`, `is_success` (completed or part_completed, no invariant broken), `reward_terms`, `clipped`,
    `limited`, `asked` (phase, robot and job of the next decision request); `costs` by name and their sum `cost`
    (invariants: newly broken ones, lateral_force: rise of the peak beyond the warn limit as a share of it);
    `violations` of the safety monitor; `kpis`: time_s (mechanical), lower_bound_s (kinematic), procedure_bound_s, ratio
    (to the kinematic bound), and the swap's own (peak_lateral_force_n, residual_sway_m, insert_attempts, energy_j,
    ...); `case`: what was drawn.

    Arguments:
        station: name or path of a station, or a station.
        truck, pack: name or path; None draws among those that go with the station.
        parking, conditions: None draws.
        last_phase: a mechanical phase of the station after which the episode ends, at the first robot that would
            continue; None: the whole swap.
        plant: "bullet", the reference, or "rom", the reduced-order model.
        render_mode: None, "rgb_array" or "human"; with it `view` is a view of the viewer (overview, seat, top, driver)
            and `size_px` the picture's width and height.

    Raises:
        InputError: a wrong argument, option or action, named.

    Version history: v0, the first; `swaptwin/Timing-v1` (`envs.timing_v1`) changes a tuned set instead.
    """

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": 1}

    def __init__(
        self,
        station: Name | Station = "top_lift",
        truck: Name | None = None,
        pack: Name | None = None,
        parking: str | None = None,
        conditions: str | None = None,
        last_phase: str | None = None,
        plant: str = "bullet",
        render_mode: str | None = None,
        view: str = "overview",
        size_px: tuple[int, int] = (640, 360),
    ) -> None:
        self.station = station if isinstance(station, Station) else load_station(station)
        self._choice = SwapChoice(
            with_overrides(self.station, STILL_S),
            None if truck is None else load_truck(truck),
            None if pack is None else load_pack(pack),
            parking,
            conditions,
        )
        self._choices = {self._choice.planning: self._choice}
        self._phases = MECHANICAL[self.station.kind]
        self.last_phase = last_phase if last_phase is None else choice("last_phase", last_phase, self._phases)
        self.plant_name = choice("plant", plant, PLANTS)
        self._begin_closed(render_mode, view, size_px)
        self.action_space, self.observation_space = box(ACTION), box(OBSERVATION)
        self._base = load_timing("factory", self.station)
        self._actions: Actions = Absolute(self.station)
        self._observed: Sequence[Quantity] = OBSERVATION
        self._episode: TimingEpisode | None = None
        self._recorder = EpisodeRecorder("timing")

    @property
    def max_steps(self) -> int:
        """Upper limit of an episode's steps: every phase of every pack, at every try."""
        return most_steps(self._choice)

    # ----------------------------------------------------------------------------------------------------- an episode

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Begin episode `seed`, or the next one; `options`: see Start in the class docstring."""
        self._check_open("reset")
        super().reset(seed=seed)
        others = known(options, (*OPTIONS, "last_phase", "timing"))
        played, chosen = self._played(others.pop("timing", None))
        fixed, place = part_of(others, self.last_phase, self.station)
        episode = int(self.np_random.integers(2**63)) if seed is None else seed
        self._free()
        timing = played or self._base
        case, swap = begin(chosen, episode, fixed, timing, place, self._recorder, plant=self.plant_name)
        self._episode = TimingEpisode(case, swap, self.station, self._actions, self._observed, played)
        self._outcome, self._begun = "running", True
        self._show_live()
        return self._episode.observation(), self._episode.info()

    def _played(self, given: object) -> tuple[TimingSet | None, SwapChoice]:
        """Return the timing set to play as it is, or None, and the choice with its planning."""
        played = played_set(given, self.station)
        return played, self._planned(played or self._base)

    def _planned(self, timing: TimingSet) -> SwapChoice:
        """Return the choice with the planning of a timing set."""
        if timing.planning not in self._choices:
            self._choices[timing.planning] = replace(self._choice, planning=timing.planning)
        return self._choices[timing.planning]

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Respond to the decision request and advance the swap to the next one."""
        self._check_running()
        episode = self._episode_now()
        episode.answer(*checked_action(action, episode.actions.quantities))
        episode.swap.go_on()
        episode.look()
        self._outcome = episode.outcome
        self._recorder.step(episode.swap.twin, episode.reward, self._outcome)
        self._show_live()
        return episode.observation(), episode.reward, self._outcome != "running", False, episode.info()

    # --------------------------------------------------------------------------------- recordings, pictures, the end

    def _show(self) -> Array | None:
        episode = self._episode_now()
        if self._picture is None:
            from envs.swap_picture import SwapPicture  # the viewer, only when asked for

            self._picture = SwapPicture(str(self.render_mode), self.view, self.size_px, "Timing")
        picture: Array | None = self._picture.show(episode.case.setup, episode.swap.twin.runner)
        return picture

    def _free(self) -> None:
        self._recorder.drop()
        if self._episode is not None:
            self._episode.swap.close()
            self._episode = None

    def _episode_now(self) -> TimingEpisode:
        assert self._episode is not None
        return self._episode


def played_set(given: object, station: Station) -> TimingSet | None:
    """Return the timing set of the option `timing`; None for None.

    Raises:
        InputError: no timing set, or one for another kind of station.
    """
    if given is None:
        return None
    if not isinstance(given, TimingSet | str | os.PathLike):
        raise InputError("no timing set", key="options['timing']", value=given, allowed="a name, a file, a TimingSet")
    played = given if isinstance(given, TimingSet) else load_timing(given, station)
    if played.kind != station.kind:
        raise InputError("made for another kind of station", key="options['timing']", value=played.name)
    return played


def most_steps(choice: SwapChoice) -> int:
    """Upper limit of an episode's steps: packs x mechanical phases x tries of insertion and of locks."""
    station, phases = choice.station, MECHANICAL[choice.station.kind]
    packs = max(len(truck.seats_xyz_m) for truck, _ in choice.fitting)
    return packs * len(phases) * (station.limits.insert_tries + station.actuators.lock_tries)


def part_of(
    options: Mapping[str, Any] | None, last_phase: str | None, station: Station
) -> tuple[dict[str, Any], int | None]:
    """Return (options without `last_phase`, index of the last phase to play or None)."""
    fixed = known(options, (*OPTIONS, "last_phase"))
    last = fixed.pop("last_phase", last_phase)
    if last is None:
        return fixed, None
    return fixed, place_of(choice("options['last_phase']", last, MECHANICAL[station.kind]), station.kind)
