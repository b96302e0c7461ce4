"""A swap, or an insertion from hover, and its recording: what is written, and how that is run again."""

from twin.recorded.configuration import Configuration
from twin.recorded.record import SwapRecorder, header_of
from twin.recorded.rerun import Verification, verify

__all__ = ["Configuration", "SwapRecorder", "Verification", "header_of", "verify"]
