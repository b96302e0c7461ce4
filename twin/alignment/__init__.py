"""Bring a carried pack from hover into its seat: the start at hover, the control software's readings, a servo."""

from __future__ import annotations
