"""A swap, an insertion from hover or a drive into the bay: what its recording holds, and how that is run again."""

from twin.recording.swap.configuration import Configuration
from twin.recording.swap.record import SwapRecorder, header_of
from twin.recording.swap.rerun import Verification, verify

__all__ = ["Configuration", "SwapRecorder", "Verification", "header_of", "verify"]
