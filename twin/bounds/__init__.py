"""Bounds of a swap's mechanical time, made of station, truck and pack values alone (docs/bounds.md)."""

from twin.bounds.kinematic import kinematic_bound, lower_bound_s
from twin.bounds.path import Bound, Item

__all__ = ["Bound", "Item", "kinematic_bound", "lower_bound_s"]
