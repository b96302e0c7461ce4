"""Formats instants as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def iso(t_ns: int) -> str:
    """A time as UTC, to the millisecond."""
    whole, rest = divmod(t_ns, 1_000_000_000)
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=whole)
    except OverflowError:
        return f"{t_ns * 1e-9:.3f} s"
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"


def time_text(t_ns: int, is_relative: bool) -> str:
    """A time of a log's own clock: seconds from its zero if that is a start or a trigger, else date and time."""
    return f"{t_ns * 1e-9:+.3f} s" if is_relative else iso(t_ns)
