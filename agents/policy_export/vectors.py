"""Test vectors of an exported policy: quantities in SI units, and what the policy answers in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.policy_export.interface import ExportedPolicy
from twin import seeding

Array = np.ndarray
STREAM = "test vectors"
DIGITS = 9
"""Significant digits of the quantities: what is written is what was computed with."""


@dataclass(frozen=True)
class Vectors:
    """`given` (n, inputs) in SI units, `expected` (n, outputs), `out_of_range` (n,) bool."""

    given: Array
    expected: Array
    out_of_range: Array


def vectors_of(policy: ExportedPolicy, n: int, seed: int = 0) -> Vectors:
    """Draw `n` vectors: three quarters within the valid range, the rest with quantities beyond it.

    The first is the middle of the range.
    """
    random = seeding.stream(seed, STREAM)
    low, high, scale = (np.array([getattr(one, key) for one in policy.inputs]) for key in _KEYS)
    scaled = random.uniform(low, high, (n, len(low)))
    scaled[:1] = 0.5 * (low + high)
    for i in range(3, n, 4):
        beyond = random.random(len(low)) < 0.2
        beyond[random.integers(len(low))] = True
        scaled[i] = np.where(beyond, scaled[i] + random.choice((-1.5, 1.5), len(low)) * (high - low + 0.1), scaled[i])
    given = np.array([[float(f"{value:.{DIGITS}g}") for value in row] for row in scaled * scale]).reshape(n, -1)
    expected, out_of_range = policy(given)
    return Vectors(given, expected, out_of_range)


_KEYS = ("valid_low", "valid_high", "scale")
