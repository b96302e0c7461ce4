"""Random numbers by truck: the same truck has the same ones whatever the station around it (common random numbers)."""

from __future__ import annotations

import math

from twin import seeding

BLOCK = 1024


class Uniforms:
    """Numbers of [0, 1) by index, of one named stream; made when they are asked for."""

    def __init__(self, seed: int, name: str) -> None:
        self._generator = seeding.stream(seed, name)
        self._values: list[float] = []

    def __getitem__(self, index: int) -> float:
        while len(self._values) <= index:
            self._values += self._generator.random(BLOCK).tolist()
        return self._values[index]


def triangular(u: float, spread: tuple[float, float, float]) -> float:
    """Quantile `u` of the triangular distribution with least, most likely and greatest value."""
    low, mode, high = spread
    width = high - low
    if width <= 0.0:
        return low
    left = (mode - low) / width
    if u < left:
        return low + math.sqrt(u * width * (mode - low))
    return high - math.sqrt((1.0 - u) * width * (high - mode))


def exponential(u: float, mean: float) -> float:
    """Quantile `u` of the exponential distribution."""
    return -mean * math.log1p(-u)
