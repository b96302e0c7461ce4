"""Converts local time to UTC in bulk."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import numpy as np

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})?(?::?(\d{2}))?")
_EPOCH = datetime(1970, 1, 1)
DAY_S = 86_400


def offset_s(text: str) -> int | None:
    """Seconds that "+08:00", "-0330", "+08", "Z" or "UTC" is ahead of UTC; None for anything else."""
    if text in ("Z", "z", "UTC", "GMT"):
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return (-1 if match[1] == "-" else 1) * (hours * 3600 + minutes * 60 + seconds)


def zone_named(name: str) -> tzinfo:
    """The zone of an IANA name, "UTC" or an offset; ValueError with a clear sentence for anything else."""
    ahead = offset_s(name)
    if ahead is not None:
        return timezone(timedelta(seconds=ahead)) if ahead else UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # no such zone; a path; a folder of zones
        raise ValueError(f"unknown time zone {name!r}: an IANA name such as Asia/Shanghai, UTC, or +08:00") from None


def ahead_s(zone: tzinfo, local_s: np.ndarray) -> np.ndarray:
    """Seconds that a zone's clocks are ahead of UTC, at local seconds since 1970 (int64 of shape (n,)).

    A local time that occurs twice is the first of the two; a skipped one has the offset before the change, so it
    becomes later by the skipped time. Both are as in `datetime` with `fold=0`. (Arrow's own conversion has no daylight
    saving after 2037.)
    """
    seconds, of_row = np.unique(local_s, return_inverse=True)
    moments = (_EPOCH + timedelta(seconds=second) for second in seconds.tolist())
    offsets = (moment.replace(tzinfo=zone).utcoffset() or timedelta() for moment in moments)
    return np.array([offset // timedelta(seconds=1) for offset in offsets], np.int64)[of_row]
