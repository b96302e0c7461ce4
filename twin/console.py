"""Helpers of the commands: JSON on standard output, progress on standard error, files written atomically."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import stat
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from twin.errors import DISK_ERRORS, InputError, naming

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

QUIET_S, LINE_EVERY_S, SELDOM_S = 2.0, 5.0, 60.0
"""Without a terminal: delay of the first line of progress, and the smallest and largest interval of the next ones."""
GROWTH = 0.25
"""Interval of the next line between these, as a share of the elapsed time: 16 lines in five minutes."""
PROGRESS_REFRESH_S = 0.1  # a run may report every PLC scan; a person reads ten lines a second at most


def emit_json(result: object) -> None:
    """Print `result` as one JSON object on standard output. NaN and infinity are refused: JSON has neither."""
    import orjson

    print(orjson.dumps(plain(result)).decode(), flush=True)


def plain(value: object, where: str = "result") -> Any:
    """Convert `value` to the types JSON has, numpy scalars and arrays, dataclasses and paths included.

    Raises:
        ValueError: for NaN or infinity, naming its place; orjson would silently write `null`.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{where}: {value} has no place in JSON")
        return float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value), where)
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "tolist"):  # numpy
        return plain(value.tolist(), where)
    raise TypeError(f"{where}: {type(value).__name__} cannot be written as JSON")


def stderr_console() -> Console:
    """A rich console on standard error: for people, never for the program that reads standard output."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


class ProgressLine:
    """One line on standard error with the progress of a long run."""

    def __init__(self, bar: Progress | None, text: str, total: float | None) -> None:
        self._bar = bar
        self._task = bar.add_task(text, total=total) if bar is not None else None
        self._text, self._completed, self._total = text, 0.0, total
        self._next_refresh_s = 0.0

    def update(self, text: str | None = None, *, completed: float | None = None, total: float | None = None) -> None:
        """Show `text` (a phase, a name) and the completed share of the total; cheap enough for every scan."""
        changed = text is not None and text != self._text
        self._text = self._text if text is None else text
        self._completed = self._completed if completed is None else completed
        self._total = self._total if total is None else total
        if self._bar is None or self._task is None:
            return
        now_s = time.monotonic()
        if now_s < self._next_refresh_s and not changed:
            return
        self._next_refresh_s = now_s + PROGRESS_REFRESH_S
        self._bar.update(self._task, description=self._text, completed=completed, total=total)

    def plain_text(self, elapsed_s: float) -> str:
        """The line in plain text, after `elapsed_s`."""
        done, total = self._completed, self._total
        if not total:
            return f"{self._text}, {elapsed_s:.0f} s"
        whole = float(done).is_integer() and float(total).is_integer() and total > 1
        share = f"{done:.0f} of {total:.0f}" if whole else f"{100.0 * done / total:.0f} %"
        return f"{self._text}, {share}, {elapsed_s:.0f} s"


@contextmanager
def progress(text: str = "", *, total: float | None = None) -> Iterator[ProgressLine]:
    """Show a progress line during the block: a spinner, or a bar if `total` is given, and the elapsed time.

    Without a terminal (standard error goes to a file) a run that takes longer than `QUIET_S` writes the same in plain
    lines, now and then; a shorter one writes nothing.

    >>> with progress("swap", total=len(phases)) as line:
    ...     for done, phase in enumerate(phases):
    ...         line.update(phase, completed=done)
    """
    if not sys.stderr.isatty():
        with _plain_lines(ProgressLine(None, text, total)) as line:
            yield line
        return
    from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns: list[ProgressColumn] = [SpinnerColumn(), TextColumn("{task.description}", markup=False)]
    columns += [BarColumn()] if total is not None else []
    columns += [TimeElapsedColumn()]
    # rich would redirect the block's standard output to standard error, where a --json result does not belong
    with Progress(*columns, console=stderr_console(), transient=True, redirect_stdout=False) as bar:
        yield ProgressLine(bar, text, total)


@contextmanager
def _plain_lines(line: ProgressLine) -> Iterator[ProgressLine]:
    """Write `line` in plain text on standard error for the duration of the block, less often the longer it takes."""
    over, began_s = threading.Event(), time.monotonic()

    def report() -> None:
        wait_s = QUIET_S
        while not over.wait(wait_s):
            elapsed_s = time.monotonic() - began_s
            with contextlib.suppress(OSError, ValueError):  # the reader has closed it
                print(line.plain_text(elapsed_s), file=sys.stderr, flush=True)
            wait_s = min(max(LINE_EVERY_S, GROWTH * elapsed_s), SELDOM_S)

    thread = threading.Thread(target=report, name="progress", daemon=True)
    thread.start()
    try:
        yield line
    finally:
        over.set()
        thread.join()


def write_target(path: str | Path, *, key: str | None = None) -> Path:
    """The output path that a user gave, checked before any long work: its folder exists and is writable.

    Args:
        path: path of the file; `~` is expanded, links are followed.
        key: the option it came from, for the message (`"--record"`).

    Raises:
        InputError: when a file could not be written there.
        OSError: when the disk is full.
    """
    text = str(path)
    if not text or "\0" in text:
        raise InputError("not a file name", key=key, value=text)
    target = Path(os.path.realpath(os.path.expanduser(text)))
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        mode = None
    except OSError as error:
        raise InputError(f"cannot be written: {reason(error)}", key=key, value=text) from None
    if mode is not None and stat.S_ISDIR(mode):
        raise InputError("is a folder; a file name is needed", key=key, value=text)
    if mode is not None and not stat.S_ISREG(mode):
        raise InputError("is not a regular file", key=key, value=text)
    if mode is not None and not os.access(target, os.W_OK):
        raise InputError("cannot be written: Permission denied", key=key, value=text)
    if not target.parent.is_dir():
        raise InputError(f"cannot be written: there is no folder {str(target.parent)!r}", key=key, value=text)
    try:  # os.access is not enough: read-only file systems, full disks, names too long
        probe = target.with_name(f".{secrets.token_hex(4)}-{target.name}"[:200])
        os.close(os.open(probe, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        probe.unlink()
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise OSError(error.errno, error.strerror, text) from None
        raise InputError(f"cannot be written: {reason(error)}", key=key, value=text) from None
    return target


def program() -> str:
    """Command that calls this program from here: its name if the shell finds it, else its path."""
    import shutil

    called = Path(sys.argv[0]) if sys.argv and sys.argv[0] else Path("swaptwin")
    found = shutil.which("swaptwin")
    if called.name != "swaptwin" or (found is not None and os.path.realpath(found) == os.path.realpath(called)):
        return "swaptwin"
    try:
        relative = os.path.relpath(called)
    except ValueError:
        return str(called)
    return relative if not relative.startswith("..") else str(called)


def as_typed(*words: str) -> str:
    """Command line of this program with these arguments, quoted for the shell."""
    import shlex

    return " ".join(map(shlex.quote, (program(), *words)))


def reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


@contextmanager
def atomic_write(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a binary file that appears under `path` complete at the end of the block, or not at all if the block raises.

    Raises:
        OSError: naming `path`, when the disk is full.
    """
    target = Path(path)
    part = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with naming(path):
            with open(part, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
