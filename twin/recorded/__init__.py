"""A swap, an insertion from hover or a drive into the bay: what its recording holds, and how that is run again."""

from twin.recorded.configuration import Configuration
from twin.recorded.record import SwapRecorder, header_of
from twin.recorded.rerun import Verification, verify

__all__ = ["Configuration", "SwapRecorder", "Verification", "header_of", "verify"]
