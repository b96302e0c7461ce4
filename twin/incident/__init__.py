"""Reason of a swap's trip or failure: robot, part, value and limit, as data and as a sentence."""

from twin.amounts import amount, amounts
from twin.incident.facts import Incident, end_of, other_end, outside_of, trip_of

__all__ = ["Incident", "amount", "amounts", "end_of", "other_end", "outside_of", "trip_of"]
