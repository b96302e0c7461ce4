"""Classical alignment: the law beside the servo, and its recovery."""

from __future__ import annotations

import numpy as np
import pytest

from agents.baselines.alignment import DescentLaw, ServoPolicy, spiral
from agents.batch import actor_of, make_worlds, play
from agents.episodes import FORCE, Player, Scene
from agents.tasks import TASKS
from envs.alignment_control import ACTION, OBSERVATION

ROM = Scene(TASKS["alignment"], {"plant": "rom", "conditions": "clear"})
AT = {q.name: i for i, q in enumerate(OBSERVATION)}
SCALE = np.array([q.scale for q in OBSERVATION])
SPEED = np.array([q.scale for q in ACTION])


def observed(**values: float) -> np.ndarray:
    """Over the pins on a rope of 3 m."""
    row = np.zeros(len(OBSERVATION), np.float32)
    for name, value in {"guides": 2.0, "height": 0.28, "rope": 3.0, **values}.items():
        row[AT[name]] = value / SCALE[AT[name]]
    return row


def setpoints(**values: float) -> np.ndarray:
    wanted: np.ndarray = DescentLaw().act(observed(**values)) * SPEED
    return wanted


def test_the_law_is_faster_than_the_servo_with_less_force() -> None:
    player, seeds = Player(ROM, ["baseline", "law"]), range(7000, 7024)
    worlds = make_worlds(ROM, len(seeds))
    servo, law = (play(worlds, actor_of(lambda i=i: player.policy(i), len(seeds)), seeds, ROM) for i in (0, 1))  # type: ignore[misc]
    player.close()
    assert all(episode.success for episode in law)
    assert np.median([b.time_s - a.time_s for a, b in zip(servo, law, strict=True)]) < -0.2
    assert np.median([e.kpis[FORCE] for e in law]) < np.median([e.kpis[FORCE] for e in servo])


def test_it_waits_at_the_gate_until_the_pack_is_over_the_pins() -> None:
    near = {"guides": 1.15, "height": 0.16}
    assert setpoints(**near)[2] > 0.1
    assert setpoints(**near, axis_x=0.04)[2] < 0.02
    assert setpoints(**near, swing_x_rate=0.1)[2] < 0.02
    assert setpoints(**near, yaw=0.02)[2] < 0.02
    assert setpoints(**near, axis_x=0.04, servo_waiting=7.0)[2] > 0.1, "not for ever"
    assert setpoints(**near, axis_x=0.04, servo_passed=1.0)[2] > 0.1


def test_on_a_table_the_trolley_does_not_follow_a_swing_and_the_yaw_axis_not_the_scanners_noise() -> None:
    free = {"rope": 0.0, "guides": 2.0, "height": 0.11}
    assert setpoints(**free, swing_x=0.01)[0] == 0.0
    assert setpoints(**free, axis_x=0.01)[0] > setpoints(axis_x=0.01)[0]
    assert setpoints(**free, yaw=0.01)[3] < setpoints(yaw=0.01)[3]


@pytest.mark.parametrize("parking", ["guided", "unguided"])
@pytest.mark.parametrize("law", [DescentLaw, ServoPolicy])
def test_by_night_and_rain_a_block_is_seated_at_the_first_attempt(parking: str, law: type) -> None:
    # on two of these 24 seeds the block is more than 25 mm deeper by the scanner than its seat
    scene = Scene(
        TASKS["alignment"], ROM.options | {"station": "chassis", "parking": parking, "conditions": "night+rain"}
    )
    worlds = make_worlds(scene, 24)
    episodes = play(worlds, actor_of(law, 24), range(20031, 20055), scene)
    assert all(episode.success and episode.kpis["first_attempt"] for episode in episodes)


def test_it_goes_slowly_over_the_lead_in() -> None:
    slow, fast = (setpoints(guides=g, height=0.14 * g, servo_passed=1.0)[2] for g in (0.8, 0.3))
    assert 0.0 < slow < fast


def test_careful_it_lands_slower() -> None:
    fast, careful = (setpoints(guides=0.1, height=0.014, servo_passed=1.0, care=care)[2] for care in (0.0, 1.0))
    assert 0.0 < careful < 0.5 * fast


@pytest.mark.parametrize("axis", ["x", "y"])
def test_sideways_it_acts_on_offset_and_sway(axis: str) -> None:
    i = "xy".index(axis)
    assert setpoints(**{f"axis_{axis}": 0.02})[i] > 0.01
    assert setpoints(**{f"swing_{axis}": 0.02})[i] > 0.01, "follows its load"
    assert setpoints(**{f"swing_{axis}_rate": 0.02})[i] < -0.005
    assert setpoints(**{f"swing_{axis}": 0.02, "guides": 0.5, "height": 0.07})[i] > 0.01


def test_it_recovers_as_the_servo_does() -> None:
    backs_off = {"servo_x": 0.01, "servo_y": -0.02, "servo_in": -0.08, "servo_yaw": 0.01}
    np.testing.assert_allclose(
        setpoints(**backs_off, servo_retreating=1.0, axis_x=0.03), [0.01, -0.02, -0.08, 0.01], atol=1e-6
    )
    assert setpoints(guides=0.5, height=0.07, servo_passed=1.0, servo_easing=1.0)[2] < 0.0
    beside = setpoints(servo_tries=2.0)[:2]
    x, y = spiral(np.array([2.0]))
    assert np.hypot(x, y) > 0.003
    assert float(beside @ np.array([x[0], y[0]])) > 0.0, "comes down beside"
    assert spiral(np.zeros(1)) == (0.0, 0.0)
