"""Sway damping: the closed loop has the poles that it was designed for, and a swing dies within the axes' limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.control.sway_damping import RETURN, RETURN_ZETA, _wanted_acceleration
from twin.motion.profile import A, J, P, T, V, evaluate, new_profile, plan_jerk, segment_count

OMEGAS = (1.5, 3.1)
"""Pendulum frequencies with ropes of 4.3 and 1.0 m, rad/s."""


@pytest.mark.parametrize("omega", OMEGAS)
@pytest.mark.parametrize("zeta", [0.05, 0.3, 0.5, 0.7])
def test_poles_are_those_of_the_design(omega: float, zeta: float) -> None:
    """s'' = -w^2 s - a, e'' = a under the feedback: two pairs of poles, w with zeta and RETURN zeta w with its own."""
    gains = [_wanted_acceleration(*unit, zeta, omega) for unit in np.eye(4).tolist()]  # of s, s', e, v
    loop = np.array([[0, 1, 0, 0], [-(omega**2), 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]], float)
    loop[1] -= gains
    loop[3] += gains
    back = RETURN * zeta * omega
    wanted = np.roots(
        np.polymul([1.0, 2.0 * zeta * omega, omega**2], [1.0, 2.0 * RETURN_ZETA * back, back**2]),
    )
    np.testing.assert_allclose(np.sort_complex(np.linalg.eigvals(loop)), np.sort_complex(wanted), atol=1e-6 * omega)


@given(
    v0=st.floats(-0.5, 0.5),
    a0=st.floats(-0.2, 0.2),
    jerk=st.floats(-0.5, 0.5),
    for_s=st.floats(0.001, 0.05),
)
def test_a_forgotten_axis_stops(v0: float, a0: float, jerk: float, for_s: float) -> None:
    """The jerk that was asked for while it lasts, then a legal stop."""
    profile = new_profile()
    plan_jerk(profile, 1.0, v0, a0, jerk, for_s, 0.3, 0.5)
    n = segment_count(profile)
    half = 0.5 * for_s
    p, v, a = evaluate(profile, half)
    assert a == pytest.approx(a0 + jerk * half, abs=1e-12)
    assert v == pytest.approx(v0 + a0 * half + 0.5 * jerk * half**2, abs=1e-12)
    assert p == pytest.approx(1.0 + v0 * half + 0.5 * a0 * half**2 + jerk * half**3 / 6.0, abs=1e-12)
    assert (profile[V, n], profile[A, n]) == (0.0, 0.0)
    assert np.all(np.abs(profile[J, :n]) <= 0.5 + 1e-12)
    assert np.all(np.diff(profile[T, : n + 1]) > 0.0)
    assert np.isfinite(profile[P, n])
