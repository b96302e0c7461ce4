"""Classical alignment: the station's own servo (`twin.alignment.servo`), and a law of few numbers with its recovery."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from envs.alignment_control import ACTION, OBSERVATION, RESIDUAL_SHARES
from twin.alignment.sensed import Sensed
from twin.alignment.servo import MAX_SETPOINT, Gains, VisualServo
from twin.gravity import GRAVITY_MPS2

Array = np.ndarray
PADS = ("front_left", "front_right", "rear_left", "rear_right")


class ServoPolicy:
    """`VisualServo` on the observation of `swaptwin/Alignment-v1`, as a policy.

    In residual mode the environment already applies the servo: this policy then adds nothing to it.
    """

    def __init__(self, environment: Any = None) -> None:
        self.residual = getattr(environment, "action_mode", "direct") == "residual"
        self.servo = VisualServo()
        self._names = [q.name for q in OBSERVATION]
        self._scales = np.array([q.scale for q in OBSERVATION])
        self._per_unit = 1.0 / np.array([q.scale for q in ACTION])

    def begin(self, seed: int) -> None:
        """Begin a new insertion; nothing is drawn."""
        self.servo.begin()

    def act(self, observation: Array) -> Array:
        """Return the scaled action for a scaled observation."""
        if self.residual:
            return np.zeros(len(self._per_unit), np.float32)
        speeds = self.servo.speeds(self._sensed(observation))
        return np.clip(speeds * self._per_unit, -1.0, 1.0).astype(np.float32)

    def _sensed(self, observation: Array) -> Sensed:
        v = dict(zip(self._names, (observation * self._scales).tolist(), strict=True))
        return Sensed(
            axis_x_m=v["axis_x"],
            axis_y_m=v["axis_y"],
            pack_x_m=v["pack_x"],
            pack_y_m=v["pack_y"],
            yaw_rad=v["yaw"],
            tilt_x=v["tilt_x"],
            tilt_y=v["tilt_y"],
            height_m=v["height"],
            guides=v["guides"],
            sway_x_m=v["sway_x"],
            sway_y_m=v["sway_y"],
            sway_x_mps=v["sway_x_rate"],
            sway_y_mps=v["sway_y_rate"],
            speed_x_mps=v["axis_speed_x"],
            speed_y_mps=v["axis_speed_y"],
            speed_in_mps=v["axis_speed_in"],
            speed_yaw_radps=v["axis_speed_yaw"],
            load=v["load"],
            axial=v["axial"],
            lateral_x=v["lateral_x"],
            lateral_y=v["lateral_y"],
            pads=tuple(round(v[f"pad_{place}"]) for place in PADS),
            frames=round(v["frames"]),
            elapsed_s=v["elapsed"],
            carried_kg=v["mass"],
            rope_m=v["rope"],
        )


@dataclass(frozen=True)
class LawGains:
    """Numbers of the law, SI units.

    The five of the lateral feedback minimise the squared offset and speed of a pack between 1.7 and 3.2 s after a
    hand-over, on a model of a pendulum of 2 to 4.2 m under a trolley with the axes' acceleration and jerk, with the
    sensor's noise; all others are set by hand, on seeds that no stored evaluation uses.
    """

    offset_per_s: float = 0.926
    speed: float = -0.04
    """Of the trolley's own speed."""
    sway: float = 0.532
    """Of the sway times the pendulum's frequency."""
    sway_rate: float = -0.473
    previous: float = -0.136
    """Of the last setpoint: what the axis will still do."""
    yaw_per_s: float = 1.2
    """Yaw speed per radian of error."""
    follow_per_s: float = 0.8
    """On the pins, trolley speed per metre of sway: the pins show where the seat is, so the trolley goes there."""
    on_pins_per_s: float = 0.2
    """The same per metre of measured offset."""
    gate: float = 1.12
    """Height of the gate in lengths of the guide pins."""
    hold_per_s: float = 1.5
    off_m: float = 0.012
    off_mps: float = 0.025
    askew_rad: float = 0.010
    """Offset, speed and yaw error of the pack against the pins within which it may pass the gate."""
    patience_s: float = 3.0
    """Time of a wait at the gate after which these are doubled, and so on."""
    lead_in_mps: tuple[float, float] = (0.050, 0.045)
    """Speed over the pins' lead-in, fast and careful: the cone throws a pack sideways at 0.7 of it, and the bore stops
    it with v sqrt(k m)."""
    lead_in_from: float = 1.0
    lead_in_to: float = 0.55
    bore_mps: float = 0.070
    land_mps: tuple[float, float] = (0.070, 0.0275)
    """Speed from just over the seat on, fast (the contact speed limits it) and careful: the truck rolls as it takes the
    load, and the pads slip."""
    land_from: float = 0.16
    ease_mps: float = 0.02


TABLE_GAINS = LawGains(
    offset_per_s=2.0,
    speed=-0.3,
    sway=0.0,
    sway_rate=0.0,
    previous=0.0,
    yaw_per_s=1.0,
    follow_per_s=3.0,
    on_pins_per_s=0.0,
    off_m=0.018,
    off_mps=0.060,
    askew_rad=0.018,
    lead_in_mps=(0.070, 0.050),
)
"""Of a floating table, where nothing swings; set by hand on the reduced-order plant, seeds 50000 to 51149. A faster yaw
follows the scanner's noise: with 2.8 per s the median is 0.4 s longer by night and in rain."""


class DescentLaw:
    """Proportional law on the offset with feedback of the sway, a descent by height, a gate, and the servo's recovery.

    Sideways it brings pack and trolley to rest over the pins; downwards the hoist runs at its limit to the gate, passes
    it once offset, speed and yaw error are small, goes slowly over the lead-in and faster in the bores. On the pins the
    trolley follows the load. Resistance and search are the servo's: it eases off while the servo would, backs off with
    the servo, and comes down beside at the servo's place on the spiral. It has no memory of its own.
    """

    def __init__(self, environment: Any = None, gains: LawGains | None = None) -> None:
        self.gains, self.table = gains or LawGains(), gains or TABLE_GAINS
        self.residual = getattr(environment, "action_mode", "direct") == "residual"
        self._at = {q.name: i for i, q in enumerate(OBSERVATION)}
        self._units = np.array([q.scale for q in OBSERVATION])
        self._scales = np.array([q.scale for q in ACTION])

    def begin(self, seed: int) -> None:
        """Do nothing: there is no internal state."""

    def act(self, observation: Array) -> Array:
        """Return the scaled action (4,) for a scaled observation (O,)."""
        action: Array = self.act_many(observation[None])[0]
        return action

    def act_many(self, observations: Array) -> Array:
        """Return scaled actions (N, 4) for scaled observations (N, O)."""
        seen = {name: observations[:, i] * self._units[i] for name, i in self._at.items()}
        servo = np.stack([seen[name] for name in ("servo_x", "servo_y", "servo_in", "servo_yaw")], axis=1)
        hangs = seen["rope"] > 0.0
        setpoints = np.empty_like(servo)
        for gains, which in ((self.gains, hangs), (self.table, ~hangs)):
            if which.any():
                setpoints[which] = self._setpoints({name: values[which] for name, values in seen.items()}, gains)
        setpoints = np.where(seen["servo_retreating"][:, None] > 0.5, servo, setpoints)
        if self.residual:
            return np.clip((setpoints - servo) / (RESIDUAL_SHARES * self._scales), -1.0, 1.0).astype(np.float32)
        return np.clip(setpoints / self._scales, -1.0, 1.0).astype(np.float32)

    def _setpoints(self, seen: dict[str, Array], g: LawGains) -> Array:
        """Return setpoints (N, 4) along x, y (m/s), towards the seat (m/s), yaw (rad/s)."""
        guides = seen["guides"]
        omega = np.where(seen["rope"] > 0.0, np.sqrt(GRAVITY_MPS2 / np.maximum(seen["rope"], 1.0)), 0.0)
        offs, speeds, sideways = [], [], []
        for axis, beside in zip("xy", spiral(seen["servo_tries"]), strict=True):
            off, swing, rate = seen[f"axis_{axis}"] + beside, seen[f"swing_{axis}"], seen[f"swing_{axis}_rate"]
            own = seen[f"axis_speed_{axis}"]
            free = g.offset_per_s * off + g.sway * omega * swing + g.sway_rate * rate
            free += g.speed * own + g.previous * seen[f"previous_{axis}"]
            pinned = g.follow_per_s * swing + g.on_pins_per_s * off
            sideways.append(np.where(guides < 1.0, pinned, free))
            offs.append(off - swing)
            speeds.append(own + rate)
        wider = 2.0 ** np.floor(seen["servo_waiting"] / g.patience_s)
        calm = (np.hypot(*offs) < wider * g.off_m) & (np.hypot(*speeds) < wider * g.off_mps)
        calm = (calm & (np.abs(seen["yaw"]) < wider * g.askew_rad)) | (seen["servo_passed"] > 0.5)
        pin_m = seen["height"] / np.maximum(guides, 0.1)
        hold = np.clip(g.hold_per_s * (guides - g.gate) * pin_m, -MAX_SETPOINT[2], MAX_SETPOINT[2])
        down = np.where(calm | (guides > g.gate + 0.25), self._scales[2], hold)
        lead_in, land = (fast + seen["care"] * (careful - fast) for fast, careful in (g.lead_in_mps, g.land_mps))
        on_pins = np.where(guides > g.lead_in_to, lead_in, g.bore_mps)
        lands = np.any([seen[f"pad_{place}"] > 0.5 for place in PADS], axis=0)
        on_pins = np.where((guides > g.land_from) & ~lands, on_pins, land)
        down = np.where(calm & (guides < g.lead_in_from), on_pins, down)
        down = np.where(seen["servo_easing"] > 0.5, -g.ease_mps, down)
        return np.stack([*sideways, down, g.yaw_per_s * seen["yaw"]], axis=1)


def spiral(tries: Array) -> tuple[Array, Array]:
    """Offset (N,), (N,) of the servo's present try from where the scanner sees the seat, m."""
    servo, angle = Gains(), np.sqrt(4.0 * math.pi * tries)
    r = np.minimum(servo.spiral_step_m * angle / (2.0 * math.pi), servo.spiral_most_m)
    r = np.where(tries > 0.5, r, 0.0)
    return r * np.cos(angle), r * np.sin(angle)
