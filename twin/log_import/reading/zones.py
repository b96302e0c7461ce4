"""Converts local time to UTC in bulk."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import numpy as np

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})?(?::?(\d{2}))?")
_EPOCH = datetime(1970, 1, 1)
_STEPS_S = (3600, 60, 1)
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


class LocalTime:
    """Local time of one zone, by clock seconds since 1970.

    A local time that occurs twice is the first of the two; a skipped one has the offset before the change, so it
    becomes later by the skipped time. Both are as in `datetime` with `fold=0`.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._known: dict[int, int] = {}

    def ahead_s(self, local_s: np.ndarray) -> np.ndarray:
        """Seconds that the zone's clocks are ahead of UTC, at local seconds (int64 of shape (n,))."""
        return self._ahead_s(local_s.astype(np.int64, copy=False), 0)

    def _ahead_s(self, local_s: np.ndarray, depth: int) -> np.ndarray:
        """Query once for each distinct hour, and finer if the offset changes within it."""
        step = _STEPS_S[depth]
        of_row = local_s // step
        if not len(of_row) or of_row.min() == of_row.max():
            units, where = of_row[:1], np.zeros(len(of_row), np.intp)
        else:
            units, where = np.unique(of_row, return_inverse=True)
        begin = np.array([self._at(int(unit) * step) for unit in units], np.int64)
        end = begin if step == 1 else np.array([self._at(int(unit) * step + step - 1) for unit in units], np.int64)
        ahead = begin[where]
        if (begin != end).any():
            closer = (begin != end)[where]
            ahead[closer] = self._ahead_s(local_s[closer], depth + 1)
        return ahead

    def _at(self, second: int) -> int:
        if second not in self._known:
            if len(self._known) > 100_000:
                self._known.clear()
            offset = (_EPOCH + timedelta(seconds=second)).replace(tzinfo=self._zone).utcoffset()
            self._known[second] = int(offset.total_seconds()) if offset is not None else 0
        return self._known[second]
