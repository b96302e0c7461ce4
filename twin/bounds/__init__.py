"""The two bounds of a swap's mechanical time, both made of station, truck and pack values alone (docs/bounds.md)."""

from twin.bounds.kinematic import kinematic_bound, lower_bound_s
from twin.bounds.path import Bound, Item, by_phase, home, ready
from twin.bounds.procedure import played_bound, procedure_bound, procedure_bound_s

__all__ = [
    "Bound",
    "Item",
    "by_phase",
    "home",
    "kinematic_bound",
    "lower_bound_s",
    "played_bound",
    "procedure_bound",
    "procedure_bound_s",
    "ready",
]
