"""A swap or an insertion from hover: what its recording holds, and how that is run again."""

from twin.recording.swap.configuration import Configuration
from twin.recording.swap.record import SwapRecorder, header_of

__all__ = ["Configuration", "SwapRecorder", "header_of"]
