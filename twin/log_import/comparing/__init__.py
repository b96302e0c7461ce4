"""Compares the twin with a station's log: the same moves made by the twin, and where the two differ."""
