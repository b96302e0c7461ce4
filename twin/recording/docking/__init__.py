"""Recording and rerun of a drive into the bay."""

from twin.recording.docking.configuration import DOCKING, DockingConfiguration
from twin.recording.docking.record import DockingRecorder

__all__ = ["DOCKING", "DockingConfiguration", "DockingRecorder"]
