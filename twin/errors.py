"""The one exception for a user's mistake: one clear line, exit code 2; and the errors of a full disk: exit code 1.

Every layer raises `InputError` for bad input and nothing else; the command line prints `str(error)` and exits with 2.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Error numbers of a full or broken disk: neither a user's mistake nor a defect. Such an `OSError` ends a command with
1.
"""

MAX_KEY = 200
"""Maximum number of characters shown of a key: a file may hold a longer one."""


class InputError(ValueError):
    """A user's mistake, as one line that names file, key, value and allowed range.

    Args:
        problem: the mistake, in words (`"unknown station"`).
        file: the file the value came from.
        key: the dotted key inside the file, or the option or argument name.
        value: the offending value; shown with `repr`, shortened.
        allowed: the allowed range or set, in words (`"0.1 to 5.0"`).
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        key: str | None = None,
        value: object = None,
        allowed: str | None = None,
    ) -> None:
        self.problem, self.file, self.key, self.value, self.allowed = problem, file, key, value, allowed
        where = f"{key if len(key) <= MAX_KEY else key[: MAX_KEY - 3] + '...'}: " if key else ""
        parts = [f"{file}: " if file is not None else "", where, problem]
        if value is not None:
            shown = repr(value)
            parts.append(f", got {shown if len(shown) <= 80 else shown[:77] + '...'}")
        if allowed:
            parts.append(f" (allowed: {allowed})")
        # one line, without control sequences
        said = "".join(parts).replace("\n", " ")
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in said))


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Have a disk error in this block name `path`, the user's file, and not the file it happened in."""
    try:
        yield
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
