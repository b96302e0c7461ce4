"""swaptwin/Docking-v0: drive a truck into the bay."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from envs.docking_case import Case, Choice
from envs.docking_episodes import ACTION, CODES, OBSERVATION, Episodes
from envs.docking_recording import DriveRecorder
from envs.docking_reward import COSTS, REWARD_WEIGHTS
from envs.episodic import EpisodicEnv, steps_within
from envs.options import number
from envs.scaling import box, checked_action
from twin.catalogue import Station, load_pack, load_station, load_truck
from twin.docking import CONTROL_S, DockingPlant

Array = np.ndarray
Name = str | os.PathLike[str]
FIRST = np.array([0])

OUTCOMES = {
    "running": "not ended yet",
    "docked": "success: stands within 50 mm in x and in y and 1 deg in yaw",
    "rail_hit": "a wheel pressed harder against a rail than the station allows",
    "left_lane": "middle of truck or front axle 1.5 m off the lane's middle",
    "overshot": "0.3 m beyond the place: there is no reversing",
    "parked_outside": "has driven, then stood for 5 s, but not within the tolerance",
    "time_limit": "time_limit_s is over (truncated)",
}


class DockingEnv(EpisodicEnv):
    """Drive a truck, mostly with its semi-trailer, from 30 m into the bay and stop there.

    One step is 0.1 s. Rails and a wheel stop may help (`guided`); the lidar's errors grow by night and in rain.

    Action, `Box(2,)` float32; the command is value x scale. Finite values beyond the bounds are clipped;
    `info["clipped"]` lists which:

    | i | name | unit | scale | low | high | meaning |
    |---|---|---|---|---|---|---|
    | 0 | steering_rate | rad/s | 0.33 | -1 | 1 | front wheels turned left |
    | 1 | acceleration | m/s2 | 1 | -1 | 1 | pedals: drive, below zero brake |

    Observation, `Box(18,)` float32, quantity / scale, clipped to its bounds. It holds measured quantities only, never
    the true pose: the lidar's last pose (late, noisy, sometimes dropped) and the truck's own sensors. Before the
    lidar's first measurement (in rain its range is too short at the start) the pose is that of a truck that starts 30 m
    before the bay in the middle of the lane, extrapolated by the wheel speeds:

    | i | name | unit | scale | low | high | meaning |
    |---|---|---|---|---|---|---|
    | 0 | measured_x | m | 30 | -2 | 2 | lidar: along the lane, before the bay negative |
    | 1 | measured_x_near | m | 1 | -1 | 1 | the same close to the bay, clipped |
    | 2 | measured_y | m | 0.8 | -2 | 2 | lidar: left of the lane's middle |
    | 3 | measured_y_near | m | 0.2 | -1 | 1 | the same close to the middle, clipped |
    | 4 | measured_yaw | rad | 0.1 | -2 | 2 | lidar: heading, left positive |
    | 5 | measured_age | s | 1 | 0 | 1 | how old that measurement is; 1 before the first |
    | 6 | measured_new | - | 1 | -1 | 1 | 1 new in this step, 0 kept from an earlier one, -1 none yet |
    | 7 | driven_since | m | 0.5 | -2 | 2 | driven since that measurement, by the wheels |
    | 8 | speed | m/s | 1.5 | -2 | 2 | by the wheels |
    | 9 | acceleration | m/s2 | 1 | -2 | 2 | of the body, forwards |
    | 10 | yaw_rate | rad/s | 0.2 | -2 | 2 | left positive |
    | 11 | steering_angle | rad | 0.5 | -2 | 2 | of the front wheels, left positive |
    | 12 | hitch_angle | rad | 0.2 | -2 | 2 | truck's yaw less its trailer's; 0 without one |
    | 13 | previous_steering_rate | rad/s | 0.33 | -1 | 1 | the last action, as clipped |
    | 14 | previous_acceleration | m/s2 | 1 | -1 | 1 | the last action, as clipped |
    | 15 | guided | - | 1 | 0 | 1 | 1 with rails and wheel stop, 0 without |
    | 16 | wheelbase | m | 5 | 0 | 2 | the truck's own |
    | 17 | mass | kg | 50000 | 0 | 2 | truck with pack, trailer and load |

    Reward: sum of weight x raw term; raw terms are in `info["reward_terms"]`:

    | term | weight | raw value |
    |---|---|---|
    | progress | 1 | share of the 30 m by which the truck came nearer in this step |
    | alignment | 1 | progress x tolerance of the front axle's lateral error x tolerance of the yaw |
    | docked | 4 | 1 at success |
    | parked | 2 | at an end by standing: tolerance of the distance x tolerance of the yaw |
    | failed | -2 | 1 at rail_hit, left_lane, overshot |
    | time | -0.3 | this step's share of a minute |
    | smoothness | -0.02 | a quarter of the mean squared change of the action |
    | rail | -0.1 | rail force over its limit, times 0.1 s |
    | overspeed | -1 | speed beyond the lane's limit as a share of it, times 0.1 s |

    Start: standing 30 m before the bay. Each quantity is drawn from its own stream of the episode's seed. Constructor
    arguments (for every episode) or `reset(options=...)` (for one) fix `truck`, `pack`, `conditions` (clear, night,
    rain; by argument or option only, night+rain) and `guided` (rails and wheel stop, or neither). Options alone fix
    `load` (share of the payload, 0 to 1), `pack_mass_kg`, `tyre_friction` (when dry), `start_x_m`, `start_y_m`,
    `start_yaw_rad`. The wheel stop's place, the wheels' speed error and all lidar errors follow the seed.
    `reset(seed=s)` is episode s; a reset without a seed draws one, given in `info["case"]["seed"]`, so every episode is
    reproducible from its seed.

    Ends, in `info["outcome"]`; all but the time limit terminate:

    | outcome | when |
    |---|---|
    | running | not ended yet |
    | docked | success: stands within 50 mm in x and in y and 1 deg in yaw |
    | rail_hit | a wheel pressed harder against a rail than the station allows |
    | left_lane | middle of truck or front axle 1.5 m off the lane's middle |
    | overshot | 0.3 m beyond the place: there is no reversing |
    | parked_outside | has driven, then stood for 5 s, but not within the tolerance |
    | time_limit | time_limit_s is over (truncated) |

    No end for a jack-knife: the truck only drives forwards, and leaves the lane before its trailer could meet the cab.

    `info`: `outcome`, `is_success`, `reward_terms`, `clipped`; `costs` by name and their sum `cost` (rail_force: peak
    beyond the limit, overspeed: beyond the lane's limit, each as a share of the limit; left_lane: 1); `kpis`: time_s,
    lateral_error_m, longitudinal_error_m, yaw_error_rad (true), peak_rail_force_n, peak_stop_force_n; `case`: what was
    drawn.

    Arguments:
        station: name or path of a station that has an `approach`.
        truck, pack: name or path; None draws among those that go with the station.
        conditions, guided: None draws.
        time_limit_s: 10 to 600.
        render_mode: None, "rgb_array" or "human"; with it `view` is "approach" or a view of the viewer
            (overview, seat, top, driver) and `size_px` the picture's width and height.

    Raises:
        InputError: a wrong argument, option or action, named.

    Version history: v0, the first.
    """

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": round(1.0 / CONTROL_S)}

    def __init__(
        self,
        station: Name = "top_lift",
        truck: Name | None = None,
        pack: Name | None = None,
        conditions: str | None = None,
        guided: bool | None = None,
        time_limit_s: float = 90.0,
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
        )
        self._one = Episodes(1, number("time_limit_s", time_limit_s, 10.0, 600.0))
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
        """Hold the commands for 0.1 s."""
        plant, one = self._ready(), self._one
        scaled, clipped = checked_action(action, ACTION)
        steering_rate, acceleration = one.act(FIRST, np.array([scaled]))[0].tolist()
        self._recorder.drive(plant, steering_rate, acceleration)
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
