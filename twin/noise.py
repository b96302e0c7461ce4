"""Counter-based random numbers for kernels: a pure function of (stream key, counter, lane).

There is no state: the n-th draw of a stream is the same alone or in a batch, whatever other streams have drawn.
The mixer is SplitMix64's finaliser (Steele, Lea, Flood 2014), applied to key and counter in turn.
"""

from __future__ import annotations

import math

import numpy as np

from twin.motion.kernels import inlined_kernel, kernel

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


@inlined_kernel
def mix(value: np.uint64) -> np.uint64:
    """Apply SplitMix64's 64-bit finaliser."""
    z = value + _GOLDEN
    z = (z ^ (z >> _S30)) * _M1
    z = (z ^ (z >> _S27)) * _M2
    return z ^ (z >> _S31)


@kernel
def uniform(key: np.uint64, counter: int, lane: int) -> float:
    """Draw a number in (0, 1) from stream `key`, draw `counter`, lane `lane`."""
    return _of_lane(_draw(key, counter), lane)


@inlined_kernel
def _draw(key: np.uint64, counter: int) -> np.uint64:
    """Bits of draw `counter` of stream `key`, which all its lanes share."""
    return mix(key ^ mix(np.uint64(counter)))


@inlined_kernel
def _of_lane(draw: np.uint64, lane: int) -> float:
    """Number in (0, 1) of one lane of a draw."""
    return (float(mix(draw ^ np.uint64(lane)) >> _S11) + 0.5) * (1.0 / 9007199254740992.0)


@kernel
def normal(key: np.uint64, counter: int, lane: int) -> float:
    """Draw a standard normal number (Box-Muller) from stream `key`, draw `counter`, lane `lane`."""
    draw = _draw(key, counter)
    u, v = _of_lane(draw, 2 * lane), _of_lane(draw, 2 * lane + 1)
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)
