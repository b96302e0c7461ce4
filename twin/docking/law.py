"""The station's own laws of docking, for one truck or many: forwards Stanley or pure pursuit, in reverse a cascade.

Forwards, on the estimated pose: Stanley's law steers the front axle (Hoffmann, Tomlin, Montemerlo, Thrun 2007),

    delta = -(psi + atan(k e / (v + v_0))),

pure pursuit the rear axle towards a point ahead on the lane's middle (Coulter 1992),

    delta = atan(2 L sin(alpha) / l_d).

In reverse, over the distance s driven backwards, there are two. The cascade: each loop gives the next one its set
point. Without a trailer the rear axle's lateral error asks for a heading and the heading for a steering angle. A
trailer takes two more: the error of its axles asks for its heading, that for a hitch angle, that for the truck's path
curvature and so the steering angle (as in Evestedt, Ljungqvist, Axehill 2016; the hitch's own dynamics, phi' = sin(phi)
/ L_t, are compensated). Model predictive control: the steering that brings the truck to its place over the way that is
left at least cost, by the linear model with the lag of the wheels (`horizon_gains`).

All of them steer the course, heading and drift together, and allow for the steering sensor's estimated offset and for
how far the operator holds the wheels from what was asked. The speed follows the remaining distance. It rises no faster
than the announced grip lets driven wheels hold, and falls where the pose is not known. A truck that stands, and yet has
not docked, stands outside the tolerance: it moves on or back by what is left along the lane, or, if it stands aside,
drives away from the bay and tries again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray
CONTROL_S = 0.1
"""Period of a request (docs of the environment)."""
FRONT_SHARE = 0.35
"""Distance of the front axle ahead of the truck's middle, in wheelbases [middle of the shipped trucks]."""
APPROACH, AWAY, HOLD, BACK = range(4)
WITHIN_M, WITHIN_RAD = 0.05, 0.01745
"""Tolerance of the place (docs of the environment)."""
LQ_LEAST_M = 1.5
"""Way left from which the gains stay: shorter horizons would steer by noise."""


LQ_STEP_M, LQ_STEPS = 0.1, 320
"""Grid of the horizon."""
LQ_END_M, LQ_END_RAD, LQ_END_HITCH_RAD = 0.015, 0.005, 0.03
"""Errors that weigh alike at the end: a third of the tolerance; the trailer may stand a little askew."""
LQ_LINE_M, LQ_HEADING_RAD, LQ_HITCH_RAD, LQ_STEER_RAD = 0.35, 0.3, 0.3, 0.15
"""Errors that weigh alike over a metre on the way, and steering."""


@dataclass(frozen=True)
class Gains:
    """Tuned parameters, in SI, found by hand and by search on seeds that no stored evaluation uses."""

    cross_track_per_s: float = 1.05
    """Stanley's k."""
    soft_mps: float = 0.35
    """v_0: limits the steering gain at low speed."""
    look_ahead_m: float = 3.5
    """Pure pursuit: least distance of the point ahead, and per speed."""
    look_ahead_s: float = 1.5
    lead_s: float = 0.15
    """The pose is extrapolated by this: lag of the steering."""
    reverse_lead_s: float = 0.35
    lag_m: float = 0.4
    """Way in which the wheels follow, for the horizon's model."""
    line_m: float = 4.0
    """Reverse without trailer: distance in which the lateral error fades, and the heading's."""
    heading_m: float = 1.7
    trailer_line_m: float = 7.0
    """Reverse with trailer: distances of the three loops; without lags 3 l, l and l / 3 put all poles at 1 / l."""
    trailer_heading_m: float = 3.0
    hitch_m: float = 1.5
    line_most_rad: float = 0.15
    hitch_most_rad: float = 0.20
    steer_most_rad: float = 0.55
    speed_share: float = 0.985
    """Of the limit: the wheels' own measure is off by about 1 %."""
    slowing_mps2: float = 0.36
    """Deceleration of the profile, where the road holds it."""
    road_share: float = 0.25
    """Of the announced friction that braking may use."""
    settle_s: float = 0.5
    """Near its place the speed is the remaining distance over this."""
    creep_mps: float = 0.16
    behind_per_rad: float = 0.55
    """In reverse the speed falls by this share for each radian that the wheels are behind."""
    pedal_lead_s: float = 0.25
    """The profile is read this time ahead: dead time and rise of the brakes."""
    stop_m: float = 0.005
    coast_s: float = 0.4
    """Distance at which the request is to stop: at a standstill, and more for each speed."""
    blocked_s: float = 1.5
    """Time without way near the place after which the truck is taken to lean on the wheel stop."""
    away_m: float = 7.0
    away_trailer_m: float = 14.0
    """Distance from the bay to which a truck that stands aside drives before it tries again."""
    traction_share: float = 0.15
    """Of the announced friction that pulling away may use: few of the axles are driven."""
    unknown_m: float = 0.9
    """Standard deviation of the lateral position at which the truck all but stops and waits for the lidar."""
    doubt_s: float = 1.0
    """A truck that stands, not docked, though all estimates are well within, waits for better ones."""
    nearer_m: float = 0.02
    """How much further it then moves."""


BY_WIRE = Gains()
DRIVER = replace(
    BY_WIRE,
    lead_s=0.3,
    reverse_lead_s=0.9,
    lag_m=2.3,
    pedal_lead_s=0.57,
    slowing_mps2=0.34,
    settle_s=2.2,
    stop_m=0.021,
    coast_s=0.55,
    creep_mps=0.07,
    cross_track_per_s=0.35,
    soft_mps=0.57,
    behind_per_rad=0.32,
    line_m=6.0,
    heading_m=1.5,
    trailer_line_m=10.5,
    trailer_heading_m=3.5,
    hitch_m=1.2,
)
"""Behind a driver's reaction time and slower hands."""
FORWARD_MPS, REVERSE_MPS = 1.5, 1.0
"""Limits of the shipped stations and scenarios (docs of the environment)."""


STATE = np.dtype([("mode", np.int64), ("blocked_s", np.float64), ("aim_m", np.float64), ("away_m", np.float64)])
"""What a controller remembers of its drive."""


class Controller:
    """N controllers on physical quantities: `request` gives steering angles (rad) and speeds (m/s).

    Attributes:
        state: (N,) STATE.
    """

    def __init__(self, n: int, law: str = "stanley", by_wire: Gains = BY_WIRE, driver: Gains = DRIVER) -> None:
        """`law`: stanley, pure_pursuit (reversing: cascade), mpc (Stanley; in reverse the horizon, away: pursuit)."""
        self.law, self._gains = law, (by_wire, driver)
        self.state = np.zeros(n, STATE)

    def begin(self, which: Array | slice = slice(None)) -> None:
        """Begin new drives in some worlds."""
        self.state[which] = np.zeros((), STATE)

    def _gain(self, name: str, driver: Array) -> Array:
        a, b = (getattr(gains, name) for gains in self._gains)
        return np.where(driver, b, a)

    def request(self, seen: Mapping[str, Array], which: Array | slice = slice(None)) -> tuple[Array, Array]:
        """Compute one control step of the worlds `which` from their observed quantities (K,) in SI; once per step.

        `seen` has the quantities of Docking's observation, by name.

        Returns:
            steering angles (K,) in rad and speeds (K,) in m/s, backwards negative.
        """
        driver, state = seen["driver"] > 0.5, self.state[which]

        def g(name: str) -> Array:
            return self._gain(name, driver)

        into = seen["direction"]  # 1 forwards into the bay, -1 in reverse
        left = -seen["x"] * into + state["aim_m"]  # way that is left, in the direction of the drive
        u = seen["speed"] * into
        _decide(state, seen, left, u, g)
        self.state[which], mode = state, state["mode"]
        way = np.where((mode == AWAY) | (mode == BACK), -into, into)
        back = self._horizon(seen, left, g) if self.law == "mpc" else self._reverse(seen, g)
        steer = np.where(way > 0.0, self._forward(seen, g), back) + seen["steering_offset"] - seen["held"]
        steer = np.where(mode == BACK, seen["steering_angle"], steer)
        limit = np.where(way > 0.0, FORWARD_MPS, REVERSE_MPS) * g("speed_share")
        speed = self._profile(left - g("pedal_lead_s") * np.maximum(u, 0.0), seen, limit, g)
        speed = np.where(mode == AWAY, np.minimum(limit, 1.0), speed)
        speed = np.where(mode == BACK, g("creep_mps"), speed)
        speed *= np.clip((g("unknown_m") - seen["y_sigma"]) / 0.3, 0.1, 1.0)
        # large angles are turned at a lower speed: the wheels' rate is limited
        behind = np.abs(steer - seen["steering_angle"])
        speed = np.where(
            way < 0.0, np.minimum(speed, np.maximum(limit * (1.0 - g("behind_per_rad") * behind), 0.25)), speed
        )
        # driven wheels that spin do not hold the truck on a cross-slope
        rise = g("traction_share") * 9.81 * seen["road_friction"] * CONTROL_S
        asked = np.minimum(np.maximum(seen["asked_speed"] * way, np.maximum(seen["speed"] * way, 0.08)), 2.0)
        speed = np.minimum(speed, asked + rise)
        speed = np.where(mode == HOLD, 0.0, speed)
        steer = np.where(speed == 0.0, seen["steering_angle"], steer)
        return steer, way * speed

    def _profile(self, left: Array, seen: Mapping[str, Array], limit: Array, g: Any) -> Array:
        """Desired speed at this distance from the place."""
        slowing = np.minimum(g("slowing_mps2"), g("road_share") * 9.81 * seen["road_friction"])
        settle = g("settle_s")
        joint = slowing * settle**2
        far = np.sqrt(2.0 * slowing * np.maximum(left - 0.5 * joint, 0.0))
        wanted = np.where(left <= joint, left / settle, far)
        return np.clip(wanted, g("creep_mps"), limit)

    def _forward(self, seen: Mapping[str, Array], g: Any) -> Array:
        length, v = seen["wheelbase"], np.maximum(seen["speed"], 0.0)
        front, lead = FRONT_SHARE * length, g("lead_s")
        yaw = seen["yaw"] + lead * seen["yaw_rate"]
        y = seen["y"] + lead * v * np.sin(0.5 * (seen["yaw"] + yaw) + seen["drift"])
        rear = y - (length - front) * np.sin(yaw)
        ahead = g("look_ahead_m") + g("look_ahead_s") * v
        alpha = np.arctan2(-rear, ahead) - yaw
        pursuit = np.arctan(2.0 * length * np.sin(alpha) / ahead)
        error, course = y + front * np.sin(yaw), yaw + seen["drift"]
        stanley = -(course + np.arctan(g("cross_track_per_s") * error / (v + g("soft_mps"))))
        if self.law == "mpc":
            wanted = np.where(seen["direction"] > 0.0, stanley, pursuit)  # the latter away from the bay
        else:
            wanted = pursuit if self.law == "pure_pursuit" else stanley
        return np.clip(wanted, -g("steer_most_rad"), g("steer_most_rad"))

    def _horizon(self, seen: Mapping[str, Array], left: Array, g: Any) -> Array:
        """Steer by the gains of the way that is left; far from the bay by those of the longest horizon."""
        rear_m = (1.0 - FRONT_SHARE) * seen["wheelbase"]
        rear_y = seen["y"] - rear_m * np.sin(seen["yaw"])
        wheels = seen["steering_angle"] - seen["steering_offset"]
        state = np.column_stack([rear_y, seen["yaw"] - seen["drift"], seen["hitch_angle"], wheels])
        at = np.clip((left / LQ_STEP_M).astype(int), round(LQ_LEAST_M / LQ_STEP_M), LQ_STEPS - 1)
        wanted = np.empty(len(left))
        geometry = zip(seen["wheelbase"], seen["kingpin_x"] + rear_m, seen["trailer_length"], g("lag_m"), strict=True)
        for i, values in enumerate(geometry):
            gains = horizon_gains(*(round(float(value), 3) for value in values))
            wanted[i] = -gains[at[i]] @ state[i]
        return np.clip(wanted, -g("steer_most_rad"), g("steer_most_rad"))

    def _reverse(self, seen: Mapping[str, Array], g: Any) -> Array:
        length, lead, v = seen["wheelbase"], g("reverse_lead_s"), seen["speed"]
        rear_m = (1.0 - FRONT_SHARE) * length
        towed = np.maximum(seen["trailer_length"], 1.0)
        ahead = seen["kingpin_x"] + rear_m  # the fifth wheel's way ahead of the rear axle
        # where truck and trailer will be when the wheels have followed
        hitch, rate = seen["hitch_angle"], seen["yaw_rate"]
        trailer_yaw, trailer_rate = seen["yaw"] - hitch, (v * np.sin(hitch) + ahead * rate * np.cos(hitch)) / towed
        yaw = seen["yaw"] - seen["drift"] + lead * rate
        hitch = hitch + lead * (rate - trailer_rate)
        trailer_y = seen["trailer_y"] + lead * v * np.sin(trailer_yaw)
        trailer_yaw = trailer_yaw + lead * trailer_rate
        rear_y = seen["y"] - rear_m * np.sin(seen["yaw"]) + lead * v * np.sin(seen["yaw"])
        most = g("line_most_rad")
        # without a trailer
        heading = np.clip(rear_y / g("line_m"), -most, most)
        alone = np.arctan(length * (yaw - heading) / g("heading_m"))
        # with one: signs as distance backwards
        trailer_heading = np.clip(trailer_y / g("trailer_line_m"), -most, most)
        hitch_most = g("hitch_most_rad")
        turn = np.clip(towed * (trailer_yaw - trailer_heading) / g("trailer_heading_m"), -hitch_most, hitch_most)
        curvature = (-(hitch - np.arcsin(turn)) / g("hitch_m") - np.sin(hitch) / towed) / (1.0 - ahead / towed)
        wanted = np.where(seen["trailer_length"] > 0.1, np.arctan(-length * curvature), alone)
        return np.clip(wanted, -g("steer_most_rad"), g("steer_most_rad"))


def _decide(state: Array, seen: Mapping[str, Array], left: Array, u: Array, g: Any) -> None:
    """Advance the modes: a stop is held; one outside the tolerance begins another approach."""
    mode, slow = state["mode"], np.abs(u) < 0.012
    coast = g("coast_s") * np.abs(u)
    arrived = (mode == APPROACH) & (left < g("stop_m") + coast)
    arrived |= (mode == BACK) & (left > -g("stop_m") - coast)
    near = (mode == APPROACH) & (left < 0.08) & slow & (seen["guided"] > 0.5)
    state["blocked_s"] = np.where(near, state["blocked_s"] + CONTROL_S, 0.0)
    mode = np.where(arrived | (state["blocked_s"] > g("blocked_s")), HOLD, mode)
    # a truck that stands within the tolerance has docked: this one does not
    left = left - state["aim_m"]
    along, y, yaw = np.abs(left) / WITHIN_M, np.abs(seen["y"]) / WITHIN_M, np.abs(seen["yaw"]) / WITHIN_RAD
    aside = np.maximum(y, yaw)
    sure = np.maximum(along, aside) > 0.7
    stands = (mode == HOLD) & (seen["stood"] > np.where(sure, 0.6, g("doubt_s")))
    move = stands & (along >= aside) & (np.abs(left) < 0.5)
    away = stands & ~move
    towed = seen["trailer_length"] > 0.1
    nearer = np.where(left > 0.0, 1.0, -1.0) * np.where(sure, 0.0, g("nearer_m"))
    state["aim_m"] = np.where(away, 0.0, np.where(move, nearer, state["aim_m"]))
    mode = np.where(move, np.where(left > 0.0, APPROACH, BACK), np.where(away, AWAY, mode))
    state["away_m"] = np.where(towed, g("away_trailer_m"), g("away_m"))
    state["mode"] = np.where((mode == AWAY) & (left > state["away_m"]), APPROACH, mode)


@cache
def horizon_gains(length_m: float, ahead_m: float, trailer_m: float, lag_m: float) -> Array:
    """Gains (distances, 4) of the finite-horizon LQ problem of reversing, for each `LQ_STEP_M` of way that is left.

    The state over distance driven backwards is rear axle's lateral position, heading, hitch angle, steering angle; the
    input is the requested steering angle, which the wheels follow over `lag_m`:

        y' = -psi,  psi' = -delta / L,  phi' = -(1 - a / L_t) delta / L + phi / L_t,  delta' = (u - delta) / lag.

    Terminal weights are the tolerances of the truck's place; `trailer_m` 0: the hitch angle does not count. Solved once
    backwards (Anderson, Moore, Optimal Control, 2.3): model predictive control whose constraints are not active.
    """
    towed = trailer_m > 0.0
    a = np.zeros((4, 4))
    a[0, 1], a[1, 3], a[3, 3] = -1.0, -1.0 / length_m, -1.0 / lag_m
    if towed:
        a[2, 2], a[2, 3] = 1.0 / trailer_m, -(1.0 - ahead_m / trailer_m) / length_m
    b = np.array([[0.0], [0.0], [0.0], [1.0 / lag_m]])
    f, g = np.eye(4) + LQ_STEP_M * a + 0.5 * (LQ_STEP_M * a) @ (LQ_STEP_M * a), LQ_STEP_M * b
    rear_m = (1.0 - FRONT_SHARE) * length_m
    middle = np.array([[1.0, rear_m, 0.0, 0.0]])
    end = middle.T @ middle / LQ_END_M**2 + np.diag(
        [0.0, LQ_END_RAD**-2.0, LQ_END_HITCH_RAD**-2.0 if towed else 0.0, 4.0]
    )
    run = LQ_STEP_M * np.diag([LQ_LINE_M**-2.0, LQ_HEADING_RAD**-2.0, LQ_HITCH_RAD**-2.0 if towed else 0.0, 0.0])
    effort = np.array([[LQ_STEP_M / LQ_STEER_RAD**2]])
    cost, gains = end, []
    for _ in range(LQ_STEPS):
        k = np.linalg.solve(effort + g.T @ cost @ g, g.T @ cost @ f)
        cost = run + f.T @ cost @ (f - g @ k)
        gains.append(k[0])
    return np.array(gains)
