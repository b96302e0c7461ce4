"""The docking yardstick does what a yardstick must, on a few seeds; the 500 are in tests/evidence."""

from __future__ import annotations

import numpy as np
import pytest

from agents.baselines.docking import Sensed, Stanley
from agents.episodes import Scene
from agents.evaluate import Evaluation, evaluate
from agents.tasks import TASKS

TASK = TASKS["docking_v0"]


def played(episodes: int, **options: str) -> Evaluation:
    return evaluate(Scene(TASK, options), ["baseline"], episodes=episodes, seed=1000, workers=1)[0]


@pytest.mark.parametrize(
    ("options", "least"),
    [
        ({"conditions": "clear", "parking": "guided"}, 20),
        ({"conditions": "rain", "parking": "unguided"}, 18),
        ({"conditions": "night", "parking": "guided", "station": "chassis"}, 19),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else None,
)
def test_it_docks(options: dict[str, str], least: int) -> None:
    reported = played(20, **options).as_json()["policies"][0]
    assert reported["reasons"].get("docked", 0) >= least
    assert reported["interventions"] == {}
    assert reported["time_s"]["median"] < 30.0
    assert reported["cost_mean"] < 1.0  # never over rails, hardly ever a trace over the speed limit


def test_an_episode_is_the_same_after_others() -> None:
    again = played(3).episodes[0][2]
    alone = evaluate(Scene(TASK), ["baseline"], episodes=1, seed=1002, workers=1)[0].episodes[0][0]
    assert again == alone


def test_it_steers_to_the_middle_and_stands_still_when_there() -> None:
    controller = Stanley()
    seen = Sensed(
        x_m=-20.0,
        y_m=0.3,
        yaw_rad=0.0,
        age_s=0.1,
        driven_m=0.15,
        new=1,
        speed_mps=1.4,
        yaw_rate_radps=0.0,
        steer_rad=0.0,
    )
    rate, _ = controller.drive(seen, 4.5)
    assert rate < 0.0
    controller.begin()
    seen.y_m = -0.3
    assert controller.drive(seen, 4.5)[0] == pytest.approx(-rate)
    controller.begin()
    seen.x_m, seen.driven_m, seen.speed_mps = 0.0, 0.0, 0.0
    controller.drive(seen, 4.5)
    rate, pedal = controller.drive(seen, 4.5)
    assert rate == 0.0
    assert pedal < 0.0


def test_pedals_change_at_a_limited_rate() -> None:
    controller = Stanley()
    pedals = []
    for k in range(60):
        seen = Sensed(-25.0 + 0.1 * k, 0.0, 0.0, 0.1, 0.1, 1, 0.02 * k, 0.0, 0.0)
        pedals.append(controller.drive(seen, 4.5)[1])
    assert np.abs(np.diff([0.0, *pedals])).max() <= controller.gains.jerk_mps3 * 0.1 + 1e-12
