"""Worker processes: what they do when nobody waits for them any more."""

from __future__ import annotations

import multiprocessing as mp
import signal
from collections.abc import Callable

import pytest

from agents.pool import _serve


def doubled() -> Callable[[int], int]:
    return lambda item: 2 * item


def test_a_worker_whose_parent_was_killed_ends_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    """Killed while the worker is busy, the parent closes its end of the pipe before the answer comes."""
    ours, theirs = mp.Pipe()
    ours.send(21)
    ours.close()
    before = signal.getsignal(signal.SIGINT)
    try:
        _serve(theirs, doubled, ())
    finally:
        signal.signal(signal.SIGINT, before)
    assert capfd.readouterr().err == ""
