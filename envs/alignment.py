"""swaptwin/Alignment-v1: bring a carried pack from hover into its seat."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium.error import ResetNeeded

from envs.alignment_case import CARE, MAX_DELAY, STARTS, AlignmentCase, AlignmentChoice, refused_start
from envs.alignment_control import ACTION, ACTION_MODES, EARLIER, OBSERVATION
from envs.alignment_episodes import CODES, Episodes
from envs.alignment_reward import COSTS, REWARD_WEIGHTS
from envs.delay import Delay
from envs.episodic import EpisodicEnv, steps_within
from envs.options import choice, number
from envs.recording import EpisodeRecorder
from envs.scaling import box, checked_action
from envs.swap_case import SwapChoice
from twin.alignment.driver import InsertionError
from twin.alignment.episode import AlignmentTwin
from twin.alignment.sensed import DECISION_S
from twin.catalogue import Station, load_pack, load_station, load_truck
from twin.runner.kinds import PLANTS
from twin.runner.single import ONLY

if TYPE_CHECKING:
    from twin.alignment.driver import Driver
    from twin.runner.single import Runner

__all__ = ["ACTION", "EARLIER", "OBSERVATION", "OUTCOMES", "REWARD_WEIGHTS", "AlignmentEnv"]

Array = np.ndarray
Name = str | os.PathLike[str]

OUTCOMES = {
    "running": "not ended yet",
    "seated": "all four seat switches made, load off the ropes; success within the force limit and every invariant",
    "jam": "axial force over the jam limit for 0.3 s while going in, pads still free",
    "force_abort": "side force over 0.9 of the station's abort limit for its reaction time while going in",
    "overload": "interlock: load over the station's overload limit",
    "truck_moved": "interlock: the truck was pushed farther than its station allows",
    "low_traverse": "interlock: carried sideways beyond the deadband below the clearance height",
    "following_error": "interlock: an axis lost its reference, or runs too fast",
    "lock_not_open": "interlock: a lock of the pack's seat is not open while it is hoisted",
    "robot_distance": "interlock: two robots came too near to each other",
    "load_implausible": "interlock: the load cell reads what no load there can weigh",
    "outside_model": "the reduced-order model's domain of validity was left; not a success",
    "time_limit": "time_limit_s is over (truncated)",
}


class AlignmentEnv(EpisodicEnv):
    """Bring the hanging (or lifted) pack from hover to fully seated, by velocity setpoints for x, y, z and yaw.

    One step is 0.05 s: 25 ticks of the physics. The control software stands between the agent and the machine:
    setpoints are ramped at the axes' own acceleration and jerk, no axis runs beyond its stroke, and the interlocks act
    as in every swap. Bounds over the seat (docs/interlocks.md): the pack stays within 40 mm and 1.7 deg of the measured
    seat; a load that swings more than 40 mm is damped before the agent controls x and y again; the guide pins are met
    at 0.07 m/s at most and not while the load swings more than 30 mm; the seat is met at the contact speed; a pack that
    is supported before it reaches its seat goes no deeper.

    Action, `Box(4,)` float32; the setpoint is value x scale. `action_mode="direct"`: the action is the setpoints.
    `action_mode="residual"`: a quarter of speed_x, speed_y and speed_yaw and 0.6 of speed_in are added to the
    setpoints of the station's servo, and the sum is limited to the same scale. An axis that is slower with a pack goes
    at its own limit. Finite values beyond the bounds are clipped;
    `info["clipped"]` lists which:

    | i | name | unit | scale | low | high | meaning |
    |---|---|---|---|---|---|---|
    | 0 | speed_x | m/s | 0.06 | -1 | 1 | of axis x |
    | 1 | speed_y | m/s | 0.06 | -1 | 1 | of axis y |
    | 2 | speed_in | m/s | 0.25 | -1 | 1 | of the hoist or lift, towards the seat |
    | 3 | speed_yaw | rad/s | 0.03 | -1 | 1 | of the yaw axis, left positive |

    Observation, `Box(50,)` float32, quantity / scale, clipped to its bounds. It holds measured quantities only, never
    the true pose: the scanner's pose of the truck (mean of its last frames, with this episode's bias), encoders, sway
    sensor, load cell, guide forces and switches:

    | i | name | unit | scale | low | high | meaning |
    |---|---|---|---|---|---|---|
    | 0 | axis_x | m | 0.05 | -2 | 2 | guide pins at this height, by the scanner, less axis x |
    | 1 | axis_y | m | 0.05 | -2 | 2 | guide pins at this height, by the scanner, less axis y |
    | 2 | pack_x | m | 0.05 | -2 | 2 | the same less the sway: where the pack itself is |
    | 3 | pack_y | m | 0.05 | -2 | 2 | the same less the sway: where the pack itself is |
    | 4 | yaw | rad | 0.02 | -2 | 2 | seat by the scanner less the yaw axis |
    | 5 | tilt_x | m/m | 0.02 | -2 | 2 | how far the guide pins lean to x, by the scanner |
    | 6 | tilt_y | m/m | 0.02 | -2 | 2 | how far the guide pins lean to y, by the scanner |
    | 7 | height | m | 0.5 | -1 | 2 | of the pack over its seat, along the insert direction |
    | 8 | guides | pins | 3 | -0.5 | 2 | the same in lengths of the guide pins |
    | 9 | sway_x | m | 0.03 | -2 | 2 | of the load from its trolley, or of the table from its centre |
    | 10 | sway_y | m | 0.03 | -2 | 2 | of the load from its trolley, or of the table from its centre |
    | 11 | sway_x_rate | m/s | 0.06 | -2 | 2 | filtered over 0.1 s |
    | 12 | sway_y_rate | m/s | 0.06 | -2 | 2 | filtered over 0.1 s |
    | 13 | axis_speed_x | m/s | 0.06 | -2 | 2 | by its encoder |
    | 14 | axis_speed_y | m/s | 0.06 | -2 | 2 | by its encoder |
    | 15 | axis_speed_in | m/s | 0.15 | -2 | 2 | by its encoder, towards the seat |
    | 16 | axis_speed_yaw | rad/s | 0.03 | -2 | 2 | by its encoder |
    | 17 | load | - | 1 | -1.5 | 1.5 | load cell less what hangs there, over the pack's weight |
    | 18 | axial | - | 1 | -2 | 2 | the same over the force that counts as a jam, close up |
    | 19 | lateral_x | - | 1 | -2 | 2 | guide force over the limit that ends an insertion |
    | 20 | lateral_y | - | 1 | -2 | 2 | guide force over the limit that ends an insertion |
    | 21 | pad_front_left | - | 1 | 0 | 1 | 1 with this seat switch made |
    | 22 | pad_front_right | - | 1 | 0 | 1 | 1 with this seat switch made |
    | 23 | pad_rear_left | - | 1 | 0 | 1 | 1 with this seat switch made |
    | 24 | pad_rear_right | - | 1 | 0 | 1 | 1 with this seat switch made |
    | 25 | frames | - | 100 | 0 | 2 | of the truck's pose that were taken since hover |
    | 26 | elapsed | s | 20 | 0 | 3 | since hover |
    | 27 | mass | kg | 4000 | 0 | 2 | of the pack, as weighed |
    | 28 | rope | m | 4 | 0 | 2 | length of the ropes; 0 where none swing |
    | 29 | previous_x | m/s | 0.06 | -1 | 1 | the last setpoint, as sent |
    | 30 | previous_y | m/s | 0.06 | -1 | 1 | the last setpoint, as sent |
    | 31 | previous_in | m/s | 0.15 | -2 | 2 | the last setpoint, as sent |
    | 32 | previous_yaw | rad/s | 0.03 | -1 | 1 | the last setpoint, as sent |
    | 33 | servo_x | m/s | 0.06 | -1 | 1 | what the station's own servo would send now |
    | 34 | servo_y | m/s | 0.06 | -1 | 1 | what the station's own servo would send now |
    | 35 | servo_in | m/s | 0.15 | -1 | 1 | what the station's own servo would send now |
    | 36 | servo_yaw | rad/s | 0.03 | -1 | 1 | what the station's own servo would send now |
    | 37 | servo_passed | - | 1 | 0 | 1 | 1 once the servo has passed its gate over the pins |
    | 38 | servo_waiting | s | 8 | 0 | 2 | time for which the servo has waited at its gate |
    | 39 | servo_stuck | s | 2 | 0 | 2 | time without progress in depth; at 2 s the servo backs off |
    | 40 | servo_easing | - | 1 | 0 | 1 | 1 while the servo eases off resistance |
    | 41 | servo_retreating | - | 1 | 0 | 1 | 1 while the servo backs off over its gate |
    | 42 | servo_tries | - | 4 | 0 | 2 | how often the servo has backed off: its place on the spiral |
    | 43 | swing_x | m | 0.03 | -2 | 2 | sway by an observer: a pendulum's model and the sensor |
    | 44 | swing_y | m | 0.03 | -2 | 2 | sway by an observer: a pendulum's model and the sensor |
    | 45 | swing_x_rate | m/s | 0.06 | -2 | 2 | its rate by the observer |
    | 46 | swing_y_rate | m/s | 0.06 | -2 | 2 | its rate by the observer |
    | 47 | peak_lateral | - | 1 | 0 | 2 | largest guide force seen so far over that limit |
    | 48 | care | - | 1 | 0 | 1 | what force weighs in the reward: 0 fast, 1 careful |
    | 49 | tips | pins | 0.35 | -2 | 2 | height of the pack over the tips of the guide pins, close up |

    Reward: sum of weight x raw term, from the true poses; raw terms are in `info["reward_terms"]`:

    | term | weight | raw value |
    |---|---|---|
    | progress | 1 | share of the start's height by which the pack came nearer in this step |
    | alignment | 1 | progress x tolerance of the offset x tolerance of the yaw error |
    | seated | 5 | 1 at success: seated, no invariant broken, side force never over the station's abort limit |
    | failed | -20 | 1 at jam, force_abort, an interlock or outside_model |
    | time | -8 | this step's share of half a minute |
    | smoothness | -0.01 | a quarter of the mean squared change of the action |
    | lateral | -1 | square of the side force over its abort limit, times 0.05 s |
    | axial | -0.2 | axial force over the jam limit, times 0.05 s, until a pad touches |
    | violations | -20 | safety invariants broken in this step |
    | peak | -2 | rise of the episode's peak side force beyond (1 - care) x its warn limit, over its abort limit |

    Start: the pack hangs (or stands on the table) at 1.3 to 4 lengths of the guide pins over its seat, off by up to
    30 mm and 0.6 deg, swinging under ropes; the truck has risen on its springs and has just been measured for 2 s.
    Each quantity is drawn from its own stream of the episode's seed. Constructor arguments (for every episode) or
    `reset(options=...)` (for one) fix `truck`, `pack`, `parking` (guided, unguided; by argument or option only, driven:
    the driver model parks the truck) and `conditions` (clear, night, rain; by argument or option only, night+rain: the
    scanner). Options alone fix `job` (which of the truck's packs), `height_m`, `off_x_m`, `off_y_m`, `off_yaw_rad`,
    `sway_x_m`, `sway_y_m`, `sway_x_mps`, `sway_y_mps`, `sheave_up_m` (rope length), `pack_mass_kg`, `friction_factor`
    (guides), `servo_gain_spread`, `truck_x_m`, `truck_y_m`, `truck_yaw_rad`, and what lies outside the station file:
    `mass_beyond` (share by which the packs are heavier than their file's heaviest or, negative, lighter than its
    lightest), `noise_factor` (of all sensors' noise), `delay_s` (until an action takes effect). Argument `vary` fixes
    options for every episode. The packs' masses, the friction, the
    truck's tilt, the drives' gains and all sensor errors follow the seed. A truck that is drawn outside the station's
    gate parks again; `info["case"]["reparked"]` counts how often. `reset(seed=s)` is episode s; a reset without a seed
    draws one, given in `info["case"]["seed"]`, so every episode is reproducible from its seed.

    `starts="all_weather"` draws night+rain as often as each other condition. `starts="wide"` does so too, and draws
    each start's spread of offsets and sway between one and two times the above: jams, back-off and search come about in
    one of ten. One from which no insertion can begin is drawn within the spread of a hand-over.

    Ends, in `info["outcome"]`; all but the time limit terminate:

    | outcome | when |
    |---|---|
    | running | not ended yet |
    | seated | all four seat switches made, load off the ropes; success within the force limit and every invariant |
    | jam | axial force over the jam limit for 0.3 s while going in, pads still free |
    | force_abort | side force over 0.9 of the station's abort limit for its reaction time while going in |
    | overload | interlock: load over the station's overload limit |
    | truck_moved | interlock: the truck was pushed farther than its station allows |
    | low_traverse | interlock: carried sideways beyond the deadband below the clearance height |
    | following_error | interlock: an axis lost its reference, or runs too fast |
    | lock_not_open | interlock: a lock of the pack's seat is not open while it is hoisted |
    | robot_distance | interlock: two robots came too near to each other |
    | load_implausible | interlock: the load cell reads what no load there can weigh |
    | outside_model | the reduced-order model's domain of validity was left; not a success |
    | time_limit | time_limit_s is over (truncated) |

    `info`: `outcome`, `is_success`, `reward_terms`, `clipped`; `costs` by name and their sum `cost` (lateral_force:
    beyond the warning, axial_force: beyond the jam limit, each as a share of the limit; violations; stopped: 1 where an
    end was no success); `violations`: safety invariants broken so far; `kpis`: time_s, insert_attempts, first_attempt
    (1 where seated without ever leaving the guides again), offset_m, yaw_error_rad (true), peak_lateral_force_n,
    peak_axial_force_n, truck_displacement_m, energy_j; `case`: what was drawn.

    Arguments:
        station: name or path.
        truck, pack: name or path; None draws among those that go with the station.
        parking, conditions: None draws.
        action_mode: "direct" or "residual".
        plant: "bullet", the reference, or "rom", the reduced-order model.
        time_limit_s: 5 to 600.
        care: weight of the side force in the reward, from 0 (fast: free up to the warn limit) to 1 (careful: every
            newton counts); None draws it. It is observed; option `care` fixes it for one episode.
        starts: "hand_over", as a swap hands over; for training "all_weather" or "wide": see Start.
        vary: options of every episode, by name.
        render_mode: None, "rgb_array" or "human"; with it `view` is a view of the viewer (overview, seat, top, driver)
            and `size_px` the picture's width and height.

    Raises:
        InputError: a wrong argument, option or action, named.

    Version history: v1 observes the state of the servo, an observer's sway, the peak force and `care`; `speed_in` goes
    to 0.25 m/s (0.15); success is within the force limit, whose peak has a term; a pack pushed onto the pins no longer
    hangs there until the servo has calmed. v0's observation is the first 37 elements: bundles made for it still play
    (`agents.modes`). v0, the first.
    """

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": round(1.0 / DECISION_S)}

    def __init__(
        self,
        station: Name | Station = "top_lift",
        truck: Name | None = None,
        pack: Name | None = None,
        parking: str | None = None,
        conditions: str | None = None,
        action_mode: str = "direct",
        plant: str = "bullet",
        time_limit_s: float = 60.0,
        care: float | None = 0.0,
        starts: str = "hand_over",
        vary: Mapping[str, float] | None = None,
        render_mode: str | None = None,
        view: str = "seat",
        size_px: tuple[int, int] = (640, 360),
    ) -> None:
        self.station = station if isinstance(station, Station) else load_station(station)
        self._choice = AlignmentChoice(
            SwapChoice(
                self.station,
                None if truck is None else load_truck(truck),
                None if pack is None else load_pack(pack),
                parking,
                conditions,
            ),
            None if care is None else number("care", care, *CARE),
            choice("starts", starts, STARTS),
            dict(vary or {}),
        )
        self.plant_name = choice("plant", plant, PLANTS)
        self.action_mode = choice("action_mode", action_mode, ACTION_MODES)
        self.care = self._choice.care
        self._one = Episodes(1, self.action_mode, number("time_limit_s", time_limit_s, 5.0, 600.0))
        self._begin_closed(render_mode, view, size_px)
        self.action_space, self.observation_space = box(ACTION), box(OBSERVATION)
        self._case: AlignmentCase | None = None
        self._delay = Delay(1, len(ACTION), MAX_DELAY)
        self._twin: AlignmentTwin | None = None
        self._recorder = EpisodeRecorder("align")
        self._played: list[list[float]] = []

    @property
    def time_limit_s(self) -> float:
        """Time limit of an episode, s; it truncates."""
        return self._one.time_limit_s

    @time_limit_s.setter
    def time_limit_s(self, limit_s: float) -> None:
        self._one.time_limit_s = limit_s

    @property
    def max_steps(self) -> int:
        """Number of the step that truncates an episode."""
        return steps_within(self.time_limit_s, DECISION_S)

    # ----------------------------------------------------------------------------------------------------- an episode

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Begin episode `seed`, or the next one; `options`: see Start in the class docstring."""
        self._check_open("reset")
        super().reset(seed=seed)
        episode = int(self.np_random.integers(2**63)) if seed is None else seed
        self._case, self._begun = self._choice.draw(episode, options), True
        try:
            self._begin(self._case, record=True)
        except InsertionError as error:  # an interlock ends it while the pack is brought to its start
            self._free()
            if options or self._choice.starts != "wide":
                raise refused_start(error, {**self._choice.fixed, **(options or {})}) from None
            self._case = self._choice.draw(episode, widened=False)
            try:
                self._begin(self._case, record=True)
            except InsertionError as again:
                self._free()
                raise refused_start(again, self._choice.fixed) from None
        self._show_live()
        return self._one.observations[0].copy(), self._info({q.name: False for q in ACTION})

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Hold the setpoints for 0.05 s."""
        twin = self._ready()
        scaled, clipped = checked_action(action, ACTION)
        self._advance(twin, scaled)
        reward = float(self._one.rewards[0])
        truncated = self._outcome == "time_limit"
        self._recorder.step(twin, reward, self._outcome)
        self._show_live()
        terminated = self._outcome != "running" and not truncated
        return self._one.observations[0].copy(), reward, terminated, truncated, self._info(clipped)

    def _begin(self, case: AlignmentCase, *, record: bool = False) -> AlignmentTwin:
        """Place the pack at hover and measure the truck, as the case says."""
        self._free()
        self._twin = twin = case.new_twin(self.plant_name)
        if record:
            self._recorder.begin(twin)
        twin.begin()
        self._outcome, self._played = "running", []
        self._delay.begin(0, case.late_steps)
        self._one.begin(ONLY, [case], twin.driver)
        return twin

    def _advance(self, twin: AlignmentTwin, scaled: list[float]) -> None:
        """Advance one decision period with these scaled actions and judge it."""
        self._one.step(ONLY, self._delay.passed_on(ONLY, np.array([scaled])), twin.driver)
        self._played.append(scaled)
        self._outcome = str(CODES[self._one.episodes["end"][0]])

    def _info(self, clipped: dict[str, bool]) -> dict[str, Any]:
        assert self._case is not None
        assert self._twin is not None
        one = self._one
        cost = dict(zip(COSTS, one.costs[0].tolist(), strict=True))
        return {
            "outcome": self._outcome,
            "is_success": bool(one.success()[0]),
            "reward_terms": dict(zip(REWARD_WEIGHTS, one.terms[0].tolist(), strict=True)),
            "clipped": clipped,
            "cost": sum(cost.values()),
            "costs": cost,
            "violations": int(one.episodes["violations"][0]),
            "kpis": {name: values[0].item() for name, values in one.kpis(self._twin.runner.worlds).items()},
            "case": self._case.as_plain(),
        }

    # --------------------------------------------------------------------------------- recordings, pictures, the end

    @property
    def runner(self) -> Runner:
        """Plant, controller and monitor of the current episode.

        Raises:
            ResetNeeded: before the first reset.
        """
        if self._twin is None:
            raise ResetNeeded("no runner before reset()")
        return self._twin.runner

    @property
    def case(self) -> AlignmentCase:
        """The current episode's inputs.

        Raises:
            ResetNeeded: before the first reset.
        """
        if self._case is None:
            raise ResetNeeded("no case before reset()")
        return self._case

    @property
    def driver(self) -> Driver:
        """Driver of the current episode's insertion, its only one.

        Raises:
            ResetNeeded: before the first reset.
        """
        if self._twin is None:
            raise ResetNeeded("no driver before reset()")
        return self._twin.driver

    @property
    def episodes(self) -> Episodes:
        """Records of the current episode, the only one in them."""
        return self._one

    def _show(self) -> Array | None:
        self._restore()
        assert self._case is not None
        if self._picture is None:
            from envs.swap_picture import SwapPicture  # the viewer, only when asked for

            self._picture = SwapPicture(str(self.render_mode), self.view, self.size_px, "Alignment")
        picture: Array | None = self._picture.show(self._case.swap.setup, self.runner, self._case.hover.job)
        return picture

    def _free(self) -> None:
        self._recorder.drop()
        if self._twin is not None:
            self._twin.close()
            self._twin = None

    def _ready(self) -> AlignmentTwin:
        """Return the twin; raise if no step may be taken."""
        self._check_running()
        self._restore()
        assert self._twin is not None
        return self._twin

    def _restore(self) -> None:
        """After unpickling, replay the episode's actions so far; the same actions give the same bits."""
        if self._twin is not None or self._case is None:
            return
        played = self._played
        twin = self._begin(self._case)
        for scaled in played:
            self._advance(twin, scaled)

    def __getstate__(self) -> dict[str, Any]:
        """State without the plant, which is replayed, and without the picture."""
        return {**super().__getstate__(), "_twin": None}
