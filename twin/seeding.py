"""One integer seed, one named child stream a source (design, section 6)."""

from __future__ import annotations

import zlib

import numpy as np


def _sequence(seed: int, name: str) -> np.random.SeedSequence:
    return np.random.SeedSequence(entropy=seed, spawn_key=(zlib.crc32(name.encode()),))


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator of source `name`: it depends on seed and name only, so a new source never shifts another."""
    return np.random.Generator(np.random.PCG64(_sequence(seed, name)))


def key(seed: int, name: str) -> np.uint64:
    """The 64-bit key of source `name` for the counter-based streams of `twin.noise`."""
    return _sequence(seed, name).generate_state(1, np.uint64)[0]
