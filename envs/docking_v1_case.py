"""The name under which the compiled computations of an episode import its inputs."""

from envs.docking_case import Case

__all__ = ["Case"]
