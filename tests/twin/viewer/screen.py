"""The pixels of a virtual screen: of the file that `Xvfb -fbdir` keeps them in, without asking any program."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

FILE = "Xvfb_screen0"
HEADER = struct.Struct(">25I")
COLOUR_BYTES = 12


def screen(folder: Path) -> np.ndarray:
    """What the screen shows: (height, width, 3) uint8, red first; `folder` is the one of -fbdir, the depth 24."""
    data = (folder / FILE).read_bytes()
    header = HEADER.unpack_from(data)
    size, width, height, last_byte_first, bits, stride, colours = (header[i] for i in (0, 4, 5, 7, 11, 12, 19))
    assert bits == 32
    rows = np.frombuffer(data, np.uint8, stride * height, size + COLOUR_BYTES * colours).reshape(height, stride)
    pixels = rows[:, : 4 * width].reshape(height, width, 4)
    return pixels[:, :, 1:] if last_byte_first else pixels[:, :, 2::-1]
