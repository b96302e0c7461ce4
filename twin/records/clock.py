"""The runner's memory of one world between two PLC scans."""

from __future__ import annotations

import numpy as np

from twin.records.codes import i8

NOT_SCANNED = -1

CLOCK = np.dtype([("scanned_tick", i8)])
"""Tick of the last PLC scan, NOT_SCANNED before the first."""
