"""Branching: a swap goes on from a recorded moment with other settings. See docs/branch.md."""
