"""A swap and its recording: what is written of it, and how it is run again from what was written."""

from twin.recorded.configuration import Configuration
from twin.recorded.record import SwapRecorder, header_of
from twin.recorded.rerun import Verification, verify

__all__ = ["Configuration", "SwapRecorder", "Verification", "header_of", "verify"]
