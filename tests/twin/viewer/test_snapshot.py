"""Poses: products and turns against SciPy's, samples in between, parents."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from twin.recording import Frame
from twin.viewer.snapshot import Names, Snapshot, between, compose, multiply, rotate

number = st.floats(-1.0, 1.0)
turn = st.tuples(number, number, number, number).filter(lambda q: sum(c * c for c in q) > 0.01)
point = st.tuples(number, number, number)


def unit(q: tuple[float, ...]) -> np.ndarray:
    return np.array(q) / np.linalg.norm(q)


@given(a=turn, b=turn, v=point)
def test_turns_are_those_of_scipy(a: tuple[float, ...], b: tuple[float, ...], v: tuple[float, ...]) -> None:
    one, two = Rotation.from_quat(unit(a)), Rotation.from_quat(unit(b))
    assert rotate(unit(a), np.array(v)) == pytest.approx(one.apply(v), abs=1e-12)
    product = (one * two).as_quat()
    mine = multiply(unit(a), unit(b))
    assert min(np.abs(mine - product).max(), np.abs(mine + product).max()) < 1e-12


@given(a=turn, b=turn, at=point, to=point)
def test_poses_compose_as_transforms(
    a: tuple[float, ...], b: tuple[float, ...], at: tuple[float, ...], to: tuple[float, ...]
) -> None:
    names = Names((Frame("truck"), Frame("body", "truck"), Frame("seat", "body")))
    poses = np.array([[*at, *unit(a)], [*to, *unit(b)], [0.1, 0.2, 0.3, 0.0, 0.0, 0.0, 1.0]])
    now = Snapshot(names, 0.0, poses)
    expected = np.add(
        at, Rotation.from_quat(unit(a)).apply(np.add(to, Rotation.from_quat(unit(b)).apply([0.1, 0.2, 0.3])))
    )
    assert now.world_pose("seat")[:3] == pytest.approx(expected, abs=1e-12)
    assert compose(poses[0], poses[1])[:3] == pytest.approx(now.world_pose("body")[:3])


@given(angle=st.floats(-0.2, 0.2), share=st.floats(0.0, 1.0), flipped=st.booleans())
def test_between_two_samples_is_as_good_as_slerp(angle: float, share: float, flipped: bool) -> None:
    ends = Rotation.from_euler("z", np.array([[0.0], [angle]]))
    quats = ends.as_quat()
    after = -quats[1] if flipped else quats[1]
    rows = between(np.array([[0.0, 0.0, 0.0, *quats[0]]]), np.array([[1.0, 2.0, 3.0, *after]]), share)
    assert rows[0, :3] == pytest.approx(share * np.array([1.0, 2.0, 3.0]))
    exact = Slerp([0.0, 1.0], ends)(share)
    assert (exact.inv() * Rotation.from_quat(rows[0, 3:])).magnitude() < 2e-4
