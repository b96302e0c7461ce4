"""Bringing a carried pack from hover into its seat: the start at hover, what the control software sees, a servo."""

from __future__ import annotations
