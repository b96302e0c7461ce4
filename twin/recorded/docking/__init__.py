"""A drive into the bay and its recording: what is written, and how that is run again."""

from twin.recorded.docking.configuration import DOCKING, DockingConfiguration
from twin.recorded.docking.record import DockingRecorder

__all__ = ["DOCKING", "DockingConfiguration", "DockingRecorder"]
