"""Key figures of a swap so far."""

from __future__ import annotations

from typing import Any

import numpy as np

from twin.records.codes import ROBOTS, f8

Figures = Any
"""A record of dtype `KEY_FIGURES` inside numba."""

KEY_FIGURES = np.dtype(
    [
        # key figures, updated every tick or scan
        ("peak_lateral_n", f8),
        ("peak_axial_n", f8),
        ("residual_sway_m", f8),
        ("residual_sway_rad", f8),
        ("truck_displacement_m", f8),
        # force of each drive (truth.drive_n), N or N m
        ("drive_peak", f8, (ROBOTS, 4)),
        ("drive_square_s", f8, (ROBOTS, 4)),  # integral of its square over drive_time_s
        ("drive_time_s", f8),
    ]
)
"""In SI units."""
