"""What the commands that play episodes share: limits of their numbers, exit codes, how times and shares are written."""

from __future__ import annotations

from twin.errors import InputError

MAX_EPISODES = 1_000_000
MAX_WORKERS = 256
MAX_WORLDS = 1 << 16
EXIT_FAILED, EXIT_INTERRUPTED = 1, 128 + 2


def at_most(key: str, value: int, least: int, most: int) -> int:
    """Return `value` if it is within its range; raise InputError if not."""
    if not least <= value <= most:
        raise InputError("out of range", key=key, value=value, allowed=f"{least} to {most}")
    return value


def duration(seconds: float) -> str:
    """Format a duration: `0:42`, `12:05`, `1:02:30`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def percent(rate: float | None) -> str:
    """Format a share: `97.5 %`, or a dash."""
    return "-" if rate is None else f"{100 * rate:.1f} %"
