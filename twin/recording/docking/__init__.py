"""A drive into the bay and its recording: what is written, and how that is run again."""

from twin.recording.docking.configuration import DOCKING, DockingConfiguration
from twin.recording.docking.record import DockingRecorder

__all__ = ["DOCKING", "DockingConfiguration", "DockingRecorder"]
