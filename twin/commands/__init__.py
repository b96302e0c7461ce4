"""The twin's commands: one module each, imported by the root `swaptwin.py` only when the command runs."""
