"""Branching: a swap continues from a recorded moment with other settings. See docs/branch.md."""
