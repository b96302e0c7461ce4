"""The classical controllers of Docking: gains against the Riccati equation, signs, one as many, a few drives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm, solve_discrete_are

from agents.baselines.docking import Classical, ClassicalMany, Mpc, PurePursuit, Stanley
from agents.episodes import Scene
from agents.evaluate import evaluate
from agents.tasks import TASKS
from envs.docking import OBSERVATION
from twin.docking import law as laws
from twin.docking.law import horizon_gains

LENGTH_M, AHEAD_M, TRAILER_M, LAG_M = 4.475, 0.4, 7.7, 0.4


def reversing() -> tuple[np.ndarray, np.ndarray]:
    """d/ds of (rear axle's y, yaw, hitch, steering angle) over distance backwards, and of the request's part."""
    a = np.zeros((4, 4))
    a[0, 1], a[1, 3], a[3, 3] = -1.0, -1.0 / LENGTH_M, -1.0 / LAG_M
    a[2, 2], a[2, 3] = 1.0 / TRAILER_M, -(1.0 - AHEAD_M / TRAILER_M) / LENGTH_M
    return a, np.array([[0.0], [0.0], [0.0], [1.0 / LAG_M]])


def test_over_a_long_horizon_the_gains_are_those_of_the_riccati_equation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laws, "LQ_STEPS", 3000)
    a, b = reversing()
    step = laws.LQ_STEP_M
    f, g = expm(step * a), step * b
    run = step * np.diag([laws.LQ_LINE_M**-2, laws.LQ_HEADING_RAD**-2, laws.LQ_HITCH_RAD**-2, 0.0])
    effort = np.array([[step / laws.LQ_STEER_RAD**2]])
    cost = solve_discrete_are(f, g, run, effort)
    steady = np.linalg.solve(effort + g.T @ cost @ g, g.T @ cost @ f)[0]
    gains = horizon_gains.__wrapped__(LENGTH_M, AHEAD_M, TRAILER_M, LAG_M)
    assert gains[-1] == pytest.approx(steady, rel=0.01)


def test_a_pushed_trailer_is_unstable_and_the_gains_make_it_stable() -> None:
    a, b = reversing()
    assert np.linalg.eigvals(a).real.max() == pytest.approx(1.0 / TRAILER_M)
    gains = horizon_gains(LENGTH_M, AHEAD_M, TRAILER_M, LAG_M)
    assert np.linalg.eigvals(a - b @ gains[-1:]).real.max() < -0.05


@pytest.mark.parametrize("trailer_m", [0.0, TRAILER_M])
def test_the_horizon_ends_at_the_place(trailer_m: float) -> None:
    """From half a metre aside the linear model ends within a third of the tolerance."""
    a, b = reversing()
    if not trailer_m:
        a[2] = 0.0
    gains = horizon_gains(LENGTH_M, AHEAD_M, trailer_m, LAG_M)
    step = laws.LQ_STEP_M
    state = np.array([0.5, 0.0, 0.0, 0.0])
    for k in range(299, -1, -1):
        state = state + step * (a @ state - b[:, 0] * (gains[k] @ state))
    rear_m = (1.0 - laws.FRONT_SHARE) * LENGTH_M
    assert abs(state[0] + rear_m * state[1]) < 0.02
    assert abs(state[1]) < np.radians(0.35)


def seen(**values: float) -> np.ndarray:
    """A scaled observation of a mixer in the lane, with some quantities in SI."""
    plain = {"direction": 1.0, "gear": 1.0, "wheelbase": 4.775, "mass": 25_000.0, "road_friction": 0.7} | values
    return np.array([plain.get(q.name, 0.0) / q.scale for q in OBSERVATION], np.float32)


@pytest.mark.parametrize("law", [Stanley, PurePursuit, Mpc])
def test_it_steers_to_the_middle_either_way(law: type[Classical]) -> None:
    for direction, x in ((1.0, -20.0), (-1.0, 20.0)):
        requests = []
        for y in (0.3, -0.3):
            controller = law()
            controller.begin(0)
            requests.append(controller.act(seen(direction=direction, x=x, y=y, trailer_y=y, gear=direction)))
        left, right = requests
        assert left[0] == pytest.approx(-right[0], abs=1e-6)
        # backwards the tail goes where the wheels point, and the front away from it
        assert left[0] < 0.0
        assert np.sign(left[1]) == direction


def test_one_is_as_many() -> None:
    many = ClassicalMany(3, "mpc")
    many.begin()
    rows = np.array([seen(x=-10.0, y=0.1), seen(direction=-1.0, gear=-1.0, x=9.0), seen(x=-0.3, speed=0.2)])
    together = many.act(rows)
    for row, action in zip(rows, together, strict=True):
        alone = Mpc()
        alone.begin(0)
        assert alone.act(row).tobytes() == action.tobytes()


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_it_docks(direction: str) -> None:
    options = {"direction": direction, "operator": "by_wire", "scenario": "hall", "conditions": "clear"}
    done, _ = evaluate(Scene(TASKS["docking"], options), ["baseline"], episodes=4, seed=1000, workers=1)
    reported = done.as_json()["policies"][0]
    assert reported["reasons"].get("docked", 0) >= 3
    assert reported["time_s"]["median"] < 45.0
