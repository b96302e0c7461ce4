"""Recording and rerun of a swap, or of an insertion from hover."""

from twin.recording.swap.configuration import Configuration
from twin.recording.swap.record import SwapRecorder, header_of

__all__ = ["Configuration", "SwapRecorder", "header_of"]
