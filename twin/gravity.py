"""Gravity, shared by physics, control, models and checks."""

GRAVITY_MPS2 = 9.81
"""As domain.md's derived numbers use it."""
