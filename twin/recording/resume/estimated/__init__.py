"""Branching from a moment of a station's log, whose state is estimated. See docs/branch.md."""
