"""One integer seed, one named child stream per source."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np


def _sequence(seed: int, name: str) -> np.random.SeedSequence:
    return np.random.SeedSequence(entropy=seed, spawn_key=(zlib.crc32(name.encode()),))


def stream(seed: int, name: str) -> np.random.Generator:
    """Generator of source `name`: it depends on seed and name only, so a new source never shifts another."""
    return np.random.Generator(np.random.PCG64(_sequence(seed, name)))


def pick(seed: int, name: str, of: Sequence[str]) -> int:
    """Draw one of several by their names for source `name`; returns its index.

    Rendezvous hashing (Thaler and Ravishankar 1998): each candidate gets its own key and the highest wins. So a new
    candidate changes only the draws that it wins, and a removed one only those that it had won.
    """
    return max(range(len(of)), key=lambda i: key(seed, f"{name} {of[i]}"))


def key(seed: int, name: str) -> np.uint64:
    """The 64-bit key of source `name` for the counter-based streams of `twin.noise`."""
    return _sequence(seed, name).generate_state(1, np.uint64)[0]
