"""The truck driving into the bay: dynamics, guide rails, wheel stop, lidar, and a human driver to compare with."""

from twin.docking.params import CONTROL_S, docking_params
from twin.docking.plant import DockingPlant

__all__ = ["CONTROL_S", "DockingPlant", "docking_params"]
