"""swaptwin/Docking-v3: drive a truck into the bay, forwards or in reverse, on any ground, or guide its driver in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from envs.docking_case import Case, Choice
from envs.docking_episodes import ACTION, CODES
from envs.docking_guided import OBSERVATION, GuidedEpisodes
from envs.docking_law import ACTION_MODES
from envs.docking_recording import DriveRecorder
from envs.docking_reward import COSTS, REWARD_WEIGHTS
from envs.episodic import EpisodicEnv, steps_within
from envs.options import choice, number
from envs.scaling import box, checked_action
from twin.catalogue import Scenario, Station, load_pack, load_scenario, load_station, load_truck
from twin.docking import CONTROL_S, DockingPlant

Array = np.ndarray
Name = str | os.PathLike[str]
FIRST = np.array([0])
RETIRED = (0, 1)
"""Earlier versions, whose policies cannot drive any more: v0 had pedals, v1 another pose filter."""

OUTCOMES = {
    "running": "not ended yet",
    "docked": "success: stands within 50 mm in x and in y and 1 deg in yaw",
    "rail_hit": "a wheel pressed harder against a rail than the station allows",
    "left_lane": "truck, front axle or trailer 1.5 m aside (in reverse: the apron's width), or 5 m beyond the start",
    "overshot": "beyond the place by 1 m, or by 0.3 m with a wheel stop",
    "jackknife": "the hitch angle reached 60 deg",
    "parked_outside": "has driven, then stood for 5 s, but not within the tolerance",
    "time_limit": "time_limit_s is over (truncated)",
}


class DockingEnv(EpisodicEnv):
    """Bring a truck, mostly with its semi-trailer, into the bay and stop there: forwards from 30 m, or in reverse.

    One step is 0.1 s. The agent requests a steering angle and a speed. Drive-by-wire follows them, or a driver who
    reads them from a display (`operator`), 0.3 to 0.7 s late, more slowly and with errors of his own: then guidance is
    what is learnt. A request of the other direction changes gear, which takes a standstill and 1 s. Trailers that are
    pushed are unstable. The ground (grade, cross-slope, dry to icy; braked wheels may lock), the spread of lags and
    sensor errors, and the lidar's outages come from a `scenario` of models/scenarios.

    Action, `Box(2,)` float32; the request is value x scale. Finite values beyond the bounds are clipped;
    `info["clipped"]` lists which:

    | i | name | unit | scale | low | high | meaning |
    |---|---|---|---|---|---|---|
    | 0 | steering_angle | rad | 0.6 | -1 | 1 | requested of the front wheels, left positive |
    | 1 | speed | m/s | 1.5 | -1 | 1 | requested, backwards negative; below 0.06 m/s: stop and stand |

    With `action_mode="residual"` the action is added to what the station's own law (`twin.docking.law`) asks for, with
    at most 0.09 rad of the wheels and half of that speed: where the law stands, so does the truck.

    Observation, `Box(37,)` float32, quantity / scale, clipped to its bounds. It holds no true pose: x, y and yaw come
    from a Kalman filter on the lidar (late, noisy, biased, at times blind), wheel speed and gyroscope
    (`envs.docking_guidance`), hitch angle and steering offset from others; the truck's own sensors have errors too:

    | i | name | unit | scale | low | high | meaning |
    |---|---|---|---|---|---|---|
    | 0 | x | m | 30 | -2 | 2 | estimated: along the lane, before the bay negative |
    | 1 | x_near | m | 1 | -1 | 1 | the same close to the bay, clipped |
    | 2 | y | m | 0.8 | -2 | 2 | estimated: left of the lane's middle |
    | 3 | y_near | m | 0.1 | -1 | 1 | the same close to the middle, clipped |
    | 4 | yaw | rad | 0.1 | -2 | 2 | estimated: heading, left positive |
    | 5 | yaw_near | rad | 0.02 | -1 | 1 | the same close to straight, clipped |
    | 6 | x_sigma | m | 0.1 | 0 | 1 | standard deviation of x by the filter, biases apart |
    | 7 | y_sigma | m | 0.1 | 0 | 1 | standard deviation of y by the filter, biases apart |
    | 8 | measured_age | s | 2 | 0 | 1 | how old the lidar's last frame is, or none yet |
    | 9 | speed | m/s | 1.5 | -2 | 2 | by the wheels, backwards negative |
    | 10 | specific_force | m/s2 | 1 | -2 | 2 | accelerometer along the body: acceleration less gravity's part |
    | 11 | yaw_rate | rad/s | 0.2 | -2 | 2 | gyroscope, left positive |
    | 12 | steering_angle | rad | 0.6 | -2 | 2 | of the front wheels by their sensor, left positive |
    | 13 | hitch_angle | rad | 0.3 | -2 | 2 | estimated: truck's yaw less its trailer's; 0 without one |
    | 14 | hitch_near | rad | 0.03 | -1 | 1 | the same close to straight, clipped |
    | 15 | trailer_y | m | 0.8 | -2 | 2 | estimated: middle of the trailer's axles; the truck's y without one |
    | 16 | trailer_y_near | m | 0.1 | -1 | 1 | the same close to the middle, clipped |
    | 17 | gear | - | 1 | -1 | 1 | 1 forwards, -1 reverse |
    | 18 | asked_steering_angle | rad | 0.6 | -1 | 1 | the last request |
    | 19 | asked_speed | m/s | 1.5 | -1 | 1 | the last request |
    | 20 | direction | - | 1 | -1 | 1 | 1 into the bay forwards, -1 in reverse |
    | 21 | guided | - | 1 | 0 | 1 | 1 with rails and wheel stop, 0 without |
    | 22 | driver | - | 1 | 0 | 1 | 1 a driver follows the requests, 0 drive-by-wire |
    | 23 | wheelbase | m | 5 | 0 | 2 | the truck's own |
    | 24 | kingpin_x | m | 3 | -2 | 2 | fifth wheel ahead of the truck's middle; 0 without a trailer |
    | 25 | trailer_length | m | 8 | 0 | 2 | kingpin to the middle of its axles; 0 without one |
    | 26 | mass | kg | 50000 | 0 | 2 | truck with pack, trailer and load |
    | 27 | road_friction | - | 1 | 0 | 2 | announced for the weather and the scenario, not this drive's own |
    | 28 | grade | - | 0.02 | -2 | 2 | surveyed: rise of the ground along the lane |
    | 29 | camber | - | 0.02 | -2 | 2 | surveyed: rise of the ground to the left |
    | 30 | yaw_sigma | rad | 0.01 | 0 | 1 | standard deviation of yaw by the filter |
    | 31 | steering_offset | rad | 0.02 | -1 | 1 | estimated: the steering sensor's reading over the true angle |
    | 32 | held | rad | 0.02 | -1 | 1 | average: steering angle by its sensor over the asked one |
    | 33 | drift | - | 0.01 | -1 | 1 | estimated: way to the left by a length of way, beside the heading's |
    | 34 | stood | s | 2 | 0 | 1 | how long the wheels have stood |
    | 35 | law_steering_angle | rad | 0.6 | -1 | 1 | what the station's own law would ask for |
    | 36 | law_speed | m/s | 1.5 | -1 | 1 | what the station's own law would ask for |

    Reward: sum of weight x raw term; raw terms are in `info["reward_terms"]`:

    | term | weight | raw value |
    |---|---|---|
    | progress | 1 | share of the start's distance by which the truck came nearer in this step |
    | alignment | 1 | progress x tolerance of the lateral error (forwards the front axle's) x tolerance of the yaw |
    | docked | 4 | 1 at success |
    | parked | 2 | at an end by standing: tolerance of the distance x tolerance of the yaw |
    | failed | -2 | 1 at rail_hit, left_lane, overshot, jackknife |
    | time | -2.4 | this step's share of a minute |
    | smoothness | -0.02 | a quarter of the mean squared change of the action |
    | rail | -0.1 | rail force over its limit, times 0.1 s |
    | overspeed | -1 | speed beyond the limit of its direction as a share of it, times 0.1 s |
    | shift | -0.1 | 1 in a step with a change of gear |

    Start: standing 30 m before the bay (`direction` "forward"), or beyond it where the scenario begins to reverse. Each
    quantity is drawn from its own stream of the episode's seed. Constructor arguments (for every episode) or
    `reset(options=...)` (for one) fix `truck`, `pack`, `conditions` (clear, night, rain; by argument or option only,
    night+rain), `guided` (rails and wheel stop, or neither; in reverse neither), `scenario`, `direction` (forward,
    reverse) and `operator` (by_wire, driver). Options alone fix `load` (share of the payload, 0 to 1), `pack_mass_kg`,
    `tyre_friction` (when dry), `grade`, `camber`, `start_x_m`, `start_y_m`, `start_yaw_rad`, `start_hitch_rad` (drawn
    ones keep the trailer's axles within 1 m of the lane's middle). All
    other errors and lags follow the seed. `reset(seed=s)` is episode s; a reset without a seed draws one, given in
    `info["case"]["seed"]`, so every episode is reproducible from its seed.

    Ends, in `info["outcome"]`; all but the time limit terminate:

    | outcome | when |
    |---|---|
    | running | not ended yet |
    | docked | success: stands within 50 mm in x and in y and 1 deg in yaw |
    | rail_hit | a wheel pressed harder against a rail than the station allows |
    | left_lane | truck, front axle or trailer 1.5 m aside (in reverse: the apron's width), or 5 m beyond the start |
    | overshot | beyond the place by 1 m, or by 0.3 m with a wheel stop |
    | jackknife | the hitch angle reached 60 deg |
    | parked_outside | has driven, then stood for 5 s, but not within the tolerance |
    | time_limit | time_limit_s is over (truncated) |

    `info`: `outcome`, `is_success`, `reward_terms`, `clipped`; `costs` by name and their sum `cost` (rail_force: peak
    beyond the limit, overspeed: beyond the limit of its direction, each as a share of the limit; left_lane, jackknife:
    1); `kpis`: time_s, lateral_error_m, longitudinal_error_m, yaw_error_rad, hitch_angle_rad (true),
    peak_hitch_angle_rad, gear_changes, peak_rail_force_n, peak_stop_force_n; `case`: what was drawn.

    Arguments:
        station: name or path of a station that has an `approach`.
        truck, pack: name or path; None draws among those that go with the station.
        conditions, guided, direction, operator: None draws.
        scenario: name or path; None draws among those of models/scenarios.
        action_mode: "direct", or "residual": added to the law's requests.
        time_limit_s: 10 to 600.
        render_mode: None, "rgb_array" or "human"; with it `view` is "approach" or a view of the viewer
            (overview, seat, top, driver) and `size_px` the picture's width and height.

    Raises:
        InputError: a wrong argument, option or action, named.

    Version history: v3: the station's own law is observed, and an action may add to it; v2 (retired): the pose by a
    filter that integrates the way by the trapezoidal rule and knows drift and the lidar's wandering error, and the
    last four quantities; v1 (retired): requests instead of pedals, reverse gear, slopes, locking wheels, scenarios,
    operators, a pose filter; v0 (retired): pedals and steering rate, forwards only.
    """

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": round(1.0 / CONTROL_S)}

    def __init__(
        self,
        station: Name = "top_lift",
        truck: Name | None = None,
        pack: Name | None = None,
        conditions: str | None = None,
        guided: bool | None = None,
        scenario: Name | Scenario | None = None,
        direction: str | None = None,
        operator: str | None = None,
        action_mode: str = "direct",
        time_limit_s: float = 120.0,
        render_mode: str | None = None,
        view: str = "approach",
        size_px: tuple[int, int] = (640, 360),
    ) -> None:
        self.station: Station = load_station(station)
        self._choice = Choice(
            self.station,
            None if truck is None else load_truck(truck),
            None if pack is None else load_pack(pack),
            conditions,
            guided,
            None if scenario is None else load_scenario(scenario),
            direction,
            operator,
        )
        self.action_mode = choice("action_mode", action_mode, ACTION_MODES)
        self._one = GuidedEpisodes(1, number("time_limit_s", time_limit_s, 10.0, 600.0), self.action_mode)
        self._begin_closed(render_mode, view, size_px)
        self.action_space, self.observation_space = box(ACTION), box(OBSERVATION)
        self._case: Case | None = None
        self._recorder = DriveRecorder("dock")

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
        return steps_within(self.time_limit_s, CONTROL_S)

    # ----------------------------------------------------------------------------------------------------- an episode

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Begin episode `seed`, or the next one; `options`: see Start in the class docstring."""
        self._check_open("reset")
        super().reset(seed=seed)
        episode = int(self.np_random.integers(2**63)) if seed is None else seed
        self._case, self._begun = self._choice.draw(episode, options), True
        self._plant = self._case.new_plant()
        self._recorder.begin(self._case, self._plant)
        self._outcome = "running"
        self._one.begin(0, self._case)
        self._one.look_first(FIRST, self._plant.worlds, self._plant.params)
        self._show_live()
        return self._one.observations[0].copy(), self._info({q.name: False for q in ACTION})

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Let the operator follow the request for 0.1 s."""
        plant, one = self._ready(), self._one
        scaled, clipped = checked_action(action, ACTION)
        commands = one.act(FIRST, np.array([scaled]), plant.worlds, plant.params)
        self._recorder.drive(plant, *commands[0].tolist())
        one.look(FIRST, plant.worlds, plant.params)
        self._outcome = str(CODES[one.episodes["end"][0]])
        reward, info = float(one.rewards[0]), self._info(clipped)
        truncated = self._outcome == "time_limit"
        self._recorder.step(reward, info, OUTCOMES[self._outcome])
        self._show_live()
        terminated = self._outcome != "running" and not truncated
        return one.observations[0].copy(), reward, terminated, truncated, info

    def _info(self, clipped: dict[str, bool]) -> dict[str, Any]:
        assert self._case is not None
        one = self._one
        cost = dict(zip(COSTS, one.costs[0].tolist(), strict=True))
        return {
            "outcome": self._outcome,
            "is_success": bool(one.success()[0]),
            "reward_terms": dict(zip(REWARD_WEIGHTS, one.terms[0].tolist(), strict=True)),
            "clipped": clipped,
            "cost": sum(cost.values()),
            "costs": cost,
            "kpis": {name: values[0].item() for name, values in one.kpis(self._plant.worlds).items()},
            "case": self._case.as_plain(),
        }

    # --------------------------------------------------------------------------------- recordings, pictures, the end

    def _show(self) -> Array | None:
        assert self._case is not None
        if self._picture is None:
            from envs.docking_picture import DockingPicture  # the viewer, only when asked for

            self._picture = DockingPicture(str(self.render_mode), self.view, self.size_px)
        picture: Array | None = self._picture.show(self._case, self._plant)
        return picture

    def _free(self) -> None:
        self._recorder.drop()

    def _ready(self) -> DockingPlant:
        """Return the plant; raise if no step may be taken."""
        self._check_running()
        return self._plant
