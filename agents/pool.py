"""Worker processes that each call `build` once and then process items; only the parent sees Ctrl-C."""

from __future__ import annotations

import math
import multiprocessing as mp
import signal
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from twin.errors import DISK_ERRORS, InputError

STOP_S = 5.0
"""Time after which a worker that does not exit is killed."""


class WorkerDiedError(Exception):
    """A worker process ended without a result: killed, or out of memory."""


class Pool:
    """`workers` fresh processes (spawned) that each call `build(*arguments)` once and then its result for every item.

    `build` must be importable, its arguments and all items and results picklable. Use it as a context manager: leaving
    the block ends the workers, even busy ones.

    >>> with Pool(2, make_evaluator, specification) as pool:
    ...     for item, answer in pool.answers(seeds):
    ...         ...
    """

    def __init__(self, workers: int, build: Callable[..., Callable[[Any], Any]], *arguments: Any) -> None:
        self._processes: dict[Connection, Any] = {}
        context = mp.get_context("spawn")
        with deferred_interrupts():  # inherited by children, so Ctrl-C does not reach them even while they start
            for _ in range(workers):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(theirs, build, arguments), daemon=True)
                process.start()
                theirs.close()
                self._processes[ours] = process

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def answers(self, items: Iterable[Any], until_s: float = math.inf) -> Iterator[tuple[Any, Any]]:
        """Yield (item, result) as they finish; the order depends on timing, the results do not.

        Ends at `until_s` (`time.monotonic`): unfinished items are left out.

        Raises:
            InputError, ImportError, OSError (of a full disk): as the worker raised it.
            WorkerDiedError: a worker ended without a result.
            RuntimeError: any other error of a worker, with its traceback.
        """
        left = iter(items)
        busy: dict[Connection, Any] = {}
        for connection in self._processes:
            self._give(connection, left, busy)
        while busy:
            left_s = None if until_s == math.inf else max(until_s - time.monotonic(), 0.0)
            found = wait(list(busy), left_s)
            if not found:
                return
            for ready in found:
                assert isinstance(ready, Connection)
                item = busy.pop(ready)
                try:
                    error, answer = ready.recv()
                except (EOFError, ConnectionResetError):
                    process = self._processes[ready]
                    process.join(STOP_S)
                    raise WorkerDiedError(f"a worker process ended, exit code {process.exitcode}") from None
                if isinstance(error, InputError | ImportError | OSError):
                    raise error
                if error is not None:
                    raise RuntimeError(f"in a worker process:\n{error}")
                self._give(ready, left, busy)
                yield item, answer

    def _give(self, connection: Connection, left: Iterator[Any], busy: dict[Connection, Any]) -> None:
        for item in left:
            with suppress(BrokenPipeError, ConnectionResetError):  # its end of file is read, and reported, in turn
                connection.send(item)
            busy[connection] = item
            return

    def close(self) -> None:
        """End the workers."""
        for connection, process in self._processes.items():
            process.terminate()
            connection.close()
        for process in self._processes.values():
            process.join(STOP_S)
            if process.is_alive():
                process.kill()
                process.join()
        self._processes = {}


@contextmanager
def deferred_interrupts() -> Iterator[None]:
    """Shield processes started in this block from Ctrl-C: the terminal sends it to all, only the parent acts on it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, build: Callable[..., Callable[[Any], Any]], arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answer: Callable[[Any], Any] | None = None
    while True:
        try:
            item = connection.recv()
        except (EOFError, ConnectionResetError):
            return
        try:
            if answer is None:
                answer = build(*arguments)
            message: tuple[Any, Any] = (None, answer(item))
        except (InputError, ImportError) as error:
            message = (error, None)
        except OSError as error:
            message = (error if error.errno in DISK_ERRORS else traceback.format_exc(), None)
        except Exception:
            message = (traceback.format_exc(), None)
        try:
            connection.send(message)
        except (BrokenPipeError, ConnectionResetError):  # the parent was killed meanwhile
            return
